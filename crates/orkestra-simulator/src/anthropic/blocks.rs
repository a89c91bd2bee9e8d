//! The blocks of messages.

use crate::fields::{Fields, Refusal};
use crate::seal;

use super::errors::{Messages, invalid};
use super::prompt::Weighing;
use super::{media, tools};

/// How signatures of thinking are told apart from other signatures.
pub(super) const THINKING: &str = "anthropic thinking";
pub(super) const REDACTED: &str = "anthropic redacted thinking";

/// What thinking blocks are checked against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The model that answers now.
    pub(super) model: &'a str,
    pub(super) binding: Binding,
    /// The conversation before the turn at hand.
    pub(super) prefix: u64,
}

/// What happens to thinking whose conversation was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    None,
    Refuse,
    Drop,
}

/// Checks and weighs one block.
pub(super) fn check(
    block: &Fields<'_, Messages>,
    role: &str,
    reader: Reader<'_>,
    weighing: &mut Weighing,
) -> Result<(), Refusal> {
    let kind = block.required_text("type")?;
    match (kind, role) {
        ("text", _) => text(block, "messages", weighing)?,
        ("image", "user") => media::image(block, weighing)?,
        ("document", "user") => media::document(block, weighing)?,
        ("tool_use", "assistant") => call(block, weighing)?,
        ("tool_result", "user") => result(block, weighing)?,
        ("thinking", "assistant") => return thinking(block, reader),
        ("redacted_thinking", "assistant") => return redacted(block, reader),
        ("search_result", "user") => {
            if let Some(content) = block.get("content") {
                weighing.chain.json(content);
            }
        }
        _ => {
            return Err(invalid(&format!(
                "{}: Input tag '{kind}' is not allowed in {role} messages",
                block.place
            )));
        }
    }
    weighing.end(block)
}

/// Checks and weighs a block of text.
pub(super) fn text(
    block: &Fields<'_, Messages>,
    whose: &str,
    weighing: &mut Weighing,
) -> Result<(), Refusal> {
    block.allow(&["type", "text", "cache_control", "citations"])?;
    let text = block.required_text("text")?;
    if text.is_empty() {
        return Err(invalid(&format!("{whose}: text content blocks must be non-empty")));
    }
    if whose == "messages" && text.trim().is_empty() {
        return Err(invalid("messages: text content blocks must contain non-whitespace text"));
    }
    weighing.chain.text(text);
    Ok(())
}

fn call(block: &Fields<'_, Messages>, weighing: &mut Weighing) -> Result<(), Refusal> {
    block.allow(&["type", "id", "name", "input", "cache_control", "caller"])?;
    for (name, pattern, fits) in [
        ("id", "^[a-zA-Z0-9_-]+$", tools::is_id as fn(&str) -> bool),
        ("name", "^[a-zA-Z0-9_-]{1,128}$", tools::is_name),
    ] {
        if !fits(block.required_text(name)?) {
            return Err(invalid(&format!(
                "{}.tool_use.{name}: String should match pattern '{pattern}'",
                block.place
            )));
        }
    }
    block.object("input")?;
    weighing.chain.text(block.required_text("name")?);
    weighing.chain.json(block.required("input")?);
    Ok(())
}

fn result(block: &Fields<'_, Messages>, weighing: &mut Weighing) -> Result<(), Refusal> {
    block.allow(&[
        "type",
        "tool_use_id",
        "content",
        "is_error",
        "cache_control",
        "toolset_name",
    ])?;
    block.boolean("is_error")?;
    match block.get("content") {
        None => Ok(()),
        Some(serde_json::Value::String(text)) => {
            weighing.chain.text(text);
            Ok(())
        }
        Some(_) => block.objects("content")?.iter().try_for_each(|part| {
            match part.required_text("type")? {
                "text" => {
                    weighing.chain.text(part.required_text("text")?);
                    Ok(())
                }
                "image" => media::image(part, weighing),
                "document" => media::document(part, weighing),
                "search_result" | "tool_reference" => Ok(()),
                kind => Err(invalid(&format!(
                    "{}: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'document', \
                     'image', 'search_result', 'text', 'tool_reference'",
                    part.place
                ))),
            }
        }),
    }
}

/// Thinking comes back byte for byte, with the signature it was given. That of another model is dropped.
fn thinking(block: &Fields<'_, Messages>, reader: Reader<'_>) -> Result<(), Refusal> {
    block.allow(&["type", "thinking", "signature"])?;
    let (thinking, signature) =
        (block.required_text("thinking")?, block.required_text("signature")?);
    if thinking.is_empty() && signature.is_empty() {
        return Err(invalid(&format!(
            "{}: each thinking block must contain thinking",
            block.place
        )));
    }
    let opened = seal::open(THINKING, thinking, signature);
    verified(opened, block, reader, "Invalid `signature` in `thinking` block")
}

fn redacted(block: &Fields<'_, Messages>, reader: Reader<'_>) -> Result<(), Refusal> {
    block.allow(&["type", "data"])?;
    let opened = seal::open(REDACTED, "", block.required_text("data")?);
    verified(opened, block, reader, "Invalid `data` in `redacted_thinking` block")
}

fn verified(
    opened: Option<seal::Seal>,
    block: &Fields<'_, Messages>,
    reader: Reader<'_>,
    otherwise: &str,
) -> Result<(), Refusal> {
    let Some(seal) = opened else {
        return Err(invalid(&format!("{}: {otherwise}", block.place)));
    };
    let moved = seal.is_of(reader.model) && seal.prefix != reader.prefix;
    if moved && reader.binding == Binding::Refuse {
        return Err(invalid(&format!(
            "{}: this `thinking` block is bound to a different conversation",
            block.place
        )));
    }
    Ok(())
}
