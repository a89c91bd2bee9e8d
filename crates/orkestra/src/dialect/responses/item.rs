//! Items that stand in a request's `input` as in an answer's `output`: what a model said, thought and called.

use serde_json::{Map, Value, json};

use super::place::{object, rest};
use crate::{
    chat::{Content, Extra, Part, ToolCall},
    dialect::fields::text,
};

/// Where a part keeps what is said of its message as a whole, such as its phase.
const MESSAGE: &str = "message";
/// The extra fields that a part may have besides those of others, where nobody says whose they are.
pub(super) const KEPT: [&str; 8] =
    [MESSAGE, "id", "summary", "content", ANNOTATIONS, "logprobs", "namespace", "caller"];
/// The sources of a text.
pub(super) const ANNOTATIONS: &str = "annotations";
/// Begins the ids of items that had none, behind their kind. OpenAI checks a thought's id against its encrypted
/// content, and looks others up where it keeps answers, so that such an id must never be sent there.
const MADE_UP: &str = "orkestra_";
/// Stands between the pieces of a summary.
pub(super) const GAP: &str = "\n\n";

/// The id of an item that came without one. `kind`: `rs`, `msg` or `fc`.
pub(super) fn made_up_id(kind: &str, base: &str, place: usize) -> String {
    format!("{kind}_{MADE_UP}{base}_{place}")
}

fn is_made_up(id: &str) -> bool {
    id.split_once('_').is_none_or(|(_, rest)| rest.starts_with(MADE_UP))
}

/// What a caller's item says of itself: the provider's id, and the state that it was in.
pub(super) fn identity(item: &Value) -> Extra {
    match text(item, "id").filter(|id| !is_made_up(id)) {
        Some(_) => {
            let fields =
                ["id", "status"].into_iter().filter_map(|name| Some((name, item.get(name)?)));
            fields.map(|(name, value)| (name.to_owned(), value.clone())).collect()
        }
        None => Extra::new(),
    }
}

/// Reads a `reasoning` item. What its text alone cannot restore stays as it came.
pub(super) fn reasoning(item: &Value) -> Part {
    let known = ["type", "summary", "content", "encrypted_content", "status"];
    let mut extra = rest(item, &known);
    if text(item, "id").is_none_or(is_made_up) {
        extra.shift_remove("id");
    }
    let summary = list(item, "summary");
    let content = list(item, "content");
    let joined = |pieces: &[Value]| {
        pieces.iter().filter_map(|piece| text(piece, "text")).collect::<Vec<_>>().join(GAP)
    };
    let thoughts = joined(if summary.is_empty() { content } else { summary });
    let restorable = match summary {
        [] => thoughts.is_empty(),
        [only] => !thoughts.is_empty() && *only == summary_text(&thoughts),
        _ => false,
    };
    if !restorable {
        extra.insert("summary".into(), summary.into());
    }
    if !content.is_empty() {
        extra.insert("content".into(), content.into());
    }
    let signature = text(item, "encrypted_content").filter(|proof| !proof.is_empty());
    Part {
        signature: signature.map(str::to_owned),
        extra,
        ..Content::Reasoning { text: thoughts, redacted: None }.into()
    }
}

/// The fields of a `reasoning` item besides its id and type. `extra` is what [`reasoning`] kept.
pub(super) fn reasoning_fields(
    thoughts: &str,
    signature: Option<&str>,
    extra: &Extra,
) -> Map<String, Value> {
    let summary = match extra.get("summary").filter(|kept| kept.is_array()) {
        Some(kept) => kept.clone(),
        None if thoughts.is_empty() => json!([]),
        None => json!([summary_text(thoughts)]),
    };
    let mut fields = object([("summary", summary)]);
    if let Some(proof) = signature {
        fields.insert("encrypted_content".into(), proof.into());
    }
    let others = extra.iter().filter(|(name, _)| !["id", "summary"].contains(&name.as_str()));
    fields.extend(others.map(|(name, value)| (name.clone(), value.clone())));
    fields
}

/// A piece of a summary.
pub(super) fn summary_text(thoughts: &str) -> Value {
    json!({"type": "summary_text", "text": thoughts})
}

/// Reads a `function_call` item. Results name its `call_id`; its `id` and `status` say nothing to anybody else.
pub(super) fn function_call(item: &Value) -> Part {
    let owned = |field| text(item, field).unwrap_or_default().to_owned();
    let id = text(item, "call_id").or_else(|| text(item, "id")).unwrap_or_default().to_owned();
    let call = ToolCall { id, name: owned("name"), arguments: owned("arguments") };
    let mut extra = rest(item, &["type", "id", "call_id", "name", "arguments", "status"]);
    // What every call has that no program made.
    if extra.get("caller").is_some_and(|caller| *caller == json!({"type": "direct"})) {
        extra.shift_remove("caller");
    }
    Part { extra, ..call.into() }
}

/// What is said of a model's message as a whole.
pub(super) fn about(message: &Value) -> Extra {
    rest(message, &["type", "role", "content", "id", "status"])
}

/// `part` with what is said of its message as a whole.
pub(super) fn with_about(mut part: Part, about: &Extra) -> Part {
    if !about.is_empty() {
        part.extra.insert(MESSAGE.into(), about.clone().into());
    }
    part
}

/// What a part's extra fields say of the message that it came in.
pub(super) fn about_in(extra: &Extra) -> Extra {
    extra.get(MESSAGE).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// What a part's extra fields say of it alone.
pub(super) fn without_about(extra: &Extra) -> Extra {
    let own = extra.iter().filter(|(name, _)| *name != MESSAGE);
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Reads a piece of what a model said; `None` for one of a kind that is not known.
pub(super) fn spoken(piece: &Value) -> Option<Part> {
    let (content, words) = match text(piece, "type") {
        Some("output_text" | "input_text" | "text") => {
            (Content::Text(text(piece, "text")?.to_owned()), "text")
        }
        Some("refusal") => (Content::Refusal(text(piece, "refusal")?.to_owned()), "refusal"),
        _ => return None,
    };
    let mut extra = rest(piece, &["type", words]);
    let says_nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    extra.retain(|_, value| !says_nothing(value));
    Some(Part { extra, ..content.into() })
}

/// Every part of a model's message. A piece of a kind that is not known becomes a message of its own, so that what
/// travels whole is always an item.
pub(super) fn message(item: &Value, about: &Extra) -> Vec<Part> {
    if let Some(words) = text(item, "content") {
        return vec![with_about(Part::text(words), about)];
    }
    let part = |piece| match spoken(piece) {
        Some(part) => with_about(part, about),
        None => alone("assistant", piece),
    };
    list(item, "content").iter().map(part).collect()
}

/// A message of nothing but `piece`.
pub(super) fn alone(role: &str, piece: &Value) -> Part {
    Content::Other(json!({"type": "message", "role": role, "content": [piece]})).into()
}

/// `value[field]` as a list; absent and others are empty.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether `value`, of which nobody says where it is from, looks like an item of this API.
pub(super) fn is_item(value: &Value) -> bool {
    let kind = text(value, "type").unwrap_or_default();
    kind.ends_with("_call")
        || kind.ends_with("_call_output")
        || ["message", "compaction", "mcp_list_tools", "mcp_approval_request"].contains(&kind)
}
