//! Streams as a caller reads them: each event in its place, and the whole answer that comes of them.
//!
//! Written after the vendors' SDKs and with nothing of the converters.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use orkestra::{chat::DialectName, dialect::sse};
use serde_json::Value;

/// What is wrong with a stream.
pub(crate) type Wrong = String;

/// The answer that `events` make in `dialect`, in the form of its whole answers.
///
/// # Errors
/// The first event that may not stand where it stands.
pub(crate) fn assembled(dialect: DialectName, events: &[sse::Event]) -> Result<Value, Wrong> {
    match dialect {
        DialectName::Openai => chat::assembled(events),
        DialectName::Responses => responses::assembled(events),
        DialectName::Anthropic => anthropic::assembled(events),
        _ => gemini::assembled(events),
    }
}

fn ensure(holds: bool, what: &str, event: &Value) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(format!("{what}: {event}")) }
}

/// The event's data as JSON.
fn data(event: &sse::Event) -> Result<Value, Wrong> {
    serde_json::from_str(&event.data).map_err(|cause| format!("{cause}: {}", event.data))
}

/// `value[field]` as text.
fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, Wrong> {
    value[field].as_str().ok_or_else(|| format!("no text {field} in {value}"))
}

/// Adds `piece` to the text at `place`.
fn add(place: &mut Value, piece: &str) {
    match place {
        Value::String(text) => text.push_str(piece),
        other => *other = Value::String(piece.to_owned()),
    }
}
