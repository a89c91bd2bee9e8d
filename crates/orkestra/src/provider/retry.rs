//! Whether and when the same model is called again.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use crate::error::Error;

/// Gives numbers from 0 to 1; handed in so that waits can be repeated.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The provider is overloaded and says so; only Anthropic has it.
const OVERLOADED: u16 = 529;
/// A server error may be the request's own doing: Gemini answers 500 to a context that is too large.
const MOST_RETRIES_OF_SERVER_ERRORS: u32 = 2;

/// Whether and when the same model is called again after a failure that may pass: 408, 409, 429, 500 and above, a
/// connection that could not be made or broke, an overload that is reported inside an answer.
///
/// Never again: a quota that is used up, a refused key, a request that is wrong or too long, a deadline of ours. A
/// provider that sends `x-should-retry` decides itself, within these numbers.
#[derive(Clone)]
pub struct RetryPolicy {
    /// So many more calls of the same model. Default 2.
    pub max_retries: u32,
    /// The longest wait before the first retry; each further one may be twice as long. The wait is a random share of
    /// it, so that many callers do not come back together. Default 0.5 s.
    pub first_backoff: Duration,
    /// The longest such wait. Default 8 s.
    pub longest_backoff: Duration,
    /// The longest wait that a provider may ask for; after a longer one the model is left alone until then, and the
    /// next one is tried. Default 60 s.
    pub longest_wait: Duration,
    /// While another model is left in the plan, a longer wait is not worth it. Default 2 s.
    pub fallback_after: Duration,
    /// So many retries a provider may cost at once, so that an outage does not double its load. Default 10.
    pub budget: u32,
    /// So many successes earn the provider one more retry, up to `budget`. Default 10; 0: retries cost nothing.
    pub successes_per_retry: u32,
    /// Where random shares come from. Default: the system.
    pub random: Random,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 2,
            first_backoff: Duration::from_millis(500),
            longest_backoff: Duration::from_secs(8),
            longest_wait: Duration::from_secs(60),
            fallback_after: Duration::from_secs(2),
            budget: 10,
            successes_per_retry: 10,
            random: Arc::new(random),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before the model that gave `error` is called again, when that was done `retries` times
    /// already; `None`: it is not. `others_left` says whether the plan has another model to try.
    #[must_use]
    pub fn wait(&self, error: &Error, retries: u32, others_left: bool) -> Option<Duration> {
        let overloaded = error.status() == Some(OVERLOADED);
        if !error.is_retryable()
            || retries >= self.most_retries(error)
            || (overloaded && others_left)
        {
            return None;
        }
        let asked = error.retry_after().filter(|wait| !wait.is_zero());
        let wait = asked.unwrap_or_else(|| self.backoff(retries));
        let longest = if others_left {
            self.fallback_after.min(self.longest_wait)
        } else if asked.is_some() {
            self.longest_wait
        } else {
            self.longest_backoff
        };
        (wait <= longest).then_some(wait)
    }

    fn most_retries(&self, error: &Error) -> u32 {
        match error.status() {
            Some(500 | 502) => self.max_retries.min(MOST_RETRIES_OF_SERVER_ERRORS),
            _ => self.max_retries,
        }
    }

    fn backoff(&self, retries: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(retries);
        let longest = self.first_backoff.saturating_mul(doubled).min(self.longest_backoff);
        let share = (self.random)();
        longest.mul_f64(if share.is_nan() { 1.0 } else { share.clamp(0.0, 1.0) })
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_retries", &self.max_retries)
            .field("first_backoff", &self.first_backoff)
            .field("longest_backoff", &self.longest_backoff)
            .field("longest_wait", &self.longest_wait)
            .field("fallback_after", &self.fallback_after)
            .field("budget", &self.budget)
            .field("successes_per_retry", &self.successes_per_retry)
            .finish_non_exhaustive()
    }
}

/// The standard library seeds its hashers from the system; that is random enough to spread waits.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
