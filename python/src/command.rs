//! The `orkestra` command, carried by the extension.

use std::ffi::OsString;

use pyo3::prelude::*;

#[pyfunction]
#[pyo3(signature = (argv, /))]
#[doc = stub!(main)]
pub(crate) fn main(py: Python<'_>, argv: Vec<OsString>) -> u8 {
    py.detach(|| orkestra_cli::exit_code(argv))
}
