//! Faults on demand: what can go wrong, and how it is asked for.

mod list;
mod script;

use std::fmt;
use std::mem::discriminant;
use std::str::FromStr;
use std::time::Duration;

pub use list::{FAULTS, FaultDescription};
pub use script::Fault;
pub(crate) use script::{Order, Script};

/// One way in which an answer can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// 429; `retry-after` says after how many seconds the caller may come back. A part of a second is said in
    /// `retry-after-ms` as well. Gemini says it in the body.
    RateLimited(Duration),
    /// 429; `retry-after-ms` alone says after how many milliseconds the caller may come back.
    RateLimitedMilliseconds(Duration),
    /// 429; `retry-after` is the date from which on the caller may come back.
    RateLimitedUntil(Duration),
    /// 429 that says nothing of when to come back.
    RateLimitedSilently,
    /// 429 that no waiting mends: the account's money or the day's quota is spent.
    QuotaSpent,
    /// A limit on spending that no waiting mends: OpenAI 429, Anthropic 400, Gemini 429 with a limit of 0.
    SpendLimit,
    /// 400.
    BadRequest,
    /// The refusal of a key: 401, Gemini 400 `API_KEY_INVALID`.
    Unauthenticated,
    /// 402.
    PaymentRequired,
    /// 403.
    Forbidden,
    /// 403 for a prompt that is too long, as Together answers.
    ForbiddenContext,
    /// 404.
    NotFound,
    /// 408.
    RequestTimeout,
    /// 409.
    Conflict,
    /// 413.
    TooLarge,
    /// The vendor's refusal of a prompt that does not fit the model: 400.
    ContextOverflow,
    /// 500.
    ServerError,
    /// 502.
    BadGateway,
    /// 503.
    Unavailable,
    /// 504.
    GatewayTimeout,
    /// 529 (503 where the vendor has no 529).
    Overloaded,
    /// 500 with `x-should-retry: false`.
    ErrorNotToRetry,
    /// 400 with `x-should-retry: true`.
    RefusalToRetry,
    /// The connection is reset before the first byte.
    ConnectReset,
    /// The request is read and never answered.
    Timeout,
    /// Waits this long before the first byte and before every piece of a stream.
    Slow(Duration),
    /// Waits this long before the first byte.
    SlowFirst(Duration),
    /// The answer stops in the middle, and the connection stays open.
    Stall,
    /// The connection breaks in the middle of the answer.
    Cut,
    /// The connection breaks in the middle of a tool's arguments; without a call as [`Cut`](Self::Cut).
    CutTool,
    /// The answer ends early and cleanly: no error on the connection, no terminator, half a body.
    EndEarly,
    /// A line of the stream is no JSON; a whole answer is half a JSON.
    Malformed,
    /// The text holds characters of several bytes, and the pieces of the body end within them.
    HalfUtf8,
    /// Comment lines stand between the events of a stream.
    Comments,
    /// The lines of a stream end with CR LF.
    Crlf,
    /// The last event of a stream lacks the blank line that ends it.
    NoBlankLineAtEnd,
    /// An HTML page with this status, as a proxy would send.
    Html(u16),
    /// 200 and not one byte.
    Empty,
    /// The answer without its usage.
    NoUsage,
    /// A stream says its usage at its start alone.
    UsageOnlyAtStart,
    /// The vendor's error event in mid-stream; a 500 where nothing is streamed.
    StreamError,
    /// The vendor's error event before the first piece of content; a 500 where nothing is streamed.
    StreamErrorEarly,
    /// The vendor's error as a line of its own in mid-stream, without `data:`; a 500 where nothing is streamed.
    BareJsonError,
    /// The vendor's error as the element of an array: in mid-stream as a line of its own, whole as the body of a 503.
    ErrorArray,
    /// Responses: the answer's status is `failed`; others as [`StreamError`](Self::StreamError).
    Failed,
    /// Every piece of a tool call repeats the call's id and name (OpenAI's stream).
    DuplicateIdDeltas,
    /// Choices, tool calls and blocks come without their `index`.
    MissingIndex,
    /// The answer says that another model wrote it.
    WrongModel,
    /// Gemini: `MALFORMED_FUNCTION_CALL` and no content. Others: a call whose arguments are no JSON.
    MalformedFunctionCall,
    /// A finish reason that no documentation lists.
    UnknownFinish,
    /// Gemini: the prompt is blocked, no candidates. Others: their refusal.
    EmptyCandidates,
    /// The model declines: the vendor's refusal, with its own finish reason.
    Refusal,
}

impl FaultKind {
    /// The name under which [`FAULTS`] lists it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let same =
            |fault: &&FaultDescription| discriminant(&fault.kind(None)) == discriminant(self);
        FAULTS.iter().find(same).map_or("", |fault| fault.name)
    }

    /// Whether it is an error instead of an answer.
    pub(crate) const fn is_status(self) -> bool {
        matches!(
            self,
            Self::RateLimited(_)
                | Self::RateLimitedMilliseconds(_)
                | Self::RateLimitedUntil(_)
                | Self::RateLimitedSilently
                | Self::QuotaSpent
                | Self::SpendLimit
                | Self::BadRequest
                | Self::Unauthenticated
                | Self::PaymentRequired
                | Self::Forbidden
                | Self::ForbiddenContext
                | Self::NotFound
                | Self::RequestTimeout
                | Self::Conflict
                | Self::TooLarge
                | Self::ContextOverflow
                | Self::ServerError
                | Self::BadGateway
                | Self::Unavailable
                | Self::GatewayTimeout
                | Self::Overloaded
                | Self::ErrorNotToRetry
                | Self::RefusalToRetry
        )
    }
}

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
        let kind = description.kind(value);
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

/// The fault that a prompt asks for: `[[fault: NAME]]`.
pub(crate) fn asked_for_in(prompt: &str) -> Option<Result<FaultKind, UnknownFault>> {
    let (_, rest) = prompt.split_once("[[fault:")?;
    let (name, _) = rest.split_once("]]")?;
    Some(name.trim().parse())
}
