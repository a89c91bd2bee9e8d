//! Reading a Chat Completions request.

use crate::answer::Prompt;
use crate::exchange::{Call, Vendor as _};
use crate::fields::{Fields, Refusal};
use crate::rules::{Model, Rules};
use crate::tokens;

use super::errors::{self, Chat, invalid, unsupported_parameter};
use super::parameters::{effort, fits, output_limit, sampling};
use super::{Asked, Family, Input, OpenAi, find_model, messages};

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

/// The request's model and what is asked of it.
pub(super) fn read<'r>(
    call: &Call,
    rules: &'r Rules,
) -> Result<(&'r Model<Family>, Asked), Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Chat>::of(json, String::new())?;
    body.allow(&FIELDS)?;
    let id = body.required_text("model")?;
    let weights = messages::check(&body)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let include_usage = stream_options(&body, stream)?;
    let model = find_model(rules, id)?;
    let family = &model.family;

    let effort = effort("reasoning_effort", body.text("reasoning_effort")?, family, false)?;
    let asked = limit_asked(&body, family)?;
    let (name, limit) =
        asked.map_or(("max_completion_tokens", None), |(name, limit)| (name, Some(limit)));
    let most = output_limit(name, limit, model)?;
    sampling(&body, family, effort)?;
    let stops = stops(&body, family)?;
    unsupported(&body, family)?;
    let tools = tools(&body, family, effort)?;

    let weight = |messages: f64| messages + tools + tokens::PER_REQUEST;
    let input = Input::of(weight(weights.all), weight(weights.before_last_answer), family);
    fits(input.total, limit, model)?;
    let choices = body.integer("n", 1)?.unwrap_or(1).unsigned_abs().min(128);
    let prompt = Prompt {
        model: model.answers_as().to_owned(),
        newest: OpenAi.glance(call).newest,
        limit: most,
        stops,
        effort,
        thinking_limit: None,
        thinking_step: 64,
        token_factor: 1.0,
    };
    Ok((model, Asked { prompt, input, stream, include_usage, choices }))
}

/// The limit on output tokens and the field that says it.
fn limit_asked(
    body: &Fields<'_, Chat>,
    family: &Family,
) -> Result<Option<(&'static str, u64)>, Refusal> {
    let (legacy, current) = (body.tokens("max_tokens")?, body.tokens("max_completion_tokens")?);
    if legacy.is_some() && !family.legacy_max_tokens {
        return Err(unsupported_parameter("max_tokens", Some("max_completion_tokens")));
    }
    match (legacy, current) {
        (Some(_), Some(_)) => {
            let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
            Err(invalid(message, Some("max_tokens"), Some("invalid_parameter_combination")))
        }
        (Some(limit), None) => Ok(Some(("max_tokens", limit))),
        (None, Some(limit)) => Ok(Some(("max_completion_tokens", limit))),
        (None, None) => Ok(None),
    }
}

fn stream_options(body: &Fields<'_, Chat>, stream: bool) -> Result<bool, Refusal> {
    let Some(options) = body.object("stream_options")? else { return Ok(false) };
    if !stream {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(invalid(message, Some("stream_options"), None));
    }
    options.allow(&["include_usage", "include_obfuscation"])?;
    options.boolean("include_obfuscation")?;
    Ok(options.boolean("include_usage")?.unwrap_or(false))
}

fn stops(body: &Fields<'_, Chat>, family: &Family) -> Result<Vec<String>, Refusal> {
    let stops = match body.get("stop") {
        None => return Ok(Vec::new()),
        Some(_) if !family.stop => return Err(unsupported_parameter("stop", None)),
        Some(serde_json::Value::String(stop)) => vec![stop.clone()],
        Some(_) => body.texts("stop")?,
    };
    if stops.len() > 4 {
        let count = stops.len();
        let message = format!(
            "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length \
             {count} instead."
        );
        return Err(invalid(&message, Some("stop"), Some("array_above_max_length")));
    }
    Ok(stops)
}

/// Penalties, biases and predictions, which reasoning models refuse.
fn unsupported(body: &Fields<'_, Chat>, family: &Family) -> Result<(), Refusal> {
    for name in ["frequency_penalty", "presence_penalty"] {
        let penalty = body.number(name, -2.0..=2.0)?;
        if !family.penalties && penalty.is_some_and(|penalty| penalty != 0.0) {
            return Err(unsupported_parameter(name, None));
        }
    }
    let refused = ["logit_bias", "prediction", "audio"];
    if let Some(name) = refused.iter().find(|name| !family.penalties && body.has(name)) {
        return Err(unsupported_parameter(name, None));
    }
    if body.has("parallel_tool_calls") && !family.parallel_tool_calls {
        return Err(unsupported_parameter("parallel_tool_calls", None));
    }
    Ok(())
}

/// Checks the form of tools and weighs them. Calling them is not simulated yet: answers are text.
fn tools(body: &Fields<'_, Chat>, family: &Family, effort: f64) -> Result<f64, Refusal> {
    let tools = body.objects("tools")?;
    let mut weight = 0.0;
    let mut functions = 0;
    for tool in &tools {
        let kind = tool.required_text("type")?;
        if kind != "function" {
            continue;
        }
        functions += 1;
        tool.required("function")?;
        if let Some(function) = tool.object("function")? {
            function.allow(&["name", "description", "parameters", "strict"])?;
            function.required_text("name")?;
            function.object("parameters")?;
            weight += tool.get("function").map_or(0.0, |json| tokens::weight(&json.to_string()));
        }
    }
    if functions > 0 && effort > 0.0 && family.tools_without_reasoning {
        let message = "Function tools with reasoning_effort are not supported for this model in \
                       /v1/chat/completions. Please use /v1/responses or set reasoning_effort to 'none'.";
        return Err(invalid(message, Some("reasoning_effort"), None));
    }
    Ok(weight)
}
