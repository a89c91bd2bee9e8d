//! What OpenAI's errors mean, and how ours are said in its words.

use serde_json::{Value, json};

use super::super::fields::{self, Said, text};
use crate::{
    dialect::Failure,
    error::{Error, ErrorKind},
};

/// What a failed answer means.
pub(super) fn of_failure(failure: &Failure<'_>) -> Error {
    let body = fields::json(failure.body).unwrap_or_default();
    let error = body.get("error").unwrap_or(&body);
    let said = Said {
        message: text(error, "message").or_else(|| error.as_str()),
        kind: kind(error),
        retry_after: None,
    };
    fields::failure(failure, said)
}

/// An error that arrived where an answer was expected, on an HTTP 200.
pub(super) fn in_band(error: &Value) -> Error {
    let kind = kind(error).unwrap_or_else(|| match text(error, "type") {
        Some("invalid_request_error") => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    });
    fields::in_band(kind, error)
}

/// The error of an answer that failed without a word.
pub(super) fn unexplained(status: &str) -> Error {
    let message = format!("the provider's answer is {status} and gives no reason");
    Error::new(ErrorKind::Unavailable, message)
}

/// What the code and the type say where a status would mislead or is none.
fn kind(error: &Value) -> Option<ErrorKind> {
    let type_ = text(error, "type").unwrap_or_default();
    let code = text(error, "code").unwrap_or_default();
    let limited = ErrorKind::RateLimited { retry_after: None };
    Some(match code {
        // A used-up quota is a 429 like any rate limit, but waiting does not help.
        _ if type_ == "insufficient_quota" => ErrorKind::BudgetSpent,
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "organization_usage_limit_exceeded"
        | "billing_hard_limit_reached" => ErrorKind::BudgetSpent,
        _ if code.ends_with("_spend_limit_exceeded") => ErrorKind::BudgetSpent,
        "context_length_exceeded" => ErrorKind::TooLong,
        "invalid_api_key" => ErrorKind::Unauthenticated,
        "model_not_found" => ErrorKind::UnknownModel,
        // The provider's word for a prompt that breaks its rules, not for one that is malformed.
        "invalid_prompt" | "content_filter" | "content_policy_violation" => ErrorKind::Refused,
        _ if code.ends_with("_policy") || code.ends_with("_policy_violation") => ErrorKind::Refused,
        "server_error" | "server_is_overloaded" | "vector_store_timeout" => ErrorKind::Unavailable,
        "rate_limit_exceeded" | "slow_down" => limited,
        "failed_to_download_image" => ErrorKind::InvalidRequest,
        _ if code.contains("image") => ErrorKind::InvalidRequest,
        _ if ["rate_limit_exceeded", "rate_limit_error"].contains(&type_) => limited,
        _ => return None,
    })
}

/// OpenAI's status, type and code for a kind of error.
fn vendor(kind: &ErrorKind) -> (u16, &'static str, Option<&'static str>) {
    const CALLER: &str = "invalid_request_error";
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::UnpricedModel => (400, CALLER, None),
        ErrorKind::Unauthenticated => (401, CALLER, Some("invalid_api_key")),
        ErrorKind::UnknownModel => (404, CALLER, Some("model_not_found")),
        ErrorKind::TooLong => (400, CALLER, Some("context_length_exceeded")),
        ErrorKind::Refused => (400, CALLER, Some("invalid_prompt")),
        ErrorKind::RateLimited { .. } => (429, "rate_limit_error", Some("rate_limit_exceeded")),
        ErrorKind::BudgetSpent => (429, "insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Timeout => (504, "server_error", Some("server_error")),
        ErrorKind::Unavailable => (503, "server_error", Some("server_error")),
        ErrorKind::Storage | ErrorKind::Config => (500, "server_error", Some("server_error")),
    }
}

/// The status that OpenAI has for such an error.
pub(super) fn status(error: &Error) -> u16 {
    vendor(error.kind()).0
}

/// The code that OpenAI has for such an error; every failed answer has one.
pub(super) fn code(error: &Error) -> &'static str {
    match vendor(error.kind()) {
        (_, _, Some(code)) => code,
        (_, type_, None) => type_,
    }
}

/// The body that OpenAI has for such an error.
pub(super) fn body(error: &Error) -> Value {
    let (_, type_, code) = vendor(error.kind());
    json!({"error": {"message": error.to_string(), "type": type_, "param": null, "code": code}})
}
