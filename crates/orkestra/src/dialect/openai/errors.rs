//! Errors: what a provider's mean, and ours in OpenAI's form. Chat Completions and Responses share it.

use serde_json::{Value, json};

use super::super::{
    Failure,
    fields::{self, Said, text},
};
use crate::error::{Error, ErrorKind};

/// Compatible servers have no code for it and say it in words of their own, in any status.
const TOO_LONG: [&str; 11] = [
    "maximum context length",
    "maximum prompt length",
    "context length exceeded",
    "context_length_exceeded",
    "context window",
    "exceeds the context",
    "exceed context",
    "exceed_context_size",
    "prompt is too long",
    "input is too long",
    "reduce the length of the messages",
];

/// What a failed answer means.
pub(in super::super) fn read(failure: &Failure<'_>) -> Error {
    let body = fields::json(failure.body).unwrap_or_default();
    let error = inner(&body);
    let words = words(error);
    let too_long = matches!(failure.status, 400 | 403 | 413 | 422) && overflows(error);
    let said = Said {
        message: words.as_deref(),
        kind: if too_long { Some(ErrorKind::TooLong) } else { kind(error) },
        retry_after: None,
    };
    fields::failure(failure, said)
}

/// The error that `body`, an answer on an HTTP 200 or a piece of one, reports.
pub(super) fn within(body: &Value) -> Option<Error> {
    let reports = text(body, "object") == Some("error") && body.get("choices").is_none();
    let error = body.get("error").or_else(|| body.pointer("/choices/0/error"));
    match error.filter(|error| is_something(error)) {
        Some(error) => Some(in_band(error)),
        None => (reports || body.is_array()).then(|| in_band(inner(body))),
    }
}

/// An error that arrived where an answer was expected.
pub(in super::super) fn in_band(error: &Value) -> Error {
    let by_code = || {
        let code = error.get("code")?;
        let status = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
        let status = u16::try_from(status).ok().filter(|status| (400..600).contains(status))?;
        Some(fields::kind_of(status, None))
    };
    let by_type = || match text(error, "type") {
        Some("authentication_error" | "permission_error") => Some(ErrorKind::Unauthenticated),
        Some("invalid_request_error") => Some(ErrorKind::InvalidRequest),
        _ => None,
    };
    let kind = if overflows(error) { Some(ErrorKind::TooLong) } else { kind(error) };
    let kind = kind.or_else(by_code).or_else(by_type).unwrap_or(ErrorKind::Unavailable);
    fields::in_band(kind, &words(error).map_or(Value::Null, Value::from))
}

/// `error` of the body, or the body itself; Google's compatible endpoint puts it into a list.
fn inner(body: &Value) -> &Value {
    let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
    body.get("error").filter(|error| is_something(error)).unwrap_or(body)
}

fn is_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// The provider's words: `message`, or `detail` as FastAPI's servers have it, or the error itself.
fn words(error: &Value) -> Option<String> {
    let message =
        text(error, "message").or_else(|| text(error, "detail")).or_else(|| error.as_str());
    let detail = || error.pointer("/detail/0/msg").and_then(Value::as_str);
    let message = message.or_else(detail).filter(|message| !message.is_empty())?;
    // OpenRouter puts the words of the provider behind it into `metadata`.
    match error.pointer("/metadata/raw").and_then(Value::as_str) {
        Some(raw) => Some(format!("{message}: {}", raw.chars().take(300).collect::<String>())),
        None => Some(message.to_owned()),
    }
}

/// What the error's code and type say where the status alone would mislead.
fn kind(error: &Value) -> Option<ErrorKind> {
    let code = text(error, "code").unwrap_or_default();
    let type_ = text(error, "type").unwrap_or_default();
    // A used-up quota is a 429 like any rate limit, but waiting does not help.
    let spent = type_ == "insufficient_quota"
        || code == "insufficient_quota"
        || code == "credit_balance_exhausted"
        || code == "billing_hard_limit_reached"
        || code.ends_with("_spend_limit_exceeded")
        || code == "organization_usage_limit_exceeded";
    let limited = ["rate_limit_exceeded", "slow_down"].contains(&code)
        || ["rate_limit_exceeded", "rate_limit_error"].contains(&type_);
    let unknown = type_ == "invalid_model" || text(error, "message") == Some("Model Not Exist");
    // OpenRouter's moderation answers 403, as a bad key does.
    let flagged = error.pointer("/metadata/flagged_input").is_some()
        || code.ends_with("_policy")
        || code.ends_with("_policy_violation");
    match code {
        _ if spent => Some(ErrorKind::BudgetSpent),
        _ if flagged => Some(ErrorKind::Refused),
        _ if unknown => Some(ErrorKind::UnknownModel),
        "context_length_exceeded" => Some(ErrorKind::TooLong),
        "invalid_api_key" => Some(ErrorKind::Unauthenticated),
        "model_not_found" | "model_decommissioned" => Some(ErrorKind::UnknownModel),
        // The provider's word for a prompt that breaks its rules, not for one that is malformed.
        "invalid_prompt" | "content_filter" => Some(ErrorKind::Refused),
        // Groq's word for a model that wrote no proper call: its 400 is not the caller's fault.
        "tool_use_failed" | "output_parse_failed" => Some(ErrorKind::Unavailable),
        "server_error" | "server_is_overloaded" | "vector_store_timeout" => {
            Some(ErrorKind::Unavailable)
        }
        _ if limited => Some(ErrorKind::RateLimited { retry_after: None }),
        _ if code.contains("image") => Some(ErrorKind::InvalidRequest),
        _ => None,
    }
}

fn overflows(error: &Value) -> bool {
    let said = [text(error, "code"), text(error, "type"), words(error).as_deref()]
        .into_iter()
        .flatten()
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ");
    TOO_LONG.iter().any(|words| said.contains(words))
}

/// `error` in OpenAI's form.
pub(in super::super) fn write(error: &Error) -> Value {
    let (kind, code) = faces(error.kind());
    json!({"error": {
        "message": error.to_string(),
        "type": kind,
        "param": parameter(error),
        "code": code,
    }})
}

/// The status that OpenAI has for such an error.
pub(in super::super) fn status_of(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::TooLong | ErrorKind::Refused => 400,
        ErrorKind::BudgetSpent => 429,
        other => other.http_status(),
    }
}

/// The type and the code of a kind.
fn faces(kind: &ErrorKind) -> (&'static str, Option<&'static str>) {
    match kind {
        ErrorKind::InvalidRequest => ("invalid_request_error", None),
        ErrorKind::Unauthenticated => ("invalid_request_error", Some("invalid_api_key")),
        ErrorKind::UnknownModel => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::UnpricedModel => ("invalid_request_error", Some("model_not_priced")),
        ErrorKind::TooLong => ("invalid_request_error", Some("context_length_exceeded")),
        ErrorKind::Refused => ("invalid_request_error", Some("content_policy_violation")),
        ErrorKind::RateLimited { .. } => ("requests", Some("rate_limit_exceeded")),
        ErrorKind::BudgetSpent => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Timeout => ("server_error", Some("timeout")),
        ErrorKind::Unavailable => ("server_error", Some("service_unavailable")),
        ErrorKind::Storage | ErrorKind::Config => ("server_error", Some("internal_error")),
    }
}

/// The code that OpenAI has for such an error; its type where it has none.
pub(in super::super) fn code(error: &Error) -> &'static str {
    let (kind, code) = faces(error.kind());
    code.unwrap_or(kind)
}

/// The field that `error` is about: what was wrong with a caller's field begins with its name.
fn parameter(error: &Error) -> Option<String> {
    if *error.kind() != ErrorKind::InvalidRequest || error.provider().is_some() {
        return None;
    }
    let message = error.to_string();
    let (field, rest) = message.split_once(' ')?;
    let is_field =
        field.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.' | '[' | ']'));
    let verbs = ["is ", "has ", "names ", "asks ", "calls "];
    (is_field && verbs.iter().any(|verb| rest.starts_with(verb))).then(|| field.to_owned())
}
