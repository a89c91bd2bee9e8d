//! Whether a model that failed lately is called: a circuit breaker.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use super::{deadlines::later, health::ModelState};
use crate::error::{Error, ErrorKind};

/// A provider's mistake in a header must not rest a model for ever.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

/// When a model that fails is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// So many failures in a row are enough. Default 5; 0: they never are.
    pub failures: u32,
    /// This share of failures among the last `window` calls is enough, too. Default 0.5; above 1: it never is.
    pub failure_rate: f64,
    /// How many calls that share is taken of, at most 64. Default 20; 0: none.
    pub window: u32,
    /// How long the model is left alone; then one call at a time tries it. Default 30 s.
    pub cool_down: Duration,
    /// Each time that such a call fails the next rest is twice as long, up to this. Default 5 min.
    pub longest_cool_down: Duration,
}

impl BreakerPolicy {
    /// The largest `window`.
    pub const LARGEST_WINDOW: u32 = 64;
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            failure_rate: 0.5,
            window: 20,
            cool_down: Duration::from_secs(30),
            longest_cool_down: Duration::from_secs(300),
        }
    }
}

/// Why a model is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassedOver {
    /// The provider asked to wait.
    Resting { left: Duration },
    /// It failed too often.
    Open { failures_in_a_row: u32, left: Duration },
    /// It failed too often, and another call is finding out whether it still does.
    Probed,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resting { left } => {
                write!(f, "it asked to wait; {:.1} s are left", left.as_secs_f64())
            }
            Self::Open { failures_in_a_row: 0 | 1, left } => {
                write!(f, "it failed too often; it is tried in {:.1} s", left.as_secs_f64())
            }
            Self::Open { failures_in_a_row, left } => write!(
                f,
                "it failed {failures_in_a_row} times in a row; it is tried in {:.1} s",
                left.as_secs_f64()
            ),
            Self::Probed => {
                f.write_str("it failed too often, and another call is trying it right now")
            }
        }
    }
}

/// What is known of one model's latest calls. A state machine: the time is handed in.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    failures_in_a_row: u32,
    /// The latest outcomes, the newest lowest; 1 is a failure.
    outcomes: u64,
    remembered: u32,
    resting_until: Option<Instant>,
    last_failed: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
        cool_down: Duration,
    },
    HalfOpen {
        probed: bool,
        cool_down: Duration,
    },
}

impl Breaker {
    /// Asks for a call. `Ok(true)`: it is a probe, whose end must be told.
    pub(super) fn admit(&mut self, now: Instant) -> Result<bool, PassedOver> {
        if let Some(why) = self.obstacle(now) {
            return Err(why);
        }
        match self.state {
            State::Closed => Ok(false),
            State::Open { cool_down, .. } | State::HalfOpen { cool_down, .. } => {
                self.state = State::HalfOpen { probed: true, cool_down };
                Ok(true)
            }
        }
    }

    /// Why a call would be refused now.
    pub(super) fn obstacle(&self, now: Instant) -> Option<PassedOver> {
        if let Some(until) = self.resting_until.filter(|until| *until > now) {
            return Some(PassedOver::Resting { left: until - now });
        }
        match self.state {
            State::Open { until, .. } if until > now => Some(PassedOver::Open {
                failures_in_a_row: self.failures_in_a_row,
                left: until - now,
            }),
            State::HalfOpen { probed: true, .. } => Some(PassedOver::Probed),
            _ => None,
        }
    }

    pub(super) fn succeeded(&mut self, policy: &BreakerPolicy) {
        self.answering();
        self.failures_in_a_row = 0;
        self.remember(false, policy);
    }

    /// An answer has begun: the model is there, whatever becomes of the answer.
    pub(super) fn answering(&mut self) {
        self.resting_until = None;
        if !matches!(self.state, State::Closed) {
            self.state = State::Closed;
            // What was before the outage's end must not open it again.
            (self.failures_in_a_row, self.outcomes, self.remembered) = (0, 0, 0);
        }
    }

    /// A call ended without a word about the model: it was given up, or the request was refused.
    pub(super) fn release(&mut self) {
        if let State::HalfOpen { probed, .. } = &mut self.state {
            *probed = false;
        }
    }

    pub(super) fn failed(&mut self, error: &Error, policy: &BreakerPolicy, now: Instant) {
        self.last_failed = Some(now);
        if let Some(wait) = error.retry_after().filter(|wait| !wait.is_zero()) {
            self.resting_until = Some(later(now, wait.min(LONGEST_REST)));
            // It works, and says when: no reason for a guess of ours on top.
            return self.release();
        }
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.remember(true, policy);
        let cool_down = match self.state {
            State::Closed if self.is_enough(policy) => policy.cool_down,
            State::HalfOpen { cool_down, .. } => {
                cool_down.saturating_mul(2).min(policy.longest_cool_down)
            }
            // Calls that had begun before it opened, and calls that had no other model to go to.
            State::Closed | State::Open { .. } => return,
        };
        self.state = State::Open { until: later(now, cool_down), cool_down };
    }

    fn is_enough(&self, policy: &BreakerPolicy) -> bool {
        let window = policy.window.min(BreakerPolicy::LARGEST_WINDOW);
        let in_a_row = policy.failures > 0 && self.failures_in_a_row >= policy.failures;
        let share = f64::from(self.outcomes.count_ones()) / f64::from(window.max(1));
        in_a_row || (window > 0 && self.remembered >= window && share >= policy.failure_rate)
    }

    fn remember(&mut self, failed: bool, policy: &BreakerPolicy) {
        let window = policy.window.min(BreakerPolicy::LARGEST_WINDOW);
        let kept = 1_u64.checked_shl(window).map_or(u64::MAX, |bit| bit - 1);
        self.outcomes = ((self.outcomes << 1) | u64::from(failed)) & kept;
        self.remembered = (self.remembered + 1).min(window);
    }

    pub(super) fn state(&self, now: Instant) -> ModelState {
        match (self.obstacle(now), self.state) {
            (Some(PassedOver::Resting { .. }), _) => ModelState::Resting,
            (Some(PassedOver::Open { .. }), _) => ModelState::Open,
            (_, State::Closed) => ModelState::Closed,
            (_, State::Open { .. } | State::HalfOpen { .. }) => ModelState::HalfOpen,
        }
    }

    pub(super) fn failures_in_a_row(&self) -> u32 {
        self.failures_in_a_row
    }

    pub(super) fn last_failed(&self) -> Option<Instant> {
        self.last_failed
    }
}

/// Whether `error` says something about the model, and not about the request or the key.
pub(super) fn counts(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RateLimited { .. } | ErrorKind::Timeout | ErrorKind::Unavailable
    )
}
