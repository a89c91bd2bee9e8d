//! How many retries a provider may cost.

use super::RetryPolicy;

/// A token bucket: successes fill it, retries empty it. While a provider is down nothing fills it, and its load stays
/// what the callers ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryBudget {
    /// In successes: `successes_per_retry` of them are one retry.
    credit: u64,
}

impl RetryBudget {
    /// A full one.
    pub(super) fn full(policy: &RetryPolicy) -> Self {
        Self { credit: most(policy) }
    }

    /// A call succeeded.
    pub(super) fn earn(&mut self, policy: &RetryPolicy) {
        self.credit = self.credit.saturating_add(1).min(most(policy));
    }

    /// Pays for one retry; false when there is nothing left to pay with.
    pub(super) fn pay(&mut self, policy: &RetryPolicy) -> bool {
        let rest = self.credit.checked_sub(u64::from(policy.successes_per_retry));
        self.credit = rest.unwrap_or(self.credit);
        rest.is_some()
    }
}

fn most(policy: &RetryPolicy) -> u64 {
    u64::from(policy.budget) * u64::from(policy.successes_per_retry)
}
