//! The parameter rules that Chat Completions and Responses share.

use crate::fields::{Fields, Refusal, Wording};
use crate::rules::Model;

use super::errors::{self, invalid_value, unsupported_parameter, unsupported_value};
use super::{Family, Sampling};

/// Every reasoning effort that some model knows, and how much thinking it stands for.
const EFFORTS: [(&str, f64); 7] = [
    ("none", 0.0),
    ("minimal", 0.25),
    ("low", 0.5),
    ("medium", 1.0),
    ("high", 2.0),
    ("xhigh", 3.0),
    ("max", 4.0),
];

/// The effort that `named`, or else the model's default, stands for.
pub(super) fn effort(
    name: &str,
    named: Option<&str>,
    family: &Family,
    on_responses: bool,
) -> Result<f64, Refusal> {
    let of = |effort: &str| {
        EFFORTS.iter().find(|(known, _)| *known == effort).map(|(_, amount)| *amount)
    };
    let Some(effort) = named else {
        return Ok(family.default_effort.as_deref().and_then(of).unwrap_or(0.0));
    };
    if family.efforts.is_empty() {
        return Err(unsupported_parameter(name, None));
    }
    let Some(amount) = of(effort) else {
        return Err(invalid_value(name, effort, &EFFORTS.map(|(known, _)| known)));
    };
    let more = if on_responses { family.more_efforts_on_responses.as_slice() } else { &[] };
    if !family.efforts.iter().chain(more).any(|known| known == effort) {
        let supported: Vec<String> =
            family.efforts.iter().chain(more).map(|known| format!("'{known}'")).collect();
        let message = format!(
            "'{name}' does not support '{effort}' with this model. Supported values are: {}.",
            supported.join(", ")
        );
        return Err(unsupported_value(name, &message));
    }
    Ok(amount)
}

/// Temperature, top_p and log probabilities, which reasoning models refuse.
pub(super) fn sampling<W: Wording>(
    fields: &Fields<'_, W>,
    family: &Family,
    effort: f64,
) -> Result<(), Refusal> {
    let temperature = fields.number("temperature", 0.0..=2.0)?;
    fields.number("top_p", 0.0..=1.0)?;
    let free = match family.sampling {
        Sampling::Free => true,
        Sampling::DefaultOnly => false,
        Sampling::WithoutReasoning => effort <= 0.0,
    };
    if free {
        return Ok(());
    }
    if let Some(temperature) =
        temperature.filter(|temperature| (temperature - 1.0).abs() > f64::EPSILON)
    {
        let message = format!(
            "'temperature' does not support {temperature} with this model. Only the default (1) value is supported."
        );
        return Err(unsupported_value("temperature", &message));
    }
    match ["top_p", "logprobs", "top_logprobs"].iter().find(|name| fields.has(name)) {
        Some(name) => Err(unsupported_parameter(name, None)),
        None => Ok(()),
    }
}

/// The most tokens that the answer may have.
pub(super) fn output_limit(
    name: &str,
    asked: Option<u64>,
    model: &Model<Family>,
) -> Result<u64, Refusal> {
    match asked {
        Some(asked) if asked > model.max_output => {
            Err(errors::too_many_output_tokens(name, asked, model))
        }
        asked => Ok(asked.unwrap_or(model.max_output)),
    }
}

/// Refuses a prompt that does not fit the model.
pub(super) fn fits(
    prompt: u64,
    asked: Option<u64>,
    model: &Model<Family>,
    status: u16,
) -> Result<(), Refusal> {
    if prompt > model.context {
        return Err(errors::too_long(model.context, prompt, None, status));
    }
    match asked.filter(|_| model.shared_context) {
        Some(asked) if prompt + asked > model.context => {
            Err(errors::too_long(model.context, prompt, Some(asked), status))
        }
        _ => Ok(()),
    }
}
