//! The body of a caller's call → neutral request.

use serde_json::Value;

use super::{
    super::{
        Asked, Call,
        fields::{self, Fields, text},
    },
    blocks_read, options,
    request_write::travels,
    tools,
};
use crate::{
    chat::{Content, DialectName, Extra, Message, Part, Request, Role, Tool},
    error::Result,
};

/// How the block of Claude Code begins that names its own version. It is no instruction, changes from call to call, and
/// would keep any other provider from caching the prompt: as content that only this dialect knows it reaches Anthropic
/// in its place, and nobody else.
const BILLING: &str = "x-anthropic-billing-header:";

/// Reads what a caller asks.
pub(super) fn read(call: &Call<'_>) -> Result<Asked> {
    let mut fields = fields::body(call.body)?;
    let mut request = Request {
        dialect: Some(DialectName::Anthropic),
        model: fields.text("model")?,
        max_tokens: fields.count("max_tokens")?,
        temperature: fields.number("temperature")?,
        top_p: fields.number("top_p")?,
        top_k: fields.count("top_k")?,
        stop: stop(&mut fields)?,
        messages: messages(&mut fields)?,
        tools: read_tools(&mut fields)?,
        cache: blocks_read::cache_hint(&mut fields),
        headers: call.headers.iter().filter(|(name, _)| travels(name)).cloned().collect(),
        ..Request::default()
    };
    if let Some(mut metadata) = fields.object("metadata")? {
        request.user = metadata.text("user_id")?;
        request.metadata = metadata.rest();
    }
    let mut unknown: Vec<(&str, Extra)> = Vec::new();
    if let Some(choice) = fields.object("tool_choice")? {
        unknown.push(("tool_choice", tools::read_choice(choice, &mut request)?));
    }
    if let Some(thinking) = fields.object("thinking")? {
        unknown.push(("thinking", options::read_thinking(thinking, &mut request)?));
    }
    if let Some(config) = fields.object("output_config")? {
        unknown.push(("output_config", options::read_output_config(config, &mut request)?));
    }
    let stream = fields.boolean("stream")?.unwrap_or(false);
    request.extra = fields.rest();
    for (name, rest) in unknown.into_iter().filter(|(_, rest)| !rest.is_empty()) {
        request.extra.insert(name.to_owned(), rest.into());
    }
    Ok(Asked { request, stream, stream_usage: true, stream_array: false })
}

fn stop(fields: &mut Fields) -> Result<Vec<String>> {
    let place = fields.place("stop_sequences");
    let list = fields.list("stop_sequences")?.unwrap_or_default();
    let texts = list.into_iter().enumerate().map(|(position, stop)| match stop {
        Value::String(text) => Ok(text),
        other => Err(fields::wrong(&format!("{place}[{position}]"), &other, "text")),
    });
    texts.collect()
}

fn read_tools(fields: &mut Fields) -> Result<Vec<Tool>> {
    let tools = fields.list("tools")?.unwrap_or_default().into_iter().enumerate();
    tools.map(|(position, tool)| tools::read(tool, format!("tools[{position}]"))).collect()
}

/// The instructions and the conversation.
fn messages(fields: &mut Fields) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    if let Some(system) = fields.take("system") {
        let content = system_content(system)?;
        if !content.is_empty() {
            messages.push(Message::of(Role::System, content));
        }
    }
    let expected = "the list of messages";
    let list = fields.list("messages")?.ok_or_else(|| fields::absent("messages", expected))?;
    for (position, value) in list.into_iter().enumerate() {
        messages.push(message(value, format!("messages[{position}]"))?);
    }
    Ok(messages)
}

fn system_content(system: Value) -> Result<Vec<Part>> {
    let Value::Array(blocks) = system else { return blocks_read::content(system, "system") };
    let part = |(position, block): (usize, Value)| {
        if text(&block, "text").is_some_and(|text| text.starts_with(BILLING)) {
            return Ok(Content::Other(block).into());
        }
        blocks_read::block(block, format!("system[{position}]"))
    };
    blocks.into_iter().enumerate().map(part).collect()
}

fn message(value: Value, place: String) -> Result<Message> {
    let mut fields = Fields::of(value, place)?;
    let place = fields.place("role");
    let role = match fields.needed_text("role", "\"user\" or \"assistant\"")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // In mid-conversation; the leading instructions stand in a field of their own.
        "system" => Role::System,
        other => {
            return Err(fields::wrong(
                &place,
                &other.into(),
                "\"user\", \"assistant\" or \"system\"",
            ));
        }
    };
    let place = fields.place("content");
    let content = fields.take("content");
    let content = content.ok_or_else(|| fields::absent(&place, "text or a list of blocks"))?;
    let content = blocks_read::content(content, &place)?;
    Ok(Message { extra: fields.rest(), ..Message::of(role, content) })
}
