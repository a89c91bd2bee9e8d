//! The parts of a content.

use crate::cache::Chain;
use crate::fields::{Fields, Refusal, Wording as _};
use crate::{media, tokens};

use super::errors::{Gemini, invalid, invalid_field, unknown_name};
use super::{Family, signatures, tools};

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

/// A call or what answered it: its id, where it has one, and its name.
pub(super) type Named = (Option<String>, String);

/// What the parts of a content are.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) calls: Vec<Named>,
    pub(super) responses: Vec<Named>,
    texts: usize,
    media: usize,
}

/// Checks and weighs the parts of `content`.
pub(super) fn check(
    content: &Fields<'_, Gemini>,
    family: &Family,
    chain: &mut Chain,
) -> Result<Turn, Refusal> {
    let parts = content.objects("parts")?;
    if parts.is_empty() {
        return Err(invalid_field(&content.at("parts"), "contents.parts must not be empty."));
    }
    let mut turn = Turn::default();
    for part in parts {
        part.allow(&PART)?;
        if !has_data(&part)? {
            let message = "required oneof field 'data' must have one initialized field";
            return Err(invalid_field(&part.at("data"), message));
        }
        part.boolean("thought")?;
        if family.signs {
            signatures::check(&part)?;
        }
        if let Some(text) = part.text("text")? {
            turn.texts += 1;
            chain.text(text);
        }
        call(&part, family, &mut turn, chain)?;
        response(&part, family, &mut turn, chain)?;
        medium(&part, &mut turn, chain)?;
    }
    let role = content.text("role")?;
    if role != Some("model") && turn.media > 0 && turn.texts + turn.responses.len() == 0 {
        return Err(invalid(
            "Unable to submit request because it must have a text parameter. Add a text parameter and try again.",
        ));
    }
    Ok(turn)
}

/// A text counts only if it says something, or carries a signature.
fn has_data(part: &Fields<'_, Gemini>) -> Result<bool, Refusal> {
    let signed = part.has("thoughtSignature");
    let says = part.text("text")?.is_some_and(|text| !text.is_empty() || signed);
    Ok(says || DATA.iter().skip(1).any(|name| part.has(name)))
}

/// The id of a call or of an answer; only newer models have any.
fn id_of(fields: &Fields<'_, Gemini>, family: &Family) -> Result<Option<String>, Refusal> {
    if !family.signs && fields.has("id") {
        return Err(unknown_name(&fields.place, "id"));
    }
    Ok(fields.text("id")?.filter(|id| !id.is_empty()).map(str::to_owned))
}

fn call(
    part: &Fields<'_, Gemini>,
    family: &Family,
    turn: &mut Turn,
    chain: &mut Chain,
) -> Result<(), Refusal> {
    let Some(call) = part.object("functionCall")? else { return Ok(()) };
    call.allow(&["id", "name", "args", "partialArgs", "willContinue"])?;
    let name = call.required_text("name")?;
    tools::check_name(name, &call.at("name"))?;
    chain.text(name);
    if call.object("args")?.is_some() {
        chain.json(call.required("args")?);
    }
    turn.calls.push((id_of(&call, family)?, name.to_owned()));
    Ok(())
}

fn response(
    part: &Fields<'_, Gemini>,
    family: &Family,
    turn: &mut Turn,
    chain: &mut Chain,
) -> Result<(), Refusal> {
    let Some(response) = part.object("functionResponse")? else { return Ok(()) };
    response.allow(&["id", "name", "response", "willContinue", "scheduling", "parts"])?;
    let name = response.text("name")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        let message = "Name cannot be empty.";
        invalid_field(&response.at("name"), message)
    })?;
    // Only an object will do.
    response.object("response")?.ok_or_else(|| Gemini::missing(&response.at("response")))?;
    chain.text(name);
    chain.json(response.required("response")?);
    turn.responses.push((id_of(&response, family)?, name.to_owned()));
    if response.has("parts") && !family.signs {
        return Err(unknown_name(&response.place, "parts"));
    }
    for part in response.objects("parts")? {
        medium(&part, turn, chain)?;
    }
    Ok(())
}

fn medium(part: &Fields<'_, Gemini>, turn: &mut Turn, chain: &mut Chain) -> Result<(), Refusal> {
    if let Some(data) = part.object("inlineData")? {
        data.allow(&["mimeType", "data", "displayName"])?;
        let kind = data.text("mimeType")?.unwrap_or_default();
        if !is_supported(kind) {
            let message = format!("Unsupported MIME type: {kind}");
            return Err(invalid(&message));
        }
        let bytes = data.required_text("data")?;
        if media::start_of(bytes).is_none() {
            let message = format!(
                "Invalid value at '{}' (TYPE_BYTES), Base64 decoding failed for \"{}\"",
                data.at("data"),
                bytes.chars().take(20).collect::<String>()
            );
            return Err(invalid(&message));
        }
        turn.media += 1;
        chain.other(bytes, tokens::PER_MEDIUM);
    }
    if let Some(file) = part.object("fileData")? {
        file.allow(&["mimeType", "fileUri", "displayName"])?;
        let uri = file.required_text("fileUri")?;
        if !is_known_place(uri) {
            return Err(invalid(&format!("Unsupported file URI: {uri}")));
        }
        turn.media += 1;
        chain.other(uri, tokens::PER_MEDIUM);
    }
    Ok(())
}

fn is_supported(kind: &str) -> bool {
    const IMAGES: [&str; 6] =
        ["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "image/gif"];
    let other = ["audio/", "video/", "text/"].iter().any(|start| kind.starts_with(start));
    IMAGES.contains(&kind) || other || kind == "application/pdf" || kind == "application/json"
}

/// Uploaded files, cloud storage and videos; nothing else is fetched.
fn is_known_place(uri: &str) -> bool {
    const PLACES: [&str; 5] = [
        "https://generativelanguage.googleapis.com/",
        "gs://",
        "https://www.youtube.com/",
        "https://youtube.com/",
        "https://youtu.be/",
    ];
    PLACES.iter().any(|place| uri.starts_with(place))
}
