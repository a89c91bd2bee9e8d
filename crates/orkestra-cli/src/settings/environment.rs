//! Reading environment variables.

use std::{env, path::PathBuf};

use orkestra::ErrorKind;

use crate::failure::Failure;

/// The variable's text; `None` when it is not set or empty.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    // The value is not quoted: it may be a key.
    value.into_string().map(Some).map_err(|_| {
        Failure::new(
            ErrorKind::Config,
            format!("the environment variable {name} is not UTF-8 text"),
            format!("set {name} again, or unset it"),
        )
    })
}

/// The variable as a path; `None` when it is not set or empty.
pub(super) fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether the variable says nothing.
pub(super) fn is_unset_or_empty(name: &str) -> bool {
    path(name).is_none()
}
