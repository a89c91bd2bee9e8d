//! Reading a Messages request, and one that only counts its tokens.

use serde_json::Value;

use crate::answer::{Offer, Prompt};
use crate::exchange::World;
use crate::fields::{Fields, Refusal};
use crate::rules::Model;
use crate::tokens;
use crate::vendor::{Call, Vendor as _};
use crate::wishes::Tail;

use super::blocks::Binding;
use super::errors::{self, Messages, invalid};
use super::messages::{self, Conversation};
use super::prompt::Weighing;
use super::thinking::{self, Thinking};
use super::{Anthropic, Asked, Family, Sampling, format, media, tools};

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
pub(super) fn read<'w>(
    call: &Call,
    world: &'w World,
) -> Result<(&'w Model<Family>, Asked), Refusal> {
    let body = fields(call, &FIELDS)?;
    let id = body.required_text("model")?;
    body.required("max_tokens")?;
    let limit = body.tokens("max_tokens")?.unwrap_or_default();
    let model = find_model(world, id)?;
    let family = &model.family;
    let mut weighing = Weighing::new();
    let tools = tools::read(&body, &mut weighing)?;
    let binding = thinking::binding(call, &body, world.bind_thinking && family.guards_thinking)?;
    let conversation = weigh(&body, model, binding, &mut weighing)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let stops = body.texts("stop_sequences")?;
    if stops.iter().any(|stop| stop.trim().is_empty()) {
        return Err(invalid("stop_sequences: each stop sequence must contain non-whitespace"));
    }
    if limit > model.max_output {
        return Err(invalid(&format!(
            "max_tokens: {limit} > {}, which is the maximum allowed number of output tokens for {id}",
            model.max_output
        )));
    }
    let tail = Anthropic.glance(call).tail;
    let mut thinking = thinking::read(&body, family, Some(limit))?;
    sampling(&body, family, thinking)?;
    prefill(&conversation, family, thinking)?;
    let offer = tools::choice(&body, tools, family, thinking)?;
    thinking.effort *= thinking::share(thinking, &tail, &conversation);
    let format = format::read(&body)?;
    let input = weighing.input(model, &world.cache)?;
    let prompt = Prompt { format, stops, ..prompt(model, tail, offer, limit, thinking) };
    let tells = conversation.tells_reasoning && family.guards_thinking;
    let asked = Asked {
        prompt,
        input,
        stream,
        thinking_shown: thinking.shown,
        prefix: weighing.chain.so_far(),
        declined: tells.then_some("reasoning_extraction"),
    };
    Ok((model, asked))
}

fn prompt(
    model: &Model<Family>,
    tail: Tail,
    offer: Offer,
    limit: u64,
    thinking: Thinking,
) -> Prompt {
    Prompt {
        model: model.answers_as().to_owned(),
        tail,
        offer,
        format: crate::answer::Format::Text,
        limit,
        stops: Vec::new(),
        effort: thinking.effort,
        thinking_limit: thinking.budget,
        thinking_step: 1,
        token_factor: model.family.token_factor,
    }
}

/// The tokens of a request that only counts them.
pub(super) fn count(call: &Call, world: &World) -> Result<u64, Refusal> {
    let body = fields(call, &COUNTED)?;
    let model = find_model(world, body.required_text("model")?)?;
    if tools::any_of_server(&body) {
        return Err(invalid("Server tools are not supported in the count_tokens endpoint."));
    }
    if sources_elsewhere(body.get("messages").unwrap_or(&Value::Null)) {
        return Err(invalid(
            "URL and file sources are not supported in the count_tokens endpoint.",
        ));
    }
    let mut weighing = Weighing::new();
    tools::read(&body, &mut weighing)?;
    weigh(&body, model, Binding::None, &mut weighing)?;
    thinking::read(&body, &model.family, None)?;
    Ok(tokens::whole(weighing.chain.weight() * model.family.token_factor))
}

fn sources_elsewhere(messages: &Value) -> bool {
    let blocks = |message: &Value| -> Vec<Value> {
        message.get("content").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    messages.as_array().is_some_and(|messages| {
        messages.iter().any(|message| blocks(message).iter().any(media::is_elsewhere))
    })
}

fn fields<'a>(call: &'a Call, known: &[&str]) -> Result<Fields<'a, Messages>, Refusal> {
    let json = call.json.as_ref();
    let json =
        json.map_err(|why| invalid(&format!("The request body is not valid JSON: {why}")))?;
    let body = Fields::<Messages>::of(json, String::new())?;
    let beta: &[&str] = if call.header("anthropic-beta").is_some() { &BETA_FIELDS } else { &[] };
    body.allow(&[known, beta].concat())?;
    if body.has("thread") {
        return Err(errors::no_threads());
    }
    Ok(body)
}

fn find_model<'w>(world: &'w World, id: &str) -> Result<&'w Model<Family>, Refusal> {
    world.rules.anthropic.find(id).ok_or_else(|| errors::not_found(&format!("model: {id}")))
}

/// System and messages, in the order in which the cache sees them; the tools come before.
fn weigh(
    body: &Fields<'_, Messages>,
    model: &Model<Family>,
    binding: Binding,
    weighing: &mut Weighing,
) -> Result<Conversation, Refusal> {
    messages::system(body, weighing)?;
    let conversation = messages::check(body, &model.family, &model.id, binding, weighing)?;
    weighing.end_all(body)?;
    Ok(conversation)
}

fn prefill(
    conversation: &Conversation,
    family: &Family,
    thinking: Thinking,
) -> Result<(), Refusal> {
    if conversation.prefilled && !family.prefill {
        return Err(invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    if conversation.prefilled && thinking.effort > 0.0 {
        return Err(invalid(
            "Assistant message prefill is not supported when thinking is enabled. The conversation must end with a \
             user message.",
        ));
    }
    Ok(())
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
