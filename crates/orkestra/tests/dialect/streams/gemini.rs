//! generateContent: each event an answer of its own, whose parts go on where the last ones stopped.

use orkestra::dialect::sse;
use serde_json::{Value, json};

use super::{Wrong, data, ensure};
use crate::spelling::camel;

pub(crate) fn assembled(events: &[sse::Event]) -> Result<Value, Wrong> {
    let mut parts: Vec<Value> = Vec::new();
    let mut whole = json!({});
    let (mut finish, mut role) = (Value::Null, Value::Null);
    for event in events {
        let mut said = data(event)?;
        camel(&mut said);
        ensure(event.name.is_empty(), "this API's events have no names", &said)?;
        ensure(finish.is_null(), "something follows the reason to finish", &said)?;
        for field in ["usageMetadata", "modelVersion", "responseId", "promptFeedback"] {
            // Counts are of the whole answer so far.
            if let Some(value) = said.get(field).filter(|value| !value.is_null()) {
                whole[field] = value.clone();
            }
        }
        let candidates = said["candidates"].as_array().cloned().unwrap_or_default();
        ensure(candidates.len() <= 1, "more than one candidate", &said)?;
        for candidate in candidates {
            if let Some(said_role) = candidate.pointer("/content/role") {
                role = said_role.clone();
            }
            for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                go_on(&mut parts, part);
            }
            finish = candidate["finishReason"].clone();
            ensure(finish.is_null() || finish.is_string(), "no word for the end", &said)?;
        }
    }
    let blocked = whole.get("promptFeedback").is_some();
    if finish.is_null() && !blocked {
        return Err("no reason to finish".to_owned());
    }
    ensure(whole["usageMetadata"].is_object(), "nothing is counted", &whole)?;
    if !finish.is_null() {
        let content = json!({"parts": parts, "role": role});
        whole["candidates"] = json!([{"content": content, "finishReason": finish}]);
    }
    Ok(whole)
}

/// Adds `part`: text goes on the text before it, of the same kind and not proven yet. A proof may come with empty text.
fn go_on(parts: &mut Vec<Value>, part: &Value) {
    let kind = |part: &Value| part["thought"] == true;
    if let (Some(last), Some(piece)) = (parts.last_mut(), part["text"].as_str())
        && let Some(text) = last["text"].as_str().map(|text| format!("{text}{piece}"))
        && kind(last) == kind(part)
        && last.get("thoughtSignature").is_none()
    {
        last["text"] = json!(text);
        if let Some(signature) = part.get("thoughtSignature") {
            last["thoughtSignature"] = signature.clone();
        }
        return;
    }
    // An end of nothing but an empty text says nothing.
    if part["text"] != "" || part.get("thoughtSignature").is_some() {
        parts.push(part.clone());
    }
}
