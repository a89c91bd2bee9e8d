//! Tools, and which of them to use, in both directions.

use serde_json::{Map, Value, json};

use super::{
    super::fields::{self, Fields},
    blocks_read::cache_hint,
    blocks_write::Block,
    request_write::Writer,
};
use crate::{
    chat::{Extra, Function, Request, Tool, ToolChoice},
    error::Result,
};

/// The longest name of a tool.
const LONGEST_NAME: usize = 128;

impl Writer<'_> {
    pub(super) fn tools(&mut self, body: &mut Map<String, Value>) {
        let request = self.request;
        let mut tools: Vec<Block> = Vec::new();
        for tool in &request.tools {
            match tool {
                Tool::Function(function) if is_allowed(request, function) => {
                    tools.push(self.function(function));
                }
                Tool::Function(_) => {}
                Tool::Other(Value::Object(tool)) if self.own => tools.push(tool.clone()),
                Tool::Other(tool) => {
                    let kind = tool.get("type").and_then(Value::as_str).unwrap_or("unknown");
                    self.warn(format!("the tool {kind}: anthropic has no such tool; left out"));
                }
            }
        }
        if tools.is_empty() {
            return;
        }
        body.insert("tools".into(), tools.into());
        if let Some(choice) = choice(request) {
            body.insert("tool_choice".into(), choice);
        }
    }

    fn function(&mut self, function: &Function) -> Block {
        let name = function.name.as_str();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.len() > LONGEST_NAME || !name.chars().all(allowed) {
            // Another name would call a function that the caller does not have.
            self.warn(format!(
                "the tool {name:?}: anthropic refuses names with other characters than letters, digits, _ and -, \
                 and of more than {LONGEST_NAME}"
            ));
        }
        let mut block = Block::new();
        block.insert("name".into(), name.into());
        if let Some(description) = &function.description {
            block.insert("description".into(), description.as_str().into());
        }
        block.insert("input_schema".into(), schema(function));
        if let Some(strict) = function.strict {
            block.insert("strict".into(), strict.into());
        }
        self.dressed(block, function.cache, &function.extra)
    }
}

/// The API has no list of allowed functions: it is not told of the others.
fn is_allowed(request: &Request, function: &Function) -> bool {
    match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => names.contains(&function.name),
        _ => true,
    }
}

/// The schema of the arguments, which must say that they are an object.
fn schema(function: &Function) -> Value {
    match &function.parameters {
        None => json!({"type": "object", "properties": {}}),
        Some(Value::Object(schema)) if !schema.contains_key("type") => {
            let mut typed = Map::new();
            typed.insert("type".into(), "object".into());
            typed.extend(schema.clone());
            typed.into()
        }
        Some(schema) => schema.clone(),
    }
}

fn choice(request: &Request) -> Option<Value> {
    let one_at_a_time = request.parallel_tool_calls.map(|several| !several);
    let mut choice = match &request.tool_choice {
        None if one_at_a_time == Some(true) => json!({"type": "auto"}),
        None => return None,
        // It takes no more words.
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => {
            json!({"type": "auto"})
        }
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => {
            json!({"type": "any"})
        }
        Some(ToolChoice::Function(name)) => json!({"type": "tool", "name": name}),
    };
    if let Some(one_at_a_time) = one_at_a_time {
        choice["disable_parallel_tool_use"] = one_at_a_time.into();
    }
    Some(choice)
}

/// Reads one tool. One that is no function of the caller's is kept as it came.
pub(super) fn read(tool: Value, place: String) -> Result<Tool> {
    match tool.get("type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind == "custom" => {}
        Some(Value::String(_)) => return Ok(Tool::Other(tool)),
        Some(other) => return Err(fields::wrong(&format!("{place}.type"), other, "text")),
    }
    let mut tool = Fields::of(tool, place)?;
    let name = tool.needed_text("name", "the name of the tool")?;
    let description = tool.text("description")?;
    let parameters = tool.take("input_schema");
    let strict = tool.boolean("strict")?;
    let cache = cache_hint(&mut tool);
    let extra = tool.rest();
    Ok(Tool::Function(Function { name, description, parameters, strict, cache, extra }))
}

/// Reads `tool_choice` into `request`, and gives what of it is not known.
pub(super) fn read_choice(mut choice: Fields, request: &mut Request) -> Result<Extra> {
    let kind = choice.get("type").and_then(Value::as_str);
    request.tool_choice = match kind {
        Some("auto") => Some(ToolChoice::Auto),
        Some("any") => Some(ToolChoice::Required),
        Some("none") => Some(ToolChoice::None),
        Some("tool") => {
            let name = choice.needed_text("name", "the name of a tool")?;
            Some(ToolChoice::Function(name))
        }
        Some(_) => return Ok(choice.rest()),
        None => {
            let expected = "\"auto\", \"any\", \"tool\" or \"none\"";
            let place = choice.place("type");
            return Err(match choice.take("type") {
                Some(other) => fields::wrong(&place, &other, expected),
                None => fields::absent(&place, expected),
            });
        }
    };
    choice.take("type");
    let one_at_a_time = choice.boolean("disable_parallel_tool_use")?;
    request.parallel_tool_calls = one_at_a_time.map(|one| !one);
    Ok(choice.rest())
}
