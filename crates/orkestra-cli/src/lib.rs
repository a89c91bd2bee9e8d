//! The `orkestra` command as a function, so that other programs can carry it.
//!
//! Glue only: flags and environment become `settings`, a command in `commands` asks the engine, and
//! `output` is the one place that prints. Nothing here decides which model is called or what a call costs.

mod args;
mod artefact;
mod commands;
mod destination;
mod download;
pub mod environment;
mod failure;
mod line_up;
mod outcomes;
mod output;
mod progress;
mod prompt;
mod registered;
mod settings;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;
use orkestra::Error;

use crate::{
    args::{Arguments, Command},
    output::Output,
    settings::Settings,
};

/// Runs the command with `argv`, whose first item is the program's own name, and gives its exit code: 0 when
/// all went well, 2 for wrong usage, 130 after Ctrl-C, else that of the error's kind
/// ([`ErrorKind::exit_code`](orkestra::ErrorKind::exit_code)).
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(exit_code(argv))
}

/// [`run`], with the exit code as a number: for programs whose `main` is not Rust's.
pub fn exit_code(argv: impl IntoIterator<Item = OsString>) -> u8 {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&argv) {
        Ok(arguments) => arguments,
        Err(refused) => {
            return output::usage(&refused, argv.iter().any(|argument| argument == "--json"));
        }
    };
    let output = Output::new(arguments.global.json, settings::colour(arguments.global.colour));
    let Arguments { global, command } = arguments;
    let outcome =
        Settings::resolve(global).and_then(|settings| commands::run(command, settings, &output));
    match outcome {
        Ok(()) => 0,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

/// Learns a router as `orkestra train` with `argv` does, and says nothing.
///
/// # Errors
/// [`InvalidRequest`](orkestra::ErrorKind::InvalidRequest) for wrong usage, and what ends the command early.
pub fn train(argv: impl IntoIterator<Item = OsString>) -> orkestra::Result<()> {
    let start = ["orkestra".into(), "train".into()];
    let arguments = Arguments::try_parse_from(start.into_iter().chain(argv))
        .map_err(|refused| Error::invalid(refused.to_string()))?;
    let Command::Train(asked) = arguments.command else {
        return Err(Error::invalid("only train can be called this way"));
    };
    let settings = Settings::resolve(arguments.global).map_err(environment::error)?;
    commands::learn(&asked, &settings).map_err(environment::error)
}
