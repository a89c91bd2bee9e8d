//! Leave one source out: what the router is worth on kinds of prompts it never saw.

use std::{
    collections::HashSet,
    error::Error,
    io::{self, Write as _},
};

use orkestra::routing::{GENERAL, from_bytes};
use orkestra_training::{
    Silent,
    evaluate::{Case, judge, merge},
    fit,
    measure::{Options, report},
    prompts,
    questions::{Question, gather},
};

use crate::inputs::Outcomes;

/// What to leave out of what.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    #[command(flatten)]
    outcomes: Outcomes,
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
    let line_ups = inputs.outcomes.line_ups()?;
    let parts = inputs.outcomes.seed("")?;
    let settings = inputs.outcomes.settings();
    let plans: Vec<_> = line_ups.plans().into_iter().filter(|plan| plan.name == GENERAL).collect();
    let mut sources = line_ups.source_names();
    sources.retain(|name| *name != prompts::SOURCE || !inputs.without_prompts);
    let everything = gather(inputs.outcomes.rows(&sources)?, &*parts.embedder()?)?;
    for (source, pair) in PAIRS.iter().filter(|(source, _)| source.contains(&inputs.only)) {
        let out: Vec<Question> = everything
            .iter()
            .filter_map(|question| question.with_rows(|row| row.source == *source))
            .collect();
        // Another source may ask the same: those questions stay out as well.
        let groups: HashSet<u64> = out.iter().map(|question| question.group).collect();
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
        let verdict = judge(&*trained.router(), GENERAL, &case, &judged, &[])?;
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
