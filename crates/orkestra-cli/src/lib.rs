//! The `orkestra` command as a function, so that other programs can carry it.
//!
//! Glue only: flags and environment become `settings`, a command in `commands` asks the engine, and
//! `output` is the one place that prints. Nothing here decides which model is called or what a call costs.

mod args;
mod artefact;
mod commands;
mod destination;
mod download;
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

use crate::{args::Arguments, output::Output, settings::Settings};

/// Runs the command with `argv`, whose first item is the program's own name, and gives its exit code: 0 when
/// all went well, 2 for wrong usage, 130 after Ctrl-C, else that of the error's kind
/// ([`ErrorKind::exit_code`](orkestra::ErrorKind::exit_code)).
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
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
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
