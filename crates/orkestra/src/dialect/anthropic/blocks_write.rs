//! Parts → content blocks, as far as it is the same in what we ask and what we answer.

use serde_json::{Map, Value, json};

use crate::chat::{CacheHint, Extra, ToolCall};

/// A block, while it is made.
pub(super) type Block = Map<String, Value>;

/// A block of `kind` with `fields`.
pub(super) fn block<const N: usize>(kind: &str, fields: [(&str, Value); N]) -> Block {
    let mut block = Block::new();
    block.insert("type".into(), kind.into());
    block.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    block
}

/// A block of plain text.
pub(super) fn text(text: &str) -> Block {
    block("text", [("text", text.into())])
}

/// A block of thoughts.
pub(super) fn reasoning(text: &str, redacted: Option<&str>, signature: Option<&str>) -> Block {
    match redacted {
        Some(data) => block("redacted_thinking", [("data", data.into())]),
        // Clients want the field even where there is no proof.
        None => {
            let signature = signature.unwrap_or_default();
            block("thinking", [("thinking", text.into()), ("signature", signature.into())])
        }
    }
}

/// The arguments of a call as the object that the API wants; `Err` with a makeshift one where they are none.
pub(super) fn input(call: &ToolCall) -> Result<Value, Value> {
    match call.parsed() {
        Some(arguments @ Value::Object(_)) => Ok(arguments),
        _ => Err(json!({"_raw": call.arguments})),
    }
}

/// Adds the fields that `block` does not have.
pub(super) fn put_extra(block: &mut Block, extra: &Extra) {
    for (name, value) in extra {
        block.entry(name.as_str()).or_insert_with(|| value.clone());
    }
}

/// A cache hint in the API's words.
pub(super) fn cache_control(hint: CacheHint) -> Value {
    match hint {
        CacheHint::Default => json!({"type": "ephemeral"}),
        CacheHint::FiveMinutes => json!({"type": "ephemeral", "ttl": "5m"}),
        CacheHint::OneHour => json!({"type": "ephemeral", "ttl": "1h"}),
    }
}
