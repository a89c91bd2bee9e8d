//! OpenAI's error bodies.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::fields::{Expected, Refusal, Wording};
use crate::rules::Model;

use super::Family;

pub(super) fn error(
    status: u16,
    kind: &str,
    message: &str,
    param: Option<&str>,
    code: Option<&str>,
) -> Refusal {
    let body = json!({"error": {"message": message, "type": kind, "param": param, "code": code}});
    Refusal { status, body, headers: Vec::new() }
}

/// A 400 about `param`.
pub(super) fn invalid(message: &str, param: Option<&str>, code: Option<&str>) -> Refusal {
    error(400, "invalid_request_error", message, param, code)
}

pub(super) fn no_key() -> Refusal {
    let message = "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                   Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
    error(401, "invalid_request_error", message, None, None)
}

/// The vendor shows both ends of the key; the simulator shows less, so that no log of it ever holds one.
pub(super) fn refused_key(key: &str) -> Refusal {
    let start: String = key.chars().take(3).collect();
    let message = format!(
        "Incorrect API key provided: {start}****. You can find your API key at \
         https://platform.openai.com/account/api-keys."
    );
    error(401, "invalid_request_error", &message, None, Some("invalid_api_key"))
}

pub(crate) fn no_such_url(method: &str, path: &str) -> Refusal {
    error(404, "invalid_request_error", &format!("Invalid URL ({method} {path})"), None, None)
}

pub(super) fn no_such_model(id: &str) -> Refusal {
    let message = format!("The model `{id}` does not exist or you do not have access to it.");
    error(404, "invalid_request_error", &message, None, Some("model_not_found"))
}

pub(super) fn no_json(why: &str) -> Refusal {
    let message = format!("We could not parse the JSON body of your request: {why}.");
    invalid(&message, None, None)
}

pub(super) fn unsupported_parameter(name: &str, instead: Option<&str>) -> Refusal {
    let instead = instead.map(|instead| format!(" Use '{instead}' instead.")).unwrap_or_default();
    let message =
        format!("Unsupported parameter: '{name}' is not supported with this model.{instead}");
    invalid(&message, Some(name), Some("unsupported_parameter"))
}

pub(super) fn unsupported_value(name: &str, message: &str) -> Refusal {
    invalid(&format!("Unsupported value: {message}"), Some(name), Some("unsupported_value"))
}

pub(super) fn invalid_value(place: &str, got: &str, supported: &[&str]) -> Refusal {
    let supported: Vec<String> = supported.iter().map(|value| format!("'{value}'")).collect();
    let message =
        format!("Invalid value: '{got}'. Supported values are: {}.", supported.join(", "));
    invalid(&message, Some(place), Some("invalid_value"))
}

pub(super) fn too_many_output_tokens(name: &str, asked: u64, model: &Model<Family>) -> Refusal {
    let message = format!(
        "{name} is too large: {asked}. This model supports at most {} completion tokens, whereas you provided {asked}.",
        model.max_output
    );
    invalid(&message, Some(name), Some("invalid_value"))
}

pub(super) fn too_long(context: u64, prompt: u64, completion: Option<u64>, status: u16) -> Refusal {
    let message = match completion {
        None => format!(
            "This model's maximum context length is {context} tokens. However, your messages resulted in {prompt} \
             tokens. Please reduce the length of the messages."
        ),
        Some(completion) => format!(
            "This model's maximum context length is {context} tokens. However, you requested {} tokens ({prompt} in \
             the messages, {completion} in the completion). Please reduce the length of the messages or completion.",
            prompt + completion
        ),
    };
    let code = Some("context_length_exceeded");
    error(status, "invalid_request_error", &message, Some("messages"), code)
}

/// What has the wrong length, such as `string`, `array`.
pub(super) fn too_much(place: &str, what: &str, most: usize, got: usize) -> Refusal {
    let article = if what == "array" { "an array" } else { "a string" };
    let message = format!(
        "Invalid '{place}': {what} too long. Expected {article} with maximum length {most}, but got {article} with \
         length {got} instead."
    );
    invalid(&message, Some(place), Some(&format!("{what}_above_max_length")))
}

pub(super) fn empty_array(place: &str) -> Refusal {
    let message = format!(
        "Invalid '{place}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    );
    invalid(&message, Some(place), Some("empty_array"))
}

pub(super) fn no_match(place: &str) -> Refusal {
    let message = format!(
        "Invalid '{place}': string does not match pattern. Expected a string that matches the pattern \
         '^[a-zA-Z0-9_-]+$'."
    );
    invalid(&message, Some(place), Some("invalid_value"))
}

/// A field that makes sense only next to another.
pub(super) fn only_with(name: &str, other: &str) -> Refusal {
    let message = format!(
        "Invalid value for '{name}': '{name}' is only allowed when '{other}' are specified."
    );
    invalid(&message, Some(name), None)
}

/// The wording of Chat Completions.
#[derive(Debug)]
pub(super) struct Chat;

/// The wording of Responses, which differs for unknown fields.
#[derive(Debug)]
pub(super) struct Responses;

const fn named(expected: Expected) -> &'static str {
    match expected {
        Expected::Text => "a string",
        Expected::Integer => "an integer",
        Expected::Number => "a decimal",
        Expected::Boolean => "a boolean",
        Expected::List => "an array",
        Expected::Object => "an object",
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Wording for Responses {
    fn place(parent: &str, name: &str) -> String {
        if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
    }

    fn item(parent: &str, index: usize) -> String {
        format!("{parent}[{index}]")
    }

    fn unknown(parent: &str, name: &str) -> Refusal {
        let place = Self::place(parent, name);
        invalid(&format!("Unknown parameter: '{place}'."), Some(&place), Some("unknown_parameter"))
    }

    fn missing(place: &str) -> Refusal {
        let message = format!("Missing required parameter: '{place}'.");
        invalid(&message, Some(place), Some("missing_required_parameter"))
    }

    fn wrong_type(place: &str, expected: Expected, got: &Value) -> Refusal {
        let (expected, got) = (named(expected), kind_of(got));
        let message =
            format!("Invalid type for '{place}': expected {expected}, but got {got} instead.");
        invalid(&message, Some(place), Some("invalid_type"))
    }

    fn out_of_range(
        place: &str,
        expected: Expected,
        bounds: &RangeInclusive<f64>,
        got: f64,
    ) -> Refusal {
        let kind = if expected == Expected::Integer { "integer" } else { "decimal" };
        let (low, high) = (bounds.start(), bounds.end());
        let (side, code, wanted) = if got < *low {
            ("below minimum", "below_min", format!(">= {low}"))
        } else {
            ("above maximum", "above_max", format!("<= {high}"))
        };
        let message = format!(
            "Invalid '{place}': {kind} {side} value. Expected a value {wanted}, but got {got} instead."
        );
        invalid(&message, Some(place), Some(&format!("{kind}_{code}_value")))
    }
}

impl Wording for Chat {
    fn place(parent: &str, name: &str) -> String {
        Responses::place(parent, name)
    }

    fn item(parent: &str, index: usize) -> String {
        Responses::item(parent, index)
    }

    fn unknown(parent: &str, name: &str) -> Refusal {
        if parent.is_empty() {
            return invalid(&format!("Unrecognized request argument supplied: {name}"), None, None);
        }
        Responses::unknown(parent, name)
    }

    fn missing(place: &str) -> Refusal {
        if place == "model" {
            return invalid("you must provide a model parameter", None, None);
        }
        Responses::missing(place)
    }

    fn wrong_type(place: &str, expected: Expected, got: &Value) -> Refusal {
        Responses::wrong_type(place, expected, got)
    }

    fn out_of_range(
        place: &str,
        expected: Expected,
        bounds: &RangeInclusive<f64>,
        got: f64,
    ) -> Refusal {
        Responses::out_of_range(place, expected, bounds, got)
    }
}
