//! The messages and system of a request: roles, turns, the order of tool results.

use serde_json::Value;

use crate::fields::{Expected, Fields, Refusal, Wording as _};
use crate::tokens;

use super::Family;
use super::blocks::{self, Binding, Reader};
use super::errors::{Messages, invalid, none_of};
use super::prompt::Weighing;

/// What the messages say beside their weight.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The last message is the assistant's.
    pub(super) prefilled: bool,
    /// The last turn of the assistant starts with thinking.
    pub(super) thought: bool,
    /// The assistant has told its reasoning as text.
    pub(super) tells_reasoning: bool,
}

/// Weighs `system`.
pub(super) fn system(body: &Fields<'_, Messages>, weighing: &mut Weighing) -> Result<(), Refusal> {
    match body.get("system") {
        None => return Ok(()),
        Some(Value::String(text)) => {
            weighing.chain.text(text);
            weighing.chain.end_block(None);
        }
        Some(_) => {
            for block in body.objects("system")? {
                if block.required_text("type")? != "text" {
                    return Err(none_of(&block.at("type"), &["text"]));
                }
                blocks::text(&block, "system", weighing)?;
                weighing.end(&block)?;
            }
        }
    }
    weighing.chain.tokens(tokens::PER_MESSAGE);
    Ok(())
}

/// Checks and weighs `messages`. Messages of the same role one after the other are one turn.
pub(super) fn check(
    body: &Fields<'_, Messages>,
    family: &Family,
    model: &str,
    binding: Binding,
    weighing: &mut Weighing,
) -> Result<Conversation, Refusal> {
    if body.list("messages")?.is_none() {
        return Err(Messages::missing("messages"));
    }
    let messages = body.objects("messages")?;
    if messages.is_empty() {
        return Err(invalid("messages: at least one message is required"));
    }
    let roles = messages.iter().map(role).collect::<Result<Vec<_>, _>>()?;
    check_roles(&roles, &messages, family)?;
    let mut conversation = Conversation::default();
    let mut turn = Turn::default();
    let mut reader = Reader { model, binding, prefix: 0 };
    for (index, (message, role)) in messages.iter().zip(&roles).enumerate() {
        message.allow(&["role", "content"])?;
        let begins = index == 0 || roles[index - 1] != *role;
        if begins {
            turn.end(roles.get(index.wrapping_sub(1)).copied())?;
            reader.prefix = weighing.chain.so_far();
        }
        match *role {
            "user" => turn.results(message)?,
            "assistant" => {
                if begins {
                    conversation.thought = starts_with_thinking(message)?;
                }
                turn.calls(message, index, begins)?;
                conversation.tells_reasoning |= tells_reasoning(message.get("content"));
            }
            _ => {}
        }
        content(message, role, index + 1 == messages.len(), reader, weighing)?;
    }
    turn.end(roles.last().copied())?;
    turn.unanswered()?;
    conversation.prefilled = roles.last() == Some(&"assistant");
    Ok(conversation)
}

fn role<'a>(message: &Fields<'a, Messages>) -> Result<&'a str, Refusal> {
    match message.required_text("role")? {
        role @ ("user" | "assistant" | "system") => Ok(role),
        _ => Err(none_of(&message.at("role"), &["user", "assistant", "system"])),
    }
}

fn check_roles(
    roles: &[&str],
    messages: &[Fields<'_, Messages>],
    family: &Family,
) -> Result<(), Refusal> {
    if family.prefill && roles.first() == Some(&"assistant") {
        return Err(invalid("messages: first message must use the \"user\" role"));
    }
    for index in (0..roles.len()).filter(|index| roles[*index] == "system") {
        let place = messages[index].at("role");
        if !family.system_messages {
            return Err(none_of(&place, &["user", "assistant"]));
        }
        let follows_user = index > 0 && roles[index - 1] == "user";
        let ends_turn = roles.get(index + 1).is_none_or(|next| *next == "assistant");
        if !follows_user || !ends_turn {
            return Err(invalid(&format!(
                "{place}: a system message must follow a user message, and be the last one or be followed by an \
                 assistant message"
            )));
        }
    }
    Ok(())
}

/// The blocks of a message that has blocks.
fn blocks_of<'a>(message: &Fields<'a, Messages>) -> Result<Vec<Fields<'a, Messages>>, Refusal> {
    if message.get("content").is_some_and(Value::is_array) {
        message.objects("content")
    } else {
        Ok(Vec::new())
    }
}

fn starts_with_thinking(message: &Fields<'_, Messages>) -> Result<bool, Refusal> {
    let first = blocks_of(message)?.into_iter().next();
    let kind = first.map(|block| block.text("type")).transpose()?.flatten();
    Ok(matches!(kind, Some("thinking" | "redacted_thinking")))
}

/// Reasoning of another model that was made into text is taken for an attempt to extract it.
fn tells_reasoning(content: Option<&Value>) -> bool {
    let text = content.map(super::text_of).unwrap_or_default();
    let text = text.trim_start();
    text.starts_with("<think>") || text.starts_with("<thinking>")
}

/// Calls that need their results in the next turn.
#[derive(Debug, Default)]
struct Turn {
    /// The message that made them.
    index: usize,
    open: Vec<String>,
    answered: Vec<String>,
    /// The user's turn at hand has said something else than results.
    others_seen: bool,
}

impl Turn {
    /// A turn of `role` ends.
    fn end(&mut self, role: Option<&str>) -> Result<(), Refusal> {
        if role == Some("user") {
            self.unanswered()?;
            self.answered.clear();
        }
        self.others_seen = false;
        Ok(())
    }

    fn calls(
        &mut self,
        message: &Fields<'_, Messages>,
        index: usize,
        begins: bool,
    ) -> Result<(), Refusal> {
        if begins {
            self.open.clear();
        }
        self.index = index;
        for block in blocks_of(message)? {
            if block.text("type")? == Some("tool_use") {
                let id = block.required_text("id")?.to_owned();
                if self.open.contains(&id) {
                    return Err(invalid("messages: `tool_use` ids must be unique"));
                }
                self.open.push(id);
            }
        }
        Ok(())
    }

    fn results(&mut self, message: &Fields<'_, Messages>) -> Result<(), Refusal> {
        for block in blocks_of(message)? {
            if block.text("type")? != Some("tool_result") {
                self.others_seen = true;
                continue;
            }
            let id = block.required_text("tool_use_id")?;
            if self.others_seen && !self.open.is_empty() {
                // Results stand first; one that follows other content comes too late.
                return self.unanswered();
            }
            if let Some(at) = self.open.iter().position(|call| call == id) {
                self.answered.push(self.open.remove(at));
                continue;
            }
            if self.answered.iter().any(|call| call == id) {
                return Err(invalid(&format!(
                    "{}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}",
                    block.place
                )));
            }
            return Err(invalid(&format!(
                "{}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have \
                 a corresponding `tool_use` block in the previous message.",
                block.place
            )));
        }
        if message.get("content").is_some_and(Value::is_string) {
            self.others_seen = true;
        }
        Ok(())
    }

    fn unanswered(&self) -> Result<(), Refusal> {
        if self.open.is_empty() {
            return Ok(());
        }
        Err(invalid(&format!(
            "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
             `tool_use` block must have a corresponding `tool_result` block in the next message.",
            self.index,
            self.open.join(", ")
        )))
    }
}

fn content(
    message: &Fields<'_, Messages>,
    role: &str,
    is_last: bool,
    reader: Reader<'_>,
    weighing: &mut Weighing,
) -> Result<(), Refusal> {
    weighing.chain.other(role, tokens::PER_MESSAGE);
    // Only a last message of the assistant, which the answer continues, may be empty.
    let may_be_empty = role == "assistant" && is_last;
    let empty = || {
        invalid(&format!(
            "{}: all messages must have non-empty content except for the optional final assistant message",
            message.place
        ))
    };
    let content = message.required("content")?;
    if may_be_empty && ends_with_blank(content) {
        return Err(invalid(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    match content {
        Value::String(text) if text.is_empty() && !may_be_empty => Err(empty()),
        Value::String(text) => {
            weighing.chain.text(text);
            weighing.chain.end_block(None);
            Ok(())
        }
        Value::Array(blocks) if blocks.is_empty() && !may_be_empty => Err(empty()),
        Value::Array(_) => message
            .objects("content")?
            .iter()
            .try_for_each(|block| blocks::check(block, role, reader, weighing)),
        other => Err(Messages::wrong_type(&message.at("content"), Expected::List, other)),
    }
}

fn ends_with_blank(content: &Value) -> bool {
    let text = match content {
        Value::Array(blocks) => blocks.last().and_then(|block| block.get("text")?.as_str()),
        content => content.as_str(),
    };
    text.is_some_and(|text| text.ends_with(char::is_whitespace))
}
