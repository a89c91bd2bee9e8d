//! What an answer says that a caller's API has no words for.

use serde_json::Value;

use crate::chat::{Content, DialectName, Part, Reply};

/// Fields that hold the sources of a text, one name for each API that gives any.
const SOURCES: [&str; 2] = ["annotations", "citations"];

/// What of `reply` a caller of `caller` does not get to see, in words for the user; nothing where both speak the same.
/// What an API says of the call alone (its tier, its fingerprint) is not among it.
#[must_use]
pub fn untold(reply: &Reply, caller: DialectName) -> Vec<String> {
    if reply.dialect == Some(caller) {
        return Vec::new();
    }
    let lost = [
        ("the sources of the text", has_sources(reply)),
        (
            "the model's proofs of its thoughts and calls",
            reply.content.iter().any(|part| part.signature.is_some() && !is_provable(part, caller)),
        ),
        (
            "the category of the refusal",
            caller != DialectName::Anthropic && reply.extra.contains_key("stop_details"),
        ),
        (
            "which stop sequence was met",
            caller != DialectName::Anthropic && reply.stop_sequence.is_some(),
        ),
    ];
    let lost = lost.into_iter().filter(|(_, is_lost)| *is_lost);
    lost.map(|(what, _)| format!("{caller} has no field for {what}; left out of the answer"))
        .collect()
}

fn has_sources(reply: &Reply) -> bool {
    let message = reply.extra.get("message").and_then(Value::as_object);
    let holders = reply.content.iter().map(|part| &part.extra).chain(message);
    let named = holders.flat_map(|holder| SOURCES.iter().filter_map(|name| holder.get(*name)));
    named.filter_map(Value::as_array).any(|list| !list.is_empty())
}

/// Whether the API has a field for the proof of such a part.
fn is_provable(part: &Part, caller: DialectName) -> bool {
    match (caller, &part.content) {
        (DialectName::Gemini, _)
        // As Google's compatible API has it.
        | (DialectName::Openai, Content::ToolCall(_))
        | (DialectName::Responses | DialectName::Anthropic, Content::Reasoning { .. }) => true,
        _ => false,
    }
}
