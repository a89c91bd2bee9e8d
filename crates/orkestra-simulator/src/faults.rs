//! Faults on demand: what can go wrong, and the script of what shall go wrong next.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

/// One way in which an answer can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// 429; the caller may come back after this time.
    RateLimited(Duration),
    /// 429 that no waiting mends: the account's money or the day's quota is spent.
    QuotaSpent,
    /// 400.
    BadRequest,
    /// The refusal of a key: 401, Gemini 400 `API_KEY_INVALID`.
    Unauthenticated,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 413.
    TooLarge,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// 529 (503 where the vendor has no 529).
    Overloaded,
    /// The request is read and never answered.
    Timeout,
    /// Waits this long before the first byte and before every piece of a stream.
    Slow(Duration),
    /// The connection breaks in the middle of the answer.
    Cut,
    /// The answer ends early and cleanly: no error on the connection, no terminator, half a body.
    EndEarly,
    /// A line of the stream is no JSON; a whole answer is half a JSON.
    Malformed,
    /// An HTML page with this status, as a proxy would send.
    Html(u16),
    /// 200 and not one byte.
    Empty,
    /// The answer without its usage.
    NoUsage,
    /// The vendor's error event in mid-stream; a 500 where nothing is streamed.
    StreamError,
    /// Gemini: the prompt is blocked, no candidates. Others: their refusal.
    EmptyCandidates,
    /// The model declines: the vendor's refusal, with its own finish reason.
    Refusal,
}

/// A fault's name and meaning, for help texts.
#[derive(Debug, Clone, Copy)]
pub struct FaultDescription {
    /// The name, as in `x-orkestra-fault: NAME`.
    pub name: &'static str,
    /// What may follow as `=VALUE`, with its default; empty if nothing may.
    pub value: &'static str,
    /// What happens.
    pub description: &'static str,
    build: fn(Option<u64>) -> FaultKind,
}

const fn fault(
    name: &'static str,
    value: &'static str,
    description: &'static str,
    build: fn(Option<u64>) -> FaultKind,
) -> FaultDescription {
    FaultDescription { name, value, description, build }
}

/// Every fault, in the order in which help texts list them.
pub const FAULTS: &[FaultDescription] = &[
    fault("429", "SECONDS (1)", "rate limited; retry-after says SECONDS", |value| {
        FaultKind::RateLimited(Duration::from_secs(value.unwrap_or(1)))
    }),
    fault("429-quota", "", "out of money or of the day's quota: retrying never helps", |_| {
        FaultKind::QuotaSpent
    }),
    fault("400", "", "the request is refused as invalid", |_| FaultKind::BadRequest),
    fault("401", "", "the key is refused (Gemini: 400 API_KEY_INVALID)", |_| {
        FaultKind::Unauthenticated
    }),
    fault("403", "", "no permission", |_| FaultKind::Forbidden),
    fault("404", "", "the model is not found", |_| FaultKind::NotFound),
    fault("413", "", "the request is too large", |_| FaultKind::TooLarge),
    fault("500", "", "internal error", |_| FaultKind::ServerError),
    fault("503", "", "unavailable", |_| FaultKind::Unavailable),
    fault("529", "", "overloaded (OpenAI, Gemini: 503)", |_| FaultKind::Overloaded),
    fault("timeout", "", "the request is read and never answered", |_| FaultKind::Timeout),
    fault(
        "slow",
        "MS (1000)",
        "waits MS before the first byte and before each piece of a stream",
        |value| FaultKind::Slow(Duration::from_millis(value.unwrap_or(1000))),
    ),
    fault("cut", "", "the connection breaks in the middle of the answer", |_| FaultKind::Cut),
    fault("end-early", "", "the answer stops in the middle, without an error", |_| {
        FaultKind::EndEarly
    }),
    fault(
        "malformed",
        "",
        "one line of the stream is no JSON; a whole answer is half a JSON",
        |_| FaultKind::Malformed,
    ),
    fault("html", "STATUS (502)", "an HTML page with STATUS, as a proxy would send", |value| {
        FaultKind::Html(value.and_then(|value| u16::try_from(value).ok()).unwrap_or(502))
    }),
    fault("empty", "", "200 with an empty body", |_| FaultKind::Empty),
    fault("no-usage", "", "the answer carries no usage", |_| FaultKind::NoUsage),
    fault(
        "stream-error",
        "",
        "the vendor's error event in mid-stream (500 when not streaming)",
        |_| FaultKind::StreamError,
    ),
    fault(
        "empty-candidates",
        "",
        "Gemini blocks the prompt and sends no candidates; others refuse",
        |_| FaultKind::EmptyCandidates,
    ),
    fault("refusal", "", "the model declines, in the vendor's form", |_| FaultKind::Refusal),
];

/// A name that is no fault, or a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault(String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        write!(
            f,
            "unknown fault {:?}: expected NAME or NAME=VALUE with one of {}",
            self.0,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownFault {}

impl FromStr for FaultKind {
    type Err = UnknownFault;

    /// Reads `NAME` or `NAME=VALUE` as listed in [`FAULTS`].
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => {
                (name, Some(value.trim().parse::<u64>().map_err(|_| unknown())?))
            }
            None => (text, None),
        };
        let description =
            FAULTS.iter().find(|fault| fault.name == name.trim()).ok_or_else(unknown)?;
        let kind = (description.build)(value);
        let fits = match (kind, value) {
            (Self::Html(status), Some(value)) => {
                u64::from(status) == value && (200..600).contains(&value)
            }
            (_, Some(_)) => !description.value.is_empty(),
            (_, None) => true,
        };
        if fits { Ok(kind) } else { Err(unknown()) }
    }
}

/// A fault in the script: what goes wrong, for whom, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    provider: Option<String>,
    model: Option<String>,
    times: u32,
}

impl Fault {
    /// Hits the next request, whichever it is.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self { kind, provider: None, model: None, times: 1 }
    }

    /// Hits only requests to `"openai"`, `"anthropic"` or `"google"`.
    #[must_use]
    pub fn for_provider(mut self, provider: &str) -> Self {
        self.provider = Some(provider.to_owned());
        self
    }

    /// Hits only requests that name this model.
    #[must_use]
    pub fn for_model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Hits this many requests. Default 1; [`u32::MAX`] is for ever.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }
}

/// A fault as `POST /faults` takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    fault: String,
    provider: Option<String>,
    model: Option<String>,
    times: Option<u32>,
}

impl TryFrom<Order> for Fault {
    type Error = String;

    fn try_from(order: Order) -> Result<Self, String> {
        let known = ["openai", "anthropic", "google"];
        if let Some(provider) = &order.provider
            && !known.contains(&provider.as_str())
        {
            return Err(format!("provider: {provider:?} is not one of {}", known.join(", ")));
        }
        let kind = order.fault.parse().map_err(|error: UnknownFault| format!("fault: {error}"))?;
        Ok(Self {
            kind,
            provider: order.provider,
            model: order.model,
            times: order.times.unwrap_or(1),
        })
    }
}

/// The faults still to come, first in, first out.
#[derive(Debug, Default)]
pub(crate) struct Script(Mutex<Vec<Fault>>);

impl Script {
    pub(crate) fn push(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes the first fault meant for this request.
    pub(crate) fn take(&self, provider: &str, model: Option<&str>) -> Option<FaultKind> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = faults.iter().position(|fault| {
            fault.times > 0
                && fault.provider.as_deref().is_none_or(|wanted| wanted == provider)
                && fault.model.as_deref().is_none_or(|wanted| Some(wanted) == model)
        })?;
        let kind = faults[at].kind;
        if faults[at].times != u32::MAX {
            faults[at].times -= 1;
        }
        faults.retain(|fault| fault.times > 0);
        Some(kind)
    }
}

/// The fault that a prompt asks for: `[[fault: NAME]]`.
pub(crate) fn asked_for_in(prompt: &str) -> Option<Result<FaultKind, UnknownFault>> {
    let (_, rest) = prompt.split_once("[[fault:")?;
    let (name, _) = rest.split_once("]]")?;
    Some(name.trim().parse())
}
