//! The `orkestra` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    orkestra_cli::run(std::env::args_os())
}
