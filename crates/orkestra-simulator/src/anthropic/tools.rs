//! Tools and the choice among them.

use serde_json::Value;

use crate::answer::{Choice, Offer, Tool};
use crate::fields::{Fields, Refusal, Wording as _};

use super::Family;
use super::errors::{Messages, invalid, none_of};
use super::format;
use super::prompt::Weighing;
use super::thinking::Thinking;

const FIELDS: [&str; 10] = [
    "type",
    "name",
    "description",
    "input_schema",
    "cache_control",
    "strict",
    "defer_loading",
    "eager_input_streaming",
    "allowed_callers",
    "input_examples",
];

/// The starts of the types of tools that the vendor runs itself.
const SERVER_TOOLS: [&str; 10] = [
    "advisor_",
    "bash_",
    "code_execution_",
    "computer_",
    "mcp_toolset",
    "memory_",
    "text_editor_",
    "tool_search_tool_",
    "web_fetch_",
    "web_search_",
];

/// Checks and weighs `tools`. Tools that the vendor runs are never called.
pub(super) fn read(
    body: &Fields<'_, Messages>,
    weighing: &mut Weighing,
) -> Result<Vec<Tool>, Refusal> {
    let list = body.list("tools")?.map(Vec::as_slice).unwrap_or_default();
    let mut tools: Vec<Tool> = Vec::new();
    for (tool, json) in body.objects("tools")?.iter().zip(list) {
        match tool.text("type")? {
            None | Some("custom") => {
                let read = custom(tool)?;
                if tools.iter().any(|known| known.name == read.name) {
                    return Err(invalid("tools: Tool names must be unique."));
                }
                tools.push(read);
            }
            Some(kind) if is_server_tool(kind) => {}
            Some(kind) => {
                return Err(invalid(&format!(
                    "{}: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'custom', \
                     'bash_20250124', 'text_editor_20250728', 'web_search_20250305'",
                    tool.place
                )));
            }
        }
        weighing.chain.json(json);
        weighing.end(tool)?;
    }
    Ok(tools)
}

/// Whether `tools` holds one that the vendor runs.
pub(super) fn any_of_server(body: &Fields<'_, Messages>) -> bool {
    let kind = |tool: &Value| tool.get("type").and_then(Value::as_str).is_some_and(is_server_tool);
    body.get("tools").and_then(Value::as_array).is_some_and(|tools| tools.iter().any(kind))
}

fn is_server_tool(kind: &str) -> bool {
    SERVER_TOOLS.iter().any(|start| kind.starts_with(start))
}

/// Whether `name` can be the name of a tool.
pub(super) fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && is_id(name)
}

/// Whether `id` can be the id of a call.
pub(super) fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !id.is_empty() && id.bytes().all(fits)
}

fn custom(tool: &Fields<'_, Messages>) -> Result<Tool, Refusal> {
    let at = |name: &str| format!("{}.custom.{name}", tool.place);
    tool.allow(&FIELDS)?;
    let name = tool.text("name")?.ok_or_else(|| Messages::missing(&at("name")))?;
    if !is_name(name) {
        let place = at("name");
        let message = format!("{place}: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'");
        return Err(invalid(&message));
    }
    tool.text("description")?;
    let schema = tool.get("input_schema").ok_or_else(|| Messages::missing(&at("input_schema")))?;
    tool.object("input_schema")?;
    match schema.get("type") {
        None => return Err(Messages::missing(&at("input_schema.type"))),
        Some(kind) if kind != "object" => {
            return Err(none_of(&at("input_schema.type"), &["object"]));
        }
        _ => {}
    }
    if tool.boolean("strict")? == Some(true) {
        format::strict(schema, &at("input_schema"))?;
    }
    Ok(Tool { name: name.to_owned(), schema: schema.clone(), custom: false })
}

/// Reads `tool_choice`.
pub(super) fn choice(
    body: &Fields<'_, Messages>,
    tools: Vec<Tool>,
    family: &Family,
    thinking: Thinking,
) -> Result<Offer, Refusal> {
    let mut offer = Offer { tools, ..Offer::default() };
    let Some(choice) = body.object("tool_choice")? else { return Ok(offer) };
    if !body.has("tools") {
        let message = "tool_choice: tool_choice may only be specified while providing tools.";
        return Err(invalid(message));
    }
    choice.allow(&["type", "name", "disable_parallel_tool_use"])?;
    let kind = choice.required_text("type")?;
    offer.choice = match kind {
        "auto" => Choice::Auto,
        "any" => Choice::Some,
        "none" => Choice::Never,
        "tool" => Choice::This(choice.required_text("name")?.to_owned()),
        _ => return Err(none_of(&choice.at("type"), &["auto", "any", "tool", "none"])),
    };
    if let Choice::This(name) = &offer.choice
        && !offer.tools.iter().any(|tool| tool.name == *name)
    {
        return Err(invalid(&format!("Tool '{name}' not found in provided tools")));
    }
    offer.one_by_one = choice.boolean("disable_parallel_tool_use")?.unwrap_or(false);
    let forced = matches!(offer.choice, Choice::Some | Choice::This(_));
    if forced && !family.forced_tools {
        return Err(invalid(&format!(
            "tool_choice: type '{kind}' is not supported for this model."
        )));
    }
    // Models that always think have learnt to be forced; those that think on demand have not.
    if forced && thinking.effort > 0.0 && family.thinking.iter().any(|kind| kind == "enabled") {
        return Err(invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(offer)
}
