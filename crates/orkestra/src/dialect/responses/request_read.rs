//! A caller's call → the neutral form.

use serde_json::Value;

use super::{
    input_read,
    place::{Place, rest},
    request_write::LOGPROBS,
};
use crate::{
    chat::{DialectName, Effort, Extra, Format, Function, Request, Thinking, Tool, ToolChoice},
    dialect::{Asked, Call, openai::is_request_header},
    error::{Error, Result},
};

/// The fields that the neutral form knows, and those that are told to the provider anew.
const KNOWN: [&str; 18] = [
    "model",
    "input",
    "instructions",
    "max_output_tokens",
    "temperature",
    "top_p",
    "reasoning",
    "text",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "metadata",
    "safety_identifier",
    "user",
    "prompt_cache_key",
    "include",
    "stream",
    "background",
];

/// Reads what a caller asks.
///
/// # Errors
/// `InvalidRequest`, naming the field, its value and what was expected.
pub(super) fn read(call: &Call<'_>) -> Result<Asked> {
    let body: Value = serde_json::from_slice(call.body).map_err(|cause| {
        Error::invalid(format!("the body is not JSON ({cause}); expected an object")).because(cause)
    })?;
    let body = Place::body(&body)?;
    refuse(&body)?;
    let mut request = Request {
        messages: input_read::read(&body)?,
        max_tokens: body.get("max_output_tokens").map(|place| place.count()).transpose()?,
        temperature: body.maybe_number("temperature")?,
        top_p: body.maybe_number("top_p")?,
        tools: tools(&body)?,
        parallel_tool_calls: body.maybe_flag("parallel_tool_calls")?,
        cache_key: body.maybe_text("prompt_cache_key")?,
        model: body.maybe_text("model")?,
        dialect: Some(DialectName::Responses),
        headers: call.headers.iter().filter(|(name, _)| is_request_header(name)).cloned().collect(),
        extra: rest(body.value, &KNOWN),
        ..Request::default()
    };
    if let Some(metadata) = body.get("metadata") {
        request.metadata = metadata.object()?.clone();
    }
    read_user(&body, &mut request)?;
    read_choice(&body, &mut request)?;
    read_reasoning(&body, &mut request)?;
    read_text(&body, &mut request)?;
    read_include(&body, &mut request)?;
    let stream = body.maybe_flag("stream")?.unwrap_or(false);
    Ok(Asked { request, stream, stream_usage: true, stream_array: false })
}

/// What would be answered in a way that the caller does not expect.
fn refuse(body: &Place<'_>) -> Result<()> {
    if let Some(background) = body.get("background")
        && background.flag()?
    {
        return Err(background.wrong("answers are given at once, leave it out"));
    }
    if let Some(answers) = body.get("n")
        && answers.count()? > 1
    {
        return Err(answers.wrong("expected 1, one answer per call"));
    }
    Ok(())
}

fn read_user(body: &Place<'_>, request: &mut Request) -> Result<()> {
    let newer = body.maybe_text("safety_identifier")?;
    if let Some(identifier) = &newer {
        // It is written back where it came from.
        request.extra.insert("safety_identifier".into(), identifier.as_str().into());
    }
    request.user = body.maybe_text("user")?.or(newer);
    Ok(())
}

fn tools(body: &Place<'_>) -> Result<Vec<Tool>> {
    let Some(tools) = body.get("tools") else { return Ok(Vec::new()) };
    let tool = |place: &Place<'_>| {
        place.object()?;
        if place.required_text("type")? != "function" {
            return Ok(Tool::Other(place.value.clone()));
        }
        let known = ["type", "name", "description", "parameters", "strict"];
        Ok(Tool::Function(Function {
            name: place.required_text("name")?,
            description: place.maybe_text("description")?,
            parameters: place.get("parameters").map(|place| place.value.clone()),
            strict: place.maybe_flag("strict")?,
            cache: None,
            extra: rest(place.value, &known),
        }))
    };
    tools.list()?.iter().map(tool).collect()
}

fn read_choice(body: &Place<'_>, request: &mut Request) -> Result<()> {
    const EXPECTED: &str = "expected auto, none, required, or an object that names tools";
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let known = match choice.value {
        Value::String(word) => Some(match word.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => return Err(choice.wrong(EXPECTED)),
        }),
        Value::Object(_) => match choice.required_text("type")?.as_str() {
            "function" => Some(ToolChoice::Function(choice.required_text("name")?)),
            "allowed_tools" => allowed(&choice)?,
            _ => None,
        },
        _ => return Err(choice.wrong(EXPECTED)),
    };
    if known.is_none() {
        // A choice among tools that only this API has.
        request.extra.insert("tool_choice".into(), choice.value.clone());
    }
    request.tool_choice = known;
    Ok(())
}

/// `None` where others than functions are among the allowed tools.
fn allowed(choice: &Place<'_>) -> Result<Option<ToolChoice>> {
    let mode = choice.required("mode", "auto or required")?;
    let required = match mode.text()? {
        "auto" => false,
        "required" => true,
        _ => return Err(mode.wrong("expected auto or required")),
    };
    let mut names = Vec::new();
    for tool in choice.required("tools", "a list of tools")?.list()? {
        if tool.required_text("type")? != "function" {
            return Ok(None);
        }
        names.push(tool.required_text("name")?);
    }
    Ok(Some(ToolChoice::Allowed { names, required }))
}

fn read_reasoning(body: &Place<'_>, request: &mut Request) -> Result<()> {
    let Some(reasoning) = body.get("reasoning") else { return Ok(()) };
    reasoning.object()?;
    let effort = match reasoning.get("effort") {
        None => None,
        Some(place) => Some(Effort::named(place.text()?).ok_or_else(|| {
            let known: Vec<&str> = Effort::ALL.into_iter().map(Effort::name).collect();
            place.wrong(&format!("expected one of {}", known.join(", ")))
        })?),
    };
    let mut extra = rest(reasoning.value, &["effort", "summary", "generate_summary"]);
    let summary = match reasoning.maybe_text("summary")? {
        None => reasoning.maybe_text("generate_summary")?,
        given => given,
    };
    let silent = reasoning.value.get("summary").is_some_and(Value::is_null);
    let shown = summary.is_some().then_some(true).or(silent.then_some(false));
    if let Some(length) = summary.filter(|length| length != "auto") {
        extra.insert("summary".into(), length.into());
    }
    keep(request, "reasoning", extra);
    request.thinking = Thinking { effort, shown, ..Thinking::default() };
    Ok(())
}

fn read_text(body: &Place<'_>, request: &mut Request) -> Result<()> {
    let Some(text) = body.get("text") else { return Ok(()) };
    text.object()?;
    keep(request, "text", rest(text.value, &["format"]));
    let Some(format) = text.get("format") else { return Ok(()) };
    format.object()?;
    let kind = format.required("type", "text, json_object or json_schema")?;
    request.format = Some(match kind.text()? {
        "text" => Format::Text,
        "json_object" => Format::Json,
        "json_schema" => Format::Schema {
            name: format.maybe_text("name")?,
            description: format.maybe_text("description")?,
            schema: format.required("schema", "a JSON Schema")?.value.clone(),
            strict: format.maybe_flag("strict")?,
        },
        _ => return Err(kind.wrong("expected text, json_object or json_schema")),
    });
    Ok(())
}

fn read_include(body: &Place<'_>, request: &mut Request) -> Result<()> {
    let Some(include) = body.get("include") else { return Ok(()) };
    let mut others = Vec::new();
    for wish in include.list()? {
        match wish.text()? {
            LOGPROBS => request.logprobs = Some(true),
            other => others.push(Value::from(other)),
        }
    }
    request.extra.insert("include".into(), others.into());
    Ok(())
}

/// Keeps what only this API knows of a field that others know, too.
fn keep(request: &mut Request, field: &str, extra: Extra) {
    if !extra.is_empty() {
        request.extra.insert(field.into(), extra.into());
    }
}
