//! Errors: what Google's mean, and ours in Google's form.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    dialect::{
        Failure,
        fields::{self, Said, text},
    },
    error::{Error, ErrorKind},
};

/// What a failed answer means.
pub(super) fn failure(failure: &Failure<'_>) -> Error {
    let body = fields::json(failure.body).unwrap_or_default();
    let error = error_in(&body).unwrap_or(&Value::Null);
    let said = Said {
        message: text(error, "message"),
        kind: kind(error),
        retry_after: retry_delay(error),
    };
    fields::failure(failure, said)
}

/// Errors come as an object or, from the streaming method, as an array of one.
pub(super) fn error_in(body: &Value) -> Option<&Value> {
    body.get("error").or_else(|| body.pointer("/0/error")).filter(|error| !error.is_null())
}

/// An error that arrived where an answer was expected.
pub(super) fn in_band(error: &Value) -> Error {
    let code = error.get("code").and_then(Value::as_u64);
    let kind = kind(error).unwrap_or_else(|| match (text(error, "status"), code) {
        (Some("RESOURCE_EXHAUSTED"), Some(402)) | (None, Some(402)) => ErrorKind::BudgetSpent,
        (Some("RESOURCE_EXHAUSTED"), _) | (None, Some(429)) => {
            ErrorKind::RateLimited { retry_after: retry_delay(error) }
        }
        (Some("INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE"), _)
        | (None, Some(400)) => ErrorKind::InvalidRequest,
        (Some("PERMISSION_DENIED" | "UNAUTHENTICATED"), _) | (None, Some(401 | 403)) => {
            ErrorKind::Unauthenticated
        }
        (Some("NOT_FOUND"), _) | (None, Some(404)) => ErrorKind::UnknownModel,
        (Some("DEADLINE_EXCEEDED"), _) | (None, Some(408 | 504)) => ErrorKind::Timeout,
        _ => ErrorKind::Unavailable,
    });
    fields::in_band(kind, error)
}

/// What the error says by itself, where its status alone would mislead.
fn kind(error: &Value) -> Option<ErrorKind> {
    let details = || error.get("details").and_then(Value::as_array).into_iter().flatten();
    let message = text(error, "message").unwrap_or_default();
    // A wrong key is a 400 here.
    let bad_key = |detail: &Value| {
        text(detail, "reason").is_some_and(|reason| reason.starts_with("API_KEY_"))
    };
    if details().any(bad_key) || message.starts_with("API key not valid") {
        return Some(ErrorKind::Unauthenticated);
    }
    match text(error, "status")? {
        "RESOURCE_EXHAUSTED" => {
            let violations =
                details().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
            let mut quotas = violations.filter_map(|violation| text(violation, "quotaId"));
            let lasting =
                quotas.any(|quota| quota.contains("PerDay")) || message.contains("limit: 0");
            lasting.then_some(ErrorKind::BudgetSpent)
        }
        "INVALID_ARGUMENT" if message.contains("token count") => Some(ErrorKind::TooLong),
        // The account may not call from where it is, or must pay first. Another provider may well answer.
        "FAILED_PRECONDITION" if message.contains("location") || message.contains("billing") => {
            Some(ErrorKind::Unauthenticated)
        }
        _ => None,
    }
}

/// `RetryInfo.retryDelay`, such as `"46s"`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| text(detail, "retryDelay"))?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// `error` for a caller.
pub(super) fn body(error: &Error) -> Value {
    let (code, status) = faces(error.kind());
    let mut body = json!({"code": code, "message": error.to_string(), "status": status});
    if let Some(details) = details(error) {
        body["details"] = json!([details]);
    }
    json!({"error": body})
}

/// The HTTP status of `error`.
pub(super) fn status(error: &Error) -> u16 {
    faces(error.kind()).0
}

/// The one table: HTTP status and canonical name. As here, a wrong key is a 400 at Google, too; its details tell.
fn faces(kind: &ErrorKind) -> (u16, &'static str) {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::Unauthenticated | ErrorKind::TooLong => {
            (400, "INVALID_ARGUMENT")
        }
        ErrorKind::UnpricedModel | ErrorKind::Refused => (400, "FAILED_PRECONDITION"),
        ErrorKind::UnknownModel => (404, "NOT_FOUND"),
        // Clients wait and try again at 429, and waiting does not help here.
        ErrorKind::BudgetSpent => (402, "RESOURCE_EXHAUSTED"),
        ErrorKind::RateLimited { .. } => (429, "RESOURCE_EXHAUSTED"),
        ErrorKind::Timeout => (504, "DEADLINE_EXCEEDED"),
        ErrorKind::Unavailable => (503, "UNAVAILABLE"),
        ErrorKind::Storage | ErrorKind::Config => (500, "INTERNAL"),
    }
}

fn details(error: &Error) -> Option<Value> {
    match error.kind() {
        ErrorKind::Unauthenticated => Some(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
        })),
        ErrorKind::RateLimited { retry_after: Some(wait) } => Some(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", wait.as_secs_f64()),
        })),
        _ => None,
    }
}
