//! What a provider of the Chat Completions API does differently from OpenAI.

use serde::Deserialize;

/// The habits of a provider. The default is OpenAI's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Manners {
    /// Fields that it does not know are ignored.
    pub(crate) lenient: bool,
    /// Fields of a request that it refuses.
    pub(crate) refused: Vec<String>,
    /// Fields of OpenAI's that it does not know.
    pub(crate) forbidden: Vec<String>,
    /// Fields of a request that it takes beside OpenAI's.
    pub(crate) more_fields: Vec<String>,
    /// Messages may have a `name`.
    pub(crate) names: bool,
    pub(crate) most_choices: u64,
    /// `tool_choice` may be `required` or name a tool.
    pub(crate) required_choice: bool,
    /// `tool_choice` may be `any`.
    pub(crate) any_choice: bool,
    /// Tools may have `strict` and their schemas `$ref`.
    pub(crate) strict_tools: bool,
    /// An assistant's message without calls may be empty.
    pub(crate) empty_assistant: bool,
    /// JSON mode needs the word in the prompt.
    pub(crate) json_word: bool,
    /// The field of messages and deltas that carries reasoning.
    pub(crate) reasoning_field: Option<String>,
    /// Reasoning must come back on messages with calls.
    pub(crate) reasoning_required: bool,
    /// `thinking: {type}` switches reasoning on and off.
    pub(crate) thinking_switch: bool,
    /// A stream ends with its usage, asked for or not.
    pub(crate) usage_always: bool,
    /// Usage has `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens`.
    pub(crate) hits_and_misses: bool,
    /// Usage has a `cost`.
    pub(crate) costs: bool,
    /// Messages and deltas without calls have `tool_calls: null`.
    pub(crate) null_calls: bool,
    /// Longer prompts are cut to so many tokens without a word.
    pub(crate) truncates_to: Option<u64>,
    /// The status of the refusal of a prompt that is too long.
    pub(crate) context_status: u16,
    /// Prefixes are cached in steps of so many tokens, ...
    pub(crate) cache_step: u32,
    /// ... and from so many on. 0: not at all.
    pub(crate) cache_from: u64,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            lenient: false,
            refused: Vec::new(),
            forbidden: Vec::new(),
            more_fields: Vec::new(),
            names: true,
            most_choices: 128,
            required_choice: true,
            any_choice: false,
            strict_tools: true,
            empty_assistant: true,
            json_word: true,
            reasoning_field: None,
            reasoning_required: false,
            thinking_switch: false,
            usage_always: false,
            hits_and_misses: false,
            costs: false,
            null_calls: false,
            truncates_to: None,
            context_status: 400,
            cache_step: 128,
            cache_from: 1024,
        }
    }
}
