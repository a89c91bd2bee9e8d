//! The messages and system of a request: roles, blocks, the order of tool results, cache marks.

use serde_json::Value;

use crate::fields::{Expected, Fields, Refusal, Wording as _};
use crate::tokens;

use super::errors::{Messages, invalid};
use super::reply::SIGNATURE;

/// What a prompt weighs, in the order in which the cache sees it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Weights {
    pub(super) all: f64,
    /// Up to and with the last block that is marked for the cache.
    pub(super) marked: f64,
    /// Some mark asks for an hour.
    pub(super) for_an_hour: bool,
    /// What comes before the assistant's last message.
    pub(super) before_last_answer: f64,
}

impl Weights {
    /// Adds a block and heeds its cache mark.
    pub(super) fn add(&mut self, block: &Fields<'_, Messages>, weight: f64) -> Result<(), Refusal> {
        self.all += weight;
        self.mark(block)
    }

    /// Heeds the cache mark of `block`, which ends here.
    pub(super) fn mark(&mut self, block: &Fields<'_, Messages>) -> Result<(), Refusal> {
        let Some(mark) = block.object("cache_control")? else { return Ok(()) };
        mark.allow(&["type", "ttl"])?;
        if mark.required_text("type")? != "ephemeral" {
            return Err(invalid(&format!("{}: Input should be 'ephemeral'", mark.at("type"))));
        }
        match mark.text("ttl")? {
            None | Some("5m") => {}
            Some("1h") => self.for_an_hour = true,
            Some(_) => {
                return Err(invalid(&format!("{}: Input should be '5m' or '1h'", mark.at("ttl"))));
            }
        }
        self.marked = self.all;
        Ok(())
    }
}

/// Weighs `system`.
pub(super) fn system(body: &Fields<'_, Messages>, weights: &mut Weights) -> Result<(), Refusal> {
    match body.get("system") {
        None => Ok(()),
        Some(Value::String(text)) => {
            weights.all += tokens::weight(text) + tokens::PER_MESSAGE;
            Ok(())
        }
        Some(_) => {
            weights.all += tokens::PER_MESSAGE;
            for block in body.objects("system")? {
                if block.required_text("type")? != "text" {
                    return Err(invalid(&format!("{}: Input should be 'text'", block.at("type"))));
                }
                let weight = text_block(&block, "system")?;
                weights.add(&block, weight)?;
            }
            Ok(())
        }
    }
}

/// Checks and weighs `messages`; says whether the last one is the assistant's.
pub(super) fn check(body: &Fields<'_, Messages>, weights: &mut Weights) -> Result<bool, Refusal> {
    if body.list("messages")?.is_none() {
        return Err(Messages::missing("messages"));
    }
    let messages = body.objects("messages")?;
    if messages.is_empty() {
        return Err(invalid("messages: at least one message is required"));
    }
    // Tool calls without a result, and the message that made them.
    let mut open: (usize, Vec<String>) = (0, Vec::new());
    let mut last = "";
    for (index, message) in messages.iter().enumerate() {
        message.allow(&["role", "content"])?;
        last = message.required_text("role")?;
        match last {
            "user" | "system" => results(message, &mut open)?,
            "assistant" => {
                answered(&open)?;
                open = (index, calls(message)?);
                weights.before_last_answer = weights.all;
            }
            _ => {
                let place = message.at("role");
                return Err(invalid(&format!(
                    "{place}: Input should be 'user', 'assistant' or 'system'"
                )));
            }
        }
        content(message, last, index + 1 == messages.len(), weights)?;
    }
    answered(&open)?;
    Ok(last == "assistant")
}

/// The blocks of a message that has blocks.
fn blocks<'a>(message: &Fields<'a, Messages>) -> Result<Vec<Fields<'a, Messages>>, Refusal> {
    if message.get("content").is_some_and(Value::is_array) {
        message.objects("content")
    } else {
        Ok(Vec::new())
    }
}

fn calls(message: &Fields<'_, Messages>) -> Result<Vec<String>, Refusal> {
    let mut ids = Vec::new();
    for block in blocks(message)? {
        if block.text("type")? == Some("tool_use") {
            ids.push(block.required_text("id")?.to_owned());
        }
    }
    Ok(ids)
}

fn results(message: &Fields<'_, Messages>, open: &mut (usize, Vec<String>)) -> Result<(), Refusal> {
    let mut others_seen = false;
    for block in blocks(message)? {
        if block.text("type")? != Some("tool_result") {
            others_seen = true;
            continue;
        }
        let id = block.required_text("tool_use_id")?;
        if others_seen && !open.1.is_empty() {
            // Results stand first; one that follows other content comes too late.
            return answered(open);
        }
        let before = open.1.len();
        open.1.retain(|call| call != id);
        if open.1.len() == before {
            return Err(invalid(&format!(
                "{}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have \
                 a corresponding `tool_use` block in the previous message.",
                block.place
            )));
        }
    }
    Ok(())
}

fn answered((index, open): &(usize, Vec<String>)) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    Err(invalid(&format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
         `tool_use` block must have a corresponding `tool_result` block in the next message.",
        open.join(", ")
    )))
}

fn content(
    message: &Fields<'_, Messages>,
    role: &str,
    is_last: bool,
    weights: &mut Weights,
) -> Result<(), Refusal> {
    weights.all += tokens::PER_MESSAGE;
    // Only a last message of the assistant, which the answer continues, may be empty.
    let may_be_empty = role == "assistant" && is_last;
    let empty = || {
        invalid(&format!(
            "{}: all messages must have non-empty content except for the optional final assistant message",
            message.place
        ))
    };
    match message.required("content")? {
        Value::String(text) if text.is_empty() && !may_be_empty => Err(empty()),
        Value::String(text) => {
            weights.all += tokens::weight(text);
            Ok(())
        }
        Value::Array(blocks) if blocks.is_empty() && !may_be_empty => Err(empty()),
        Value::Array(_) => {
            for block in message.objects("content")? {
                let weight = check_block(&block, role)?;
                weights.add(&block, weight)?;
            }
            Ok(())
        }
        other => Err(Messages::wrong_type(&message.at("content"), Expected::List, other)),
    }
}

fn text_block(block: &Fields<'_, Messages>, whose: &str) -> Result<f64, Refusal> {
    block.allow(&["type", "text", "cache_control", "citations"])?;
    let text = block.required_text("text")?;
    if text.is_empty() {
        return Err(invalid(&format!("{whose}: text content blocks must be non-empty")));
    }
    if whose == "messages" && text.trim().is_empty() {
        return Err(invalid("messages: text content blocks must contain non-whitespace text"));
    }
    Ok(tokens::weight(text))
}

fn check_block(block: &Fields<'_, Messages>, role: &str) -> Result<f64, Refusal> {
    let kind = block.required_text("type")?;
    match (kind, role) {
        ("text", _) => text_block(block, "messages"),
        ("image" | "document", "user") => {
            block.required("source")?;
            if let Some(source) = block.object("source")? {
                source.required_text("type")?;
            }
            Ok(tokens::PER_MEDIUM)
        }
        ("tool_use", "assistant") => {
            block.required_text("name")?;
            block.required("input")?;
            block.object("input")?;
            Ok(block.get("input").map_or(0.0, |input| tokens::weight(&input.to_string())))
        }
        ("tool_result", "user") => {
            block.allow(&[
                "type",
                "tool_use_id",
                "content",
                "is_error",
                "cache_control",
                "toolset_name",
            ])?;
            Ok(block.get("content").map_or(0.0, |content| tokens::weight(&super::text_of(content))))
        }
        ("thinking", "assistant") => thinking_block(block),
        ("redacted_thinking", "assistant") => {
            block.required_text("data")?;
            Ok(0.0)
        }
        ("search_result", "user") => {
            Ok(block.get("content").map_or(0.0, |content| tokens::weight(&content.to_string())))
        }
        _ => Err(invalid(&format!(
            "{}: Input tag '{kind}' is not allowed in {role} messages",
            block.place
        ))),
    }
}

/// Thinking comes back with the signature it was given, which only the simulator's own can have.
fn thinking_block(block: &Fields<'_, Messages>) -> Result<f64, Refusal> {
    block.allow(&["type", "thinking", "signature"])?;
    let (thinking, signature) =
        (block.required_text("thinking")?, block.required_text("signature")?);
    if thinking.is_empty() && signature.is_empty() {
        return Err(invalid(&format!(
            "{}: each thinking block must contain thinking",
            block.place
        )));
    }
    if !signature.starts_with(SIGNATURE) {
        return Err(invalid(&format!("{}: Invalid `signature` in `thinking` block", block.place)));
    }
    Ok(0.0)
}
