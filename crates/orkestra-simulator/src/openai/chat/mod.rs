//! Chat Completions: reading a request.

mod messages;
mod options;
mod reply;
mod stream;

use crate::answer::Prompt;
use crate::cache::{Cache, Chain};
use crate::delivery::Reply;
use crate::fields::{Fields, Refusal, Wording as _};
use crate::tokens;
use crate::vendor::{Call, Twist};

use super::errors::{self, Chat, invalid, only_with, unsupported_parameter};
use super::input::Input;
use super::parameters::{effort, output_limit, sampling};
use super::tools::Form;
use super::{Asked, Family, House, Manners, formats, glance, tools};

const FIELDS: [&str; 37] = [
    "messages",
    "model",
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// Checks a request and answers it.
pub(crate) fn answer(
    call: &Call,
    cache: &Cache,
    house: House<'_>,
    twist: &Twist,
) -> Result<Reply, Refusal> {
    let asked = read(call, cache, house)?;
    Ok(reply::reply(call, &asked, twist, house))
}

/// What is asked of a model.
fn read(call: &Call, cache: &Cache, house: House<'_>) -> Result<Asked, Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Chat>::of(json, String::new())?;
    let manners = house.manners;
    known_fields(&body, manners)?;
    let id = body.required_text("model")?;
    let mut chain = Chain::of_steps(manners.cache_step);
    chain.tokens(tokens::PER_REQUEST);
    let offer = tools::read(&body, Form::Nested, manners, &mut chain)?;
    let talk = messages::check(&body, manners, &mut chain)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let include_usage = options::stream_options(&body, stream)?;
    let (model, name) = house.find(id)?;
    let family = &model.family;
    served_here(family)?;
    talk.suits(family)?;

    let effort = reasoning(&body, family, manners)?;
    let asked = options::limit(&body, family)?;
    let (field, limit) =
        asked.map_or(("max_completion_tokens", None), |(name, limit)| (name, Some(limit)));
    let most = output_limit(field, limit, model)?;
    sampling(&body, family, effort)?;
    let stops = options::stops(&body, family)?;
    options::unsupported(&body, family)?;
    let functions = offer.tools.iter().any(|tool| !tool.custom);
    with_reasoning(functions, effort, family)?;
    messages::reasoning_is_back(&body, manners, effort)?;
    let format = body.object("response_format")?;
    let has_word = || !manners.json_word || talk.says_json;
    let format = formats::read(format, true, has_word)?;
    let marked = options::marked_cache(&body, talk.breakpoints, family)?;
    let input = Input::of(&chain, model, limit, marked, cache, house)?;
    let prompt = Prompt {
        model: name,
        tail: glance(call).tail,
        offer,
        format,
        limit: most,
        stops,
        effort,
        thinking_limit: None,
        thinking_step: 64,
        token_factor: 1.0,
    };
    let logprobs = options::logprobs(&body)?;
    let choices = choices(&body, manners)?;
    Ok(Asked { prompt, input, stream, include_usage, choices, logprobs })
}

fn known_fields(body: &Fields<'_, Chat>, manners: &Manners) -> Result<(), Refusal> {
    if let Some(name) = manners.refused.iter().find(|name| body.has(name)) {
        return Err(invalid(&format!("'{name}' is not supported."), Some(name), None));
    }
    if let Some(name) = manners.forbidden.iter().find(|name| body.has(name)) {
        return Err(Chat::unknown("", name));
    }
    if manners.lenient {
        return Ok(());
    }
    let more: Vec<&str> = manners.more_fields.iter().map(String::as_str).collect();
    body.allow(&[&FIELDS[..], &more].concat())
}

fn served_here(family: &Family) -> Result<(), Refusal> {
    if family.responses_only {
        let message =
            "This model is only supported in v1/responses and not in v1/chat/completions.";
        return Err(errors::error(404, "invalid_request_error", message, Some("model"), None));
    }
    Ok(())
}

fn reasoning(body: &Fields<'_, Chat>, family: &Family, manners: &Manners) -> Result<f64, Refusal> {
    let amount = effort("reasoning_effort", body.text("reasoning_effort")?, family, false)?;
    let switch = if manners.thinking_switch { body.object("thinking")? } else { None };
    let kind = switch.map(|switch| switch.text("type")).transpose()?.flatten();
    Ok(if kind == Some("disabled") { 0.0 } else { amount })
}

fn with_reasoning(functions: bool, effort: f64, family: &Family) -> Result<(), Refusal> {
    if functions && effort > 0.0 && family.tools_without_reasoning {
        let message = "Function tools with reasoning_effort are not supported for this model in \
                       /v1/chat/completions. Please use /v1/responses or set reasoning_effort to 'none'.";
        return Err(invalid(message, Some("reasoning_effort"), None));
    }
    Ok(())
}

fn choices(body: &Fields<'_, Chat>, manners: &Manners) -> Result<u64, Refusal> {
    let choices = body.integer("n", 1)?.unwrap_or(1).unsigned_abs();
    if choices > manners.most_choices {
        let most = manners.most_choices;
        let message = format!(
            "Invalid 'n': integer above maximum value. Expected a value <= {most}, but got {choices} instead."
        );
        return Err(invalid(&message, Some("n"), Some("integer_above_max_value")));
    }
    Ok(choices)
}
