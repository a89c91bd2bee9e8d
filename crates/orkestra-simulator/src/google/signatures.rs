//! Thought signatures: what they look like, and where they must come back.

use serde_json::Value;

use crate::fields::{Fields, Refusal};
use crate::seal;

use super::errors::{Gemini, invalid};

const KIND: &str = "gemini thought";

/// Base64 of the texts that the vendor takes in the place of a signature.
const PLACEHOLDERS: [&str; 2] = [
    // skip_thought_signature_validator
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    // context_engineering_is_the_way_to_go
    "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
];

/// The signature of a part that `model` wrote.
pub(super) fn sign(model: &str, part: &str) -> String {
    let mut hash = std::collections::hash_map::DefaultHasher::new();
    std::hash::Hasher::write(&mut hash, part.as_bytes());
    seal::seal(KIND, model, std::hash::Hasher::finish(&hash), "")
}

/// Refuses a signature in which a byte was changed. Bytes may be written in both alphabets of base64.
pub(super) fn check(part: &Fields<'_, Gemini>) -> Result<(), Refusal> {
    let Some(text) = part.text("thoughtSignature")? else { return Ok(()) };
    let text = text.replace('-', "+").replace('_', "/");
    if is_placeholder(&text) || seal::open(KIND, "", &text).is_some() {
        return Ok(());
    }
    Err(invalid("Corrupted thought signature."))
}

fn is_placeholder(text: &str) -> bool {
    PLACEHOLDERS.iter().any(|known| known.trim_end_matches('=') == text.trim_end_matches('='))
}

/// In the turn at hand the first call of every content of the model needs its signature.
pub(super) fn all_there(contents: &[Fields<'_, Gemini>]) -> Result<(), Refusal> {
    let begins = contents.iter().rposition(starts_turn).unwrap_or(0);
    for (position, content) in contents.iter().enumerate().skip(begins) {
        if content.text("role")? != Some("model") {
            continue;
        }
        for part in content.objects("parts")? {
            let Some(call) = part.object("functionCall")? else { continue };
            if part.has("thoughtSignature") {
                break;
            }
            let name = call.text("name")?.unwrap_or_default();
            return Err(invalid(&format!(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools to \
                 work correctly, and missing thought_signature may lead to degraded model performance. Additional \
                 data, function call `default_api:{name}` , position {}. Please refer to \
                 https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
                position + 1
            )));
        }
    }
    Ok(())
}

/// A content of the user that says something else than what functions answered.
fn starts_turn(content: &Fields<'_, Gemini>) -> bool {
    let is_users = content.get("role").and_then(Value::as_str) != Some("model");
    let parts = content.get("parts").and_then(Value::as_array).map(Vec::as_slice);
    let answers = |part: &Value| {
        part.get("functionResponse").is_some() || part.get("function_response").is_some()
    };
    is_users && !parts.unwrap_or_default().iter().any(answers)
}

#[cfg(test)]
mod tests {
    use super::PLACEHOLDERS;
    use crate::encoding;

    #[test]
    fn the_placeholders_are_what_they_say() {
        let texts = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];
        assert_eq!(texts.map(|text| encoding::encode(text.as_bytes())), PLACEHOLDERS);
    }
}
