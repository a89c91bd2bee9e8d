//! Anthropic's error bodies.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::fields::{Expected, Refusal, Wording};

pub(super) fn error(status: u16, kind: &str, message: &str) -> Refusal {
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

/// The refusal of a thread that the vendor would keep: clients then send the whole conversation instead.
pub(super) fn no_threads() -> Refusal {
    let mut refusal = invalid("[simulated] The simulator keeps no threads.");
    refusal.body["error"]["details"] =
        json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]});
    refusal
}

/// A value that is none of those that are known.
pub(super) fn none_of(place: &str, known: &[&str]) -> Refusal {
    let known: Vec<String> = known.iter().map(|value| format!("'{value}'")).collect();
    let known = match known.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => known.concat(),
    };
    invalid(&format!("{place}: Input should be {known}"))
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
