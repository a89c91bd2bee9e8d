//! The one error of this crate.
//!
//! A kind exists only where a caller would act differently. Each face maps kinds to its own form
//! (exit code, HTTP status, Python class) with the one table in [`ErrorKind`]; no face invents kinds.

use std::{fmt, time::Duration};

use crate::model_id::ModelId;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with which value, and what to do about it.
///
/// The message is complete by itself; [`kind`](Self::kind) is for deciding, [`source`](std::error::Error::source)
/// for the technical cause. No secret ever enters an error.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    provider: Option<String>,
    model: Option<ModelId>,
    request_id: Option<String>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    retryable: bool,
    other_model_may_help: bool,
    may_be_billed: bool,
    attempts: u32,
    simulated: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call itself is wrong: an empty prompt, a bad number, a field that the model does not take.
    InvalidRequest,
    /// A key is missing, refused, or may not use this model.
    Unauthenticated,
    /// No catalogue entry, or no provider, has this name.
    UnknownModel,
    /// A catalogue entry has no price on the day of the call.
    UnpricedModel,
    /// The prompt and the answer do not fit into the model's context.
    TooLong,
    /// The model or the provider's filter declined to answer.
    Refused,
    /// The provider asks to slow down.
    RateLimited {
        /// How long the provider asked to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// A cost limit, or the provider's own quota, is used up. Waiting does not help.
    BudgetSpent,
    /// No answer came in time.
    Timeout,
    /// The provider failed, could not be reached, or answered something that is not its API.
    Unavailable,
    /// A file or a database of ours could not be read or written.
    Storage,
    /// A setting, a catalogue or a router file is wrong.
    Config,
}

impl ErrorKind {
    /// Every kind once, for tables and their tests.
    pub const ALL: [Self; 12] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::UnknownModel,
        Self::UnpricedModel,
        Self::TooLong,
        Self::Refused,
        Self::RateLimited { retry_after: None },
        Self::BudgetSpent,
        Self::Timeout,
        Self::Unavailable,
        Self::Storage,
        Self::Config,
    ];

    /// The kind's stable name, as JSON output and the ledger spell it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.faces().0
    }

    /// The command's exit code for this kind. 1 is left to panics and the shell, 2 to wrong usage.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.faces().1
    }

    /// The HTTP status that a server in front of the engine answers with.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        self.faces().2
    }

    /// The one table: name, exit code, HTTP status.
    fn faces(&self) -> (&'static str, u8, u16) {
        match self {
            Self::InvalidRequest => ("invalid_request", 3, 400),
            Self::Unauthenticated => ("unauthenticated", 4, 401),
            Self::UnknownModel => ("unknown_model", 5, 404),
            Self::UnpricedModel => ("unpriced_model", 6, 400),
            Self::TooLong => ("too_long", 7, 413),
            Self::Refused => ("refused", 8, 422),
            Self::RateLimited { .. } => ("rate_limited", 9, 429),
            Self::BudgetSpent => ("budget_spent", 10, 402),
            Self::Timeout => ("timeout", 11, 504),
            Self::Unavailable => ("unavailable", 12, 503),
            Self::Storage => ("storage", 13, 500),
            Self::Config => ("config", 14, 500),
        }
    }

    /// Whether trying the same model again can help, unless the error says otherwise.
    fn is_retryable(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Timeout | Self::Unavailable)
    }

    /// Whether another model may succeed where this one failed, unless the error says otherwise.
    fn other_model_may_help(&self) -> bool {
        matches!(
            self,
            Self::Unauthenticated
                | Self::UnknownModel
                | Self::TooLong
                | Self::RateLimited { .. }
                | Self::BudgetSpent
                | Self::Timeout
                | Self::Unavailable
        )
    }
}

impl Error {
    /// An error of `kind` that says `message`.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            retryable: kind.is_retryable(),
            other_model_may_help: kind.other_model_may_help(),
            may_be_billed: false,
            attempts: 0,
            simulated: false,
            kind,
            message: message.into(),
            provider: None,
            model: None,
            request_id: None,
            status: None,
            retry_after: None,
            source: None,
        }))
    }

    /// Short for the most frequent kind.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// Adds the technical cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds which provider and model it happened at.
    #[must_use]
    pub fn at(mut self, provider: &str, model: &ModelId) -> Self {
        self.0.provider = Some(provider.to_owned());
        self.0.model = Some(model.clone());
        self
    }

    /// Adds the provider's id of the failed call.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    /// Adds the HTTP status that the provider answered with.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds how long the provider asked to wait; `None` changes nothing.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        if let ErrorKind::RateLimited { retry_after } = &mut self.0.kind {
            *retry_after = wait.or(*retry_after);
        }
        self.0.retry_after = wait.or(self.0.retry_after);
        self
    }

    /// Adds how many calls of models were made before it was given up.
    #[must_use]
    pub(crate) fn after_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Rewrites the message, for instance to blot out what must not be shown.
    pub(crate) fn map_message(mut self, rewrite: impl FnOnce(&str) -> String) -> Self {
        self.0.message = rewrite(&self.0.message);
        self
    }

    /// Marks an error whose kind is usually worth another try as one that is not.
    #[must_use]
    pub fn not_retryable(mut self) -> Self {
        self.0.retryable = false;
        self
    }

    /// Marks an error whose kind is usually not worth another try as one that is: the provider says so.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.0.retryable = true;
        self
    }

    /// Marks a failure after the provider had answered, so that it may charge for it; a simulator does not.
    #[must_use]
    pub fn maybe_billed(mut self, simulated: bool) -> Self {
        self.0.may_be_billed = true;
        self.0.simulated = simulated;
        self
    }

    /// Marks an error that every model would answer with.
    #[must_use]
    pub fn whatever_the_model(mut self) -> Self {
        self.0.other_model_may_help = false;
        self.0.retryable = false;
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether trying the same model again can help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether another model may succeed where this one failed.
    #[must_use]
    pub fn other_model_may_help(&self) -> bool {
        self.0.other_model_may_help
    }

    /// Whether the provider may charge for the failed call.
    #[must_use]
    pub fn may_be_billed(&self) -> bool {
        self.0.may_be_billed
    }

    /// Whether it was a simulator's doing.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.0.simulated
    }

    /// How long the provider asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.0.kind {
            ErrorKind::RateLimited { retry_after } => retry_after,
            _ => self.0.retry_after,
        }
    }

    /// The provider it happened at, if it happened at one.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// The model it happened at, if it happened at one.
    #[must_use]
    pub fn model(&self) -> Option<&ModelId> {
        self.0.model.as_ref()
    }

    /// The provider's id of the failed call.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How many calls of models were made before it was given up; 0 when none was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The HTTP status that the provider answered with.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(provider), Some(model)) = (&self.0.provider, &self.0.model) {
            write!(f, "{provider}/{model}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_name_and_exit_code() {
        let names: BTreeSet<_> = ErrorKind::ALL.iter().map(ErrorKind::name).collect();
        let codes: BTreeSet<_> = ErrorKind::ALL.iter().map(ErrorKind::exit_code).collect();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        assert!(codes.iter().all(|code| *code > 2));
    }
}
