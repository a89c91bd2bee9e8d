//! What the caller asks.

use serde::{Deserialize, Serialize};

use super::{CacheHint, Content, DialectName, Extra, Format, Part, Thinking, Tool, ToolChoice};

/// The output limit of a call that names none.
pub const DEFAULT_MAX_TOKENS: u32 = 8192;
/// The sampling temperature of a call that names none.
pub const DEFAULT_TEMPERATURE: f64 = 1.0;

/// A conversation and how to answer it. What is `None` or empty was not asked for.
///
/// ```
/// use orkestra::chat::Request;
/// let request = Request::from("What makes the sea salty?").max_tokens(100);
/// assert!(request.validate().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The conversation, oldest message first. Instructions are messages of the roles [`System`](Role::System) and
    /// [`Developer`](Role::Developer), usually the first ones.
    pub messages: Vec<Message>,
    /// The most tokens the answer may have, thoughts included. Requests made of a prompt have 8192; `None` leaves it
    /// to the provider, or to 8192 where the provider wants one.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0 to 2. Requests made of a prompt have 1. Models that refuse one are called without, and
    /// a warning says so.
    pub temperature: Option<f64>,
    /// Sample from the likeliest tokens of this joint probability, 0 to 1.
    pub top_p: Option<f64>,
    /// Sample from so many of the likeliest tokens.
    pub top_k: Option<u32>,
    /// Stop before any of these texts.
    pub stop: Vec<String>,
    /// Sample the same way for the same number, as far as the provider can.
    pub seed: Option<i64>,
    /// Disfavour tokens by how often they stand in the answer, -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// Disfavour tokens that stand in the answer, -2 to 2.
    pub presence_penalty: Option<f64>,
    /// Give the tokens' probabilities.
    pub logprobs: Option<bool>,
    /// What the model may use.
    pub tools: Vec<Tool>,
    /// Which of `tools` it must use.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer's text.
    pub format: Option<Format>,
    /// How much to think before answering.
    pub thinking: Thinking,
    /// Groups requests that share a prefix, for providers that cache by such a name.
    pub cache_key: Option<String>,
    /// Mark the end of the prompt as worth caching.
    pub cache: Option<CacheHint>,
    /// The end user, in the caller's own naming.
    pub user: Option<String>,
    /// Labels for the provider's records.
    pub metadata: Extra,
    /// The model to use instead of letting the router choose.
    pub model: Option<String>,
    /// The dialect that the request was read from; all `extra` fields and [`headers`](Self::headers) belong to it.
    pub dialect: Option<DialectName>,
    /// Headers of that dialect that belong to the request, such as `anthropic-beta`. Never keys.
    pub headers: Vec<(String, String)>,
    /// What only that dialect knows.
    pub extra: Extra,
}

/// One turn of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Vec<Part>,
    /// The speaker's name, for providers that take one.
    pub name: Option<String>,
    /// The model that wrote it, where that is known. Its thoughts and proofs are shown to no other model.
    pub model: Option<String>,
    /// What only its dialect knows.
    pub extra: Extra,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Whoever runs the application: instructions that stand above the conversation.
    System,
    /// The same, in the words of newer OpenAI models.
    Developer,
    /// The person, or the program, that asks. Results of tools are theirs, too.
    #[default]
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Whether the message is an instruction.
    #[must_use]
    pub fn instructs(self) -> bool {
        matches!(self, Self::System | Self::Developer)
    }
}

impl Message {
    /// A message of plain text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::of(role, vec![Part::text(text)])
    }

    /// A message of `content`.
    #[must_use]
    pub fn of(role: Role, content: Vec<Part>) -> Self {
        Self { role, content, ..Self::default() }
    }

    /// All plain text of this message, parts joined by a line break; without what tools gave.
    #[must_use]
    pub fn joined_text(&self) -> String {
        self.content.iter().filter_map(Part::as_text).collect::<Vec<_>>().join("\n")
    }

    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let blank = |part: &Part| part.as_text().is_some_and(|text| text.trim().is_empty());
        self.content.iter().all(blank)
    }
}

impl From<&str> for Request {
    fn from(prompt: &str) -> Self {
        Self::from(prompt.to_owned())
    }
}

impl From<String> for Request {
    /// A bare prompt is one user message.
    fn from(prompt: String) -> Self {
        Self::from(vec![Message::text(Role::User, prompt)])
    }
}

impl From<Vec<Message>> for Request {
    fn from(messages: Vec<Message>) -> Self {
        Self {
            messages,
            max_tokens: Some(DEFAULT_MAX_TOKENS),
            temperature: Some(DEFAULT_TEMPERATURE),
            ..Self::default()
        }
    }
}

impl Request {
    /// Puts instructions before the conversation; empty ones say nothing and are left out.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        let text: String = text.into();
        if !text.trim().is_empty() {
            self.messages.insert(0, Message::text(Role::System, text));
        }
        self
    }

    /// Sets the output limit.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = Some(max_tokens);
        self
    }

    /// Sets the sampling temperature.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Names the model instead of letting the router choose.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Adds functions that the model may call.
    #[must_use]
    pub fn tools(mut self, functions: impl IntoIterator<Item = super::Function>) -> Self {
        self.tools.extend(functions.into_iter().map(Tool::Function));
        self
    }

    /// The output limit: the caller's, or the default.
    #[must_use]
    pub fn output_limit(&self) -> u32 {
        self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS)
    }

    /// The leading instructions, which most dialects keep apart, and the conversation after them.
    #[must_use]
    pub fn split_instructions(&self) -> (&[Message], &[Message]) {
        let leading = self.messages.iter().take_while(|message| message.role.instructs()).count();
        self.messages.split_at(leading)
    }

    /// Every part of the request, those inside results of tools included, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.messages.iter().flat_map(|message| &message.content).flat_map(|part| {
            let inner: &[Part] = match &part.content {
                Content::ToolResult(result) => &result.content,
                _ => &[],
            };
            std::iter::once(part).chain(inner)
        })
    }

    /// Whether it says what of the prompt is worth caching.
    #[must_use]
    pub fn hints_at_caching(&self) -> bool {
        self.cache.is_some()
            || self.parts().any(|part| part.cache.is_some())
            || self.functions().any(|function| function.cache.is_some())
    }

    /// Whether it ends with what tools gave: the model is in the middle of a turn.
    #[must_use]
    pub fn is_in_tool_loop(&self) -> bool {
        let last = self.messages.iter().rev().find(|message| !message.role.instructs());
        last.is_some_and(|message| {
            message.role == Role::User
                && message.content.iter().any(|part| matches!(part.content, Content::ToolResult(_)))
        })
    }

    /// The functions among its tools.
    pub fn functions(&self) -> impl Iterator<Item = &super::Function> {
        self.tools.iter().filter_map(Tool::as_function)
    }
}
