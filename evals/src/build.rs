//! Outcome files → the embedded router.

use std::{
    error::Error,
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use orkestra::routing::artefact::SourceCard;
use orkestra_training::{Progress, fit, questions::gather};

use crate::inputs::Outcomes;

/// What to build from.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    #[command(flatten)]
    outcomes: Outcomes,
    /// The date to put into the file, such as 2026-11-23.
    #[arg(long, default_value = "")]
    date: String,
    /// A source to leave out, to see how the router does on what it does not know; repeat it for several.
    #[arg(long, value_name = "SOURCE")]
    without: Vec<String>,
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
    let line_ups = inputs.outcomes.line_ups()?;
    let parts = inputs.outcomes.seed(&inputs.date)?;
    let known = line_ups.source_names();
    if let Some(stranger) = inputs.without.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("--without {stranger}: the sources are {}", known.join(", ")).into());
    }
    let kept = |name: &str| !inputs.without.iter().any(|out| out == name);
    let sources: Vec<&str> = known.into_iter().filter(|name| kept(name)).collect();
    let questions = gather(inputs.outcomes.rows(&sources)?, &*parts.embedder()?)?;
    let settings = inputs.outcomes.settings();
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
