//! Token counts in buckets that do not overlap.

use std::ops::Add;

use serde::{Deserialize, Serialize};

/// What a call consumed, in tokens. The buckets are disjoint, whatever the provider reports:
/// OpenAI and Google count cached tokens inside the input, Anthropic beside it; Google counts
/// reasoning beside the output, the others inside it. `dialect/` evens that out, so that a price
/// has one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens billed at the full input rate.
    pub input: u64,
    /// Input tokens read from a prompt cache.
    pub cache_read: u64,
    /// Input tokens written to a prompt cache that keeps them for minutes.
    pub cache_write_5m: u64,
    /// Input tokens written to a prompt cache that keeps them for an hour.
    pub cache_write_1h: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning. Not billed again.
    pub reasoning: u64,
    /// The part of `input` that was sound, where the provider says so; some models bill it at a rate of its own.
    #[serde(default)]
    pub audio_input: u64,
    /// The part of `input` that was pictures, where the provider says so.
    #[serde(default)]
    pub image_input: u64,
    /// True when the provider did not say and these are our own counts.
    pub estimated: bool,
}

impl Usage {
    /// All input tokens, cached or not.
    #[must_use]
    pub fn input_tokens(&self) -> u64 {
        // Saturating: the counts are a provider's word, and an absurd one must not end the program.
        [self.cache_read, self.cache_write_5m, self.cache_write_1h]
            .into_iter()
            .fold(self.input, u64::saturating_add)
    }

    /// A call of `input` uncached and `output` tokens.
    #[must_use]
    pub fn plain(input: u64, output: u64) -> Self {
        Self { input, output, ..Self::default() }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_add(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            audio_input: self.audio_input.saturating_add(other.audio_input),
            image_input: self.image_input.saturating_add(other.image_input),
            estimated: self.estimated || other.estimated,
        }
    }
}
