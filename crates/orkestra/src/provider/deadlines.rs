//! How long to wait for a provider, and the error of having waited so long.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, ErrorKind, Result};

/// Stands for "never" where a moment is too far off to be computed.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// How long to wait for a provider. Each expiry is an [`ErrorKind::Timeout`] that names the deadline and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection, encryption included. Default 10 s.
    pub connect: Duration,
    /// For the headers of a whole answer. Default `None`: as long as `total`, since a model that thinks may say
    /// nothing until it is done.
    pub first_byte: Option<Duration>,
    /// For the first event of a stream, from the call on. Default 600 s: models that think take minutes.
    pub first_event: Duration,
    /// Between two pieces of an answer that has begun. Default 120 s.
    pub idle: Duration,
    /// For a whole answer, from the call to its last byte. Default 600 s.
    pub total: Duration,
    /// For a stream, from the call to its last piece. Default 3600 s: long answers take longer than silence may last.
    pub total_stream: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: None,
            first_event: Duration::from_secs(600),
            idle: Duration::from_secs(120),
            total: Duration::from_secs(600),
            total_stream: Duration::from_secs(3600),
        }
    }
}

impl Timeouts {
    /// One limit for an answer, and for the next piece of a stream. A whole stream may take longer, a connection need
    /// not be waited for longer than by default.
    #[must_use]
    pub fn of(limit: Duration) -> Self {
        let usual = Self::default();
        Self {
            connect: usual.connect.min(limit),
            first_byte: None,
            first_event: limit,
            idle: limit,
            total: limit,
            total_stream: usual.total_stream.max(limit),
        }
    }
}

/// The deadlines of one call that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    timeouts: Timeouts,
    started: Instant,
    stream: bool,
}

/// A moment by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
    name: &'static str,
    what: &'static str,
}

impl Deadlines {
    /// Those of a call that begins now.
    pub(super) fn start(timeouts: Timeouts, stream: bool) -> Self {
        Self { timeouts, started: Instant::now(), stream }
    }

    /// For the answer to begin.
    pub(super) fn first(&self) -> Deadline {
        let what = "did not begin to answer";
        let first = match (self.stream, self.timeouts.first_byte) {
            (true, _) => self.since_start(self.timeouts.first_event, "first_event", what),
            (false, Some(limit)) => self.since_start(limit, "first_byte", what),
            (false, None) => self.total(),
        };
        first.or(self.total())
    }

    /// For the next piece of an answer that has begun.
    pub(super) fn next(&self) -> Deadline {
        let limit = self.timeouts.idle;
        let what = "fell silent in the middle of its answer and sent nothing more";
        let idle = Deadline { at: later(Instant::now(), limit), limit, name: "idle", what };
        idle.or(self.total())
    }

    /// For the end of the answer.
    pub(super) fn total(&self) -> Deadline {
        let what = "did not finish its answer";
        if self.stream {
            self.since_start(self.timeouts.total_stream, "total_stream", what)
        } else {
            self.since_start(self.timeouts.total, "total", what)
        }
    }

    fn since_start(&self, limit: Duration, name: &'static str, what: &'static str) -> Deadline {
        Deadline { at: later(self.started, limit), limit, name, what }
    }
}

impl Deadline {
    /// The earlier of the two; of equals the first.
    fn or(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }

    /// Waits for `work`, but no longer than this.
    pub(super) async fn wait<T>(self, work: impl Future<Output = T> + Send) -> Result<T> {
        timeout_at(self.at, work).await.map_err(|_| self.missed())
    }

    /// A provider that was silent for so long is not asked again at once: that would double the wait.
    fn missed(&self) -> Error {
        let Self { limit, name, what, .. } = self;
        let message =
            format!("the provider {what} within {} s (the {name} deadline)", limit.as_secs_f64());
        Error::new(ErrorKind::Timeout, message).not_retryable()
    }
}

/// The moment `wait` after `from`.
pub(crate) fn later(from: Instant, wait: Duration) -> Instant {
    from.checked_add(wait).unwrap_or_else(|| from + FAR)
}
