//! How an engine stays up when providers do not.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    provider::{BreakerPolicy, RetryPolicy},
};

/// How an engine stays up when providers do not. What the providers themselves are given is in
/// [`Timeouts`](crate::provider::Timeouts).
#[derive(Clone, Debug)]
pub struct Resilience {
    /// Whether and when the same model is called again.
    pub retry: RetryPolicy,
    /// When a model that fails is left alone, and for how long.
    pub breaker: BreakerPolicy,
    /// The most calls that one request may make, retries and other models together. Default 12; at least 1.
    pub max_calls: u32,
    /// How long the first pieces of a stream are held back, so that another model can still step in when it breaks
    /// early. Default 0: the first piece is given at once, and with it the choice is made.
    pub hold: Duration,
    /// For everything that a request does, waits and other models included, to the last piece of its answer. Default
    /// none: the providers' deadlines alone.
    pub deadline: Option<Duration>,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            max_calls: 12,
            hold: Duration::ZERO,
            deadline: None,
        }
    }
}

impl Resilience {
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |field: &str, value: &str, expected: &str| {
            Err(Error::invalid(format!("resilience.{field} is {value}; expected {expected}")))
        };
        let rate = self.breaker.failure_rate;
        if self.max_calls == 0 {
            return wrong("max_calls", "0", "at least 1, or nothing could be called");
        }
        if rate.is_nan() || rate <= 0.0 {
            return wrong(
                "breaker.failure_rate",
                &rate.to_string(),
                "a share above 0; a share above 1 is never reached",
            );
        }
        if self.breaker.window > BreakerPolicy::LARGEST_WINDOW {
            let window = self.breaker.window.to_string();
            return wrong("breaker.window", &window, "at most 64 calls");
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            return wrong("deadline", "0 s", "more than 0 s, or none");
        }
        Ok(())
    }
}
