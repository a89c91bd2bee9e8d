//! Builds the embedded router from outcome data and measures it.

mod assemble;
mod clusters;
mod dataset;
mod measure;
mod outcomes;
mod report;
mod validation;
mod vectors;

use std::{
    error::Error,
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};
use orkestra::routing;

#[derive(Parser)]
#[command(about = "Builds and measures Orkestra's router")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Validates, and writes the router's file.
    Build {
        #[command(flatten)]
        inputs: Inputs,
        /// Where to write it.
        #[arg(long)]
        out: PathBuf,
    },
    /// Prints the validation tables and writes nothing.
    Validate {
        #[command(flatten)]
        inputs: Inputs,
    },
    /// Prints what the router in a file (default: the embedded one) says to each line of stdin.
    Ask {
        /// The router's file.
        #[arg(long)]
        router: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Inputs {
    /// The directory of the outcome files.
    #[arg(long)]
    data: PathBuf,
    /// What distill.py wrote.
    #[arg(long)]
    vectors: PathBuf,
    /// The date to put into the file, such as 2026-11-23.
    #[arg(long, default_value = "")]
    date: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Build { inputs, out } => {
            let bytes = built(&inputs)?.1;
            fs::write(&out, &bytes).map_err(|cause| format!("{}: {cause}", out.display()))?;
            let trained = routing::from_bytes(&bytes)?;
            let mut text = format!("{}: {} bytes\n", trained.router().id(), bytes.len());
            for score in &trained.metadata().scores {
                text +=
                    &format!("{} {} {} {}\n", score.head, score.task, score.measure, score.value);
            }
            say(&text)
        }
        Command::Validate { inputs } => {
            let (table, bytes, questions) = built(&inputs)?;
            say(&table)?;
            say(&report::searches(&routing::from_bytes(bytes)?, &questions)?)
        }
        Command::Ask { router } => ask(router),
    }
}

/// The validation table, the artefact and the questions.
type Built = (String, Vec<u8>, Vec<dataset::Question>);

fn built(inputs: &Inputs) -> Result<Built, Box<dyn Error>> {
    let parts = vectors::read(&inputs.vectors, &inputs.date)?;
    let questions = dataset::questions(&inputs.data)?;
    let rows = vectors::embed(&parts, &questions)?;
    let views = validation::views(&questions, &rows);
    let table = report::kernels(&views, &questions)? + "\n" + &report::dials(&views, &questions)?;
    let bytes = assemble::assemble(parts, &questions, &rows, &views)?.to_bytes()?;
    Ok((table, bytes, questions))
}

fn ask(router: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let trained = match router {
        Some(path) => routing::from_file(&path)?,
        None => routing::embedded()?,
    };
    let (embedder, router) = (trained.embedder(), trained.router());
    for line in io::stdin().lines() {
        let features = orkestra::features::Features::of(&line?.into(), &*embedder);
        for head in router.heads() {
            let forecast = router.forecast(&features, head)?;
            let tiers = forecast.tiers;
            let margin = router.margin(router.default_quality(head), head);
            let needed = |score: f64| tiers.premium.score - score;
            let tier = if needed(tiers.budget.score) <= margin {
                "budget"
            } else if needed(tiers.balanced.score) <= margin {
                "balanced"
            } else {
                "premium"
            };
            let near = forecast.neighbours.first();
            say(&format!(
                "{head}: {:.3} {:.3} {:.3} ±{:.3}, margin {margin:.3} -> {tier}; {:.0} tokens; nearest {} {:.3}\n",
                tiers.budget.score,
                tiers.balanced.score,
                tiers.premium.score,
                tiers.premium.uncertainty,
                tiers.premium.output_tokens,
                near.map_or("none", |near| near.family.as_str()),
                near.map_or(0.0, |near| near.similarity),
            ))?;
        }
    }
    Ok(())
}

fn say(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
