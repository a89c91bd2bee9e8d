//! A reply → an answer for a caller.

use serde_json::{Value, json};

use super::{
    finish,
    part_read::standard_base64,
    part_write::{self, Form, of},
    usage,
};
use crate::{
    chat::{DialectName, End, Extra, FinishReason, Part, Reply, Usage},
    dialect::{Caption, fields::add_missing},
};

/// Writes a whole answer.
pub(super) fn reply(reply: &Reply, caption: &Caption) -> Value {
    let own = reply.dialect == Some(DialectName::Gemini);
    let parts = reply.content.iter().filter_map(|part| answer_part(part, own)).collect();
    let rest = own.then_some(&reply.extra);
    response(parts, Some(reply.finish_reason), reply.usage.as_ref(), rest, caption)
}

/// Writes the last piece of a streamed answer; `begun` where something was sent before.
pub(super) fn last_piece(
    parts: Vec<Extra>,
    begun: bool,
    end: &End,
    usage: Option<Usage>,
    caption: &Caption,
) -> Value {
    let rest = (end.dialect == Some(DialectName::Gemini)).then_some(&end.extra);
    let mut parts = parts;
    if parts.is_empty() && begun {
        // So does the API itself; clients that print each piece's text find none otherwise.
        parts.push(of(json!({"text": ""})));
    }
    response(parts, Some(end.finish_reason), usage.as_ref(), rest, caption)
}

/// A `GenerateContentResponse`. `rest` is what only this API knows of the answer.
pub(super) fn response(
    parts: Vec<Extra>,
    finish_reason: Option<FinishReason>,
    usage: Option<&Usage>,
    rest: Option<&Extra>,
    caption: &Caption,
) -> Value {
    let said = |name: &str| rest.and_then(|rest| rest.get(name));
    let about = said("candidates").and_then(|told| told.get(0)).and_then(Value::as_object);
    let mut body = Extra::new();
    // Where the prompt was blocked, there is no candidate.
    let blocked = parts.is_empty() && about.is_none() && said("promptFeedback").is_some();
    if !blocked {
        let candidate = candidate(parts, finish_reason, about);
        body.insert("candidates".into(), vec![candidate].into());
    }
    if let Some(usage) = usage {
        body.insert("usageMetadata".into(), usage::write(usage).into());
    }
    body.insert("modelVersion".into(), caption.model.as_str().into());
    body.insert("responseId".into(), caption.id.as_str().into());
    for (name, value) in rest.into_iter().flatten() {
        match (name.as_str(), value) {
            ("candidates", _) => {}
            ("usageMetadata", _) if usage.is_none() => {}
            _ => add_missing(&mut body, &Extra::from_iter([(name.clone(), value.clone())])),
        }
    }
    body.into()
}

fn candidate(parts: Vec<Extra>, reason: Option<FinishReason>, about: Option<&Extra>) -> Value {
    let mut content = Extra::new();
    if !parts.is_empty() {
        content.insert("parts".into(), parts.into_iter().map(Value::Object).collect());
    }
    content.insert("role".into(), "model".into());
    let mut candidate = of(json!({"content": content}));
    if let Some(reason) = reason {
        // The API's own word, where it still says the same.
        let word = about.and_then(|about| about.get("finishReason")).and_then(Value::as_str);
        let word = word.filter(|word| finish::read(word) == Some(reason));
        candidate.insert("finishReason".into(), word.unwrap_or(finish::word(reason)).into());
    }
    candidate.insert("index".into(), 0.into());
    if let Some(about) = about {
        add_missing(&mut candidate, about);
    }
    candidate.into()
}

/// A part of an answer; `None` where this API has no words for it.
pub(super) fn answer_part(part: &Part, own: bool) -> Option<Extra> {
    let mut fields = part_write::part(part, Form { ids: true, own })?;
    // Clients decode proofs; what is not base64 would end them.
    let proof = part.signature.as_deref();
    if proof.is_some_and(|proof| !is_proof(proof)) {
        fields.shift_remove("thoughtSignature");
    }
    Some(fields)
}

/// Whether clients of this API can read `signature`.
pub(super) fn is_proof(signature: &str) -> bool {
    let padded = signature.len().is_multiple_of(4);
    padded && standard_base64(signature).is_some()
}
