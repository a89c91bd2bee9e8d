//! How an answer shall be made: its form, and how much is thought before it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The form of the answer's text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// Any text.
    Text,
    /// Some JSON object.
    Json,
    /// JSON that a schema describes.
    Schema {
        /// The schema's name, where the caller gave one.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The JSON Schema.
        schema: Value,
        /// Whether the provider shall enforce it to the letter.
        strict: Option<bool>,
    },
}

/// How much to think before answering. What is `None` is left to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thinking {
    /// The way of thinking.
    pub mode: Option<ThinkingMode>,
    /// How hard.
    pub effort: Option<Effort>,
    /// At most so many tokens.
    pub budget: Option<u32>,
    /// Whether the answer shall carry the thoughts, or a summary of them.
    pub shown: Option<bool>,
}

impl Thinking {
    /// Thinking as hard as `effort`.
    #[must_use]
    pub fn with_effort(effort: Effort) -> Self {
        Self { effort: Some(effort), ..Self::default() }
    }

    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A way of thinking that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ThinkingMode {
    /// Off.
    Disabled,
    /// On, with a number of tokens.
    Budget,
    /// On, with a level.
    Level,
    /// As much as the model sees fit.
    Adaptive,
    /// Only between calls of tools.
    BetweenTools,
}

/// How hard a model thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Effort {
    /// Not at all.
    None,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    Xhigh,
    /// As much as it can.
    Max,
}

impl Effort {
    /// Every effort once, the least first.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max];

    /// The effort's name, as the APIs spell it in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort called `name`, whatever its case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.name().eq_ignore_ascii_case(name))
    }
}
