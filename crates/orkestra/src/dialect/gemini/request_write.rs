//! A request → the body of `generateContent`.

use serde_json::{Value, json};

use super::{
    contents_write::{contents, kind},
    part_write::of,
    warnings::Warnings,
};
use crate::{
    catalogue::Model,
    chat::{
        DialectName, Effort, Extra, Format, Function, Message, Request, Thinking, ThinkingMode,
        Tool, ToolChoice,
    },
    dialect::fields::add_missing,
};

/// Writes `request` for `model`: the body, and what could not be said.
pub(super) fn body(request: &Request, model: &Model) -> (Value, Vec<String>) {
    let own = request.dialect == Some(DialectName::Gemini);
    let mut warnings = Warnings::new(model);
    let (instructions, messages) = request.split_instructions();
    let mut body = Extra::new();
    if let Some(system) = system_instruction(instructions, &mut warnings) {
        body.insert("systemInstruction".into(), system);
    }
    body.insert("contents".into(), contents(messages, model, own, &mut warnings));
    let tools = tools(&request.tools, own, &mut warnings);
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
        if let Some(choice) = &request.tool_choice {
            body.insert("toolConfig".into(), json!({"functionCallingConfig": calling(choice)}));
        }
    }
    let generation = generation(request, &mut warnings);
    if !generation.is_empty() {
        body.insert("generationConfig".into(), generation.into());
    }
    if own {
        add_missing(&mut body, &request.extra);
    }
    tell_unknown(request, own, &mut warnings);
    (body.into(), warnings.told())
}

/// The leading instructions. One message keeps its parts; of several, a blank line parts one from the next.
fn system_instruction(instructions: &[Message], warnings: &mut Warnings<'_>) -> Option<Value> {
    let parts = instructions.iter().flat_map(|message| &message.content);
    if parts.clone().any(|part| part.as_text().is_none()) {
        warnings.add("instructions other than text were left out; gemini takes only text");
    }
    let texts: Vec<String> = match instructions {
        [] => return None,
        [_] => parts.filter_map(|part| part.as_text()).map(str::to_owned).collect(),
        several => {
            let texts = several.iter().map(Message::joined_text).filter(|text| !text.is_empty());
            vec![texts.collect::<Vec<_>>().join("\n\n")]
        }
    };
    let texts: Vec<Value> = texts
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| json!({"text": text}))
        .collect();
    (!texts.is_empty()).then(|| json!({"parts": texts, "role": "user"}))
}

/// All functions in one object, as the API wants them, and after it what only this dialect knows.
fn tools(tools: &[Tool], own: bool, warnings: &mut Warnings<'_>) -> Vec<Value> {
    let mut functions: Vec<Value> = Vec::new();
    let mut others = Vec::new();
    for tool in tools {
        match tool {
            Tool::Function(function) => functions.push(declaration(function, own)),
            Tool::Other(other) if own => others.push(other.clone()),
            Tool::Other(other) => warnings.add(format!(
                "the tool of the type {:?} was left out; gemini has no such tool",
                kind(other)
            )),
        }
    }
    let functions = (!functions.is_empty()).then(|| json!({"functionDeclarations": functions}));
    functions.into_iter().chain(others).collect()
}

/// The API enforces schemas as it sees fit, so that there is no `strict`.
fn declaration(function: &Function, own: bool) -> Value {
    let mut declaration = of(json!({"name": function.name}));
    if let Some(description) = &function.description {
        declaration.insert("description".into(), description.as_str().into());
    }
    if let Some(parameters) = &function.parameters {
        declaration.insert("parametersJsonSchema".into(), parameters.clone());
    }
    if own {
        add_missing(&mut declaration, &function.extra);
    }
    declaration.into()
}

fn calling(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Function(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
        ToolChoice::Allowed { names, required: true } => {
            json!({"mode": "ANY", "allowedFunctionNames": names})
        }
        // The one mode that takes names and leaves the model the choice to answer in words.
        ToolChoice::Allowed { names, required: false } => {
            json!({"mode": "VALIDATED", "allowedFunctionNames": names})
        }
    }
}

fn generation(request: &Request, warnings: &mut Warnings<'_>) -> Extra {
    let numbers: [(&str, Option<Value>); 8] = [
        ("temperature", request.temperature.map(Value::from)),
        ("topP", request.top_p.map(Value::from)),
        ("topK", request.top_k.map(Value::from)),
        ("seed", request.seed.map(Value::from)),
        ("maxOutputTokens", request.max_tokens.map(Value::from)),
        ("presencePenalty", request.presence_penalty.map(Value::from)),
        ("frequencyPenalty", request.frequency_penalty.map(Value::from)),
        ("responseLogprobs", request.logprobs.map(Value::from)),
    ];
    let mut generation: Extra =
        numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    if !request.stop.is_empty() {
        generation.insert("stopSequences".into(), request.stop.clone().into());
    }
    match &request.format {
        None => {}
        Some(Format::Text) => {
            generation.insert("responseMimeType".into(), "text/plain".into());
        }
        Some(Format::Json) => {
            generation.insert("responseMimeType".into(), "application/json".into());
        }
        Some(Format::Schema { schema, description, .. }) => {
            generation.insert("responseMimeType".into(), "application/json".into());
            generation.insert("responseJsonSchema".into(), schema.clone());
            if description.is_some() {
                warnings
                    .add("the description of the answer's schema was left out; gemini takes none");
            }
        }
    }
    let thinking = thinking(&request.thinking, warnings);
    if !thinking.is_empty() {
        generation.insert("thinkingConfig".into(), thinking.into());
    }
    generation
}

/// A budget or a level; the API refuses both at once.
fn thinking(wish: &Thinking, warnings: &mut Warnings<'_>) -> Extra {
    let mut config = Extra::new();
    let none = wish.mode == Some(ThinkingMode::Disabled) || wish.effort == Some(Effort::None);
    match (wish.budget, wish.effort, wish.mode) {
        _ if none => {
            config.insert("thinkingBudget".into(), 0.into());
        }
        (Some(budget), effort, _) => {
            config.insert("thinkingBudget".into(), budget.into());
            if let Some(effort) = effort {
                warnings
                    .add(format!("the effort {} was left out beside the budget", effort.name()));
            }
        }
        (None, Some(effort), _) => {
            config.insert("thinkingLevel".into(), level(effort).into());
        }
        // As much as the model sees fit.
        (None, None, Some(ThinkingMode::Adaptive)) => {
            config.insert("thinkingBudget".into(), (-1).into());
        }
        (None, None, Some(ThinkingMode::BetweenTools)) => {
            warnings.add("thinking between tools was left out; gemini has no such mode");
        }
        (None, None, _) => {}
    }
    if let Some(shown) = wish.shown {
        config.insert("includeThoughts".into(), shown.into());
    }
    config
}

fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal => "MINIMAL",
        Effort::Low => "LOW",
        Effort::Medium => "MEDIUM",
        Effort::High => "HIGH",
        // The highest there is.
        Effort::Xhigh | Effort::Max => "XHIGH",
    }
}

/// Tells what the API has no field for.
fn tell_unknown(request: &Request, own: bool, warnings: &mut Warnings<'_>) {
    let named = request.messages.iter().any(|message| message.name.is_some());
    let known = [
        ("name", named),
        ("user", request.user.is_some()),
        ("prompt_cache_key", request.cache_key.is_some()),
        ("metadata", !request.metadata.is_empty()),
        ("parallel_tool_calls", request.parallel_tool_calls == Some(false)),
    ];
    let mut names: Vec<&str> =
        known.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
    if !own {
        names.extend(request.extra.keys().map(String::as_str));
    }
    if !names.is_empty() {
        warnings.add(format!("{}: gemini has no such fields; left out", names.join(", ")));
    }
    if request.hints_at_caching() {
        warnings.add("cache hints were left out: Gemini's API caches by itself");
    }
}
