//! Tools, and the choice among them.

use serde_json::{Map, Value, json};

use super::{
    super::fields::{self, Fields},
    parts,
    request_write::Writer,
};
use crate::{
    catalogue::RequiredWord,
    chat::{Function, Tool, ToolChoice},
    error::Result,
};

/// Reads `tools`.
pub(super) fn read(tools: Vec<Value>) -> Result<Vec<Tool>> {
    let tools = tools.into_iter().enumerate();
    tools.map(|(position, tool)| read_tool(tool, format!("tools[{position}]"))).collect()
}

fn read_tool(tool: Value, place: String) -> Result<Tool> {
    match fields::text(&tool, "type") {
        Some("function") => {}
        Some(_) => return Ok(Tool::Other(tool)),
        None => {
            let tool = Fields::of(tool, place)?;
            return Err(fields::absent(&tool.place("type"), "\"function\""));
        }
    }
    let mut tool = Fields::of(tool, place)?;
    let cache = parts::cache_hint(&mut tool);
    let inner = match tool.object("function")? {
        Some(inner) => inner,
        // The Responses API has the function's fields beside `type`; clients that speak both mix them up.
        None if tool.get("name").is_some() => {
            tool.take("type");
            tool
        }
        None => {
            return Err(fields::absent(
                &tool.place("function"),
                "an object with the function's name",
            ));
        }
    };
    let mut function = read_function(inner)?;
    function.cache = function.cache.or(cache);
    Ok(Tool::Function(function))
}

/// Reads a function, as `tools` and the older `functions` hold it.
pub(super) fn read_function(mut function: Fields) -> Result<Function> {
    Ok(Function {
        name: function.needed_text("name", "the function's name")?,
        description: function.text("description")?,
        parameters: function.take("parameters"),
        strict: function.boolean("strict")?,
        cache: parts::cache_hint(&mut function),
        extra: function.rest(),
    })
}

/// Reads `tool_choice`. `Err` gives back a choice that only this API knows.
pub(super) fn read_choice(choice: Value) -> Result<Result<ToolChoice, Value>> {
    const EXPECTED: &str =
        "\"auto\", \"none\", \"required\", or an object of the type function or allowed_tools";
    let found = match &choice {
        Value::String(word) => match word.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            // Mistral's word.
            "required" | "any" => ToolChoice::Required,
            _ => return Err(fields::wrong("tool_choice", &choice, EXPECTED)),
        },
        Value::Object(_) => match fields::text(&choice, "type") {
            Some("function") => match function_name(&choice) {
                Some(name) => ToolChoice::Function(name.to_owned()),
                None => {
                    return Err(fields::absent("tool_choice.function.name", "a function's name"));
                }
            },
            Some("allowed_tools") => match allowed(&choice) {
                Some(allowed) => allowed,
                None => return Ok(Err(choice)),
            },
            Some(_) => return Ok(Err(choice)),
            None => return Err(fields::wrong("tool_choice", &choice, EXPECTED)),
        },
        other => return Err(fields::wrong("tool_choice", other, EXPECTED)),
    };
    Ok(Ok(found))
}

fn function_name(choice: &Value) -> Option<&str> {
    choice.get("function").and_then(|it| fields::text(it, "name")).or(fields::text(choice, "name"))
}

/// A list of allowed functions; `None` when there is something else in it.
fn allowed(choice: &Value) -> Option<ToolChoice> {
    let allowed = choice.get("allowed_tools").unwrap_or(choice);
    let required = match fields::text(allowed, "mode")? {
        "auto" => false,
        "required" => true,
        _ => return None,
    };
    let tools = allowed.get("tools")?.as_array()?;
    let name = |tool: &Value| {
        let is_function = fields::text(tool, "type") == Some("function");
        function_name(tool).filter(|_| is_function).map(str::to_owned)
    };
    let names = tools.iter().map(name).collect::<Option<Vec<_>>>()?;
    Some(ToolChoice::Allowed { names, required })
}

/// Reads the older `function_call`.
pub(super) fn read_function_call(choice: &Value) -> Result<ToolChoice> {
    match choice {
        Value::String(word) if word == "auto" => Ok(ToolChoice::Auto),
        Value::String(word) if word == "none" => Ok(ToolChoice::None),
        other => match fields::text(other, "name") {
            Some(name) => Ok(ToolChoice::Function(name.to_owned())),
            None => {
                let expected = "\"auto\", \"none\" or an object with a function's name";
                Err(fields::wrong("function_call", other, expected))
            }
        },
    }
}

impl Writer<'_> {
    /// Writes `tools` and `tool_choice`.
    pub(super) fn tools(&mut self, body: &mut Map<String, Value>) {
        let shown = self.shown_functions();
        let mut tools = Vec::new();
        for tool in &self.request.tools {
            match tool {
                Tool::Function(function) => {
                    if shown.as_ref().is_none_or(|names| names.contains(&function.name)) {
                        tools.push(self.function(function));
                    }
                }
                Tool::Other(tool) if self.own => tools.push(tool.clone()),
                Tool::Other(tool) => {
                    let kind = fields::text(tool, "type").unwrap_or("unknown");
                    self.warn(format!("the tool {kind} was left out: OpenAI's API has none such"));
                }
            }
        }
        if tools.is_empty() {
            return;
        }
        body.insert("tools".into(), tools.into());
        if let Some(choice) = &self.request.tool_choice {
            body.insert("tool_choice".into(), self.choice(choice));
        }
    }

    /// The functions to show to servers that cannot be told which of them are allowed; `None`: all.
    fn shown_functions(&self) -> Option<Vec<String>> {
        let any = self.model.parameters.required_tool_choice == RequiredWord::Any;
        match &self.request.tool_choice {
            Some(ToolChoice::Allowed { names, .. }) if self.compatible => Some(names.clone()),
            Some(ToolChoice::Function(name)) if any => Some(vec![name.clone()]),
            _ => None,
        }
    }

    fn function(&mut self, function: &Function) -> Value {
        let mut inner = Map::new();
        inner.insert("name".into(), function.name.as_str().into());
        if let Some(description) = &function.description {
            inner.insert("description".into(), description.as_str().into());
        }
        if let Some(parameters) = &function.parameters {
            inner.insert("parameters".into(), parameters.clone());
        }
        if let Some(strict) = function.strict {
            inner.insert("strict".into(), strict.into());
        }
        self.put_extra(&mut inner, &function.extra);
        let mut tool = Map::new();
        tool.insert("type".into(), "function".into());
        tool.insert("function".into(), inner.into());
        self.put_cache_hint(&mut tool, function.cache);
        tool.into()
    }

    fn choice(&self, choice: &ToolChoice) -> Value {
        let required = match self.model.parameters.required_tool_choice {
            RequiredWord::Required => "required",
            RequiredWord::Any => "any",
        };
        let function = |name: &String| json!({"type": "function", "function": {"name": name}});
        match choice {
            ToolChoice::Auto => "auto".into(),
            ToolChoice::None => "none".into(),
            ToolChoice::Required => required.into(),
            ToolChoice::Function(_) if required == "any" => required.into(),
            ToolChoice::Function(name) => function(name),
            ToolChoice::Allowed { required: true, .. } if self.compatible => required.into(),
            ToolChoice::Allowed { .. } if self.compatible => "auto".into(),
            ToolChoice::Allowed { names, required } => json!({
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": if *required { "required" } else { "auto" },
                    "tools": names.iter().map(function).collect::<Vec<_>>(),
                },
            }),
        }
    }
}
