//! Neutral reply → a whole answer for a caller.

use serde_json::{Map, Value, json};

use super::{super::Caption, object, reply_read::MESSAGE};
use crate::chat::{Content, DialectName, Extra, FinishReason, Part, Reply, ToolCall, Usage};

/// Writes a whole answer.
pub(super) fn reply(reply: &Reply, caption: &Caption) -> Value {
    let own = reply.dialect == Some(DialectName::Openai);
    let mut extra = if own { reply.extra.clone() } else { Extra::new() };
    let logprobs = extra.shift_remove("logprobs").unwrap_or_default();
    let of_message = extra.shift_remove(MESSAGE);
    let mut body = Map::new();
    body.insert("id".into(), id(caption).into());
    body.insert("object".into(), "chat.completion".into());
    body.insert("created".into(), caption.created.into());
    body.insert("model".into(), caption.model.as_str().into());
    let choice = object([
        ("index", 0.into()),
        ("message", message(reply, own, of_message)),
        ("logprobs", logprobs),
        ("finish_reason", finish_reason(reply.finish_reason, refused(&reply.content)).into()),
    ]);
    body.insert("choices".into(), vec![choice].into());
    if let Some(reported) = &reply.usage {
        body.insert("usage".into(), usage(reported));
    }
    for (name, value) in extra {
        body.entry(name).or_insert(value);
    }
    body.into()
}

/// The answer's id with the prefix that clients expect.
pub(super) fn id(caption: &Caption) -> String {
    const PREFIX: &str = "chatcmpl-";
    if caption.id.starts_with(PREFIX) {
        caption.id.clone()
    } else {
        format!("{PREFIX}{}", caption.id)
    }
}

fn message(reply: &Reply, own: bool, extra: Option<Value>) -> Value {
    let (mut said, mut refusal, mut thoughts) = (String::new(), String::new(), String::new());
    let mut calls = Vec::new();
    for part in &reply.content {
        match &part.content {
            Content::Text(text) => said.push_str(text),
            Content::Refusal(text) => refusal.push_str(text),
            Content::Reasoning { text, .. } => thoughts.push_str(text),
            Content::ToolCall(call) => calls.push(tool_call(part, call, own, calls.len())),
            _ => {}
        }
    }
    let some = |text: String| if text.is_empty() { Value::Null } else { text.into() };
    let nothing = refusal.is_empty() && calls.is_empty();
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    message.insert("content".into(), if nothing { said.into() } else { some(said) });
    message.insert("refusal".into(), some(refusal));
    if !thoughts.is_empty() {
        message.insert("reasoning_content".into(), thoughts.into());
    }
    if !calls.is_empty() {
        message.insert("tool_calls".into(), calls.into());
    }
    message.insert("annotations".into(), json!([]));
    if let Some(Value::Object(extra)) = extra {
        message.extend(extra);
    }
    message.into()
}

/// A call, whole.
pub(super) fn tool_call(part: &Part, call: &ToolCall, own: bool, position: usize) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), call_id(&call.id, position).into());
    if !(own && part.extra.contains_key("custom")) {
        object.insert("type".into(), "function".into());
        object.insert("function".into(), json!({"name": call.name, "arguments": call.arguments}));
    }
    if own {
        object.extend(part.extra.clone());
    }
    if let Some(signature) = &part.signature {
        object.entry("extra_content").or_insert_with(|| super::signed(signature));
    }
    object.into()
}

/// The id of a call; clients need one.
pub(super) fn call_id(id: &str, position: usize) -> String {
    if id.is_empty() { format!("call_{position}") } else { id.to_owned() }
}

/// Whether there are words of refusal in an answer.
fn refused(content: &[Part]) -> bool {
    content.iter().any(|part| matches!(part.content, Content::Refusal(_)))
}

/// OpenAI's word for a reason. A refusal in the model's own words ends with `stop`.
pub(super) fn finish_reason(reason: FinishReason, refused: bool) -> &'static str {
    match reason {
        FinishReason::ContentFilter if refused => "stop",
        other => other.name(),
    }
}

/// OpenAI counts cached tokens inside the prompt.
pub(super) fn usage(usage: &Usage) -> Value {
    let prompt = usage.input_tokens();
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt.saturating_add(usage.output),
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write_5m.saturating_add(usage.cache_write_1h),
            "audio_tokens": usage.audio_input,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
