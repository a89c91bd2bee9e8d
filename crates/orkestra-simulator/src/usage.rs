//! What the simulated vendors bill.

use std::ops::AddAssign;

use serde::Serialize;

/// The tokens of one answer or of many, in parts that do not overlap, whatever the vendor's own way of counting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt that were neither read from a cache nor written to one.
    pub input: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Tokens written to a cache for five minutes, or for the only lifetime that the vendor has.
    pub cache_write_5m: u64,
    /// Tokens written to a cache for an hour.
    pub cache_write_1h: u64,
    /// Tokens of the answer, reasoning included.
    pub output: u64,
    /// The part of `output` that is reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// The tokens of the prompt, however they are billed.
    #[must_use]
    pub const fn prompt(&self) -> u64 {
        self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h
    }

    /// The usage when only `share` of the answer's text was written; the reasoning came first.
    pub(crate) fn at(&self, share: f64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of tokens and a share of it"
        )]
        let text = ((self.output - self.reasoning) as f64 * share.clamp(0.0, 1.0)).round() as u64;
        Self { output: self.reasoning + text, ..*self }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.input += more.input;
        self.cache_read += more.cache_read;
        self.cache_write_5m += more.cache_write_5m;
        self.cache_write_1h += more.cache_write_1h;
        self.output += more.output;
        self.reasoning += more.reasoning;
    }
}

/// What became of the requests for one model, and what they are billed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Requests that came to an end.
    pub requests: u64,
    /// Answered in full with a status below 400.
    pub finished: u64,
    /// Answered with a status of 400 and above.
    pub failed: u64,
    /// Cut off by a fault, or by the simulator's stop.
    pub cut: u64,
    /// Given up by the client before the end.
    pub dropped: u64,
    /// What is billed for all of these. A stream that was cut or dropped is billed as far as it was sent.
    pub usage: Usage,
}

impl AddAssign for Total {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.finished += more.finished;
        self.failed += more.failed;
        self.cut += more.cut;
        self.dropped += more.dropped;
        self.usage += more.usage;
    }
}
