//! What a provider answered.

use serde::{Deserialize, Serialize};

use super::{Content, DialectName, Extra, Message, Part, Role, ToolCall, Usage};

/// A provider's whole answer to one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The answer's parts: thoughts, text, calls of tools, in the model's order.
    pub content: Vec<Part>,
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
    /// The dialect that it was read from; `extra` fields belong to it.
    pub dialect: Option<DialectName>,
    /// What only that dialect knows.
    pub extra: Extra,
}

impl Reply {
    /// An answer of `content`, and nothing else known.
    #[must_use]
    pub fn new(content: Vec<Part>, finish_reason: FinishReason) -> Self {
        Self {
            content,
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

    /// The answer's text, without thoughts; a refusal's words where there is nothing else.
    #[must_use]
    pub fn text(&self) -> String {
        let text: String = self.content.iter().filter_map(Part::as_text).collect();
        if !text.is_empty() {
            return text;
        }
        let refusals = self.content.iter().filter_map(|part| match &part.content {
            Content::Refusal(text) => Some(text.as_str()),
            _ => None,
        });
        refusals.collect()
    }

    /// The calls that the model wants made, in its order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.content.iter().filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// The answer as the next message of its conversation. `model` is the one that wrote it: its thoughts and proofs
    /// are shown to no other.
    #[must_use]
    pub fn into_message(self, model: impl Into<String>) -> Message {
        let model = Some(model.into());
        Message { role: Role::Assistant, content: self.content, model, ..Message::default() }
    }
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
