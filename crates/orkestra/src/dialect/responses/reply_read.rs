//! A whole answer → the neutral form.

use serde_json::Value;

use super::{
    error::{in_band, unexplained},
    item,
    place::rest,
};
use crate::{
    chat::{Content, DialectName, Extra, FinishReason, Part, Reply, Usage},
    dialect::fields::{self, count, owned, text},
    error::Result,
};

/// What the neutral form knows of an answer.
const KNOWN: [&str; 11] = [
    "id",
    "object",
    "created_at",
    "status",
    "background",
    "error",
    "incomplete_details",
    "model",
    "output",
    "output_text",
    "usage",
];

/// Reads a whole answer.
///
/// # Errors
/// The provider's own error where the answer is one; `Unavailable` where it is not this API's answer, or not complete.
pub(super) fn read(response: &Value) -> Result<Reply> {
    check(response)?;
    let Some(output) = response.get("output").and_then(Value::as_array) else {
        return Err(fields::missing("output", response));
    };
    let content: Vec<Part> = output.iter().flat_map(parts).collect();
    Ok(Reply {
        finish_reason: finish_reason(response, &content),
        usage: response.get("usage").and_then(usage),
        model: owned(response, "model"),
        id: owned(response, "id"),
        dialect: Some(DialectName::Responses),
        extra: extra(response),
        ..Reply::new(content, FinishReason::Stop)
    })
}

/// Checks that an answer is none that failed or is still being made.
fn check(response: &Value) -> Result<()> {
    told_failure(response)?;
    match text(response, "status") {
        Some(status @ ("failed" | "cancelled" | "queued" | "in_progress")) => {
            Err(unexplained(status))
        }
        _ => Ok(()),
    }
}

/// The error that an answer tells of, where it does.
pub(super) fn told_failure(response: &Value) -> Result<()> {
    match response.get("error").filter(|error| !error.is_null()) {
        Some(error) => Err(in_band(error)),
        None => Ok(()),
    }
}

/// The parts of an item.
pub(super) fn parts(item: &Value) -> Vec<Part> {
    match text(item, "type") {
        Some("message") => item::message(item, &item::about(item)),
        Some("function_call") => vec![item::function_call(item)],
        Some("reasoning") => vec![item::reasoning(item)],
        _ => vec![Content::Other(item.clone()).into()],
    }
}

/// Why the model stopped, as far as the answer and its `content` tell.
pub(super) fn finish_reason(response: &Value, content: &[Part]) -> FinishReason {
    let any = |wanted: fn(&Content) -> bool| content.iter().any(|part| wanted(&part.content));
    let reason = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
    match (text(response, "status"), reason) {
        (Some("incomplete"), Some("content_filter")) => FinishReason::ContentFilter,
        (Some("incomplete"), _) => FinishReason::Length,
        _ if any(|content| matches!(content, Content::Refusal(_))) => FinishReason::ContentFilter,
        _ if any(|content| matches!(content, Content::ToolCall(_))) => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// `input_tokens` includes what was read from and written to the cache; `output_tokens` includes reasoning.
pub(super) fn usage(usage: &Value) -> Option<Usage> {
    let all = fields::maybe_count(usage.get("input_tokens"))?;
    let none = Value::Null;
    let input = usage.get("input_tokens_details").unwrap_or(&none);
    let output = usage.get("output_tokens_details").unwrap_or(&none);
    let cache_read = count(input, "cached_tokens").min(all);
    let cache_write = count(input, "cache_write_tokens").min(all - cache_read);
    Some(Usage {
        input: all - cache_read - cache_write,
        cache_read,
        cache_write_5m: cache_write,
        cache_write_1h: 0,
        output: count(usage, "output_tokens"),
        reasoning: count(output, "reasoning_tokens"),
        ..Usage::default()
    })
}

/// What only this API says of an answer, most of it the request's settings.
pub(super) fn extra(response: &Value) -> Extra {
    rest(response, &KNOWN)
}
