//! What every simulated API has in common.

use std::sync::Arc;

use serde_json::Value;

use crate::delivery::{Frame, Reply};
use crate::exchange::World;
use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::record::Recorded;
use crate::wishes::Tail;

/// A vendor's API.
pub(crate) trait Vendor: Sync {
    fn name(&self) -> &'static str;
    /// The header that carries a response's id.
    fn id_header(&self) -> &'static str;
    /// Checks the key and what else must come with every request.
    fn admit(&self, call: &Call) -> Result<(), Refusal>;
    /// The model and the end of the conversation, as far as they can be made out in a request not yet checked.
    fn glance(&self, call: &Call) -> Glance;
    /// Checks the request and answers it.
    fn answer(&self, call: &Call, world: &World, twist: &Twist) -> Result<Reply, Refusal>;
    /// The vendor's error for a fault that is a status.
    fn failure(&self, fault: FaultKind, model: &str) -> Refusal;
    /// The vendor's error event within a stream whose events so far are `sent`.
    fn stream_error(&self, call: &Call, fault: FaultKind, sent: usize) -> Frame;
    /// The form in which this call's client expects a refusal.
    fn dressed(&self, _call: &Call, refusal: Refusal) -> Refusal {
        refusal
    }
    /// Largest body in bytes, and the refusal of a larger one.
    fn largest_body(&self) -> (usize, Refusal);
    /// The headers of every answer beside its id.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// A comment that the vendor itself sends at the start of a stream.
    fn comment(&self) -> Option<&str> {
        None
    }
}

/// A request as a vendor reads it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request: Arc<Recorded>,
    /// The path below the vendor's root.
    pub(crate) path: String,
    /// The body, or why it is no JSON.
    pub(crate) json: Result<Value, String>,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?
            .strip_prefix("Bearer ")
            .map(str::trim)
            .filter(|key| !key.is_empty())
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.request.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    /// An id for this request: the same for the same bytes.
    pub(crate) fn id(&self) -> String {
        crate::answer::id_of(&[self.path.as_bytes(), &self.request.body])
    }
}

/// Whether the simulator refuses this key: those that say so themselves.
pub(crate) fn is_refused_key(key: &str) -> bool {
    key.starts_with("bad-") || key.starts_with("invalid")
}

/// What a request seems to be about.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    pub(crate) model: Option<String>,
    pub(crate) tail: Tail,
}

/// How the content of an answer departs from the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Twist {
    pub(crate) usage: Shown,
    pub(crate) outcome: Outcome,
    /// The finish reason, whatever the true one is.
    pub(crate) finish: Option<&'static str>,
    /// The text must not be plain ASCII.
    pub(crate) accents: bool,
}

/// Where an answer says what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    AsAlways,
    Never,
    /// A stream says it at its start and not at its end.
    AtTheStart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// The model declines.
    Refused,
    /// The prompt is blocked before a model sees it.
    Blocked,
    /// A call comes out broken.
    MalformedCall,
    /// The model breaks down after it has begun.
    Failed,
}

impl Twist {
    /// What `fault` does to the content; faults that concern the delivery leave it as it is.
    pub(crate) fn of(fault: Option<FaultKind>) -> Self {
        let outcome = match fault {
            Some(FaultKind::Refusal) => Outcome::Refused,
            Some(FaultKind::EmptyCandidates) => Outcome::Blocked,
            Some(FaultKind::MalformedFunctionCall) => Outcome::MalformedCall,
            Some(FaultKind::Failed) => Outcome::Failed,
            _ => Outcome::Answered,
        };
        let usage = match fault {
            Some(FaultKind::NoUsage) => Shown::Never,
            Some(FaultKind::UsageOnlyAtStart) => Shown::AtTheStart,
            _ => Shown::AsAlways,
        };
        Self {
            usage,
            outcome,
            finish: (fault == Some(FaultKind::UnknownFinish)).then_some("simulated_unknown"),
            accents: fault == Some(FaultKind::HalfUtf8),
        }
    }
}
