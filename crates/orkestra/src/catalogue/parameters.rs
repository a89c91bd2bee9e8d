//! What a model's API takes, refuses or ignores.

use serde::{Deserialize, Serialize};

use crate::chat::{Effort, ThinkingMode};

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
    /// Whether the model exists in the Responses API only, in OpenAI's dialect. Default false.
    pub responses_only: bool,
    /// The ways of thinking that can be asked for. Default: none.
    pub thinking: Vec<ThinkingMode>,
    /// The reasoning efforts it takes, the least first. Default: none, so that no effort is sent.
    pub efforts: Vec<Effort>,
    /// The effort of a call that names none. Default: not known.
    pub default_effort: Option<Effort>,
    /// The least tokens of a prompt prefix that the provider caches. Default: not known.
    pub min_cacheable: Option<u64>,
    /// What becomes of the names of speakers, in OpenAI's dialect. Default accepted.
    pub names: Acceptance,
    /// What becomes of a tool's `strict`. Default accepted.
    pub strict_tools: Acceptance,
    /// What becomes of a call that ends with an assistant message without text. Default accepted.
    pub empty_assistant: Acceptance,
    /// The word for "use some tool", in OpenAI's dialect. Default `required`.
    pub required_tool_choice: RequiredWord,
    /// The field that carries `seed`, in OpenAI's dialect. Default `seed`.
    pub seed_field: SeedField,
    /// Whether the model's thoughts must be sent back as `reasoning_content` in a tool loop, in OpenAI's dialect.
    /// Default false: they are left out.
    pub reasoning_content: bool,
    /// What becomes of the ids that join calls of tools and their results, in Gemini's dialect. Default accepted; where
    /// they are not, order and name join them.
    pub call_ids: Acceptance,
    /// What becomes of pictures and files in the results of tools, in Gemini's dialect. Default accepted; where they are
    /// not, they follow the results.
    pub media_in_results: Acceptance,
    /// Whether the model wants the proof of its own calls back, in Gemini's dialect. Default false.
    pub call_signatures: bool,
    /// Whether to tell the server how much context to keep (`options.num_ctx`), in OpenAI's dialect; Ollama cuts prompts
    /// silently otherwise. Default false.
    pub num_ctx: bool,
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
            parallel_tool_calls: Acceptance::Accepted,
            sampling_needs_no_effort: false,
            prefill: true,
            forced_tool_choice: true,
            tools_need_responses: false,
            responses_only: false,
            thinking: Vec::new(),
            efforts: Vec::new(),
            default_effort: None,
            min_cacheable: None,
            names: Acceptance::Accepted,
            strict_tools: Acceptance::Accepted,
            empty_assistant: Acceptance::Accepted,
            required_tool_choice: RequiredWord::Required,
            seed_field: SeedField::Seed,
            reasoning_content: false,
            call_ids: Acceptance::Accepted,
            media_in_results: Acceptance::Accepted,
            call_signatures: false,
            num_ctx: false,
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

/// The word for "use some tool".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredWord {
    /// `required`, as OpenAI has it.
    Required,
    /// `any`, as Mistral has it; it stands for a named tool, too.
    Any,
}

/// The field that carries a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedField {
    /// `seed`, as OpenAI has it.
    Seed,
    /// `random_seed`, as Mistral has it.
    RandomSeed,
}
