//! Limits, stops and the rest of a Chat Completions request's options.

use serde_json::Value;

use crate::fields::{Fields, Refusal};

use super::{Chat, Family, invalid, only_with, unsupported_parameter};
use crate::openai::errors::{empty_array, too_much};

/// The limit on output tokens and the field that says it.
pub(super) fn limit(
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

/// Whether a stream ends with its usage.
pub(super) fn stream_options(body: &Fields<'_, Chat>, stream: bool) -> Result<bool, Refusal> {
    let Some(options) = body.object("stream_options")? else { return Ok(false) };
    if !stream {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(invalid(message, Some("stream_options"), None));
    }
    options.allow(&["include_usage", "include_obfuscation"])?;
    options.boolean("include_obfuscation")?;
    Ok(options.boolean("include_usage")?.unwrap_or(false))
}

pub(super) fn stops(body: &Fields<'_, Chat>, family: &Family) -> Result<Vec<String>, Refusal> {
    let stops = match body.get("stop") {
        None => return Ok(Vec::new()),
        Some(_) if !family.stop => return Err(unsupported_parameter("stop", None)),
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(_) => body.texts("stop")?,
    };
    match stops.len() {
        0 => Err(empty_array("stop")),
        count if count > 4 => Err(too_much("stop", "array", 4, count)),
        _ => Ok(stops.into_iter().filter(|stop| !stop.is_empty()).collect()),
    }
}

/// Penalties, biases and predictions, which reasoning models refuse.
pub(super) fn unsupported(body: &Fields<'_, Chat>, family: &Family) -> Result<(), Refusal> {
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
    body.integer("seed", i64::MIN)?;
    Ok(())
}

/// The number of alternatives whose probabilities are wanted; none: no probabilities at all.
pub(super) fn logprobs(body: &Fields<'_, Chat>) -> Result<Option<usize>, Refusal> {
    let wanted = body.boolean("logprobs")?.unwrap_or(false);
    let alternatives = body.number("top_logprobs", 0.0..=20.0)?;
    if alternatives.is_some() && !wanted {
        return Err(only_with("top_logprobs", "logprobs"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 20")]
    let alternatives = alternatives.unwrap_or_default() as usize;
    Ok(wanted.then_some(alternatives))
}

/// Whether only the prefixes that the request marks are cached. `breakpoints`: how many parts are marked.
pub(super) fn marked_cache(
    body: &Fields<'_, Chat>,
    breakpoints: usize,
    family: &Family,
) -> Result<bool, Refusal> {
    let options = body.object("prompt_cache_options")?;
    if !family.cache_writes {
        if options.is_some() {
            return Err(unsupported_parameter("prompt_cache_options", None));
        }
        if breakpoints > 0 {
            return Err(unsupported_parameter("prompt_cache_breakpoint", None));
        }
        return Ok(false);
    }
    if breakpoints > 4 {
        return Err(too_much("prompt_cache_breakpoint", "array", 4, breakpoints));
    }
    let Some(options) = options else { return Ok(false) };
    options.allow(&["mode", "ttl"])?;
    Ok(options.text("mode")? == Some("explicit"))
}
