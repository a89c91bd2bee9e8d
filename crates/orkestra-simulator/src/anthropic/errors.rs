//! Anthropic's error bodies.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::faults::FaultKind;
use crate::fields::{Expected, Refusal, Wording};

fn error(status: u16, kind: &str, message: &str) -> Refusal {
    // The id is filled in when the response gets its own.
    let body =
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": null});
    Refusal { status, body, headers: Vec::new() }
}

/// A 400.
pub(super) fn invalid(message: &str) -> Refusal {
    error(400, "invalid_request_error", message)
}

pub(super) fn unauthenticated(message: &str) -> Refusal {
    error(401, "authentication_error", message)
}

pub(super) fn not_found(message: &str) -> Refusal {
    error(404, "not_found_error", message)
}

pub(super) fn wrong_method() -> Refusal {
    error(405, "invalid_request_error", "Method Not Allowed")
}

/// The errors that are made to happen.
pub(super) fn failure(fault: FaultKind, model: &str) -> Refusal {
    match fault {
        FaultKind::RateLimited(wait) => {
            let message = "This request would exceed your organization's rate limit of 50 requests per minute.";
            let headers = vec![
                ("retry-after", wait.as_secs().to_string()),
                ("anthropic-ratelimit-requests-limit", "50".to_owned()),
                ("anthropic-ratelimit-requests-remaining", "0".to_owned()),
                ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z".to_owned()),
            ];
            Refusal { headers, ..error(429, "rate_limit_error", message) }
        }
        FaultKind::QuotaSpent => error(
            429,
            "enforced_spend_limit_reached",
            "This organization has reached its enforced spend limit.",
        ),
        FaultKind::BadRequest => invalid("[simulated] The request is invalid."),
        FaultKind::Unauthenticated => unauthenticated("invalid x-api-key"),
        FaultKind::Forbidden => error(
            403,
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        FaultKind::NotFound => not_found(&format!("model: {model}")),
        FaultKind::TooLarge => error(413, "request_too_large", "Request exceeds the maximum size"),
        FaultKind::Unavailable => error(503, "api_error", "Service temporarily unavailable"),
        FaultKind::Overloaded => error(529, "overloaded_error", "Overloaded"),
        _ => error(500, "api_error", "Internal server error"),
    }
}

/// The wording of Messages.
#[derive(Debug)]
pub(super) struct Messages;

impl Wording for Messages {
    fn place(parent: &str, name: &str) -> String {
        if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
    }

    fn item(parent: &str, index: usize) -> String {
        format!("{parent}.{index}")
    }

    fn unknown(parent: &str, name: &str) -> Refusal {
        invalid(&format!("{}: Extra inputs are not permitted", Self::place(parent, name)))
    }

    fn missing(place: &str) -> Refusal {
        invalid(&format!("{place}: Field required"))
    }

    fn wrong_type(place: &str, expected: Expected, _got: &Value) -> Refusal {
        let expected = match expected {
            Expected::Text => "string",
            Expected::Integer => "integer",
            Expected::Number => "number",
            Expected::Boolean => "boolean",
            Expected::List => "list",
            Expected::Object => "dictionary",
        };
        invalid(&format!("{place}: Input should be a valid {expected}"))
    }

    fn out_of_range(
        place: &str,
        _expected: Expected,
        bounds: &RangeInclusive<f64>,
        _got: f64,
    ) -> Refusal {
        let (low, high) = (bounds.start(), bounds.end());
        if high.is_finite() {
            invalid(&format!("{place}: range: {low}..{high}"))
        } else {
            invalid(&format!("{place}: Input should be greater than or equal to {low}"))
        }
    }
}
