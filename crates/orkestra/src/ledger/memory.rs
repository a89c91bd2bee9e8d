//! Entries in memory: for tests, and for a process that wants sums but no file.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Entry, Ledger, OutputRatios, Query, Totals};
use crate::error::Result;

/// A ledger that is gone when the process ends.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    moments: BTreeMap<String, Timestamp>,
    in_order: BTreeMap<(Timestamp, String), Entry>,
}

impl Memory {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No step under the lock can leave the maps half changed, so a panic elsewhere is no reason to stop.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn append_all(&self, entries: &[Entry]) -> Result<()> {
        entries.iter().try_for_each(Entry::check)?;
        let mut kept = self.lock();
        for entry in entries {
            if kept.moments.contains_key(&entry.id) {
                continue;
            }
            kept.moments.insert(entry.id.clone(), entry.at);
            kept.in_order.insert((entry.at, entry.id.clone()), entry.clone());
        }
        Ok(())
    }

    async fn entries(&self, query: &Query) -> Result<Vec<Entry>> {
        let kept = self.lock();
        let newest_first = kept.in_order.values().rev().filter(|entry| query.matches(entry));
        Ok(newest_first.take(query.limit.unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn totals(&self, query: &Query) -> Result<Totals> {
        let mut totals = Totals::default();
        let kept = self.lock();
        kept.in_order
            .values()
            .filter(|entry| query.matches(entry))
            .try_for_each(|entry| totals.add(entry))?;
        Ok(totals)
    }

    async fn output_ratios(&self, router: &str) -> Result<OutputRatios> {
        let kept = self.lock();
        let newest_first = kept.in_order.values().rev().filter(|entry| entry.router == router);
        let mut ratios = OutputRatios::default();
        newest_first
            .filter_map(|entry| Some((entry, entry.measured_forecast()?)))
            .take(OutputRatios::MOST_CALLS)
            .for_each(|(entry, forecast)| ratios.add(&entry.model, entry.usage.output, forecast));
        Ok(ratios)
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::conformance;

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        conformance::all(&Memory::new()).await.unwrap();
    }
}
