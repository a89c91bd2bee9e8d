//! Neutral reply → a whole answer for a caller.

use serde_json::{Map, Value};

use super::{
    super::Caption,
    blocks_write::{self, Block},
    usage,
};
use crate::chat::{Content, DialectName, Extra, FinishReason, Part, Reply, Usage};

/// Writes a whole answer.
pub(super) fn write(reply: &Reply, caption: &Caption) -> Value {
    let own = reply.dialect == Some(DialectName::Anthropic);
    let mut blocks: Vec<Block> = Vec::new();
    for part in &reply.content {
        let block = block(part, caption, blocks.len());
        blocks.extend(block.filter(|_| own || !matches!(part.content, Content::Other(_))).map(
            |mut block| {
                if own {
                    blocks_write::put_extra(&mut block, &part.extra);
                }
                block
            },
        ));
    }
    let refused = reply.content.iter().any(|part| matches!(part.content, Content::Refusal(_)));
    let stop_sequence = reply.stop_sequence.as_deref();
    let mut message = message(caption);
    message.insert("content".into(), blocks.into());
    let reason = stop_reason(reply.finish_reason, stop_sequence, refused);
    message.insert("stop_reason".into(), reason.into());
    message.insert("stop_sequence".into(), stop_sequence.into());
    message.insert("usage".into(), counts(reply.usage.as_ref(), caption).into());
    if own {
        put_back(&mut message, reply.extra.clone());
    }
    message.into()
}

/// The beginning of every answer.
pub(super) fn message(caption: &Caption) -> Map<String, Value> {
    let mut message = Map::new();
    message.insert("id".into(), id(caption).into());
    message.insert("type".into(), "message".into());
    message.insert("role".into(), "assistant".into());
    message.insert("model".into(), caption.model.as_str().into());
    message
}

/// The answer's id with the prefix that clients expect.
fn id(caption: &Caption) -> String {
    const PREFIX: &str = "msg_";
    if caption.id.starts_with(PREFIX) {
        caption.id.clone()
    } else {
        format!("{PREFIX}{}", caption.id)
    }
}

/// The block at `position`, without what only its dialect knows; `None` for what the API has no block for.
pub(super) fn block(part: &Part, caption: &Caption, position: usize) -> Option<Block> {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) => {
            (!text.is_empty()).then(|| blocks_write::text(text))
        }
        Content::Reasoning { text, redacted } => {
            let signature = part.signature.as_deref();
            (!text.is_empty() || redacted.is_some() || signature.is_some())
                .then(|| blocks_write::reasoning(text, redacted.as_deref(), signature))
        }
        Content::ToolCall(call) => {
            let input = blocks_write::input(call).unwrap_or_else(|makeshift| makeshift);
            let id = call_id(&call.id, caption, position);
            let name = call.name.as_str().into();
            Some(blocks_write::block(
                "tool_use",
                [("id", id.into()), ("name", name), ("input", input)],
            ))
        }
        Content::Other(Value::Object(block)) => Some(block.clone()),
        _ => None,
    }
}

/// The id of a call; clients need one, unlike every other of the conversation.
pub(super) fn call_id(id: &str, caption: &Caption, position: usize) -> String {
    if id.is_empty() { format!("toolu_{}_{position}", caption.id) } else { id.to_owned() }
}

/// The API's word for a reason.
pub(super) fn stop_reason(
    reason: FinishReason,
    stop_sequence: Option<&str>,
    refused: bool,
) -> &'static str {
    match reason {
        FinishReason::Stop if refused => "refusal",
        FinishReason::Stop if stop_sequence.is_some() => "stop_sequence",
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter => "refusal",
    }
}

/// The counts of an answer, or what is expected where nobody counted.
pub(super) fn counts(known: Option<&Usage>, caption: &Caption) -> Map<String, Value> {
    let expected = Usage::plain(caption.expected_input_tokens, 0);
    usage::write(known.unwrap_or(&expected))
}

/// Puts back what only this API knows.
fn put_back(message: &mut Map<String, Value>, extra: Extra) {
    for (name, value) in extra {
        match (name.as_str(), value) {
            ("usage", Value::Object(more)) => {
                if let Some(Value::Object(usage)) = message.get_mut("usage") {
                    blocks_write::put_extra(usage, &more);
                }
            }
            // More exact than ours.
            ("stop_reason", reason) => {
                message.insert(name, reason);
            }
            (_, value) => {
                message.entry(name).or_insert(value);
            }
        }
    }
}
