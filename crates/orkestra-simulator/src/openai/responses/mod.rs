//! Responses: reading a request.

mod items;
mod reply;
mod stream;

use serde_json::{Value, json};

use crate::answer::{Format, Offer, Prompt};
use crate::cache::{Cache, Chain};
use crate::fields::{Fields, Refusal};
use crate::tokens;
use crate::vendor::Call;

use super::errors::{self, Responses, invalid, invalid_value};
use super::input::Input;
use super::parameters::{effort, output_limit, sampling};
use super::tools::Form;
use super::{Family, House, formats, glance, tools};

pub(super) use reply::reply;
pub(super) use stream::error_event;

const FIELDS: [&str; 34] = [
    "background",
    "background_options",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "access_programs",
    "context_compression",
];

const INCLUDABLE: [&str; 7] = [
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
];

/// What is asked of a model, and what the answer says about the question.
pub(super) struct Asked {
    prompt: Prompt,
    input: Input,
    stream: bool,
    reasoning: Reasoning,
    /// What the answer repeats of the request.
    echo: Value,
}

/// How reasoning is shown.
#[derive(Debug, Clone, Copy, Default)]
struct Reasoning {
    encrypted: bool,
    summary: bool,
    /// The vendor keeps the items of the answer.
    stored: bool,
}

/// What is asked of a model.
pub(super) fn read(call: &Call, cache: &Cache, house: House<'_>) -> Result<Asked, Refusal> {
    let body = body(call)?;
    let (chain, offer, talk) = weigh(&body, house)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let (model, name) = house.find(body.required_text("model")?)?;
    let family = &model.family;
    talk.suits(family)?;
    let thinking = body.object("reasoning")?;
    let named = thinking.as_ref().map(|fields| fields.text("effort")).transpose()?.flatten();
    let effort = effort("reasoning.effort", named, family, true)?;
    let limit = body.integer("max_output_tokens", 16)?.map(i64::unsigned_abs);
    let most = output_limit("max_output_tokens", limit, model)?;
    sampling(&body, family, effort)?;
    stateless(&body)?;
    let reasoning = reasoning(&body, thinking.as_ref(), family)?;
    let format = format(&body, talk.says_json)?;
    let input = Input::of(&chain, model, limit, false, cache, house)?;
    let prompt = Prompt {
        model: name,
        tail: glance(call).tail,
        offer,
        format,
        limit: most,
        stops: Vec::new(),
        effort,
        thinking_limit: None,
        thinking_step: 64,
        token_factor: 1.0,
    };
    Ok(Asked { prompt, input, stream, reasoning, echo: echo(call) })
}

/// The tokens of a request.
pub(super) fn count(call: &Call, house: House<'_>) -> Result<u64, Refusal> {
    let body = body(call)?;
    house.find(body.required_text("model")?)?;
    Ok(tokens::whole(weigh(&body, house)?.0.weight()))
}

fn body(call: &Call) -> Result<Fields<'_, Responses>, Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Responses>::of(json, String::new())?;
    body.allow(&FIELDS)?;
    Ok(body)
}

/// Tools, instructions and input, in the order in which the cache sees them.
fn weigh(
    body: &Fields<'_, Responses>,
    house: House<'_>,
) -> Result<(Chain, Offer, items::Talk), Refusal> {
    let mut chain = Chain::of_steps(house.manners.cache_step);
    chain.tokens(tokens::PER_REQUEST);
    let offer = tools::read(body, Form::Flat, house.manners, &mut chain)?;
    let instructions = body.text("instructions")?.unwrap_or_default();
    chain.text(instructions);
    let mut talk = items::check(body, &mut chain)?;
    talk.says_json |= instructions.to_lowercase().contains("json");
    Ok((chain, offer, talk))
}

/// Nothing is kept between requests, so that no earlier response can be found.
fn stateless(body: &Fields<'_, Responses>) -> Result<(), Refusal> {
    if let Some(id) = body.text("previous_response_id")? {
        let message = format!("Previous response with id '{id}' not found.");
        let code = Some("previous_response_not_found");
        return Err(invalid(&message, Some("previous_response_id"), code));
    }
    Ok(())
}

fn reasoning(
    body: &Fields<'_, Responses>,
    thinking: Option<&Fields<'_, Responses>>,
    family: &Family,
) -> Result<Reasoning, Refusal> {
    let include = body.texts("include")?;
    if let Some(unknown) = include.iter().find(|name| !INCLUDABLE.contains(&name.as_str())) {
        return Err(invalid_value("include", unknown, &INCLUDABLE));
    }
    let encrypted = include.iter().any(|name| name == "reasoning.encrypted_content");
    if encrypted && family.efforts.is_empty() {
        let message = "Encrypted content is not supported with this model.";
        return Err(invalid(message, Some("include"), None));
    }
    let mut summary = false;
    if let Some(thinking) = thinking {
        thinking.allow(&["effort", "summary", "generate_summary", "context", "mode"])?;
        summary = thinking.text("summary")?.or(thinking.text("generate_summary")?).is_some();
        if summary && family.efforts.is_empty() {
            return Err(errors::unsupported_parameter("reasoning.summary", None));
        }
    }
    Ok(Reasoning { encrypted, summary, stored: body.boolean("store")?.unwrap_or(true) })
}

fn format(body: &Fields<'_, Responses>, says_json: bool) -> Result<Format, Refusal> {
    let Some(text) = body.object("text")? else { return Ok(Format::Text) };
    text.allow(&["format", "verbosity"])?;
    formats::read(text.object("format")?, false, || says_json)
}

/// The parts of the request that the answer repeats.
fn echo(call: &Call) -> Value {
    let given = |name: &str, default: Value| {
        let body = call.json.as_ref().ok();
        let value = body.and_then(|body| body.get(name)).filter(|value| !value.is_null());
        value.cloned().unwrap_or(default)
    };
    let mut text = given("text", json!({}));
    if text.get("format").is_none() {
        text["format"] = json!({"type": "text"});
    }
    let reasoning = given("reasoning", json!({}));
    let of_reasoning = |name: &str| reasoning.get(name).cloned().unwrap_or_default();
    json!({
        "instructions": given("instructions", Value::Null),
        "max_output_tokens": given("max_output_tokens", Value::Null),
        "metadata": given("metadata", json!({})),
        "parallel_tool_calls": given("parallel_tool_calls", json!(true)),
        "reasoning": {"effort": of_reasoning("effort"), "summary": of_reasoning("summary")},
        "store": given("store", json!(true)), "temperature": given("temperature", json!(1.0)),
        "text": text, "tool_choice": given("tool_choice", json!("auto")),
        "tools": given("tools", json!([])), "top_p": given("top_p", json!(1.0)),
        "truncation": given("truncation", json!("disabled")),
    })
}
