//! What can end a command early.

use std::io;

use orkestra::{Error, ErrorKind};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something failed; with what may mend it, beyond what the message says.
    Error(Error, Option<String>),
    /// The command was called wrongly.
    Usage(String, Option<String>),
    /// Whoever read our output is gone, as `head` does.
    ClosedPipe,
    /// Ctrl-C.
    Interrupted,
    /// Everything was said already; only the exit code is left.
    Said(u8),
}

impl Failure {
    /// An error of ours, with what may mend it.
    pub(crate) fn new(
        kind: ErrorKind,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Error(Error::new(kind, message), Some(hint.into()))
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Error(error, _) => error.kind().exit_code(),
            Self::Usage(..) => 2,
            Self::ClosedPipe => 0,
            Self::Interrupted => 130,
            Self::Said(code) => *code,
        }
    }

    /// What the user can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Error(_, Some(hint)) | Self::Usage(_, Some(hint)) => Some(hint.clone()),
            Self::Error(error, None) => usual_hint(error),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error, None)
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        let message = format!("the output could not be written: {cause}");
        Self::Error(Error::new(ErrorKind::Storage, message).because(cause), None)
    }
}

/// What usually mends an error of this kind, in words of this command.
fn usual_hint(error: &Error) -> Option<String> {
    let hint = match error.kind() {
        ErrorKind::Unauthenticated => {
            "`orkestra doctor` shows which keys are set, and from where".to_owned()
        }
        ErrorKind::UnknownModel => "`orkestra models --all` lists every model".to_owned(),
        ErrorKind::Timeout => {
            "give it longer with --timeout SECONDS, or try another provider".to_owned()
        }
        ErrorKind::RateLimited { retry_after: Some(wait) } => {
            format!("the provider asks to wait {} s", wait.as_secs_f64().ceil())
        }
        ErrorKind::RateLimited { .. } => "wait a little, or add a provider with -p".to_owned(),
        ErrorKind::BudgetSpent => {
            "add credit at the provider, or use another one with -p".to_owned()
        }
        ErrorKind::Unavailable => "`orkestra doctor` shows base URLs and proxy settings".to_owned(),
        ErrorKind::Storage => "name another place with --ledger PATH, or --ledger off".to_owned(),
        _ => return None,
    };
    Some(hint)
}
