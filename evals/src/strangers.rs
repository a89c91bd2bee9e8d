//! Leave one source out: what the router is worth on kinds of prompts it never saw.

use std::{
    error::Error,
    io::{self, Write as _},
    path::PathBuf,
};

use orkestra::routing::{GENERAL, from_bytes};
use orkestra_training::{
    LearnSettings, Silent,
    evaluate::{Case, judge, merge},
    fit,
    measure::{Options, report},
    prompts,
    questions::{Question, gather},
    rows, seed,
};

use crate::line_ups::LineUps;

/// What to leave out of what.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    /// The directory of the outcome files.
    #[arg(long)]
    data: PathBuf,
    /// What distill.py wrote.
    #[arg(long)]
    vectors: PathBuf,
    /// What the project's own prompts weigh, where a benchmark weighs 1.
    #[arg(long)]
    prompts_weight: Option<f64>,
    /// Which models stand for which tier.
    #[arg(long, default_value = "evals/line_ups.toml")]
    line_ups: PathBuf,
    /// Only sources whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Leave the project's own prompts out, too.
    #[arg(long)]
    without_prompts: bool,
}

/// The weak and the strong model that each source is judged with.
const PAIRS: [(&str, [&str; 2]); 6] = [
    ("routellm", ["Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"]),
    ("zeroeval", ["gpt-4o-mini-2024-07-18", "o1-mini-2024-09-12"]),
    ("mmlu_pro", ["gemini-1.5-flash-002", "gemini-3.1-pro"]),
    ("arena_bench_v1", ["Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"]),
    ("misguided_attention", ["gpt-4.1-nano", "gpt-4.1"]),
    ("bullshit_benchmark", ["claude-3-haiku", "claude-opus-4"]),
];

pub(crate) fn run(inputs: &Inputs) -> Result<(), Box<dyn Error>> {
    let line_ups = LineUps::read(&inputs.line_ups)?;
    let parts = seed::distilled(&inputs.vectors, "")?;
    let embedder = parts.embedder()?;
    let mut settings = LearnSettings::default();
    settings.prompts_weight = inputs.prompts_weight.unwrap_or(settings.prompts_weight);
    let plans: Vec<_> = line_ups.plans().into_iter().filter(|plan| plan.name == GENERAL).collect();
    let mut everything = Vec::new();
    for source in line_ups.sources.iter().filter(|source| source.name != prompts::SOURCE) {
        let file = inputs.data.join(format!("{}.jsonl.gz", source.name));
        everything.extend(rows::read(&[file], false)?.rows);
    }
    if !inputs.without_prompts {
        everything.extend(prompts::rows()?);
    }
    let everything = gather(everything, &*embedder);
    for (source, pair) in PAIRS.iter().filter(|(source, _)| source.contains(&inputs.only)) {
        let out: Vec<Question> = everything
            .iter()
            .filter_map(|question| question.with_rows(|row| row.source == *source))
            .collect();
        // Another source may ask the same: those questions stay out as well.
        let groups: std::collections::HashSet<u64> =
            out.iter().map(|question| question.group).collect();
        let kept: Vec<Question> = everything
            .iter()
            .filter(|question| !groups.contains(&question.group))
            .cloned()
            .collect();
        let router = fit(&parts, &merge(kept), &plans, &settings, &Silent)?;
        let trained = from_bytes(router.to_bytes()?)?;
        let case =
            Case { models: pair.map(str::to_owned).to_vec(), prices: vec![0.0, 1.0], task: None };
        let judged: Vec<&Question> = out.iter().collect();
        let verdict = judge(&trained, GENERAL, &case, &judged, &[])?;
        let report =
            report(&case.measured(), &verdict.judged, Some(verdict.target), &Options::default())?;
        let json = report.to_json();
        writeln!(
            io::stdout(),
            "{source}: {} rows, APGR {:.3} {}, nearest five {}, ECE {}",
            json["rows"],
            json["apgr"].as_f64().unwrap_or_default(),
            json["intervals"]["apgr"],
            json["baselines"]["nearest_5"]["apgr"],
            json["ece"]
        )?;
    }
    Ok(())
}
