//! The body of a caller's call → neutral request.

use serde_json::Value;

use super::{
    super::{
        Asked, Call,
        fields::{self, Fields},
    },
    messages_read, tools,
};
use crate::{
    chat::{DialectName, Effort, Format, Request, Thinking, ThinkingMode, Tool, ToolChoice},
    error::{Error, Result},
};

/// Reads what a caller asks.
pub(super) fn read(call: &Call<'_>) -> Result<Asked> {
    let mut body = fields::body(call.body)?;
    let messages = messages(&mut body)?;
    let (tools, choice) = tool_fields(&mut body)?;
    one_answer(&mut body)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let stream_usage = match body.object("stream_options")? {
        Some(mut options) => options.boolean("include_usage")?.unwrap_or(false),
        None => false,
    };
    let legacy_limit = body.count("max_tokens")?;
    let request = Request {
        messages,
        max_tokens: body.count("max_completion_tokens")?.or(legacy_limit),
        temperature: body.number("temperature")?,
        top_p: body.number("top_p")?,
        top_k: body.count("top_k")?,
        stop: stop(&mut body)?,
        seed: body.integer("seed")?,
        frequency_penalty: body.number("frequency_penalty")?,
        presence_penalty: body.number("presence_penalty")?,
        logprobs: body.boolean("logprobs")?,
        tools,
        tool_choice: choice,
        parallel_tool_calls: body.boolean("parallel_tool_calls")?,
        format: format(&mut body)?,
        thinking: thinking(&mut body)?,
        cache_key: body.text("prompt_cache_key")?,
        cache: None,
        user: user(&mut body)?,
        metadata: body.object("metadata")?.map(Fields::rest).unwrap_or_default(),
        model: body.text("model")?,
        dialect: Some(DialectName::Openai),
        headers: headers(call),
        extra: body.rest(),
    };
    Ok(Asked { request, stream, stream_usage, stream_array: false })
}

fn headers(call: &Call<'_>) -> Vec<(String, String)> {
    call.headers.iter().filter(|(name, _)| name.starts_with("openai-")).cloned().collect()
}

fn messages(body: &mut Fields) -> Result<Vec<crate::chat::Message>> {
    match body.list("messages")? {
        Some(list) => messages_read::messages(list),
        // Some clients post the Responses API's body here.
        None if body.get("input").is_some() => Err(Error::invalid(
            "messages is missing; expected a list of messages (input belongs to the Responses API, /v1/responses)",
        )),
        None => Err(fields::absent("messages", "a list of messages")),
    }
}

fn tool_fields(body: &mut Fields) -> Result<(Vec<Tool>, Option<ToolChoice>)> {
    let mut list = tools::read(body.list("tools")?.unwrap_or_default())?;
    let functions = body.list("functions")?.unwrap_or_default();
    for (position, function) in functions.into_iter().enumerate() {
        let function = Fields::of(function, format!("functions[{position}]"))?;
        list.push(Tool::Function(tools::read_function(function)?));
    }
    let older = body.take("function_call").map(|choice| tools::read_function_call(&choice));
    let choice = match body.get("tool_choice").cloned().map(tools::read_choice).transpose()? {
        Some(Ok(choice)) => {
            body.take("tool_choice");
            Some(choice)
        }
        // It stays among what only this API knows.
        Some(Err(_)) => None,
        None => older.transpose()?,
    };
    Ok((list, choice))
}

fn one_answer(body: &mut Fields) -> Result<()> {
    match body.count("n")? {
        None | Some(1) => Ok(()),
        Some(n) => Err(Error::invalid(format!("n is {n}; expected 1, one answer per call"))),
    }
}

fn stop(body: &mut Fields) -> Result<Vec<String>> {
    let expected = "text or a list of texts";
    match body.take("stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop]),
        Some(Value::Array(list)) => {
            let text = |(position, value): (usize, Value)| match value {
                Value::String(stop) => Ok(stop),
                other => Err(fields::wrong(&format!("stop[{position}]"), &other, "text")),
            };
            list.into_iter().enumerate().map(text).collect()
        }
        Some(other) => Err(fields::wrong("stop", &other, expected)),
    }
}

fn format(body: &mut Fields) -> Result<Option<Format>> {
    let Some(mut format) = body.object("response_format")? else { return Ok(None) };
    let expected = "\"text\", \"json_object\" or \"json_schema\"";
    let kind = format.needed_text("type", expected)?;
    match kind.as_str() {
        "text" => Ok(Some(Format::Text)),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let place = format.place("json_schema");
            let inner = format.object("json_schema")?;
            let mut inner =
                inner.ok_or_else(|| fields::absent(&place, "an object with the schema"))?;
            let missing = fields::absent(&inner.place("schema"), "a JSON Schema");
            Ok(Some(Format::Schema {
                name: inner.text("name")?,
                description: inner.text("description")?,
                strict: inner.boolean("strict")?,
                schema: inner.take("schema").ok_or(missing)?,
            }))
        }
        _ => Err(fields::wrong("response_format.type", &kind.into(), expected)),
    }
}

/// `reasoning_effort`, and the switch `thinking` that compatible servers have.
fn thinking(body: &mut Fields) -> Result<Thinking> {
    let mut thinking = Thinking::default();
    if let Some(name) = body.text("reasoning_effort")? {
        let effort = Effort::named(&name);
        thinking.effort = Some(effort.ok_or_else(|| {
            let names = Effort::ALL.map(Effort::name).join(", ");
            fields::wrong("reasoning_effort", &name.into(), &format!("one of {names}"))
        })?);
    }
    let Some(mut switch) = body.object("thinking")? else { return Ok(thinking) };
    thinking.budget = switch.count("budget_tokens")?;
    let expected = "\"enabled\" or \"disabled\"";
    let kind = switch.needed_text("type", expected)?;
    thinking.mode = Some(match kind.as_str() {
        "enabled" if thinking.budget.is_some() => ThinkingMode::Budget,
        "enabled" | "adaptive" => ThinkingMode::Adaptive,
        "disabled" => ThinkingMode::Disabled,
        _ => return Err(fields::wrong("thinking.type", &kind.into(), expected)),
    });
    Ok(thinking)
}

/// `user`, or `safety_identifier`, which is taking its place. The newer name stays among the extra fields, to be written
/// back where it came from.
fn user(body: &mut Fields) -> Result<Option<String>> {
    let user = body.text("user")?;
    let newer = body.text("safety_identifier")?;
    if let Some(identifier) = &newer {
        body.put_back("safety_identifier", identifier.as_str().into());
    }
    Ok(user.or(newer))
}
