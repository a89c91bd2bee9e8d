//! What a model's API takes, refuses or ignores.

use serde::{Deserialize, Serialize};

/// The parameter rules of a model. What a catalogue leaves out has the default that is named here, which
/// suits a plain server that calls itself OpenAI-compatible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// The field of an OpenAI request that carries the output limit. Other dialects have one name each and
    /// do not look here. Default `max_tokens`.
    pub max_tokens: MaxTokensField,
    /// What becomes of a temperature. Default: accepted from 0 to 2.
    pub temperature: TemperatureRule,
    /// What becomes of `top_p`. Default accepted.
    pub top_p: Acceptance,
    /// What becomes of `top_k`. Default accepted.
    pub top_k: Acceptance,
    /// What becomes of stop sequences. Default accepted.
    pub stop: Acceptance,
    /// What becomes of frequency and presence penalties. Default accepted.
    pub penalties: Acceptance,
    /// What becomes of `seed`. Default accepted.
    pub seed: Acceptance,
    /// What becomes of `logprobs`. Default accepted.
    pub logprobs: Acceptance,
    /// What becomes of a request for several answers at once. Default accepted.
    pub several_answers: Acceptance,
    /// What becomes of `parallel_tool_calls`. Default accepted.
    pub parallel_tool_calls: Acceptance,
    /// Whether `temperature`, `top_p` and `logprobs` are taken exactly while the effort is `none`,
    /// whatever their own rules say. Default false.
    pub sampling_needs_no_effort: bool,
    /// Whether the conversation may end with the beginning of the model's answer. Default true.
    pub prefill: bool,
    /// Whether a call may force the use of a tool. Default true.
    pub forced_tool_choice: bool,
    /// Whether a call with tools must use the Responses API unless the effort is `none`. Default false.
    pub tools_need_responses: bool,
    /// The ways of thinking that can be asked for. Default: none.
    pub thinking: Vec<ThinkingMode>,
    /// The reasoning efforts it takes, the least first. Default: none, so that no effort is sent.
    pub efforts: Vec<Effort>,
    /// The effort of a call that names none. Default: not known.
    pub default_effort: Option<Effort>,
    /// The least tokens of a prompt prefix that the provider caches. Default: not known.
    pub min_cacheable: Option<u64>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            max_tokens: MaxTokensField::MaxTokens,
            temperature: TemperatureRule::Accepted { max: 2.0 },
            top_p: Acceptance::Accepted,
            top_k: Acceptance::Accepted,
            stop: Acceptance::Accepted,
            penalties: Acceptance::Accepted,
            seed: Acceptance::Accepted,
            logprobs: Acceptance::Accepted,
            several_answers: Acceptance::Accepted,
            parallel_tool_calls: Acceptance::Accepted,
            sampling_needs_no_effort: false,
            prefill: true,
            forced_tool_choice: true,
            tools_need_responses: false,
            thinking: Vec::new(),
            efforts: Vec::new(),
            default_effort: None,
            min_cacheable: None,
        }
    }
}

/// The field of an OpenAI request that carries the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// `max_tokens`, which compatible servers know.
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's own models want.
    MaxCompletionTokens,
}

/// What becomes of a temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TemperatureRule {
    /// Followed, from 0 to `max`.
    Accepted {
        /// The highest temperature.
        max: f64,
    },
    /// An error unless it is 1: leave it out.
    OnlyDefault,
    /// An error whatever it is: leave it out.
    Refused,
    /// Taken without effect.
    Ignored,
}

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// Followed.
    Accepted,
    /// An error: leave it out.
    Refused,
    /// Taken without effect.
    Ignored,
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
