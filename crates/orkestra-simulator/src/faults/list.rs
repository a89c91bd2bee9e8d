//! Every fault by its name.

use std::time::Duration;

use super::FaultKind;

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

impl FaultDescription {
    /// The fault, with its default value if none is given.
    pub(super) fn kind(&self, value: Option<u64>) -> FaultKind {
        (self.build)(value)
    }
}

const fn fault(
    name: &'static str,
    value: &'static str,
    description: &'static str,
    build: fn(Option<u64>) -> FaultKind,
) -> FaultDescription {
    FaultDescription { name, value, description, build }
}

/// `NAME => KIND, DESCRIPTION` for faults without a value.
macro_rules! plain {
    ($name:literal, $kind:ident, $description:literal) => {
        fault($name, "", $description, |_| FaultKind::$kind)
    };
}

fn seconds(value: Option<u64>) -> Duration {
    Duration::from_secs(value.unwrap_or(1))
}

fn milliseconds(value: Option<u64>, default: u64) -> Duration {
    Duration::from_millis(value.unwrap_or(default))
}

/// Every fault, in the order in which help texts list them.
pub const FAULTS: &[FaultDescription] = &[
    fault("429", "SECONDS (1)", "rate limited; retry-after says SECONDS", |value| {
        FaultKind::RateLimited(seconds(value))
    }),
    fault("429-ms", "MS (200)", "rate limited; retry-after-ms alone says MS", |value| {
        FaultKind::RateLimitedMilliseconds(milliseconds(value, 200))
    }),
    fault("429-date", "SECONDS (1)", "rate limited; retry-after is a date", |value| {
        FaultKind::RateLimitedUntil(seconds(value))
    }),
    plain!("429-no-header", RateLimitedSilently, "rate limited; nothing says for how long"),
    plain!("429-quota", QuotaSpent, "out of money or of the day's quota: retrying never helps"),
    plain!("429-spend-limit", SpendLimit, "a limit on spending is reached: retrying never helps"),
    plain!("400", BadRequest, "the request is refused as invalid"),
    plain!(
        "400-context",
        ContextOverflow,
        "the prompt does not fit the model, in the vendor's words"
    ),
    plain!("400-should-retry", RefusalToRetry, "400 with x-should-retry: true"),
    plain!("401", Unauthenticated, "the key is refused (Gemini: 400 API_KEY_INVALID)"),
    plain!("402", PaymentRequired, "payment required"),
    plain!("403", Forbidden, "no permission"),
    plain!("403-context", ForbiddenContext, "the prompt does not fit the model, said with 403"),
    plain!("404", NotFound, "the model is not found"),
    plain!("408", RequestTimeout, "the request took too long to arrive"),
    plain!("409", Conflict, "a conflict with another request"),
    plain!("413", TooLarge, "the request is too large"),
    plain!("500", ServerError, "internal error"),
    plain!("500-should-not-retry", ErrorNotToRetry, "500 with x-should-retry: false"),
    plain!("502", BadGateway, "bad gateway, in the vendor's form"),
    plain!("503", Unavailable, "unavailable"),
    plain!("504", GatewayTimeout, "the deadline is exceeded"),
    plain!("529", Overloaded, "overloaded (OpenAI, Gemini: 503)"),
    plain!("connect-reset", ConnectReset, "the connection is reset before the first byte"),
    plain!("timeout", Timeout, "the request is read and never answered"),
    fault(
        "slow",
        "MS (1000)",
        "waits MS before the first byte and before each piece of a stream",
        |value| FaultKind::Slow(milliseconds(value, 1000)),
    ),
    fault("slow-first", "MS (1000)", "waits MS before the first byte", |value| {
        FaultKind::SlowFirst(milliseconds(value, 1000))
    }),
    plain!("stall", Stall, "the answer stops in the middle and the connection stays open"),
    plain!("cut", Cut, "the connection breaks in the middle of the answer"),
    plain!("cut-tool", CutTool, "the connection breaks in the middle of a tool's arguments"),
    plain!("end-early", EndEarly, "the answer stops in the middle, without an error"),
    plain!(
        "malformed",
        Malformed,
        "one line of the stream is no JSON; a whole answer is half a JSON"
    ),
    plain!("half-utf8", HalfUtf8, "the pieces of the body end within characters of several bytes"),
    plain!("comments", Comments, "comments stand between the events of a stream"),
    plain!("crlf", Crlf, "the lines of a stream end with CR LF"),
    plain!(
        "no-blank-line-at-end",
        NoBlankLineAtEnd,
        "the last event of a stream lacks the blank line that ends it"
    ),
    fault("html", "STATUS (502)", "an HTML page with STATUS, as a proxy would send", |value| {
        FaultKind::Html(value.and_then(|value| u16::try_from(value).ok()).unwrap_or(502))
    }),
    plain!("empty", Empty, "200 with an empty body"),
    plain!("no-usage", NoUsage, "the answer carries no usage"),
    plain!("usage-only-start", UsageOnlyAtStart, "a stream says its usage at its start alone"),
    plain!(
        "stream-error",
        StreamError,
        "the vendor's error event in mid-stream (500 when not streaming)"
    ),
    plain!(
        "stream-error-early",
        StreamErrorEarly,
        "the vendor's error event before any content (500 when not streaming)"
    ),
    plain!(
        "bare-json-error",
        BareJsonError,
        "the error as a line without `data:` in mid-stream (500 when not streaming)"
    ),
    plain!(
        "error-array",
        ErrorArray,
        "the error within an array: a line in mid-stream, or the body of a 503"
    ),
    plain!("failed", Failed, "Responses: the status is failed; others as stream-error"),
    plain!(
        "duplicate-id-deltas",
        DuplicateIdDeltas,
        "every piece of a tool call repeats its id and name (OpenAI streams)"
    ),
    plain!("missing-index", MissingIndex, "choices, tool calls and blocks come without an index"),
    plain!("wrong-model", WrongModel, "the answer says that another model wrote it"),
    plain!(
        "malformed-function-call",
        MalformedFunctionCall,
        "Gemini: MALFORMED_FUNCTION_CALL; others: a call whose arguments are no JSON"
    ),
    plain!("unknown-finish", UnknownFinish, "a finish reason that no documentation lists"),
    plain!(
        "empty-candidates",
        EmptyCandidates,
        "Gemini blocks the prompt and sends no candidates; others refuse"
    ),
    plain!("refusal", Refusal, "the model declines, in the vendor's form"),
];
