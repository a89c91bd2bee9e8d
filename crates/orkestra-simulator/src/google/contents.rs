//! The contents of a request: roles, parts, the order of function calls and responses.

use serde_json::Value;

use crate::fields::{Fields, Refusal, Wording as _};
use crate::tokens;

use super::errors::{Gemini, invalid, invalid_field};

const PART: [&str; 16] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "mediaResolution",
    "partMetadata",
    "audioTranscription",
    "mediaProcessing",
];

/// The fields of a part of which it must have one.
const DATA: [&str; 9] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// What the contents weigh, and whose turn is the last.
#[derive(Debug, Default)]
pub(super) struct Weights {
    pub(super) all: f64,
    /// The contents before the model's last turn.
    pub(super) before_last_answer: f64,
    pub(super) ends_with_model: bool,
}

/// Checks `contents` of `body` and weighs them.
pub(super) fn check(body: &Fields<'_, Gemini>) -> Result<Weights, Refusal> {
    body.list("contents")?;
    let contents = body.objects("contents")?;
    if contents.is_empty() {
        return Err(Gemini::missing(&body.at("contents")));
    }
    let mut weights = Weights::default();
    // Function calls of the model's turn before.
    let mut calls = 0;
    for content in &contents {
        content.allow(&["role", "parts"])?;
        let role = content.text("role")?.unwrap_or("user");
        if role != "user" && role != "model" {
            return Err(invalid("Please use a valid role: user, model."));
        }
        let turn = check_parts(content)?;
        order(calls, &turn)?;
        calls = turn.calls;
        weights.ends_with_model = role == "model";
        if role == "model" {
            weights.before_last_answer = weights.all;
        }
        weights.all += turn.weight + tokens::PER_MESSAGE;
    }
    if calls > 0 {
        return Err(invalid(UNANSWERED));
    }
    Ok(weights)
}

const UNANSWERED: &str = "Please ensure that the number of function response parts is equal to the number of function \
                          call parts of the function call turn.";

fn order(calls_before: usize, turn: &Turn) -> Result<(), Refusal> {
    if turn.responses > 0 && calls_before == 0 {
        let message = "Please ensure that function response turn comes immediately after a function call turn.";
        return Err(invalid(message));
    }
    if turn.responses != calls_before {
        return Err(invalid(UNANSWERED));
    }
    Ok(())
}

/// Weighs `systemInstruction`.
pub(super) fn system(body: &Fields<'_, Gemini>) -> Result<f64, Refusal> {
    let Some(system) = body.object("systemInstruction")? else { return Ok(0.0) };
    system.allow(&["role", "parts"])?;
    Ok(check_parts(&system)?.weight + tokens::PER_MESSAGE)
}

#[derive(Debug, Default)]
struct Turn {
    weight: f64,
    calls: usize,
    responses: usize,
}

fn check_parts(content: &Fields<'_, Gemini>) -> Result<Turn, Refusal> {
    let parts = content.objects("parts")?;
    if parts.is_empty() {
        return Err(invalid_field(&content.at("parts"), "contents.parts must not be empty."));
    }
    let mut turn = Turn::default();
    for part in parts {
        part.allow(&PART)?;
        if !DATA.iter().any(|name| part.has(name)) {
            let place = part.at("data");
            return Err(invalid_field(
                &place,
                "required oneof field 'data' must have one initialized field",
            ));
        }
        part.boolean("thought")?;
        part.text("thoughtSignature")?;
        turn.weight += part.text("text")?.map_or(0.0, tokens::weight);
        if let Some(call) = part.object("functionCall")? {
            call.allow(&["id", "name", "args"])?;
            call.required_text("name")?;
            call.object("args")?;
            turn.calls += 1;
            turn.weight += json_weight(call.get("args"));
        }
        if let Some(response) = part.object("functionResponse")? {
            response.allow(&["id", "name", "response", "willContinue", "scheduling", "parts"])?;
            response.required_text("name")?;
            response.object("response")?;
            turn.responses += 1;
            turn.weight += json_weight(response.get("response"));
        }
        if part.has("inlineData") || part.has("fileData") {
            turn.weight += tokens::PER_MEDIUM;
        }
    }
    Ok(turn)
}

fn json_weight(value: Option<&Value>) -> f64 {
    value.map_or(0.0, |value| tokens::weight(&value.to_string()))
}
