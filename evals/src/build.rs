//! Outcome files → the embedded router.

use std::{
    error::Error,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use orkestra::routing::artefact::SourceCard;
use orkestra_training::{LearnSettings, Progress, fit, prompts, questions::gather, rows, seed};

use crate::line_ups::LineUps;

/// What to build from.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    /// The directory of the outcome files.
    #[arg(long)]
    data: PathBuf,
    /// What distill.py wrote.
    #[arg(long)]
    vectors: PathBuf,
    /// The date to put into the file, such as 2026-11-23.
    #[arg(long, default_value = "")]
    date: String,
    /// A source to leave out, to see how the router does on what it does not know; repeat it for several.
    #[arg(long, value_name = "SOURCE")]
    without: Vec<String>,
    /// What the project's own prompts weigh, where a benchmark weighs 1.
    #[arg(long)]
    prompts_weight: Option<f64>,
    /// Which models stand for which tier.
    #[arg(long, default_value = "evals/line_ups.toml")]
    line_ups: PathBuf,
    /// Where to write the router.
    #[arg(long)]
    out: PathBuf,
}

/// Says on standard error how far the work is.
struct Steps;

impl Progress for Steps {
    fn step(&self, done: usize, total: usize) {
        // Nobody is there to be told when standard error is gone.
        let _ = writeln!(io::stderr(), "build: {done} of {total}");
    }
}

pub(crate) fn run(inputs: &Inputs) -> Result<(), Box<dyn Error>> {
    let line_ups = LineUps::read(&inputs.line_ups)?;
    let parts = seed::distilled(&inputs.vectors, &inputs.date)?;
    let known: Vec<&str> = line_ups.sources.iter().map(|source| source.name.as_str()).collect();
    if let Some(stranger) = inputs.without.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("--without {stranger}: the sources are {}", known.join(", ")).into());
    }
    let kept = |name: &str| !inputs.without.iter().any(|out| out == name);
    let file = |name: &str| -> PathBuf { Path::new(&inputs.data).join(format!("{name}.jsonl.gz")) };
    let files: Vec<PathBuf> = known
        .iter()
        .filter(|name| **name != prompts::SOURCE && kept(name))
        .map(|name| file(name))
        .collect();
    let mut rows = rows::read(&files, false)?.rows;
    if kept(prompts::SOURCE) {
        rows.extend(prompts::rows()?);
    }
    let questions = gather(rows, &*parts.embedder()?);
    let mut settings = LearnSettings::default();
    settings.prompts_weight = inputs.prompts_weight.unwrap_or(settings.prompts_weight);
    let mut router = fit(&parts, &questions, &line_ups.plans(), &settings, &Steps)?;
    router.metadata.sources = line_ups
        .sources
        .iter()
        .filter(|source| kept(&source.name))
        .map(|source| SourceCard {
            name: source.name.clone(),
            licence: source.licence.clone(),
            questions: questions
                .iter()
                .filter(|question| question.rows.iter().any(|row| row.source == source.name))
                .count(),
        })
        .collect();
    let bytes = router.to_bytes()?;
    fs::write(&inputs.out, &bytes).map_err(|cause| format!("{}: {cause}", inputs.out.display()))?;
    writeln!(io::stdout(), "{}: {} bytes", inputs.out.display(), bytes.len())?;
    Ok(())
}
