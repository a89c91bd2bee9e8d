//! One billed attempt.

use std::{fmt, time::Duration};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    catalogue::ModelId,
    chat::{FinishReason, Usage},
    error::{Error, Result},
    money::Usd,
    tier::Tier,
};

/// One call of one model that was, or may have been, billed. Holds no text of the prompt or the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Made by the caller, a UUID of version 7: [`Entry::new_id`]. A ledger keeps each id once.
    pub id: String,
    /// The decision that this attempt belongs to.
    pub decision_id: String,
    /// 1 for the plan's first model, one more for each further try.
    pub attempt: u32,
    /// When the attempt ended.
    pub at: Timestamp,
    /// The UTC day whose prices were charged.
    pub day: Date,
    /// The provider's name.
    pub provider: String,
    /// The model that was called.
    pub model: ModelId,
    /// The model's tier.
    pub tier: Tier,
    /// The strategy that chose it, or how else it came to be called.
    pub strategy: String,
    /// The id of the router whose forecast was used.
    pub router: String,
    /// The tokens consumed.
    pub usage: Usage,
    /// What the input cost.
    pub input_cost: Usd,
    /// What the output cost.
    pub output_cost: Usd,
    /// What the attempt cost.
    pub cost: Usd,
    /// The model that savings are measured against.
    pub base_model: ModelId,
    /// What `base_model` would have cost for the same tokens.
    pub base_cost: Usd,
    /// `base_cost` minus `cost`. May be negative.
    pub savings: Usd,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// From the request's start to its end; kept in microseconds.
    #[serde(rename = "latency_us", with = "micros")]
    pub latency: Duration,
    /// From the request's start to the first token, where it was streamed; kept in microseconds.
    #[serde(rename = "first_token_us", with = "maybe_micros", default)]
    pub first_token: Option<Duration>,
    /// The provider's id of the call.
    pub request_id: Option<String>,
    /// Whether a simulator answered. Such an entry says nothing about real money.
    pub simulated: bool,
    /// What the plan expected it to cost.
    pub expected_cost: Usd,
    /// How many output tokens the plan expected: the forecast times the model's factor, at most
    /// the request's limit.
    pub expected_output_tokens: f64,
    /// Why the model stopped. `None` when it did not say, and in entries from before this was kept.
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
    /// How many output tokens the router had forecast, before any factor and limit. `None` in
    /// entries from before this was kept.
    #[serde(default)]
    pub forecast_output_tokens: Option<f64>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// A whole answer came.
    Ok,
    /// The provider's stream broke off.
    Cut,
    /// The caller stopped reading before the end.
    Dropped,
    /// The model declined, and charged for it.
    Refused,
    /// The call failed after something was charged, or may have been.
    Failed,
}

impl Outcome {
    /// Every outcome once.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Cut, Self::Dropped, Self::Refused, Self::Failed];

    /// The outcome's stable name, as it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cut => "cut",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Entry {
    /// The most tokens that one bucket may hold: more is a reporting error, and would not survive
    /// readers that keep numbers as floats.
    pub const MAX_TOKENS: u64 = (1 << 53) - 1;

    /// A fresh id. Ids made later sort later.
    #[must_use]
    pub fn new_id() -> String {
        uuid::Uuid::now_v7().to_string()
    }

    /// Whether every ledger can keep this entry exactly.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming the field that does not fit.
    pub fn check(&self) -> Result<()> {
        let wrong = |field: &str, value: &dyn fmt::Display, expected: &str| {
            Err(Error::invalid(format!(
                "ledger entry {:?}: {field} is {value}, expected {expected}",
                self.id
            )))
        };
        if self.id.is_empty() {
            return wrong("id", &"empty", "a UUID");
        }
        if self.at < Timestamp::UNIX_EPOCH {
            return wrong("at", &self.at, "a moment after 1970");
        }
        let usage = &self.usage;
        for (field, tokens) in [
            ("usage.input", usage.input),
            ("usage.cache_read", usage.cache_read),
            ("usage.cache_write_5m", usage.cache_write_5m),
            ("usage.cache_write_1h", usage.cache_write_1h),
            ("usage.output", usage.output),
            ("usage.reasoning", usage.reasoning),
            ("usage.audio_input", usage.audio_input),
            ("usage.image_input", usage.image_input),
        ] {
            if tokens > Self::MAX_TOKENS {
                return wrong(field, &tokens, "at most 9007199254740991 tokens");
            }
        }
        if !self.expected_output_tokens.is_finite() || self.expected_output_tokens < 0.0 {
            let tokens = self.expected_output_tokens;
            return wrong("expected_output_tokens", &tokens, "0 or more");
        }
        if let Some(tokens) = self.forecast_output_tokens
            && (!tokens.is_finite() || tokens < 0.0)
        {
            return wrong("forecast_output_tokens", &tokens, "0 or more, or none");
        }
        Ok(())
    }

    /// The forecast that its billed output can be held against; `None` where that would show
    /// nothing: the call was simulated, its tokens are our own estimate, or the answer did not
    /// come to its own end (broken off, or cut by a limit or a filter).
    #[must_use]
    pub fn measured_forecast(&self) -> Option<f64> {
        let came_to_its_end = match self.finish_reason {
            None | Some(FinishReason::Stop | FinishReason::ToolCalls) => {
                self.outcome == Outcome::Ok && self.usage.output > 0
            }
            Some(_) => false,
        };
        let real = !self.simulated && !self.usage.estimated;
        self.forecast_output_tokens.filter(|tokens| real && came_to_its_end && *tokens > 0.0)
    }
}

/// A duration in whole microseconds, saturating after half a million years.
pub(super) fn to_micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(i64::MAX as u64)
}

mod micros {
    use super::{Deserialize, Duration, to_micros};

    pub(super) fn serialize<S: serde::Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(to_micros(*duration))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}

mod maybe_micros {
    use super::{Deserialize, Duration, Serialize, to_micros};

    #[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
    pub(super) fn serialize<S: serde::Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(to_micros).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_micros))
    }
}
