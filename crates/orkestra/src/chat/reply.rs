//! What a provider answered, whole or piece by piece.

use serde::{Deserialize, Serialize};

use super::Usage;

/// A provider's whole answer to one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The answer, without reasoning.
    pub text: String,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// What the provider says was consumed; `None` when it did not say.
    pub usage: Option<Usage>,
    /// The model that the provider says answered.
    pub model: Option<String>,
    /// The provider's id of the call.
    pub request_id: Option<String>,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The answer is complete.
    Stop,
    /// The output limit was reached; the answer is cut.
    Length,
    /// The model wants tools called.
    ToolCalls,
    /// A filter or the model itself declined.
    ContentFilter,
}

impl FinishReason {
    /// Every reason once.
    pub const ALL: [Self; 4] = [Self::Stop, Self::Length, Self::ToolCalls, Self::ContentFilter];

    /// The reason's stable name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// A piece of a streamed answer, in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Chunk {
    /// The next words of the answer.
    Text(String),
    /// The last chunk of a stream that ended well: everything but the text.
    End {
        /// Why the model stopped.
        finish_reason: FinishReason,
        /// What the provider says was consumed; `None` when it did not say.
        usage: Option<Usage>,
        /// The model that the provider says answered.
        model: Option<String>,
        /// The provider's id of the call.
        request_id: Option<String>,
    },
}
