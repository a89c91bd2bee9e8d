//! `generationConfig`: limits, stops, formats.

use crate::answer::Format;
use crate::fields::{Fields, Refusal};
use crate::rules::Model;

use super::Family;
use super::errors::{Gemini, invalid, invalid_field};
use super::schemas;

const CONFIG: [&str; 25] = [
    "temperature",
    "topP",
    "topK",
    "maxOutputTokens",
    "stopSequences",
    "candidateCount",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseFormat",
    "thinkingConfig",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "responseModalities",
    "speechConfig",
    "mediaResolution",
    "imageConfig",
    "audioTimestamp",
    "enableEnhancedCivicAnswers",
    "translationConfig",
    "audioTranscriptionConfig",
    "continuationToken",
];

/// The shape of the answer.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) limit: Option<u64>,
    pub(super) stops: Vec<String>,
    pub(super) candidates: u64,
    pub(super) format: Format,
    pub(super) logprobs: bool,
}

/// Checks `generationConfig`. Newer models take sampling parameters and ignore them, so there is no rule on those.
pub(super) fn read(
    config: &Fields<'_, Gemini>,
    model: &Model<Family>,
    functions: bool,
) -> Result<Shape, Refusal> {
    config.allow(&CONFIG)?;
    config.number("temperature", 0.0..=2.0)?;
    config.number("topP", 0.0..=1.0)?;
    config.number("topK", 0.0..=f64::INFINITY)?;
    config.integer("seed", i64::MIN)?;
    for name in ["presencePenalty", "frequencyPenalty"] {
        let given = config.number(name, -2.0..=2.0)?.is_some();
        if given && !model.family.penalties {
            return Err(invalid(&format!(
                "Penalty is not enabled for this model ({}).",
                config.at(name)
            )));
        }
    }
    let candidates = config.integer("candidateCount", 1)?.unwrap_or(1).unsigned_abs();
    let most = if model.family.several_candidates { 8 } else { 1 };
    if candidates > most {
        let message = format!("candidate_count must be in the range [1, {most}]");
        return Err(invalid_field(&config.at("candidateCount"), &message));
    }
    let stops = config.texts("stopSequences")?;
    if stops.len() > 5 {
        let message = "at most 5 stop sequences are allowed";
        return Err(invalid_field(&config.at("stopSequences"), message));
    }
    Ok(Shape {
        limit: limit(config, model)?,
        stops: stops.into_iter().filter(|stop| !stop.is_empty()).collect(),
        candidates,
        format: format(config, &model.family, functions)?,
        logprobs: config.boolean("responseLogprobs")?.unwrap_or(false),
    })
}

fn limit(config: &Fields<'_, Gemini>, model: &Model<Family>) -> Result<Option<u64>, Refusal> {
    let limit = config.integer("maxOutputTokens", i64::MIN)?;
    let above = model.max_output + 1;
    match limit.filter(|asked| *asked < 1 || asked.unsigned_abs() >= above) {
        Some(asked) => Err(invalid(&format!(
            "Unable to submit request because it has a maxOutputTokens value of {asked} but the supported range is \
             from 1 (inclusive) to {above} (exclusive). Update the value and try again."
        ))),
        None => Ok(limit.map(i64::unsigned_abs)),
    }
}

fn format(
    config: &Fields<'_, Gemini>,
    family: &Family,
    functions: bool,
) -> Result<Format, Refusal> {
    let schema = schemas::one_of(config, "responseSchema", "responseJsonSchema")?;
    match (config.text("responseMimeType")?.unwrap_or("text/plain"), schema) {
        ("application/json", _) if functions && !family.json_with_tools => Err(invalid(
            "Function calling with a response mime type: 'application/json' is unsupported",
        )),
        ("application/json", Some(schema)) => Ok(Format::Schema(schema)),
        ("application/json", None) => Ok(Format::Json),
        ("text/x.enum", Some(schema)) => Ok(Format::Schema(schema)),
        ("text/plain", None) => Ok(Format::Text),
        ("text/plain", Some(_)) => Err(invalid_field(
            &config.at("responseSchema"),
            "only allowed when response_mime_type is 'application/json'",
        )),
        (other, _) => Err(invalid_field(
            &config.at("responseMimeType"),
            &format!(
                "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and \
                 `text/x.enum`, not `{other}`."
            ),
        )),
    }
}
