//! The items of a Responses request: messages, calls and their outputs, reasoning.

use serde_json::Value;

use crate::cache::Chain;
use crate::fields::{Expected, Fields, Refusal, Wording as _};
use crate::openai::errors::{Responses, error, invalid, invalid_value, too_much};
use crate::openai::{Family, media, text_of};
use crate::{seal, tokens};

const ROLES: [&str; 4] = ["assistant", "system", "developer", "user"];
const SAID: [&str; 2] = ["output_text", "refusal"];
const HEARD: [&str; 4] = ["input_text", "input_image", "input_file", "input_audio"];

/// How the content of reasoning items is told apart from other signatures.
pub(super) const REASONING: &str = "openai reasoning";
/// The ids of items that the vendor keeps start with this, ...
pub(super) const STORED: &str = "rs_sims";
/// ... and those of the others with this.
pub(super) const NOT_STORED: &str = "rs_simu";

/// What the items say beside their weight.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// Where the first image or file is.
    medium: Option<String>,
    /// The word "json" is said.
    pub(super) says_json: bool,
}

impl Talk {
    /// Refuses what models of this family cannot see.
    pub(super) fn suits(&self, family: &Family) -> Result<(), Refusal> {
        media::seen(self.medium.as_deref(), family)
    }
}

/// Checks `input` and weighs it.
pub(super) fn check(body: &Fields<'_, Responses>, chain: &mut Chain) -> Result<Talk, Refusal> {
    let mut talk = Talk::default();
    match body.required("input")? {
        Value::String(text) => {
            chain.other("user", tokens::PER_MESSAGE);
            chain.text(text);
            talk.says_json = text.to_lowercase().contains("json");
            return Ok(talk);
        }
        Value::Array(_) => {}
        other => return Err(Responses::wrong_type("input", Expected::List, other)),
    }
    let items = body.objects("input")?;
    let mut calls: Vec<(&str, bool)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item.text("type")?.unwrap_or("message") {
            "message" => message(item, chain, &mut talk)?,
            "function_call" | "custom_tool_call" => calls.push((call(item, chain)?, false)),
            "function_call_output" | "custom_tool_call_output" => {
                output(item, &mut calls, chain)?;
            }
            "reasoning" => reasoning(item, items.get(index + 1))?,
            "item_reference" => return Err(not_found(item.required_text("id")?, "")),
            _ => {}
        }
    }
    match calls.iter().find(|(_, answered)| !answered) {
        Some((id, _)) => {
            let text = format!("No tool output found for function call {id}.");
            Err(invalid(&text, Some("input"), None))
        }
        None => Ok(talk),
    }
}

fn call<'a>(item: &Fields<'a, Responses>, chain: &mut Chain) -> Result<&'a str, Refusal> {
    let id = call_id(item)?;
    chain.text(item.required_text("name")?);
    let custom = item.text("type")? == Some("custom_tool_call");
    chain.text(item.required_text(if custom { "input" } else { "arguments" })?);
    Ok(id)
}

fn call_id<'a>(item: &Fields<'a, Responses>) -> Result<&'a str, Refusal> {
    let id = item.required_text("call_id")?;
    if id.len() > 64 {
        return Err(too_much(&item.at("call_id"), "string", 64, id.len()));
    }
    Ok(id)
}

fn output(
    item: &Fields<'_, Responses>,
    calls: &mut [(&str, bool)],
    chain: &mut Chain,
) -> Result<(), Refusal> {
    let id = call_id(item)?;
    let Some(call) = calls.iter_mut().find(|(call, _)| *call == id) else {
        let text = format!("No tool call found for function call output with call_id {id}.");
        return Err(invalid(&text, Some("input"), None));
    };
    call.1 = true;
    match item.required("output")? {
        Value::String(text) => chain.text(text),
        _ => parts(item, "output", &HEARD, chain, &mut Talk::default())?,
    }
    Ok(())
}

/// Reasoning comes back with what followed it, unchanged, and can be found or carries its content.
fn reasoning(
    item: &Fields<'_, Responses>,
    next: Option<&Fields<'_, Responses>>,
) -> Result<(), Refusal> {
    item.allow(&["type", "id", "summary", "content", "encrypted_content", "status"])?;
    let id = item.text("id")?.unwrap_or_default();
    item.required("summary")?;
    match item.text("encrypted_content")? {
        Some(content) if seal::open(REASONING, "", content).is_none() => {
            let text = format!(
                "The encrypted content for item {id} could not be verified. Reason: Encrypted content could not be \
                 decrypted or parsed."
            );
            return Err(invalid(&text, None, Some("invalid_encrypted_content")));
        }
        Some(_) => {}
        None if id.starts_with(STORED) => {}
        None if id.starts_with(NOT_STORED) => {
            let why = " Items are not persisted when `store` is set to false. Try again with `store` set to true, or \
                       remove this item from your input.";
            return Err(not_found(id, why));
        }
        None => return Err(not_found(id, "")),
    }
    let follows = match next {
        None => false,
        Some(next) => match next.text("type")?.unwrap_or("message") {
            "message" => next.text("role")? == Some("assistant"),
            "reasoning" | "function_call_output" | "custom_tool_call_output" => false,
            _ => true,
        },
    };
    if !follows {
        let text = format!(
            "Item '{id}' of type 'reasoning' was provided without its required following item."
        );
        return Err(invalid(&text, Some("input"), None));
    }
    Ok(())
}

fn not_found(id: &str, why: &str) -> Refusal {
    let text = format!("Item with id '{id}' not found.{why}");
    error(404, "invalid_request_error", &text, Some("input"), None)
}

fn message(
    item: &Fields<'_, Responses>,
    chain: &mut Chain,
    talk: &mut Talk,
) -> Result<(), Refusal> {
    item.allow(&["type", "role", "content", "id", "status", "phase"])?;
    let role = item.required_text("role")?;
    if !ROLES.contains(&role) {
        return Err(invalid_value(&item.at("role"), role, &ROLES));
    }
    chain.other(role, tokens::PER_MESSAGE);
    let content = item.required("content")?;
    talk.says_json |= text_of(content).to_lowercase().contains("json");
    if let Value::String(text) = content {
        chain.text(text);
        return Ok(());
    }
    let known: &[&str] = if role == "assistant" { &SAID } else { &HEARD };
    parts(item, "content", known, chain, talk)
}

fn parts(
    item: &Fields<'_, Responses>,
    name: &str,
    known: &[&str],
    chain: &mut Chain,
    talk: &mut Talk,
) -> Result<(), Refusal> {
    for part in item.objects(name)? {
        let kind = part.required_text("type")?;
        if !known.contains(&kind) {
            return Err(invalid_value(&part.at("type"), kind, known));
        }
        if ["input_image", "input_file"].contains(&kind) {
            talk.medium.get_or_insert_with(|| part.at("type"));
        }
        match kind {
            "input_text" | "output_text" => chain.text(part.required_text("text")?),
            "refusal" => chain.text(part.required_text("refusal")?),
            "input_image" => {
                media::image(part.required_text("image_url")?, &part.at("image_url"), chain)?;
            }
            "input_file" => media::file(&part, chain)?,
            _ => {
                let text = "Invalid content type. input_audio is only supported by certain models.";
                return Err(invalid(text, Some(&part.at("type")), None));
            }
        }
    }
    Ok(())
}
