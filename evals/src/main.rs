//! Builds the embedded router from outcome data and measures it.

mod ask;
mod build;
mod inputs;
mod line_ups;
mod probes;
mod strangers;
mod tasks;

use std::error::Error;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Builds and measures Orkestra's router")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trains the router and writes its file.
    Build(build::Inputs),
    /// Prints what a router says to each line of standard input.
    Ask(ask::Inputs),
    /// Asks a router what it must never be tuned on: paraphrases of the documented examples and agents' turns.
    Probes(probes::Inputs),
    /// Leaves each source out in turn and judges the router on it.
    Strangers(strangers::Inputs),
    /// Cross-validates the tasks of docs/router.md.
    Tasks(tasks::Inputs),
}

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Ask(inputs) => ask::run(&inputs),
        Command::Build(inputs) => build::run(&inputs),
        Command::Probes(inputs) => probes::run(&inputs),
        Command::Strangers(inputs) => strangers::run(&inputs),
        Command::Tasks(inputs) => tasks::run(&inputs),
    }
}
