//! A whole answer → neutral reply.

use serde_json::{Map, Value, json};

use super::{
    super::fields::{self, count, owned, text},
    errors,
};
use crate::{
    chat::{Content, DialectName, Extra, FinishReason, Part, Reply, ToolCall, Usage},
    error::{Error, ErrorKind, Result},
};

/// Fields of an answer that the neutral form has a place for, or that nobody needs again.
const KNOWN: [&str; 9] =
    ["id", "object", "created", "model", "choices", "usage", "error", "x_groq", "obfuscation"];
/// Likewise, of its message.
const KNOWN_OF_MESSAGE: [&str; 7] =
    ["role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call"];
/// The name in `extra` under which the message's own unknown fields stand.
pub(super) const MESSAGE: &str = "message";
/// An id of a call may have 40 characters; so many of them are the answer's.
const ID_CHARACTERS: usize = 28;

/// Reads a whole answer.
pub(super) fn reply(body: &Value) -> Result<Reply> {
    // Some compatible servers report a failure inside a 200.
    if let Some(error) = errors::within(body) {
        return Err(error);
    }
    let choice = body.pointer("/choices/0").ok_or_else(|| fields::missing("choices", body))?;
    let message = choice.get("message").filter(|message| message.is_object());
    let message = message.ok_or_else(|| fields::missing("message", body))?;
    let id = owned(body, "id");
    let content = parts(message, id.as_deref());
    let has = |wanted: fn(&Content) -> bool| content.iter().any(|part| wanted(&part.content));
    let called = has(|content| matches!(content, Content::ToolCall(_)));
    let refused = has(|content| matches!(content, Content::Refusal(_)));
    let reason = finish_reason(text(choice, "finish_reason").unwrap_or("stop"))?;
    let mut extra = Extra::new();
    unknown(body, &KNOWN, &mut extra);
    if let Some(logprobs) = choice.get("logprobs").filter(|logprobs| !logprobs.is_null()) {
        extra.insert("logprobs".into(), logprobs.clone());
    }
    let mut of_message = Extra::new();
    unknown(message, &KNOWN_OF_MESSAGE, &mut of_message);
    if !of_message.is_empty() {
        extra.insert(MESSAGE.into(), of_message.into());
    }
    Ok(Reply {
        usage: usage_of(body),
        model: owned(body, "model"),
        id,
        dialect: Some(DialectName::Openai),
        extra,
        ..Reply::new(content, settled(reason, called, refused))
    })
}

/// Adds to `extra` what stands in `value` beside the `known` fields.
pub(super) fn unknown(value: &Value, known: &[&str], extra: &mut Extra) {
    let nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    for (name, value) in value.as_object().into_iter().flatten() {
        if !known.contains(&name.as_str()) && !nothing(value) && !extra.contains_key(name) {
            extra.insert(name.clone(), value.clone());
        }
    }
}

/// What stands in a piece of a stream beside the fields that are known.
pub(super) fn unknown_of_piece(piece: &Value, extra: &mut Extra) {
    unknown(piece, &KNOWN, extra);
}

/// What stands in a message's piece beside the fields that are known. Lists grow from piece to piece.
pub(super) fn unknown_of_delta(delta: &Value, extra: &mut Extra) {
    let mut found = Extra::new();
    unknown(delta, &KNOWN_OF_MESSAGE, &mut found);
    for (name, value) in found {
        match (extra.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (_, value) => {
                extra.insert(name, value);
            }
        }
    }
}

fn parts(message: &Value, reply_id: Option<&str>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    parts.extend(thoughts(message).map(|text| thought(text).into()));
    parts.extend(said(message.get("content")).into_iter().map(Part::from));
    let refusal = text(message, "refusal").filter(|text| !text.is_empty());
    parts.extend(refusal.map(|text| Part::from(Content::Refusal(text.to_owned()))));
    let calls = message.get("tool_calls").and_then(Value::as_array);
    for (position, value) in calls.into_iter().flatten().enumerate() {
        parts.extend(call(value, reply_id, position));
    }
    // The API's older form of a call.
    if calls.is_none_or(Vec::is_empty)
        && let Some(function) = message.get("function_call").filter(|value| value.is_object())
    {
        parts.extend(call(&json!({"function": function}), reply_id, 0));
    }
    parts
}

/// Compatible servers show what the model thought, under one of two names.
pub(super) fn thoughts(message: &Value) -> Option<&str> {
    let said = |field| text(message, field).filter(|text| !text.is_empty());
    said("reasoning_content").or_else(|| said("reasoning"))
}

fn thought(text: &str) -> Content {
    Content::Reasoning { text: text.to_owned(), redacted: None }
}

/// `content`: text, or with Mistral a list that may hold thoughts as well.
pub(super) fn said(content: Option<&Value>) -> Vec<Content> {
    match content {
        Some(Value::String(text)) if !text.is_empty() => vec![Content::Text(text.clone())],
        Some(Value::Array(parts)) => parts.iter().filter_map(said_part).collect(),
        _ => Vec::new(),
    }
}

fn said_part(part: &Value) -> Option<Content> {
    match text(part, "type") {
        Some("text") => text(part, "text").map(|text| Content::Text(text.to_owned())),
        Some("refusal") => text(part, "refusal").map(|text| Content::Refusal(text.to_owned())),
        Some("thinking") => match part.get("thinking") {
            Some(Value::String(text)) => Some(thought(text)),
            Some(Value::Array(pieces)) => {
                let text: String = pieces.iter().filter_map(|piece| text(piece, "text")).collect();
                Some(thought(&text))
            }
            _ => None,
        },
        _ => Some(Content::Other(part.clone())),
    }
}

fn call(value: &Value, reply_id: Option<&str>, position: usize) -> Option<Part> {
    let id = text(value, "id").filter(|id| !id.is_empty());
    let id = id.map_or_else(|| made_up_id(reply_id, position), str::to_owned);
    let extra_content = value.get("extra_content");
    let mut part = if let Some(custom) = value.get("custom").filter(|custom| custom.is_object()) {
        free_text_part(id, custom)
    } else {
        let function = value.get("function")?;
        let name = text(function, "name").unwrap_or_default().to_owned();
        Part::from(ToolCall { id, name, arguments: arguments(function).unwrap_or_default() })
    };
    part.signature = super::signature(extra_content);
    if let Some(other) =
        extra_content.filter(|value| !value.is_null() && !super::is_only_signature(value))
    {
        part.extra.insert("extra_content".into(), other.clone());
    }
    Some(part)
}

/// The call of a free-text tool: as other APIs would have it, with its own form beside.
pub(super) fn free_text_part(id: String, custom: &Value) -> Part {
    let name = text(custom, "name").unwrap_or_default().to_owned();
    let call = super::free_text_call(id, name, text(custom, "input"));
    let extra =
        Map::from_iter([("type".into(), "custom".into()), ("custom".into(), custom.clone())]);
    Part { extra, ..call.into() }
}

/// The arguments of a function, which some servers give as the object itself.
pub(super) fn arguments(function: &Value) -> Option<String> {
    match function.get("arguments") {
        Some(Value::String(text)) => Some(text.clone()),
        None | Some(Value::Null) => None,
        Some(other) => Some(other.to_string()),
    }
}

/// An id for a call that came without one. It must not return in the next turn, so the answer's own id is in it.
pub(super) fn made_up_id(reply_id: Option<&str>, position: usize) -> String {
    let characters = reply_id.unwrap_or_default().chars().rev();
    let mut tail: Vec<char> =
        characters.filter(char::is_ascii_alphanumeric).take(ID_CHARACTERS).collect();
    tail.reverse();
    if tail.is_empty() {
        return format!("call_{position}");
    }
    format!("call_{}_{position}", tail.into_iter().collect::<String>())
}

/// Why the model stopped, in the words of OpenAI and of those who took up its API.
///
/// # Errors
/// [`Unavailable`](ErrorKind::Unavailable) where the word stands for a failure.
pub(super) fn finish_reason(reason: &str) -> Result<FinishReason> {
    Ok(match reason {
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "content_filter" | "safety" | "refusal" => FinishReason::ContentFilter,
        "error" | "insufficient_system_resource" => {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the provider broke the answer off: {reason}"),
            ));
        }
        _ => FinishReason::Stop,
    })
}

/// The reason with a view to what was said: a refusal comes with `stop`, and so do calls where a function was named
/// in `tool_choice`, and with some servers always.
pub(super) fn settled(reason: FinishReason, called: bool, refused: bool) -> FinishReason {
    match reason {
        FinishReason::Stop | FinishReason::ToolCalls if called => FinishReason::ToolCalls,
        FinishReason::Stop | FinishReason::ToolCalls if refused => FinishReason::ContentFilter,
        FinishReason::ToolCalls => FinishReason::Stop,
        other => other,
    }
}

/// The usage in an answer or a piece of one: Groq's streams have it in `x_groq`, Moonshot's in the choice.
pub(super) fn usage_of(body: &Value) -> Option<Usage> {
    let places = ["/usage", "/x_groq/usage", "/choices/0/usage"];
    places.iter().find_map(|place| body.pointer(place).and_then(usage))
}

/// `prompt_tokens` includes what was read from and written to the cache; `completion_tokens` includes reasoning.
fn usage(usage: &Value) -> Option<Usage> {
    let prompt = fields::maybe_count(usage.get("prompt_tokens"))?;
    let none = Value::Null;
    let input = usage.get("prompt_tokens_details").unwrap_or(&none);
    let details = usage.get("completion_tokens_details").unwrap_or(&none);
    // DeepSeek and Moonshot have other names for it.
    let cached = [
        input.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("cached_tokens"),
    ];
    let cached = cached.into_iter().find_map(fields::maybe_count);
    let cache_read = cached.unwrap_or(0).min(prompt);
    let cache_write = count(input, "cache_write_tokens").min(prompt - cache_read);
    let reasoning = count(details, "reasoning_tokens");
    let completion = count(usage, "completion_tokens");
    // xAI counts reasoning beside the completion; the total tells.
    let beside = reasoning > 0 && count(usage, "total_tokens") == prompt + completion + reasoning;
    let uncached = prompt - cache_read - cache_write;
    Some(Usage {
        input: uncached,
        cache_read,
        cache_write_5m: cache_write,
        output: if beside { completion + reasoning } else { completion },
        reasoning,
        audio_input: count(input, "audio_tokens").min(uncached),
        image_input: count(input, "image_tokens").min(uncached),
        ..Usage::default()
    })
}
