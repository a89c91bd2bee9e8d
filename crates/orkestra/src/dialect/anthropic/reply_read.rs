//! A whole answer → neutral reply.

use serde_json::Value;

use super::{
    super::fields::{self, owned, text},
    blocks_read, errors,
    reply_write::stop_reason,
    usage,
};
use crate::{
    chat::{Content, DialectName, Extra, FinishReason, Part, Reply, Usage},
    error::Result,
};

/// Fields of a message that have a place of their own.
const KNOWN: [&str; 8] =
    ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"];

/// Reads a whole answer.
pub(super) fn read(body: &[u8]) -> Result<Reply> {
    let body = fields::json(body)?;
    if text(&body, "type") == Some("error") {
        return Err(errors::in_band(&body));
    }
    let blocks = body
        .get("content")
        .and_then(Value::as_array)
        .ok_or_else(|| fields::missing("content", &body))?;
    let reported = body.get("usage").filter(|usage| usage.is_object());
    let reason = text(&body, "stop_reason");
    let stop_sequence = owned(&body, "stop_sequence");
    let mut extra = rest(&body);
    keep(&mut extra, reported, reason, stop_sequence.as_deref());
    Ok(Reply {
        usage: reported.map(|reported| usage::read(reported, Usage::default())),
        model: owned(&body, "model"),
        id: owned(&body, "id"),
        dialect: Some(DialectName::Anthropic),
        stop_sequence,
        extra,
        ..Reply::new(blocks.iter().filter_map(part).collect(), finish_reason(reason))
    })
}

/// Reads a block of an answer; `None` where it says nothing. One that is not as the API promises is kept as it came.
pub(super) fn part(block: &Value) -> Option<Part> {
    let part = blocks_read::block(block.clone(), String::new());
    let part = part.unwrap_or_else(|_| Content::Other(block.clone()).into());
    let says_something = match &part.content {
        Content::Text(text) => !text.is_empty(),
        Content::Reasoning { text, redacted } => {
            !text.is_empty() || redacted.is_some() || part.signature.is_some()
        }
        _ => true,
    };
    says_something.then_some(part)
}

/// Why the model stopped, in the neutral words.
pub(super) fn finish_reason(reason: Option<&str>) -> FinishReason {
    match reason {
        Some("max_tokens" | "model_context_window_exceeded" | "pause_turn" | "compaction") => {
            FinishReason::Length
        }
        Some("tool_use") => FinishReason::ToolCalls,
        Some("refusal") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// The fields of a message that are not known.
pub(super) fn rest(message: &Value) -> Extra {
    let fields = message.as_object().into_iter().flatten();
    let unknown =
        fields.filter(|(name, value)| !KNOWN.contains(&name.as_str()) && !value.is_null());
    unknown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Keeps what the neutral form cannot hold of the usage and of the reason to stop.
pub(super) fn keep(
    extra: &mut Extra,
    reported: Option<&Value>,
    reason: Option<&str>,
    stop_sequence: Option<&str>,
) {
    let more = reported.map(usage::rest).unwrap_or_default();
    if !more.is_empty() {
        let known = extra.entry("usage").or_insert_with(|| Extra::new().into());
        if let Value::Object(known) = known {
            known.extend(more);
        }
    }
    let usual = stop_reason(finish_reason(reason), stop_sequence, false);
    if let Some(reason) = reason.filter(|reason| *reason != usual) {
        extra.insert("stop_reason".into(), reason.into());
    }
}
