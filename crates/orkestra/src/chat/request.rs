//! What the caller asks.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The output limit of a call that names none.
pub const DEFAULT_MAX_TOKENS: u32 = 8192;
/// The sampling temperature of a call that names none.
pub const DEFAULT_TEMPERATURE: f64 = 1.0;
/// The most text one request may carry: what the largest context windows hold, and a bound for memory.
pub const MAX_PROMPT_BYTES: usize = 16 * 1024 * 1024;

/// A conversation and how to answer it.
///
/// ```
/// use orkestra::chat::Request;
/// let request = Request::from("What makes the sea salty?").max_tokens(100);
/// assert!(request.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Instructions that stand above the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The conversation, oldest message first.
    pub messages: Vec<Message>,
    /// The most tokens the answer may have, reasoning included. Default 8192.
    #[serde(default = "default_max_tokens")]
    pub max_tokens: u32,
    /// Sampling temperature, 0 to 2. Default 1. Models that refuse one are called without, and a warning says so.
    #[serde(default = "default_temperature")]
    pub temperature: f64,
    /// The model to use instead of letting the router choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Vec<Part>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// The person, or the program, that asks.
    User,
    /// The model.
    Assistant,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
}

fn default_max_tokens() -> u32 {
    DEFAULT_MAX_TOKENS
}

fn default_temperature() -> f64 {
    DEFAULT_TEMPERATURE
}

impl Message {
    /// A message of plain text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: vec![Part::Text { text: text.into() }] }
    }

    /// All text of this message, parts joined by a line break.
    #[must_use]
    pub fn joined_text(&self) -> String {
        let parts: Vec<&str> =
            self.content.iter().map(|Part::Text { text }| text.as_str()).collect();
        parts.join("\n")
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
            system: None,
            messages,
            max_tokens: DEFAULT_MAX_TOKENS,
            temperature: DEFAULT_TEMPERATURE,
            model: None,
        }
    }
}

impl Request {
    /// Sets the instructions that stand above the conversation.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = Some(text.into());
        self
    }

    /// Sets the output limit.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    /// Sets the sampling temperature.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// Names the model instead of letting the router choose.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Checks everything that can be checked before a model is chosen.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), naming the field, its value and what was expected.
    pub fn validate(&self) -> Result<()> {
        let Some(last) = self.messages.last() else {
            return Err(Error::invalid("messages is empty; give at least one user message"));
        };
        if last.role != Role::User {
            return Err(Error::invalid(
                "the last message is the assistant's; end the conversation with a user message",
            ));
        }
        for (position, message) in self.messages.iter().enumerate() {
            if message.joined_text().trim().is_empty() {
                return Err(Error::invalid(if self.messages.len() == 1 {
                    "the prompt is empty; write what the model shall answer".to_owned()
                } else {
                    format!("messages[{position}] is empty; remove it or give it text")
                }));
            }
        }
        self.validate_text()?;
        if self.max_tokens == 0 {
            return Err(Error::invalid("max_tokens is 0; it must be at least 1"));
        }
        if !(0.0..=2.0).contains(&self.temperature) {
            return Err(Error::invalid(format!(
                "temperature is {}; it must be a number from 0 to 2",
                self.temperature
            )));
        }
        Ok(())
    }

    fn validate_text(&self) -> Result<()> {
        let mut bytes = 0;
        for text in self.texts() {
            bytes += text.len();
            if let Some(position) = text.find('\0') {
                return Err(Error::invalid(format!(
                    "the prompt has a NUL byte at position {position}; providers refuse it, remove it"
                )));
            }
        }
        if bytes > MAX_PROMPT_BYTES {
            return Err(Error::new(
                crate::ErrorKind::TooLong,
                format!(
                    "the prompt has {bytes} bytes; at most {MAX_PROMPT_BYTES} (16 MiB) can be sent"
                ),
            )
            .whatever_the_model());
        }
        Ok(())
    }

    /// Every text of the request: the system text, then each message's parts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let parts = self.messages.iter().flat_map(|message| &message.content);
        self.system.as_deref().into_iter().chain(parts.map(|Part::Text { text }| text.as_str()))
    }
}
