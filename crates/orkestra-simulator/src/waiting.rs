//! How a rate limit says when to come back.

use std::time::Duration;

use jiff::Timestamp;

use crate::faults::FaultKind;

/// When the caller may come back, and how that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// `retry-after`, in seconds.
    Seconds(Duration),
    /// `retry-after-ms` alone.
    Milliseconds(Duration),
    /// `retry-after`, as a date.
    Until(Duration),
    Unsaid,
}

impl Waiting {
    /// The rate limit that `fault` is, if it is one.
    pub(crate) const fn of(fault: FaultKind) -> Option<Self> {
        Some(match fault {
            FaultKind::RateLimited(time) => Self::Seconds(time),
            FaultKind::RateLimitedMilliseconds(time) => Self::Milliseconds(time),
            FaultKind::RateLimitedUntil(time) => Self::Until(time),
            FaultKind::RateLimitedSilently => Self::Unsaid,
            _ => return None,
        })
    }

    pub(crate) const fn time(self) -> Option<Duration> {
        match self {
            Self::Seconds(time) | Self::Milliseconds(time) | Self::Until(time) => Some(time),
            Self::Unsaid => None,
        }
    }

    pub(crate) fn headers(self) -> Vec<(&'static str, String)> {
        let milliseconds = |time: Duration| ("retry-after-ms", time.as_millis().to_string());
        match self {
            Self::Seconds(time) if time.subsec_nanos() == 0 => {
                vec![("retry-after", time.as_secs().to_string())]
            }
            Self::Seconds(time) => {
                vec![("retry-after", (time.as_secs() + 1).to_string()), milliseconds(time)]
            }
            Self::Milliseconds(time) => vec![milliseconds(time)],
            Self::Until(time) => vec![("retry-after", date_after(time))],
            Self::Unsaid => Vec::new(),
        }
    }
}

/// The date so much later than now, as HTTP writes it.
fn date_after(time: Duration) -> String {
    let then = Timestamp::now().saturating_add(time).unwrap_or(Timestamp::MAX);
    then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
