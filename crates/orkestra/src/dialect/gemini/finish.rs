//! Why a model stopped, in this API's words.

use crate::chat::FinishReason;

/// The reason behind `word`; `None` where the model failed at its work, such as at writing a call, and the answer is
/// worth nothing. A word that nobody knows is a plain stop: the API adds some from time to time.
pub(super) fn read(word: &str) -> Option<FinishReason> {
    Some(match word {
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => return None,
        "MAX_TOKENS" | "CONTINUATION" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "OTHER"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED" => FinishReason::ContentFilter,
        image if image.starts_with("IMAGE_") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    })
}

/// The word for `reason`. An answer that calls functions is a plain stop here.
pub(super) fn word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::ToolCalls => "STOP",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
    }
}
