//! Errors, in both directions.

use serde_json::{Map, Value, json};

use super::super::{
    Failure,
    fields::{self, Said, owned, text},
};
use crate::error::{Error, ErrorKind};

/// How the API says that a prompt does not fit. Clients look for it to shorten the conversation.
const TOO_LONG: &str = "prompt is too long";

/// What a failed answer means.
pub(super) fn read(failure: &Failure<'_>) -> Error {
    let body = fields::json(failure.body).unwrap_or_default();
    let error = body.get("error").unwrap_or(&Value::Null);
    let mut failure = failure.clone();
    failure.request_id = failure.request_id.or_else(|| owned(&body, "request_id"));
    let said = Said { message: text(error, "message"), kind: told(error), retry_after: None };
    fields::failure(&failure, said)
}

/// An error that arrived where an answer was expected, on an HTTP 200.
pub(super) fn in_band(body: &Value) -> Error {
    let error = body.get("error").unwrap_or(&Value::Null);
    let kind = told(error).unwrap_or_else(|| match text(error, "type") {
        Some("rate_limit_error") => ErrorKind::RateLimited { retry_after: None },
        Some("authentication_error" | "permission_error") => ErrorKind::Unauthenticated,
        Some("invalid_request_error") => ErrorKind::InvalidRequest,
        Some("not_found_error") => ErrorKind::UnknownModel,
        Some("request_too_large") => ErrorKind::TooLong,
        Some("timeout_error") => ErrorKind::Timeout,
        _ => ErrorKind::Unavailable,
    });
    fields::in_band(kind, error).with_request_id(owned(body, "request_id"))
}

/// The kind where the body decides it, whatever the status.
fn told(error: &Value) -> Option<ErrorKind> {
    let message = text(error, "message").unwrap_or_default();
    let code = error.pointer("/details/error_code").and_then(Value::as_str).unwrap_or_default();
    match text(error, "type")? {
        "enforced_spend_limit_reached" | "billing_error" => Some(ErrorKind::BudgetSpent),
        // A limit of the month, not of the minute.
        _ if code.ends_with("spend_limit_reached") => Some(ErrorKind::BudgetSpent),
        "rate_limit_error" if message.contains("spend_limit_reached") => {
            Some(ErrorKind::BudgetSpent)
        }
        // The API has no code for these; the messages are all there is.
        "invalid_request_error"
            if message.starts_with(TOO_LONG) || message.contains("exceed context limit") =>
        {
            Some(ErrorKind::TooLong)
        }
        "invalid_request_error"
            if message.contains("credit balance is too low")
                || message.contains("specified API usage limits") =>
        {
            Some(ErrorKind::BudgetSpent)
        }
        _ => None,
    }
}

/// Writes an error for a caller.
pub(super) fn write(error: &Error) -> Value {
    let mut message = error.to_string();
    if *error.kind() == ErrorKind::TooLong && !message.contains(TOO_LONG) && !is_too_large(error) {
        message = format!("{TOO_LONG}: {message}");
    }
    let mut body = Map::new();
    body.insert("type".into(), "error".into());
    body.insert("error".into(), json!({"type": face(error).1, "message": message}));
    if let Some(id) = error.request_id() {
        body.insert("request_id".into(), id.into());
    }
    body.into()
}

/// The HTTP status that the API has for such an error.
pub(super) fn status(error: &Error) -> u16 {
    face(error).0
}

/// The status and the word.
fn face(error: &Error) -> (u16, &'static str) {
    match error.kind() {
        ErrorKind::Unauthenticated if error.status() == Some(403) => (403, "permission_error"),
        ErrorKind::Unauthenticated => (401, "authentication_error"),
        ErrorKind::UnknownModel => (404, "not_found_error"),
        ErrorKind::TooLong if is_too_large(error) => (413, "request_too_large"),
        ErrorKind::InvalidRequest
        | ErrorKind::UnpricedModel
        | ErrorKind::TooLong
        | ErrorKind::Refused => (400, "invalid_request_error"),
        ErrorKind::RateLimited { .. } => (429, "rate_limit_error"),
        ErrorKind::BudgetSpent => (402, "billing_error"),
        ErrorKind::Timeout => (504, "timeout_error"),
        ErrorKind::Unavailable if matches!(error.status(), Some(503 | 529)) => {
            (529, "overloaded_error")
        }
        ErrorKind::Unavailable | ErrorKind::Storage | ErrorKind::Config => (500, "api_error"),
    }
}

/// Too many bytes for any model, as opposed to too many tokens for this one.
fn is_too_large(error: &Error) -> bool {
    !error.other_model_may_help()
}
