//! What was spent: one append-only [`Entry`] for each billed attempt, and where entries are kept.
//!
//! A [`Ledger`] stores entries and adds them up; a [`Recorder`] stands between the engine and a
//! ledger, so that a slow or broken disk neither loses nor delays an answer. Nothing here decides,
//! prices or calls a model, and no prompt or answer text is stored.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod entry;
mod feeder;
mod memory;
mod recorder;
mod spool;
mod sqlite;
mod totals;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

pub use self::{
    entry::{Entry, Outcome},
    memory::Memory,
    recorder::Recorder,
    sqlite::Sqlite,
    totals::{Spent, Totals},
};
pub use crate::output_ratios::{OutputRatio, OutputRatios};
use crate::{catalogue::ModelId, error::Result};

/// Keeps entries. Append-only: nothing changes or removes an entry.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Adds `entry`. An entry whose id is there already is left as it is, without an error.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when it cannot be written,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when [`Entry::check`] refuses it.
    async fn append(&self, entry: &Entry) -> Result<()> {
        self.append_all(std::slice::from_ref(entry)).await
    }

    /// Adds all of `entries` or, on an error, none of them.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    async fn append_all(&self, entries: &[Entry]) -> Result<()>;

    /// [`append_all`](Self::append_all) on the calling thread, which may wait as long as it takes. `None`, the default: it
    /// must be called asynchronously.
    fn append_all_waiting(&self, entries: &[Entry]) -> Option<Result<()>> {
        let _ = entries;
        None
    }

    /// The entries that `query` asks for, the newest first.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the ledger cannot be read.
    async fn entries(&self, query: &Query) -> Result<Vec<Entry>>;

    /// The exact sums over all entries that `query` asks for, whatever its `limit`.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the ledger cannot be read, or when a sum has
    /// more than the 28 digits that an exact amount may have.
    async fn totals(&self, query: &Query) -> Result<Totals>;

    /// What each model billed for the output that the router called `router` had forecast, over
    /// the newest [`MOST_CALLS`](OutputRatios::MOST_CALLS) of that router's entries that have a
    /// [`measured_forecast`](Entry::measured_forecast).
    ///
    /// Of one router only: another one forecasts other lengths, and what was measured against
    /// them would mislead. Limits leave a small bias: the longest answers are those that are cut
    /// and not measured.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the ledger cannot be read. One that was never
    /// written is empty, not an error, and is not made by asking.
    async fn output_ratios(&self, router: &str) -> Result<OutputRatios>;

    /// Lets go of what is held open, such as a file; the next use opens it again. Default: nothing is.
    fn rest(&self) {}

    /// Where the entries are, for people: a path, or a URL without secrets.
    fn location(&self) -> String;
}

/// Which entries are asked for. By default: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only entries at or after this moment.
    pub since: Option<Timestamp>,
    /// Only entries before this moment.
    pub until: Option<Timestamp>,
    /// Only this provider's.
    pub provider: Option<String>,
    /// Only this model's.
    pub model: Option<ModelId>,
    /// Only the attempts of this decision.
    pub decision_id: Option<String>,
    /// Only simulated calls (`true`) or only real ones (`false`).
    pub simulated: Option<bool>,
    /// At most this many entries, the newest. Totals are not limited.
    pub limit: Option<usize>,
}

impl Query {
    /// Whether `entry` is asked for, the limit left aside.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && self.provider.as_ref().is_none_or(|provider| entry.provider == *provider)
            && self.model.as_ref().is_none_or(|model| entry.model == *model)
            && self.decision_id.as_ref().is_none_or(|decision| entry.decision_id == *decision)
            && self.simulated.is_none_or(|simulated| entry.simulated == simulated)
    }
}
