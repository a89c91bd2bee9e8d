//! Reading a `generateContent` request, and one that only counts its tokens.

use crate::answer::Prompt;
use crate::exchange::{Call, Vendor as _};
use crate::fields::{Fields, Refusal};
use crate::rules::{Model, Rules};
use crate::tokens;

use super::errors::{self, Gemini, invalid, invalid_field};
use super::{Asked, Family, Google, contents, thinking};

const FIELDS: [&str; 11] = [
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "model",
    "serviceTier",
    "store",
    "labels",
];

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

/// The model of the path and what is asked of it.
pub(super) fn read<'r>(
    call: &Call,
    rules: &'r Rules,
    id: &str,
    verb: &str,
) -> Result<(&'r Model<Family>, Asked), Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Gemini>::of(json, String::new())?;
    body.allow(&FIELDS)?;
    let model = rules.google.find(id).ok_or_else(|| errors::no_such_model(id, verb))?;
    let family = &model.family;
    let config = body.object("generationConfig")?;
    let shape =
        config.as_ref().map(|config| generation(config, model)).transpose()?.unwrap_or_default();
    let thinking = thinking::read(config.as_ref(), family)?;

    let weights = contents::check(&body)?;
    if weights.ends_with_model && !family.prefill {
        return Err(invalid(
            "Please ensure that the last content of the request has the role user.",
        ));
    }
    let fixed = contents::system(&body)? + tools(&body)? + tokens::PER_REQUEST;
    let input = tokens::whole(weights.all + fixed);
    if input > model.context {
        return Err(invalid(&format!(
            "The input token count ({input}) exceeds the maximum number of tokens allowed ({}).",
            model.context
        )));
    }
    let prompt = Prompt {
        model: model.answers_as().to_owned(),
        newest: Google.glance(call).newest,
        limit: shape.limit.unwrap_or(model.max_output),
        stops: shape.stops,
        effort: thinking.effort,
        thinking_limit: thinking.budget,
        thinking_step: 1,
        token_factor: 1.0,
    };
    // Implicit caching. A conversation in which the model has spoken is taken to follow right upon its last turn.
    let repeated = if weights.before_last_answer > 0.0 {
        tokens::whole(weights.before_last_answer + fixed)
    } else {
        0
    };
    let cached = if repeated < family.min_cacheable { 0 } else { repeated };
    let candidates = shape.candidates.max(1);
    Ok((model, Asked { prompt, input, cached, candidates, thoughts_shown: thinking.shown }))
}

/// The tokens of a request that only counts them.
pub(super) fn count(call: &Call, rules: &Rules, id: &str) -> Result<u64, Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Gemini>::of(json, String::new())?;
    body.allow(&["contents", "generateContentRequest"])?;
    rules.google.find(id).ok_or_else(|| errors::no_such_model(id, "countTokens"))?;
    let Some(request) = body.object("generateContentRequest")? else {
        return Ok(tokens::whole(contents::check(&body)?.all + tokens::PER_REQUEST));
    };
    if body.has("contents") {
        return Err(invalid("Only one of contents and generate_content_request may be set."));
    }
    request.allow(&FIELDS)?;
    let weight = contents::check(&request)?.all + contents::system(&request)? + tools(&request)?;
    Ok(tokens::whole(weight + tokens::PER_REQUEST))
}

#[derive(Debug, Default)]
struct Shape {
    limit: Option<u64>,
    stops: Vec<String>,
    candidates: u64,
}

/// Checks `generationConfig`. Newer models take sampling parameters and ignore them, so there is no rule on those.
fn generation(config: &Fields<'_, Gemini>, model: &Model<Family>) -> Result<Shape, Refusal> {
    config.allow(&CONFIG)?;
    config.number("temperature", 0.0..=2.0)?;
    config.number("topP", 0.0..=1.0)?;
    config.number("topK", 0.0..=f64::INFINITY)?;
    config.integer("seed", i64::MIN)?;
    config.text("responseMimeType")?;
    if config.has("responseSchema") && config.has("responseJsonSchema") {
        return Err(invalid("Only one of response_schema and response_json_schema may be set."));
    }
    for name in ["presencePenalty", "frequencyPenalty"] {
        let given = config.number(name, -2.0..=2.0)?.is_some();
        if given && !model.family.penalties {
            return Err(invalid(&format!(
                "Penalty is not enabled for this model ({}).",
                config.at(name)
            )));
        }
    }
    let limit = config.integer("maxOutputTokens", i64::MIN)?;
    let above = model.max_output + 1;
    if let Some(asked) = limit.filter(|asked| *asked < 1 || asked.unsigned_abs() >= above) {
        return Err(invalid(&format!(
            "Unable to submit request because it has a maxOutputTokens value of {asked} but the supported range is \
             from 1 (inclusive) to {above} (exclusive). Update the value and try again."
        )));
    }
    let candidates = config.integer("candidateCount", 1)?.unwrap_or(1).unsigned_abs();
    let most = if model.family.several_candidates { 8 } else { 1 };
    if candidates > most {
        let place = config.at("candidateCount");
        return Err(invalid_field(
            &place,
            &format!("candidate_count must be in the range [1, {most}]"),
        ));
    }
    let stops = config.texts("stopSequences")?;
    if stops.len() > 5 {
        return Err(invalid_field(
            &config.at("stopSequences"),
            "at most 5 stop sequences are allowed",
        ));
    }
    Ok(Shape { limit: limit.map(i64::unsigned_abs), stops, candidates })
}

/// Checks the form of tools and weighs them. Calling them is not simulated yet: answers are text.
fn tools(body: &Fields<'_, Gemini>) -> Result<f64, Refusal> {
    for tool in body.objects("tools")? {
        for function in tool.objects("functionDeclarations")? {
            function.required_text("name")?;
        }
    }
    body.object("toolConfig")?;
    for setting in body.objects("safetySettings")? {
        setting.allow(&["category", "threshold", "method"])?;
        setting.required_text("category")?;
        setting.required_text("threshold")?;
    }
    Ok(body.get("tools").map_or(0.0, |tools| tokens::weight(&tools.to_string())))
}
