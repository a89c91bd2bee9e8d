//! Google's error bodies.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::fields::{Expected, Refusal, Wording};

pub(super) fn error(code: u16, status: &str, message: &str, details: &Value) -> Refusal {
    let mut body = json!({"error": {"code": code, "message": message, "status": status}});
    if !details.is_null() {
        body["error"]["details"] = details.clone();
    }
    Refusal { status: code, body, headers: Vec::new() }
}

/// A 400.
pub(super) fn invalid(message: &str) -> Refusal {
    error(400, "INVALID_ARGUMENT", message, &Value::Null)
}

/// A 400 about a field of the request.
pub(super) fn invalid_field(place: &str, message: &str) -> Refusal {
    invalid(&format!("* GenerateContentRequest.{place}: {message}\n"))
}

/// A 400 about the JSON itself.
fn unreadable(place: &str, message: &str) -> Refusal {
    let violation = json!({"field": place, "description": message});
    let details = json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]);
    error(400, "INVALID_ARGUMENT", message, &details)
}

pub(super) fn no_json(why: &str) -> Refusal {
    unreadable("", &format!("Invalid JSON payload received. {why}"))
}

pub(super) fn no_key() -> Refusal {
    let message = "Method doesn't allow unregistered callers (callers without established identity). Please use API \
                   Key or other form of API consumer identity to call this API.";
    error(403, "PERMISSION_DENIED", message, &Value::Null)
}

pub(super) fn refused_key() -> Refusal {
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }]);
    error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", &details)
}

pub(super) fn no_such_model(id: &str, verb: &str) -> Refusal {
    let message = format!(
        "models/{id} is not found for API version v1beta, or is not supported for {verb}. Call ListModels to see the \
         list of available models and their supported methods."
    );
    error(404, "NOT_FOUND", &message, &Value::Null)
}

pub(super) fn not_found() -> Refusal {
    error(404, "NOT_FOUND", "Requested entity was not found.", &Value::Null)
}

/// A field that the API does not know.
pub(super) fn unknown_name(place: &str, name: &str) -> Refusal {
    Gemini::unknown(place, name)
}

/// Explicit caches are not simulated, so that none exists; the newest models have none at all.
pub(super) fn no_such_cache(name: &str, supported: bool) -> Refusal {
    if supported {
        let message = format!("CachedContent not found (or permission denied): {name}");
        error(403, "PERMISSION_DENIED", &message, &Value::Null)
    } else {
        invalid("Explicit context caching is not supported for this model.")
    }
}

/// The wording of Gemini's JSON surface. Fields may be spelt in snake case as well, and places are.
#[derive(Debug)]
pub(super) struct Gemini;

/// `name` in snake case.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

impl Wording for Gemini {
    fn place(parent: &str, name: &str) -> String {
        let name = snake(name);
        if parent.is_empty() { name } else { format!("{parent}.{name}") }
    }

    fn item(parent: &str, index: usize) -> String {
        format!("{parent}[{index}]")
    }

    fn unknown(parent: &str, name: &str) -> Refusal {
        let at = if parent.is_empty() { String::new() } else { format!(" at '{parent}'") };
        unreadable(
            parent,
            &format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
            ),
        )
    }

    fn missing(place: &str) -> Refusal {
        let name = place.rsplit('.').next().unwrap_or(place);
        invalid_field(place, &format!("{name} is not specified"))
    }

    fn wrong_type(place: &str, expected: Expected, got: &Value) -> Refusal {
        let expected = match expected {
            Expected::Text => "TYPE_STRING",
            Expected::Integer => "TYPE_INT32",
            Expected::Number => "TYPE_FLOAT",
            Expected::Boolean => "TYPE_BOOL",
            Expected::List => "repeated field",
            Expected::Object => "message",
        };
        unreadable(place, &format!("Invalid value at '{place}' ({expected}), {got}"))
    }

    fn out_of_range(
        place: &str,
        _expected: Expected,
        bounds: &RangeInclusive<f64>,
        got: f64,
    ) -> Refusal {
        let name = place.rsplit('.').next().unwrap_or(place);
        let (low, high) = (bounds.start(), bounds.end());
        let range = if high.is_finite() {
            format!("in the range [{low:?}, {high:?}]")
        } else {
            format!("at least {low}")
        };
        invalid_field(place, &format!("{name} must be {range}, not {got}"))
    }

    fn also(name: &str) -> Option<String> {
        Some(snake(name))
    }
}
