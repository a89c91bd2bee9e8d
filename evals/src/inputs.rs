//! What `build`, `tasks` and `strangers` are given alike: outcome files, token vectors, line-ups.

use std::{error::Error, path::PathBuf};

use orkestra::routing::artefact::Parts;
use orkestra_training::{
    LearnSettings, prompts,
    rows::{self, Row},
    seed,
};

use crate::line_ups::LineUps;

/// What to learn from.
#[derive(clap::Args)]
pub(crate) struct Outcomes {
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
}

impl Outcomes {
    pub(crate) fn line_ups(&self) -> Result<LineUps, Box<dyn Error>> {
        LineUps::read(&self.line_ups)
    }

    /// A router that knows its vocabulary and nothing else.
    pub(crate) fn seed(&self, date: &str) -> Result<Parts, Box<dyn Error>> {
        Ok(seed::distilled(&self.vectors, date)?)
    }

    pub(crate) fn settings(&self) -> LearnSettings {
        let mut settings = LearnSettings::default();
        settings.prompts_weight = self.prompts_weight.unwrap_or(settings.prompts_weight);
        settings
    }

    /// The rows of each source, in the order of `sources`.
    pub(crate) fn rows(&self, sources: &[&str]) -> Result<Vec<Row>, Box<dyn Error>> {
        let mut found = Vec::new();
        for name in sources {
            found.extend(if *name == prompts::SOURCE {
                prompts::rows()?
            } else {
                rows::read(&[self.data.join(format!("{name}.jsonl.gz"))], false)?.rows
            });
        }
        Ok(found)
    }
}
