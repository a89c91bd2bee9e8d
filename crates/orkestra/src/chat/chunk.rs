//! The pieces of a streamed answer.

use super::{DialectName, Extra, FinishReason, Part, Usage};

/// A piece of a streamed answer, in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Chunk {
    /// The next words of the answer.
    Text(String),
    /// The next words of the model's reason not to answer.
    Refusal(String),
    /// The next words of its thoughts.
    Reasoning(String),
    /// The proof of the part that was last added to; it ends that part.
    Signature(String),
    /// A call of a tool begins. Calls are numbered from 0 in the order of their beginnings.
    ToolCall {
        /// The call's number.
        index: usize,
        /// The call's id.
        id: String,
        /// The function's name.
        name: String,
    },
    /// The next piece of a call's arguments; pieces of several calls may alternate.
    ToolArguments {
        /// The call's number.
        index: usize,
        /// The piece.
        piece: String,
    },
    /// A part that comes whole, such as thoughts that only the provider can read; or one without words whose pieces
    /// follow ([`Part::only_begins`]), where there is more to say of it than words.
    Part(Part),
    /// What only its dialect knows of the part that was last added to, such as the sources of a text. A list adds to the
    /// list that is there.
    Extra(Extra),
    /// What was consumed so far. Replaces what was said before.
    Usage(Usage),
    /// The last chunk of a stream that ended well.
    End(End),
}

/// Everything about a streamed answer but its pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// The stop sequence that stopped it, where the provider says which.
    pub stop_sequence: Option<String>,
    /// What the provider says was consumed; `None` when it did not say.
    pub usage: Option<Usage>,
    /// The model that the provider says answered.
    pub model: Option<String>,
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The provider's id of the call, from its headers.
    pub request_id: Option<String>,
    /// The dialect that `extra` belongs to.
    pub dialect: Option<DialectName>,
    /// What only that dialect knows.
    pub extra: Extra,
}

impl End {
    /// An end for `finish_reason`, and nothing else known.
    #[must_use]
    pub fn new(finish_reason: FinishReason) -> Self {
        Self {
            finish_reason,
            stop_sequence: None,
            usage: None,
            model: None,
            id: None,
            request_id: None,
            dialect: None,
            extra: Extra::new(),
        }
    }
}
