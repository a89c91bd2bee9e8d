//! The messages of a Chat Completions request: roles, contents, the order of tool results.

use serde_json::Value;

use crate::fields::{Fields, Refusal, Wording as _};
use crate::tokens;

use super::errors::{Chat, invalid, invalid_value};

const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];

/// What the messages weigh.
#[derive(Debug, Default)]
pub(super) struct Weights {
    pub(super) all: f64,
    /// The messages before the last one of the assistant.
    pub(super) before_last_answer: f64,
}

/// Checks `messages` and weighs them.
pub(super) fn check(body: &Fields<'_, Chat>) -> Result<Weights, Refusal> {
    if body.list("messages")?.is_none() {
        return Err(Chat::missing("messages"));
    }
    let messages = body.objects("messages")?;
    if messages.is_empty() {
        let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty \
                       array instead.";
        return Err(invalid(message, Some("messages"), Some("empty_array")));
    }
    let mut weights = Weights::default();
    // Calls of the assistant message at hand that have no result yet.
    let mut open: Vec<String> = Vec::new();
    let mut after_calls = false;
    for (index, message) in messages.iter().enumerate() {
        let role = message.required_text("role")?;
        if !ROLES.contains(&role) {
            return Err(invalid_value(&message.at("role"), role, &ROLES));
        }
        if role == "tool" {
            let id = message.required_text("tool_call_id")?;
            if !after_calls {
                let text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message \
                            with 'tool_calls'.";
                return Err(invalid(text, Some(&format!("messages.[{index}].role")), None));
            }
            open.retain(|call| call != id);
        } else {
            all_answered(&open, index)?;
            after_calls = false;
        }
        if role == "assistant" {
            open = calls_of(message)?;
            after_calls = !open.is_empty();
            weights.before_last_answer = weights.all;
        }
        weights.all += check_one(message, role)?;
    }
    all_answered(&open, messages.len())?;
    Ok(weights)
}

fn all_answered(open: &[String], index: usize) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    let text = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(invalid(&text, Some(&format!("messages.[{index}].role")), None))
}

fn calls_of(message: &Fields<'_, Chat>) -> Result<Vec<String>, Refusal> {
    message
        .objects("tool_calls")?
        .iter()
        .map(|call| Ok(call.required_text("id")?.to_owned()))
        .collect()
}

/// Checks one message's fields and weighs it.
fn check_one(message: &Fields<'_, Chat>, role: &str) -> Result<f64, Refusal> {
    let known: &[&str] = match role {
        "assistant" => {
            &["role", "content", "name", "refusal", "audio", "tool_calls", "function_call"]
        }
        "tool" => &["role", "content", "tool_call_id"],
        _ => &["role", "content", "name"],
    };
    message.allow(known)?;
    message.text("name")?;
    let mut weight = tokens::PER_MESSAGE;
    for call in message.objects("tool_calls")? {
        weight += check_call(&call)?;
    }
    let speaks_otherwise =
        ["tool_calls", "function_call", "refusal", "audio"].iter().any(|name| message.has(name));
    match message.get("content") {
        Some(Value::String(text)) => Ok(weight + tokens::weight(text)),
        Some(Value::Array(_)) => Ok(weight + check_parts(message, role)?),
        None if role == "assistant" && speaks_otherwise => Ok(weight),
        None => {
            let place = message.at("content");
            let text =
                format!("Invalid value for 'content': expected a string, got null ({place}).");
            Err(invalid(&text, Some(&place), None))
        }
        Some(_) => {
            let place = message.at("content");
            let text = format!(
                "Invalid type for '{place}': expected one of a string or array of objects, but got another type instead."
            );
            Err(invalid(&text, Some(&place), Some("invalid_type")))
        }
    }
}

fn check_call(call: &Fields<'_, Chat>) -> Result<f64, Refusal> {
    call.allow(&["id", "type", "function", "custom"])?;
    call.required_text("type")?;
    let Some(function) = call.object("function")? else { return Ok(tokens::PER_MESSAGE) };
    function.allow(&["name", "arguments"])?;
    Ok(tokens::weight(function.required_text("name")?)
        + tokens::weight(function.required_text("arguments")?))
}

fn check_parts(message: &Fields<'_, Chat>, role: &str) -> Result<f64, Refusal> {
    let known: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        "assistant" => &["text", "refusal"],
        _ => &["text"],
    };
    let mut weight = 0.0;
    for part in message.objects("content")? {
        let kind = part.required_text("type")?;
        if !known.contains(&kind) {
            return Err(invalid_value(&part.at("type"), kind, known));
        }
        part.allow(&["type", kind, "prompt_cache_breakpoint"])?;
        weight += match kind {
            "text" => tokens::weight(part.required_text("text")?),
            "refusal" => tokens::weight(part.required_text("refusal")?),
            _ => {
                part.required(kind)?;
                part.object(kind)?;
                tokens::PER_MEDIUM
            }
        };
    }
    Ok(weight)
}
