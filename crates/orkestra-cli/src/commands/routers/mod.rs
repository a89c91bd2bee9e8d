//! `orkestra routers`: one file, one subcommand.

pub(super) mod build;
mod list;
mod path;
mod publish;
mod pull;
mod remove;
mod verify;

use crate::{args::RoutersCommand, failure::Failure, output::Output, settings::Settings};

/// Runs `command`.
pub(super) fn run(
    command: &RoutersCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        RoutersCommand::List => list::run(settings, output),
        RoutersCommand::Pull(asked) => pull::run(asked, settings, output),
        RoutersCommand::Build(asked) => build::run(asked, settings, output),
        RoutersCommand::Verify(asked) => verify::run(asked, settings, output),
        RoutersCommand::Path(asked) => path::run(asked, settings, output),
        RoutersCommand::Remove(asked) => remove::run(asked, settings, output),
        RoutersCommand::Publish(asked) => publish::run(asked, output),
    }
}
