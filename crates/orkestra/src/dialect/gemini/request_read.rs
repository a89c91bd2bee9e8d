//! A caller's `generateContent` → a request.

use serde_json::Value;

use super::{
    contents_read::{contents, system_instruction},
    schema::json_schema,
};
use crate::{
    chat::{
        DialectName, Effort, Extra, Format, Function, Request, Thinking, ThinkingMode, Tool,
        ToolChoice,
    },
    dialect::{
        Asked, Call,
        fields::{self, Fields, wrong},
    },
    error::{Error, Result},
};

/// Reads `call`: the model and the method stand in the path, the rest in the body.
pub(super) fn asked(call: &Call<'_>) -> Result<Asked> {
    let (model, stream) = target(call.path)?;
    let mut body = fields::body(call.body)?.of_protocol_buffers();
    // Some clients name the model again; the path decides.
    body.take("model");
    let mut messages = system_instruction(body.object("systemInstruction")?)?;
    messages.extend(contents(body.objects("contents")?)?);
    let mut request = Request {
        messages,
        tools: tools(body.objects("tools")?)?,
        model: Some(model),
        dialect: Some(DialectName::Gemini),
        ..Request::default()
    };
    let mut unknown = Extra::new();
    if let Some(config) = body.object("toolConfig")? {
        let (choice, rest) = tool_config(config)?;
        request.tool_choice = choice;
        keep(&mut unknown, "toolConfig", rest);
    }
    if let Some(config) = body.object("generationConfig")? {
        let rest = generation(config, &mut request)?;
        keep(&mut unknown, "generationConfig", rest);
    }
    request.extra = body.rest();
    request.extra.extend(unknown);
    let stream_array = stream && !as_events(call.query);
    Ok(Asked { request, stream, stream_usage: true, stream_array })
}

fn keep(unknown: &mut Extra, name: &str, rest: Extra) {
    if !rest.is_empty() {
        unknown.insert(name.to_owned(), rest.into());
    }
}

/// The model, and whether its answer shall come in pieces, from a path such as
/// `/v1beta/models/gemini-3-flash-preview:streamGenerateContent`.
fn target(path: &str) -> Result<(String, bool)> {
    const EXPECTED: &str =
        "expected …/models/MODEL:generateContent or …/models/MODEL:streamGenerateContent";
    let bad = || Error::invalid(format!("the path is {path:?}; {EXPECTED}"));
    let below = path.strip_prefix("models/").or_else(|| Some(path.split_once("/models/")?.1));
    // The names of some models have colons of their own.
    let (model, method) = below.ok_or_else(bad)?.rsplit_once(':').ok_or_else(bad)?;
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return Err(bad()),
    };
    let model = percent_decoded(model);
    if model.is_empty() { Err(bad()) } else { Ok((model, stream)) }
}

/// A model's name may hold a slash, which some clients write as `%2F`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = (*byte == b'%').then(|| after.get(..2)).flatten();
        let code = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn as_events(query: &str) -> bool {
    query.split('&').any(|pair| matches!(pair, "alt=sse" | "$alt=sse" | "%24alt=sse"))
}

fn tools(listed: Vec<Fields>) -> Result<Vec<Tool>> {
    let mut tools = Vec::new();
    for mut tool in listed {
        for function in tool.objects("functionDeclarations")? {
            tools.push(Tool::Function(declaration(function)?));
        }
        let rest = tool.rest();
        if !rest.is_empty() {
            tools.push(Tool::Other(rest.into()));
        }
    }
    Ok(tools)
}

fn declaration(mut declaration: Fields) -> Result<Function> {
    let name = declaration.needed_text("name", "the function's name")?;
    let description = declaration.text("description")?;
    let older = declaration.take("parameters").map(json_schema);
    let parameters = declaration.take("parametersJsonSchema").or(older);
    Ok(Function { name, description, parameters, extra: declaration.rest(), ..Function::default() })
}

fn tool_config(mut config: Fields) -> Result<(Option<ToolChoice>, Extra)> {
    let Some(mut calling) = config.object("functionCallingConfig")? else {
        return Ok((None, config.rest()));
    };
    let place = calling.place("mode");
    let mode = calling.text("mode")?.unwrap_or_default().to_ascii_uppercase();
    let mut names = calling.texts("allowedFunctionNames")?.unwrap_or_default();
    let choice = match (mode.as_str(), names.len()) {
        ("" | "MODE_UNSPECIFIED", 0) => None,
        ("AUTO", 0) => Some(ToolChoice::Auto),
        ("NONE", _) => Some(ToolChoice::None),
        ("ANY", 0) => Some(ToolChoice::Required),
        ("ANY", 1) => names.pop().map(ToolChoice::Function),
        ("ANY", _) => Some(ToolChoice::Allowed { names, required: true }),
        // Without names it is `AUTO`, with a promise that only this API gives.
        ("VALIDATED", 0) => None,
        ("" | "MODE_UNSPECIFIED" | "AUTO" | "VALIDATED", _) => {
            Some(ToolChoice::Allowed { names, required: false })
        }
        _ => return Err(wrong(&place, &mode.into(), "AUTO, ANY, NONE or VALIDATED")),
    };
    let mut rest = calling.rest();
    if choice.is_none() && mode == "VALIDATED" {
        rest.insert("mode".into(), mode.into());
    }
    let mut unknown = config.rest();
    keep(&mut unknown, "functionCallingConfig", rest);
    Ok((choice, unknown))
}

/// Reads `generationConfig` into `request` and gives what the neutral form has no place for.
fn generation(mut config: Fields, request: &mut Request) -> Result<Extra> {
    request.temperature = config.number("temperature")?;
    request.top_p = config.number("topP")?;
    // 0 is what this API takes for no limit.
    request.top_k = config.count("topK")?.filter(|count| *count > 0);
    request.seed = config.integer("seed")?;
    request.max_tokens = config.count("maxOutputTokens")?;
    request.stop = config.texts("stopSequences")?.unwrap_or_default();
    request.presence_penalty = config.number("presencePenalty")?;
    request.frequency_penalty = config.number("frequencyPenalty")?;
    request.logprobs = config.boolean("responseLogprobs")?;
    let place = config.place("candidateCount");
    if let Some(count) = config.integer("candidateCount")?.filter(|count| *count != 1) {
        return Err(Error::invalid(format!("{place} is {count}; one answer per call")));
    }
    request.format = format(&mut config)?;
    let mut unknown = Extra::new();
    if let Some(thinking) = config.object("thinkingConfig")? {
        let (thinking, rest) = thinking_config(thinking)?;
        request.thinking = thinking;
        keep(&mut unknown, "thinkingConfig", rest);
    }
    let mut rest = config.rest();
    rest.extend(unknown);
    Ok(rest)
}

fn format(config: &mut Fields) -> Result<Option<Format>> {
    let media_type = config.get("responseMimeType").and_then(Value::as_str).unwrap_or_default();
    match media_type {
        "" | "text/plain" | "application/json" => {}
        // Something that only this API gives, such as `text/x.enum`.
        _ => return Ok(None),
    }
    let media_type = config.text("responseMimeType")?;
    let older = config.take("responseSchema").map(json_schema);
    let schema = config.take("responseJsonSchema").or(older);
    Ok(match (media_type.as_deref(), schema) {
        (Some("text/plain"), _) => Some(Format::Text),
        (_, Some(schema)) => {
            Some(Format::Schema { name: None, description: None, schema, strict: None })
        }
        (Some("application/json"), None) => Some(Format::Json),
        _ => None,
    })
}

fn thinking_config(mut config: Fields) -> Result<(Thinking, Extra)> {
    let mut thinking =
        Thinking { shown: config.boolean("includeThoughts")?, ..Thinking::default() };
    let (budget_place, level_place) =
        (config.place("thinkingBudget"), config.place("thinkingLevel"));
    let budget = config.integer("thinkingBudget")?;
    let level = config.text("thinkingLevel")?;
    let level = level.filter(|level| level != "THINKING_LEVEL_UNSPECIFIED");
    match (budget, level) {
        (Some(budget), Some(level)) => {
            return Err(Error::invalid(format!(
                "{budget_place} is {budget} and {level_place} is {level:?}; give only one of them"
            )));
        }
        (Some(0), None) => thinking.mode = Some(ThinkingMode::Disabled),
        (Some(-1), None) => thinking.mode = Some(ThinkingMode::Adaptive),
        (Some(budget), None) => {
            let tokens = u32::try_from(budget).map_err(|_| {
                wrong(&budget_place, &budget.into(), "a number of tokens, 0 for none or -1 for any")
            })?;
            thinking.mode = Some(ThinkingMode::Budget);
            thinking.budget = Some(tokens);
        }
        (None, Some(level)) => {
            let effort = Effort::named(&level)
                .filter(|effort| !matches!(effort, Effort::None | Effort::Max));
            thinking.effort = Some(effort.ok_or_else(|| {
                wrong(&level_place, &level.into(), "MINIMAL, LOW, MEDIUM, HIGH or XHIGH")
            })?);
        }
        (None, None) => {}
    }
    Ok((thinking, config.rest()))
}
