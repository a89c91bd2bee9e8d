//! Reading a Messages request, and one that only counts its tokens.

use crate::answer::Prompt;
use crate::exchange::{Call, Vendor as _};
use crate::fields::{Fields, Refusal, Wording as _};
use crate::rules::{Model, Rules};
use crate::tokens;

use super::errors::{self, Messages, invalid};
use super::messages::{self, Weights};
use super::thinking::{self, Thinking};
use super::{Anthropic, Asked, Family, Input, Sampling};

const FIELDS: [&str; 21] = [
    "model",
    "messages",
    "max_tokens",
    "cache_control",
    "container",
    "diagnostics",
    "inference_geo",
    "metadata",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "workspace_id",
];

/// Fields that are known only together with an `anthropic-beta` header.
const BETA_FIELDS: [&str; 8] = [
    "billing_policy",
    "compaction",
    "context_management",
    "fallback_credit_token",
    "fallbacks",
    "mcp_servers",
    "thread",
    "user_profile_id",
];

const COUNTED: [&str; 9] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
    "speed",
];

/// The request's model and what is asked of it.
pub(super) fn read<'r>(
    call: &Call,
    rules: &'r Rules,
) -> Result<(&'r Model<Family>, Asked), Refusal> {
    let body = fields(call, &FIELDS)?;
    let id = body.required_text("model")?;
    body.required("max_tokens")?;
    let limit = body.tokens("max_tokens")?.unwrap_or_default();
    let (weights, prefilled) = weigh(&body)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let stops = body.texts("stop_sequences")?;
    if stops.iter().any(|stop| stop.trim().is_empty()) {
        return Err(invalid("stop_sequences: each stop sequence must contain non-whitespace"));
    }
    let model = find_model(rules, id)?;
    let family = &model.family;
    if limit > model.max_output {
        return Err(invalid(&format!(
            "max_tokens: {limit} > {}, which is the maximum allowed number of output tokens for {id}",
            model.max_output
        )));
    }
    let thinking = thinking::read(&body, family, Some(limit))?;
    sampling(&body, family, thinking)?;
    if prefilled && !family.prefill {
        return Err(invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    tool_choice(&body, family, thinking)?;
    let input = input(weights, model)?;
    let prompt = Prompt {
        model: model.answers_as().to_owned(),
        newest: Anthropic.glance(call).newest,
        limit,
        stops,
        effort: thinking.effort,
        thinking_limit: thinking.budget,
        thinking_step: 1,
        token_factor: family.token_factor,
    };
    Ok((model, Asked { prompt, input, stream, thinking_shown: thinking.shown }))
}

/// The tokens of a request that only counts them.
pub(super) fn count(call: &Call, rules: &Rules) -> Result<u64, Refusal> {
    let body = fields(call, &COUNTED)?;
    let id = body.required_text("model")?;
    let (weights, _) = weigh(&body)?;
    let model = find_model(rules, id)?;
    thinking::read(&body, &model.family, None)?;
    Ok(tokens::whole(weights.all * model.family.token_factor))
}

fn fields<'a>(call: &'a Call, known: &[&str]) -> Result<Fields<'a, Messages>, Refusal> {
    let json = call.json.as_ref();
    let json =
        json.map_err(|why| invalid(&format!("The request body is not valid JSON: {why}")))?;
    let body = Fields::<Messages>::of(json, String::new())?;
    let beta: &[&str] = if call.header("anthropic-beta").is_some() { &BETA_FIELDS } else { &[] };
    body.allow(&[known, beta].concat())?;
    Ok(body)
}

fn find_model<'r>(rules: &'r Rules, id: &str) -> Result<&'r Model<Family>, Refusal> {
    rules.anthropic.find(id).ok_or_else(|| errors::not_found(&format!("model: {id}")))
}

/// Tools, system and messages, in the order in which the cache sees them.
fn weigh(body: &Fields<'_, Messages>) -> Result<(Weights, bool), Refusal> {
    let mut weights = Weights { all: tokens::PER_REQUEST, ..Weights::default() };
    let tools = body.list("tools")?.map(Vec::as_slice).unwrap_or_default();
    for (tool, json) in body.objects("tools")?.iter().zip(tools) {
        if tool.text("type")?.is_none_or(|kind| kind == "custom") {
            tool.required_text("name")?;
            tool.required("input_schema")?;
            tool.object("input_schema")?;
        }
        weights.add(tool, tokens::weight(&json.to_string()))?;
    }
    messages::system(body, &mut weights)?;
    let prefilled = messages::check(body, &mut weights)?;
    // On the request itself it marks the last block.
    weights.mark(body)?;
    Ok((weights, prefilled))
}

/// Splits the prompt into what is read from the cache, written to it, and neither. A conversation in which the model
/// has spoken is taken to follow right upon its last turn, with the same marks.
fn input(weights: Weights, model: &Model<Family>) -> Result<Input, Refusal> {
    let whole = |weight: f64| tokens::whole(weight * model.family.token_factor);
    let total = whole(weights.all);
    if total > model.context {
        return Err(invalid(&format!(
            "prompt is too long: {total} tokens > {} maximum",
            model.context
        )));
    }
    let cacheable = |tokens: u64| if tokens < model.family.min_cacheable { 0 } else { tokens };
    let marked = cacheable(whole(weights.marked));
    let read = cacheable(whole(weights.before_last_answer.min(weights.marked)));
    let written = marked - read;
    let (written_5m, written_1h) = if weights.for_an_hour { (0, written) } else { (written, 0) };
    Ok(Input { plain: total - marked, read, written_5m, written_1h })
}

fn sampling(
    body: &Fields<'_, Messages>,
    family: &Family,
    thinking: Thinking,
) -> Result<(), Refusal> {
    let temperature = body.number("temperature", 0.0..=1.0)?;
    body.number("top_p", 0.0..=1.0)?;
    body.integer("top_k", 0)?;
    let is_one = |temperature: f64| (temperature - 1.0).abs() <= f64::EPSILON;
    let refused = |name: &str| Err(invalid(&format!("`{name}` is deprecated for this model.")));
    let given = |name: &&&str| body.has(name);
    match family.sampling {
        Sampling::Free if thinking.effort > 0.0 => match temperature {
            Some(temperature) if !is_one(temperature) => {
                Err(invalid("`temperature` may only be set to 1 when thinking is enabled."))
            }
            _ if body.has("top_k") => {
                Err(invalid("`top_k` must be unset when thinking is enabled."))
            }
            _ => Ok(()),
        },
        Sampling::Free => Ok(()),
        Sampling::One => match ["top_p", "top_k"].iter().find(given) {
            Some(name) => refused(name),
            None if temperature.is_some_and(|temperature| !is_one(temperature)) => {
                refused("temperature")
            }
            None => Ok(()),
        },
        Sampling::Refused => match ["temperature", "top_p", "top_k"].iter().find(given) {
            Some(name) => refused(name),
            None => Ok(()),
        },
    }
}

fn tool_choice(
    body: &Fields<'_, Messages>,
    family: &Family,
    thinking: Thinking,
) -> Result<(), Refusal> {
    let Some(choice) = body.object("tool_choice")? else { return Ok(()) };
    choice.allow(&["type", "name", "disable_parallel_tool_use"])?;
    let kind = choice.required_text("type")?;
    if !["auto", "any", "tool", "none"].contains(&kind) {
        return Err(invalid(&format!(
            "{}: Input should be 'auto', 'any', 'tool' or 'none'",
            choice.at("type")
        )));
    }
    if kind == "tool" && !choice.has("name") {
        return Err(Messages::missing(&choice.at("name")));
    }
    let forced = kind == "any" || kind == "tool";
    if forced && !family.forced_tools {
        return Err(invalid(&format!(
            "tool_choice: type '{kind}' is not supported for this model."
        )));
    }
    // Models that always think have learnt to be forced; those that think on demand have not.
    if forced && thinking.effort > 0.0 && family.thinking.iter().any(|kind| kind == "enabled") {
        return Err(invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(())
}
