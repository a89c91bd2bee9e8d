//! Reading a provider's JSON without trusting it, and the failures all dialects share.

use std::time::Duration;

use serde_json::{Value, json};

use super::Failure;
use crate::{
    catalogue::{Model, TemperatureRule},
    chat::{Message, Request, Role},
    error::{Error, ErrorKind, Result},
};

/// No real count comes near it; a provider that reports more must not make a sum overflow.
const MOST_TOKENS: u64 = 1 << 53;
/// How much of a body that nobody understands is quoted in an error.
const QUOTED_CHARACTERS: usize = 120;

/// Reads `body` as JSON, or says what it is instead.
pub(super) fn json(body: &[u8]) -> Result<Value> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Unavailable, "the provider answered with an empty body"));
    }
    serde_json::from_str(text).map_err(|cause| {
        let what = if text.starts_with('<') {
            "HTML instead of JSON; is the base URL right, or does a proxy stand in between?"
                .to_owned()
        } else {
            format!("something that is not complete JSON ({cause}): {}", quoted(text))
        };
        Error::new(ErrorKind::Unavailable, format!("the provider answered with {what}"))
            .because(cause)
    })
}

/// Reads one event of a stream as JSON.
pub(super) fn event_json(data: &str) -> Result<Value> {
    serde_json::from_str(data).map_err(|cause| {
        Error::new(
            ErrorKind::Unavailable,
            format!("the provider sent a malformed line in its stream: {}", quoted(data)),
        )
        .because(cause)
    })
}

/// The error of a stream that stopped in the middle.
pub(super) fn cut() -> Error {
    Error::new(ErrorKind::Unavailable, "the provider's stream was cut before its end")
}

/// The error of an answer that lacks what its API promises.
pub(super) fn missing(field: &str, body: &Value) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the provider's answer has no {field}: {}", quoted(&body.to_string())),
    )
}

/// The failure that `error` reports where an answer was expected.
pub(super) fn in_band(kind: ErrorKind, error: &Value) -> Error {
    let message = text(error, "message").unwrap_or("no reason given");
    Error::new(kind, format!("the provider reported an error in its answer: {message}"))
}

/// `value[field]` as a count; absent and null are 0.
pub(super) fn count(value: &Value, field: &str) -> u64 {
    maybe_count(value.get(field)).unwrap_or(0)
}

/// A count, where there is one.
pub(super) fn maybe_count(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64).map(|count| count.min(MOST_TOKENS))
}

/// `value[field]` as text.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// `value[field]` as text of its own.
pub(super) fn owned(value: &Value, field: &str) -> Option<String> {
    text(value, field).map(str::to_owned)
}

/// A message of plain text, in the form that OpenAI and Anthropic share.
pub(super) fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({"role": role, "content": message.joined_text()})
}

/// The temperature to send to `model`; what is changed or left out is added to `warnings`.
pub(super) fn temperature(
    request: &Request,
    model: &Model,
    warnings: &mut Vec<String>,
) -> Option<f64> {
    let asked = request.temperature;
    match model.parameters.temperature {
        TemperatureRule::Accepted { max } if asked > max => {
            warnings.push(format!(
                "{}: temperature {asked} was lowered to {max}, the most it takes",
                model.id
            ));
            Some(max)
        }
        TemperatureRule::Accepted { .. } => Some(asked),
        TemperatureRule::OnlyDefault | TemperatureRule::Refused | TemperatureRule::Ignored => {
            if (asked - crate::chat::DEFAULT_TEMPERATURE).abs() > f64::EPSILON {
                warnings.push(format!("{} takes no temperature; {asked} was left out", model.id));
            }
            None
        }
    }
}

/// What a failed answer says about itself, read from the dialect's own error body.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// The provider's words.
    pub(super) message: Option<&'a str>,
    /// The kind where the body decides it, whatever the status.
    pub(super) kind: Option<ErrorKind>,
    /// The wait that the body asks for.
    pub(super) retry_after: Option<Duration>,
}

/// The rules that all dialects share: the body decides where it can, else the status does.
pub(super) fn failure(failure: &Failure<'_>, said: Said<'_>) -> Error {
    let retry_after = failure.retry_after.or(said.retry_after);
    let kind = said.kind.unwrap_or_else(|| kind_of(failure.status, retry_after));
    let words = said.message.map_or_else(|| unexplained(failure.body), str::to_owned);
    let advice = match kind {
        ErrorKind::Unauthenticated => "; check the key and what it may use",
        ErrorKind::BudgetSpent => "; add credit or raise the limit at the provider",
        _ => "",
    };
    let message = format!("the provider answered {}: {words}{advice}", failure.status);
    let error = Error::new(kind, message)
        .with_status(failure.status)
        .with_request_id(failure.request_id.clone());
    match failure.status {
        // A conflict or an overload passes; a body over the provider's limit stays too large.
        413 => error.whatever_the_model(),
        _ => error,
    }
}

fn kind_of(status: u16, retry_after: Option<Duration>) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Unauthenticated,
        402 => ErrorKind::BudgetSpent,
        404 => ErrorKind::UnknownModel,
        408 | 504 => ErrorKind::Timeout,
        413 => ErrorKind::TooLong,
        429 => ErrorKind::RateLimited { retry_after },
        409 | 500.. => ErrorKind::Unavailable,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    }
}

fn unexplained(body: &[u8]) -> String {
    match json(body) {
        Ok(value) => quoted(&value.to_string()),
        Err(error) => error.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_CHARACTERS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
