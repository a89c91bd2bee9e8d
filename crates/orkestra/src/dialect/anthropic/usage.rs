//! Token counts, in both directions.

use serde_json::{Map, Value, json};

use super::super::fields::{count, maybe_count};
use crate::chat::{Extra, Usage};

/// Fields that [`read`] understands.
const KNOWN: [&str; 6] = [
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "output_tokens",
    "output_tokens_details",
];

/// Reads counts, whose buckets are disjoint already. Counts that `reported` leaves out keep what `before` had: a
/// stream's last event repeats only some, and its counts are of the whole message, not additions.
pub(super) fn read(reported: &Value, before: Usage) -> Usage {
    let or = |field: &str, before: u64| maybe_count(reported.get(field)).unwrap_or(before);
    let kept = |time: &str| maybe_count(reported.pointer(&format!("/cache_creation/{time}")));
    let minutes = kept("ephemeral_5m_input_tokens");
    let hour = kept("ephemeral_1h_input_tokens");
    let known = minutes.zip(hour).map(|(minutes, hour)| minutes + hour);
    let known = known.unwrap_or(before.cache_write_5m + before.cache_write_1h);
    let writes = or("cache_creation_input_tokens", known);
    let cache_write_1h = hour.unwrap_or(before.cache_write_1h).min(writes);
    let reasoning =
        reported.get("output_tokens_details").map(|details| count(details, "thinking_tokens"));
    Usage {
        input: or("input_tokens", before.input),
        cache_read: or("cache_read_input_tokens", before.cache_read),
        cache_write_5m: writes - cache_write_1h,
        cache_write_1h,
        output: or("output_tokens", before.output),
        reasoning: reasoning.unwrap_or(before.reasoning),
        ..Usage::default()
    }
}

/// What else is reported, such as the service tier.
pub(super) fn rest(reported: &Value) -> Extra {
    let fields = reported.as_object().into_iter().flatten();
    let unknown =
        fields.filter(|(name, value)| !KNOWN.contains(&name.as_str()) && !value.is_null());
    unknown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Writes counts.
pub(super) fn write(usage: &Usage) -> Map<String, Value> {
    let writes = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    let fields = [
        ("input_tokens", usage.input.into()),
        ("cache_creation_input_tokens", writes.into()),
        ("cache_read_input_tokens", usage.cache_read.into()),
        (
            "cache_creation",
            json!({
                "ephemeral_5m_input_tokens": usage.cache_write_5m,
                "ephemeral_1h_input_tokens": usage.cache_write_1h,
            }),
        ),
        ("output_tokens", usage.output.into()),
        ("output_tokens_details", json!({"thinking_tokens": usage.reasoning})),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
