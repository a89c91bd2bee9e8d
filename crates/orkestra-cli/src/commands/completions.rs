//! `orkestra completions`

use clap::CommandFactory;

use crate::{
    args::{Arguments, Completions},
    failure::Failure,
    output::Output,
};

/// Prints the completion script for a shell.
pub(super) fn run(asked: &Completions, output: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(asked.shell, &mut Arguments::command(), "orkestra", &mut script);
    output.piece(&String::from_utf8_lossy(&script))
}
