//! Tools: what the model may call, what it called, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CacheHint, Extra, Part};

/// Something that the model may use.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Tool {
    /// A function of the caller's.
    Function(Function),
    /// A tool that only its dialect knows (a provider's web search, a free-text tool); it travels whole or not at all.
    Other(Value),
}

/// A function of the caller's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// The JSON Schema of its arguments. `None`: it takes none.
    pub parameters: Option<Value>,
    /// Whether the provider shall enforce the schema to the letter.
    pub strict: Option<bool>,
    /// Up to here the tools are worth caching.
    pub cache: Option<CacheHint>,
    /// What only its dialect knows.
    pub extra: Extra,
}

/// Which tools the model must, may or must not use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// As it sees fit.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This function.
    Function(String),
    /// Only these functions.
    Allowed {
        /// Their names.
        names: Vec<String>,
        /// Whether at least one must be used.
        required: bool,
    },
}

/// A call that the model wants made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id, which its result names. Empty in dialects without one, until it is made up.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The arguments as the model wrote them: a JSON object, byte for byte.
    pub arguments: String,
}

/// What a called tool gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult {
    /// The id of the [`ToolCall`].
    pub call: String,
    /// The function's name, where it is known.
    pub name: Option<String>,
    /// What it gave: text, pictures.
    pub content: Vec<Part>,
    /// Whether it failed.
    pub is_error: bool,
}

impl ToolCall {
    /// The arguments as JSON; `None` when the model wrote something that is none.
    #[must_use]
    pub fn parsed(&self) -> Option<Value> {
        if self.arguments.trim().is_empty() {
            return Some(Value::Object(Extra::new()));
        }
        serde_json::from_str(&self.arguments).ok()
    }
}

impl ToolResult {
    /// A tool's answer in words.
    #[must_use]
    pub fn text(call: impl Into<String>, text: impl Into<String>) -> Self {
        Self { call: call.into(), content: vec![Part::text(text)], ..Self::default() }
    }

    /// All its text, parts joined by a line break.
    #[must_use]
    pub fn joined_text(&self) -> String {
        self.content.iter().filter_map(Part::as_text).collect::<Vec<_>>().join("\n")
    }
}

impl Tool {
    /// The function, where it is one.
    #[must_use]
    pub fn as_function(&self) -> Option<&Function> {
        match self {
            Self::Function(function) => Some(function),
            Self::Other(_) => None,
        }
    }
}
