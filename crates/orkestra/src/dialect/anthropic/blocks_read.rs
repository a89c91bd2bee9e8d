//! Content blocks → parts.

use serde_json::{Value, json};

use super::{
    super::fields::{self, Fields},
    media,
};
use crate::{
    chat::{CacheHint, Content, Part, Source, ToolCall, ToolResult},
    error::Result,
};

/// Reads `content`: text, or a list of blocks.
pub(super) fn content(content: Value, place: &str) -> Result<Vec<Part>> {
    match content {
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::String(text) => Ok(vec![Part::text(text)]),
        Value::Array(blocks) => {
            let blocks = blocks.into_iter().enumerate();
            blocks.map(|(position, part)| block(part, format!("{place}[{position}]"))).collect()
        }
        other => Err(fields::wrong(place, &other, "text or a list of blocks")),
    }
}

/// Reads one block. One of a kind that is not known is kept as it came.
pub(super) fn block(block: Value, place: String) -> Result<Part> {
    let kind = match block.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(other) => {
            return Err(fields::wrong(&format!("{place}.type"), other, "the kind of the block"));
        }
        None if block.is_object() => {
            return Err(fields::absent(&format!("{place}.type"), "the kind of the block"));
        }
        None => return Err(fields::wrong(&place, &block, "a block, which is an object")),
    };
    let is_file = matches!(kind.as_str(), "image" | "document");
    let source = block.get("source").filter(|_| is_file).map(media::read);
    // A source of a form that is not known is no reason to refuse the block.
    if !(is_file || is_known(&kind)) || source == Some(None) {
        return Ok(Content::Other(block).into());
    }
    let mut block = Fields::of(block, place)?;
    block.take("type");
    let cache = cache_hint(&mut block);
    let mut signature = None;
    let content = match kind.as_str() {
        "text" => Content::Text(block.needed_text("text", "text")?),
        "thinking" => {
            signature = block.text("signature")?.filter(|signature| !signature.is_empty());
            let text = block.needed_text("thinking", "text")?;
            Content::Reasoning { text, redacted: None }
        }
        "redacted_thinking" => {
            let redacted = Some(block.needed_text("data", "text")?);
            Content::Reasoning { text: String::new(), redacted }
        }
        "tool_use" => Content::ToolCall(tool_call(&mut block)?),
        "tool_result" => Content::ToolResult(tool_result(&mut block)?),
        kind => file(kind, &mut block, source.flatten())?,
    };
    Ok(Part { signature, cache, extra: block.rest(), ..content.into() })
}

fn is_known(kind: &str) -> bool {
    matches!(kind, "text" | "thinking" | "redacted_thinking" | "tool_use" | "tool_result")
}

fn file(kind: &str, block: &mut Fields, source: Option<Source>) -> Result<Content> {
    block.take("source");
    let source =
        source.ok_or_else(|| fields::absent(&block.place("source"), "where the file is"))?;
    match kind {
        "image" => Ok(Content::Image { source, detail: None }),
        _ => Ok(Content::Document { source, name: block.text("title")? }),
    }
}

fn tool_call(block: &mut Fields) -> Result<ToolCall> {
    let id = block.needed_text("id", "the id of the call")?;
    let name = block.needed_text("name", "the name of a tool")?;
    let arguments = match block.take("input") {
        None => "{}".to_owned(),
        Some(Value::Object(input)) => Value::from(input).to_string(),
        Some(other) => return Err(fields::wrong(&block.place("input"), &other, "an object")),
    };
    // Called by the model itself: that goes without saying.
    if block.get("caller").is_some_and(|caller| *caller == json!({"type": "direct"})) {
        block.take("caller");
    }
    Ok(ToolCall { id, name, arguments })
}

fn tool_result(block: &mut Fields) -> Result<ToolResult> {
    let call = block.needed_text("tool_use_id", "the id of a tool_use block")?;
    let given = block.take("content").map(|given| content(given, &block.place("content")));
    let is_error = block.boolean("is_error")?.unwrap_or(false);
    Ok(ToolResult { call, name: None, content: given.transpose()?.unwrap_or_default(), is_error })
}

/// Takes `cache_control`. One of a form that is not known stays where it is.
pub(super) fn cache_hint(fields: &mut Fields) -> Option<CacheHint> {
    let control = fields.get("cache_control")?;
    let hint = [CacheHint::Default, CacheHint::FiveMinutes, CacheHint::OneHour]
        .into_iter()
        .find(|hint| super::blocks_write::cache_control(*hint) == *control)?;
    fields.take("cache_control");
    Some(hint)
}
