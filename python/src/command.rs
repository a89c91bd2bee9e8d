//! The `orkestra` command, carried by the extension.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command with `argv`, its own name first, and gives its exit code.
#[pyfunction]
#[pyo3(signature = (argv, /))]
pub(crate) fn main(py: Python<'_>, argv: Vec<OsString>) -> u8 {
    py.detach(|| orkestra_cli::exit_code(argv))
}
