//! The contents of a caller's request → messages.

use std::collections::HashSet;

use super::part_read::part;
use crate::{
    chat::{Content, Message, Part, Role},
    dialect::fields::{Fields, wrong},
    error::Result,
};

/// The instructions before the conversation; whatever role they name, it is not looked at.
pub(super) fn system_instruction(given: Option<Fields>) -> Result<Vec<Message>> {
    let Some(mut content) = given else { return Ok(Vec::new()) };
    content.take("role");
    let parts = parts(&mut content)?;
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Message { extra: content.rest(), ..Message::of(Role::System, parts) }])
}

/// The conversation. Calls without ids get some that differ from all others, and so do their results.
pub(super) fn contents(listed: Vec<Fields>) -> Result<Vec<Message>> {
    let mut messages = Vec::with_capacity(listed.len());
    for mut content in listed {
        let place = content.place("role");
        let role = match content.text("role")?.as_deref() {
            // `function` is the older name for who gives results.
            None | Some("" | "user" | "function") => Role::User,
            Some("model") => Role::Assistant,
            Some(other) => return Err(wrong(&place, &other.into(), "\"user\" or \"model\"")),
        };
        let parts = parts(&mut content)?;
        messages.push(Message { extra: content.rest(), ..Message::of(role, parts) });
    }
    name_calls(&mut messages);
    Ok(messages)
}

fn parts(content: &mut Fields) -> Result<Vec<Part>> {
    content.objects("parts")?.into_iter().map(part).collect()
}

/// Gives calls and results without ids what joins them: models before Gemini 3 have none and go by order and name.
fn name_calls(messages: &mut [Message]) {
    let mut taken: HashSet<String> = HashSet::new();
    for message in messages.iter() {
        taken.extend(message.content.iter().filter_map(|part| match &part.content {
            Content::ToolCall(call) if !call.id.is_empty() => Some(call.id.clone()),
            _ => None,
        }));
    }
    let mut number = 0;
    // The calls that wait for a result: id and function.
    let mut open: Vec<(String, String)> = Vec::new();
    for message in messages {
        for part in &mut message.content {
            match &mut part.content {
                Content::ToolCall(call) => {
                    while call.id.is_empty() {
                        let id = format!("call_{number}");
                        number += 1;
                        if taken.insert(id.clone()) {
                            call.id = id;
                        }
                    }
                    open.push((call.id.clone(), call.name.clone()));
                }
                Content::ToolResult(result) => {
                    let name = result.name.as_deref();
                    let answered = if result.call.is_empty() {
                        let named =
                            |(_, called): &(String, String)| name.is_none_or(|name| name == called);
                        open.iter().position(named).or((!open.is_empty()).then_some(0))
                    } else {
                        open.iter().position(|(id, _)| *id == result.call)
                    };
                    if let Some((id, _)) = answered.map(|place| open.remove(place)) {
                        result.call = id;
                    }
                }
                _ => {}
            }
        }
    }
}
