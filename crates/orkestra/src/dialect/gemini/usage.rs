//! Token counts, `usageMetadata`.

use serde_json::Value;

use crate::{
    chat::{Extra, Usage},
    dialect::fields::count,
};

/// What `reported` counts. The prompt includes what was read from a cache, the candidates do not include the thoughts.
pub(super) fn read(reported: &Value) -> Usage {
    // Counters that are 0 are left out of the JSON. The details say the same by modality.
    let prompt = match count(reported, "promptTokenCount") {
        0 => of_modality(reported.get("promptTokensDetails"), None),
        prompt => prompt,
    };
    let cache_read = count(reported, "cachedContentTokenCount").min(prompt);
    let tool_prompt = count(reported, "toolUsePromptTokenCount");
    let candidates = count(reported, "candidatesTokenCount");
    let thoughts = count(reported, "thoughtsTokenCount");
    // Some models count thoughts among the candidates all the same; the total tells.
    let inclusive =
        thoughts > 0 && prompt + tool_prompt + candidates == count(reported, "totalTokenCount");
    let details = reported.get("promptTokensDetails");
    let input = prompt - cache_read + tool_prompt;
    Usage {
        input,
        cache_read,
        audio_input: of_modality(details, Some("AUDIO")).min(input),
        image_input: of_modality(details, Some("IMAGE")).min(input),
        output: if inclusive { candidates } else { candidates + thoughts },
        reasoning: if inclusive { thoughts.min(candidates) } else { thoughts },
        ..Usage::default()
    }
}

/// The tokens of one modality (`TEXT`, `IMAGE`, `VIDEO`, `AUDIO`, `DOCUMENT`) in a list of details, or all of them.
fn of_modality(details: Option<&Value>, modality: Option<&str>) -> u64 {
    let details = details.and_then(Value::as_array).into_iter().flatten();
    let wanted = details.filter(|detail| {
        modality.is_none() || detail.get("modality").and_then(Value::as_str) == modality
    });
    // Each count is bounded, but a list is as long as somebody makes it.
    wanted.map(|detail| count(detail, "tokenCount")).fold(0, u64::saturating_add).min(1 << 53)
}

/// What `reported` says that [`Usage`] has no room for: the details by modality, the kind of traffic.
pub(super) fn rest(reported: &Value) -> Extra {
    const COUNTED: [&str; 6] = [
        "promptTokenCount",
        "cachedContentTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "toolUsePromptTokenCount",
        "totalTokenCount",
    ];
    let fields = reported.as_object().into_iter().flatten();
    let others =
        fields.filter(|(name, value)| !COUNTED.contains(&name.as_str()) && !value.is_null());
    others.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// `usage` in this API's counters.
pub(super) fn write(usage: &Usage) -> Extra {
    let prompt = usage.input_tokens();
    let reasoning = usage.reasoning.min(usage.output);
    let counters = [
        ("promptTokenCount", prompt, true),
        ("cachedContentTokenCount", usage.cache_read, false),
        ("candidatesTokenCount", usage.output - reasoning, true),
        ("thoughtsTokenCount", reasoning, false),
        ("totalTokenCount", prompt.saturating_add(usage.output), true),
    ];
    let told = counters.into_iter().filter(|(_, count, always)| *always || *count > 0);
    told.map(|(name, count, _)| (name.to_owned(), Value::from(count))).collect()
}
