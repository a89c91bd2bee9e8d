//! The messages of a Chat Completions request: roles, contents, the order of tool results.

use serde_json::Value;

use crate::cache::{Chain, Life};
use crate::fields::{Fields, Refusal, Wording as _};
use crate::tokens;

use crate::openai::errors::{Chat, empty_array, invalid, invalid_value, too_much};
use crate::openai::{Family, Manners, media, text_of};

const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];

/// What the messages say beside their weight.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// Where the first image or file is.
    medium: Option<String>,
    /// The word "json" is said.
    pub(super) says_json: bool,
    /// Parts that are marked for the cache.
    pub(super) breakpoints: usize,
}

impl Talk {
    /// Refuses what models of this family cannot see.
    pub(super) fn suits(&self, family: &Family) -> Result<(), Refusal> {
        media::seen(self.medium.as_deref(), family)
    }
}

/// Checks `messages` and weighs them.
pub(super) fn check(
    body: &Fields<'_, Chat>,
    manners: &Manners,
    chain: &mut Chain,
) -> Result<Talk, Refusal> {
    if body.list("messages")?.is_none() {
        return Err(Chat::missing("messages"));
    }
    let messages = body.objects("messages")?;
    if messages.is_empty() {
        return Err(empty_array("messages"));
    }
    let mut talk = Talk::default();
    let mut calls = Calls::default();
    for (index, message) in messages.iter().enumerate() {
        let role = message.required_text("role")?;
        if !ROLES.contains(&role) {
            return Err(invalid_value(&message.at("role"), role, &ROLES));
        }
        if role == "tool" {
            calls.result(message, index)?;
        } else {
            calls.all_answered(index)?;
            calls = Calls::of(message, role)?;
        }
        let said = message.get("content").map(text_of).unwrap_or_default();
        talk.says_json |= said.to_lowercase().contains("json");
        one(message, role, manners, chain, &mut talk)?;
    }
    calls.all_answered(messages.len())?;
    Ok(talk)
}

/// The calls of the assistant message at hand.
#[derive(Debug, Default)]
struct Calls {
    /// Those without a result yet.
    open: Vec<String>,
    all: Vec<String>,
}

impl Calls {
    fn of(message: &Fields<'_, Chat>, role: &str) -> Result<Self, Refusal> {
        let calls = if role == "assistant" { message.objects("tool_calls")? } else { Vec::new() };
        let ids = calls.iter().map(|call| Ok(call.required_text("id")?.to_owned()));
        let all = ids.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { open: all.clone(), all })
    }

    fn result(&mut self, message: &Fields<'_, Chat>, index: usize) -> Result<(), Refusal> {
        let id = message.required_text("tool_call_id")?;
        if self.all.is_empty() {
            let text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with \
                        'tool_calls'.";
            return Err(invalid(text, Some(&format!("messages.[{index}].role")), None));
        }
        if !self.all.iter().any(|call| call == id) {
            let text = format!(
                "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous message."
            );
            return Err(invalid(&text, Some(&format!("messages.[{index}].tool_call_id")), None));
        }
        self.open.retain(|call| call != id);
        Ok(())
    }

    fn all_answered(&self, index: usize) -> Result<(), Refusal> {
        if self.open.is_empty() {
            return Ok(());
        }
        let text = format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
             'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            self.open.join(", ")
        );
        Err(invalid(&text, Some(&format!("messages.[{index}].role")), None))
    }
}

/// Checks one message's fields and weighs it.
fn one(
    message: &Fields<'_, Chat>,
    role: &str,
    manners: &Manners,
    chain: &mut Chain,
    talk: &mut Talk,
) -> Result<(), Refusal> {
    known_fields(message, role, manners)?;
    chain.other(role, tokens::PER_MESSAGE);
    let calls = message.objects("tool_calls")?;
    if message.has("tool_calls") && calls.is_empty() && !manners.lenient {
        return Err(empty_array(&message.at("tool_calls")));
    }
    calls.iter().try_for_each(|call| check_call(call, chain))?;
    if let Some(reasoning) = manners.reasoning_field.as_ref() {
        chain.text(message.text(reasoning)?.unwrap_or_default());
    }
    let speaks_otherwise =
        ["tool_calls", "function_call", "refusal", "audio"].iter().any(|name| message.has(name));
    let silent = message.get("content").is_none_or(|content| text_of(content).is_empty());
    if role == "assistant" && silent && !speaks_otherwise && !manners.empty_assistant {
        let text = "Assistant message must have either content or tool_calls, but not none.";
        return Err(invalid(text, Some(&message.at("content")), None));
    }
    match message.get("content") {
        Some(Value::String(text)) => chain.text(text),
        Some(Value::Array(_)) => parts(message, role, manners, chain, talk)?,
        None if role == "assistant" && speaks_otherwise => {}
        None => {
            let place = message.at("content");
            let text =
                format!("Invalid value for 'content': expected a string, got null ({place}).");
            return Err(invalid(&text, Some(&place), None));
        }
        Some(_) => {
            let place = message.at("content");
            let text = format!(
                "Invalid type for '{place}': expected one of a string or array of objects, but got another type instead."
            );
            return Err(invalid(&text, Some(&place), Some("invalid_type")));
        }
    }
    Ok(())
}

fn known_fields(message: &Fields<'_, Chat>, role: &str, manners: &Manners) -> Result<(), Refusal> {
    if message.text("name")?.is_some() && !manners.names {
        let place = message.at("name");
        return Err(invalid(&format!("'{place}' is not supported."), Some(&place), None));
    }
    if manners.lenient {
        return Ok(());
    }
    let known: &[&str] = match role {
        "assistant" => {
            &["role", "content", "name", "refusal", "audio", "tool_calls", "function_call"]
        }
        "tool" => &["role", "content", "tool_call_id"],
        _ => &["role", "content", "name"],
    };
    let reasoning = manners.reasoning_field.as_deref().into_iter();
    message.allow(&known.iter().copied().chain(reasoning).collect::<Vec<_>>())
}

fn check_call(call: &Fields<'_, Chat>, chain: &mut Chain) -> Result<(), Refusal> {
    call.allow(&["id", "type", "function", "custom", "index"])?;
    let id = call.required_text("id")?;
    if id.len() > 40 {
        return Err(too_much(&call.at("id"), "string", 40, id.len()));
    }
    match call.required_text("type")? {
        "function" => {
            call.required("function")?;
            let Some(function) = call.object("function")? else { return Ok(()) };
            function.allow(&["name", "arguments"])?;
            chain.text(function.required_text("name")?);
            chain.text(function.required_text("arguments")?);
        }
        "custom" => {
            call.required("custom")?;
            let Some(custom) = call.object("custom")? else { return Ok(()) };
            chain.text(custom.required_text("name")?);
            chain.text(custom.required_text("input")?);
        }
        other => return Err(invalid_value(&call.at("type"), other, &["function", "custom"])),
    }
    Ok(())
}

fn parts(
    message: &Fields<'_, Chat>,
    role: &str,
    manners: &Manners,
    chain: &mut Chain,
    talk: &mut Talk,
) -> Result<(), Refusal> {
    let known: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        "assistant" => &["text", "refusal"],
        _ => &["text"],
    };
    for part in message.objects("content")? {
        let kind = part.required_text("type")?;
        if !known.contains(&kind) {
            return Err(invalid_value(&part.at("type"), kind, known));
        }
        if !manners.lenient {
            part.allow(&["type", kind, "prompt_cache_breakpoint"])?;
        }
        match kind {
            "text" | "refusal" => chain.text(part.required_text(kind)?),
            _ => {
                talk.medium.get_or_insert_with(|| part.at("type"));
                part.required(kind)?;
                medium(&part, kind, chain)?;
            }
        }
        if part.object("prompt_cache_breakpoint")?.is_some() {
            talk.breakpoints += 1;
            chain.end_block(Some(Life::Hour));
        }
    }
    Ok(())
}

fn medium(part: &Fields<'_, Chat>, kind: &str, chain: &mut Chain) -> Result<(), Refusal> {
    let Some(inner) = part.object(kind)? else { return Ok(()) };
    match kind {
        "image_url" => {
            let detail = inner.text("detail")?.unwrap_or("auto");
            if !["auto", "low", "high", "original"].contains(&detail) {
                return Err(invalid_value(&inner.at("detail"), detail, &["auto", "low", "high"]));
            }
            media::image(inner.required_text("url")?, &inner.at("url"), chain)
        }
        "file" => media::file(&inner, chain),
        _ => {
            let place = part.at("type");
            let text = "Invalid content type. input_audio is only supported by certain models.";
            Err(invalid(text, Some(&place), None))
        }
    }
}

/// While a model thinks, its reasoning must come back on the messages with calls of the turn at hand.
pub(super) fn reasoning_is_back(
    body: &Fields<'_, Chat>,
    manners: &Manners,
    effort: f64,
) -> Result<(), Refusal> {
    let Some(field) = manners.reasoning_field.as_ref() else { return Ok(()) };
    if !manners.reasoning_required || effort <= 0.0 {
        return Ok(());
    }
    for message in body.objects("messages")?.iter().rev() {
        if message.text("role")? == Some("user") {
            break;
        }
        if message.has("tool_calls") && message.get(field).is_none() {
            let text = format!(
                "The `{field}` in the thinking mode must be passed back to the API ({}).",
                message.place
            );
            return Err(invalid(&text, None, Some("invalid_request_error")));
        }
    }
    Ok(())
}
