//! The neutral form → a whole answer.

use serde_json::{Map, Value, json};

use super::{output::Output, place::object};
use crate::{
    chat::{DialectName, Extra, FinishReason, Reply, Usage},
    dialect::Caption,
};

/// Writes a whole answer.
pub(super) fn write(reply: &Reply, caption: &Caption) -> Value {
    let own = reply.dialect.map(|dialect| dialect == DialectName::Responses);
    let mut output = Output::new(caption, own);
    for part in &reply.content {
        output.part(part);
    }
    output.end(reply.finish_reason);
    let extra = if own == Some(true) { reply.extra.clone() } else { Extra::new() };
    let ending = Ending {
        finish_reason: reply.finish_reason,
        refused: output.is_refused(),
        output: output.items(),
        usage: reply.usage,
        extra,
    };
    ended(caption, ending)
}

/// How an answer ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) finish_reason: FinishReason,
    /// Whether the model itself said why it does not answer.
    pub(super) refused: bool,
    pub(super) output: Vec<Value>,
    pub(super) usage: Option<Usage>,
    pub(super) extra: Extra,
}

/// The whole answer at its end.
pub(super) fn ended(caption: &Caption, ending: Ending) -> Value {
    let Ending { finish_reason, refused, output, usage, extra } = ending;
    let incomplete = match finish_reason {
        FinishReason::Length => Some("max_output_tokens"),
        // A refusal is an answer; a filter leaves none.
        FinishReason::ContentFilter if !refused => Some("content_filter"),
        _ => None,
    };
    let status = if incomplete.is_some() { "incomplete" } else { "completed" };
    let mut response = response(caption, status, output);
    if let Some(reason) = incomplete {
        response.insert("incomplete_details".into(), json!({"reason": reason}));
    }
    if let Some(usage) = usage {
        response.insert("usage".into(), said(&usage));
    }
    response.extend(extra);
    response.into()
}

/// An answer in the state `status`. What we do not know of the call has the API's defaults: SDKs want every field.
pub(super) fn response(caption: &Caption, status: &str, output: Vec<Value>) -> Map<String, Value> {
    let null = Value::Null;
    object([
        ("id", id(caption).into()),
        ("object", "response".into()),
        ("created_at", caption.created.into()),
        ("status", status.into()),
        ("background", false.into()),
        ("error", null.clone()),
        ("incomplete_details", null.clone()),
        ("instructions", null.clone()),
        ("max_output_tokens", null.clone()),
        ("model", caption.model.as_str().into()),
        ("output", output.into()),
        ("parallel_tool_calls", true.into()),
        ("previous_response_id", null.clone()),
        ("reasoning", json!({"effort": null, "summary": null})),
        ("store", false.into()),
        ("temperature", null.clone()),
        ("text", json!({"format": {"type": "text"}})),
        ("tool_choice", "auto".into()),
        ("tools", json!([])),
        ("top_p", null.clone()),
        ("truncation", "disabled".into()),
        ("usage", null.clone()),
        ("user", null),
        ("metadata", json!({})),
    ])
}

fn id(caption: &Caption) -> String {
    let id = caption.id.as_str();
    if id.starts_with("resp_") { id.to_owned() } else { format!("resp_{id}") }
}

fn said(usage: &Usage) -> Value {
    let input = usage.input_tokens();
    json!({
        "input_tokens": input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write_5m.saturating_add(usage.cache_write_1h),
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": input.saturating_add(usage.output),
    })
}
