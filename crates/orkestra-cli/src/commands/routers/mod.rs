//! `orkestra routers`: the routers of this machine. One file, one subcommand.

mod build;

use crate::{
    args::{Routers, RoutersAction},
    failure::Failure,
    output::Output,
    settings::Settings,
};

/// Does what was asked.
pub(super) fn run(asked: &Routers, settings: &Settings, output: &Output) -> Result<(), Failure> {
    match &asked.action {
        RoutersAction::Build(asked) => build::run(asked, settings, output),
    }
}
