//! Reading a Responses request.

use serde_json::Value;

use crate::answer::Prompt;
use crate::exchange::{Call, Vendor as _};
use crate::fields::{Expected, Fields, Refusal, Wording as _};
use crate::rules::{Model, Rules};
use crate::tokens;

use super::errors::{self, Responses, invalid_value};
use super::parameters::{effort, fits, output_limit, sampling};
use super::{Asked, Family, Input, OpenAi, find_model};

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

const ROLES: [&str; 4] = ["assistant", "system", "developer", "user"];
const PARTS: [&str; 6] =
    ["input_text", "input_image", "output_text", "refusal", "input_file", "input_audio"];

/// The request's model and what is asked of it.
pub(super) fn read<'r>(
    call: &Call,
    rules: &'r Rules,
) -> Result<(&'r Model<Family>, Asked), Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Responses>::of(json, String::new())?;
    body.allow(&FIELDS)?;
    let id = body.required_text("model")?;
    let (all, before_last_answer) = input(&body)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let model = find_model(rules, id)?;
    let family = &model.family;

    let reasoning = body.object("reasoning")?;
    let named = reasoning.as_ref().map(|reasoning| reasoning.text("effort")).transpose()?.flatten();
    let effort = effort("reasoning.effort", named, family, true)?;
    let limit = body.integer("max_output_tokens", 16)?.map(i64::unsigned_abs);
    let most = output_limit("max_output_tokens", limit, model)?;
    sampling(&body, family, effort)?;
    let mut fixed = tokens::PER_REQUEST + body.text("instructions")?.map_or(0.0, tokens::weight);
    for tool in body.objects("tools")? {
        tool.required_text("type")?;
    }
    fixed += body.get("tools").map_or(0.0, |tools| tokens::weight(&tools.to_string()));

    let input = Input::of(all + fixed, before_last_answer + fixed, family);
    fits(input.total, limit, model)?;
    let prompt = Prompt {
        model: model.answers_as().to_owned(),
        newest: OpenAi.glance(call).newest,
        limit: most,
        stops: Vec::new(),
        effort,
        thinking_limit: None,
        thinking_step: 64,
        token_factor: 1.0,
    };
    Ok((model, Asked { prompt, input, stream, include_usage: true, choices: 1 }))
}

/// Checks `input` and weighs it: all of it, and what comes before the last answer.
fn input(body: &Fields<'_, Responses>) -> Result<(f64, f64), Refusal> {
    match body.required("input")? {
        Value::String(text) => return Ok((tokens::weight(text) + tokens::PER_MESSAGE, 0.0)),
        Value::Array(_) => {}
        other => return Err(Responses::wrong_type("input", Expected::List, other)),
    }
    let (mut all, mut before) = (0.0, 0.0);
    for item in body.objects("input")? {
        let kind = item.text("type")?.unwrap_or("message");
        if kind == "message" {
            let role = item.required_text("role")?;
            if !ROLES.contains(&role) {
                return Err(invalid_value(&item.at("role"), role, &ROLES));
            }
            if role == "assistant" {
                before = all;
            }
            all += message(&item)?;
        } else {
            // Calls, their outputs and reasoning are weighed as they stand; their order is not checked yet.
            all += ["arguments", "output"]
                .iter()
                .filter_map(|name| item.get(name))
                .map(|value| tokens::weight(&value.to_string()))
                .sum::<f64>();
        }
    }
    Ok((all, before))
}

fn message(item: &Fields<'_, Responses>) -> Result<f64, Refusal> {
    item.allow(&["type", "role", "content", "id", "status", "phase"])?;
    let mut weight = tokens::PER_MESSAGE;
    if let Value::String(text) = item.required("content")? {
        return Ok(weight + tokens::weight(text));
    }
    for part in item.objects("content")? {
        let kind = part.required_text("type")?;
        if !PARTS.contains(&kind) {
            return Err(invalid_value(&part.at("type"), kind, &PARTS));
        }
        weight += match kind {
            "input_text" | "output_text" => tokens::weight(part.required_text("text")?),
            "refusal" => tokens::weight(part.required_text("refusal")?),
            _ => tokens::PER_MEDIUM,
        };
    }
    Ok(weight)
}
