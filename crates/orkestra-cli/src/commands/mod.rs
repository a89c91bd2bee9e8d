//! One file, one command. Each asks the engine and hands what it says to [`Output`].

mod chat;
mod completions;
mod demo;
mod doctor;
mod eval;
mod licences;
mod models;
mod route;
mod routers;
mod simulate;
mod stats;
mod train;

use std::io;

pub(crate) use simulate::after_help as faults_help;
use tokio::runtime::{Builder, Runtime};

pub(crate) use train::learn;

use crate::{args::Command, failure::Failure, output::Output, registered, settings::Settings};

/// Runs `command`.
pub(crate) fn run(command: Command, settings: Settings, output: &Output) -> Result<(), Failure> {
    let decides = match &command {
        Command::Route(_) | Command::Chat(_) => true,
        Command::Eval(asked) => asked.judges_finished_router(),
        _ => false,
    };
    let settings = if decides { registered::at_hand(settings, output)? } else { settings };
    let settings = &settings;
    match command {
        Command::Route(asked) => runtime()?.block_on(route::run(&asked, settings, output)),
        Command::Chat(asked) => runtime()?.block_on(chat::run(&asked, settings, output)),
        Command::Demo => runtime()?.block_on(demo::run(settings, output)),
        Command::Models(asked) => models::run(&asked, settings, output),
        Command::Stats(asked) => runtime()?.block_on(stats::run(&asked, settings, output)),
        Command::Simulate(asked) => runtime()?.block_on(simulate::run(&asked, settings, output)),
        Command::Train(asked) => train::run(&asked, settings, output),
        Command::Eval(asked) => eval::run(&asked, settings, output),
        Command::Routers(asked) => routers::run(&asked.command, settings, output),
        Command::Doctor => runtime()?.block_on(doctor::run(settings, output)),
        Command::Completions(asked) => completions::run(&asked, output),
        Command::Licences => licences::run(output),
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
