//! Entries in an SQLite file: the default ledger.
//!
//! Asynchronous work is done on a thread of its own, so that no caller's runtime ever waits for a disk; the recorder's feeder,
//! which may wait, does its own.
//! Several processes may share a file. Sums are made here from decimal text, never by SQLite,
//! which would make floats of them.

mod open;
mod rows;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::oneshot;

pub(super) use self::open::make_folder;
use super::{Entry, Ledger, OutputRatios, Query, Totals, feeder::lock};
use crate::error::{Error, ErrorKind, Result};

/// What the thread does with the connection, which is opened by the first job that needs it.
type Job = Box<dyn FnOnce(&mut Option<Connection>) + Send>;

/// A ledger in an SQLite file. Nothing is opened before the first use.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
}

impl Sqlite {
    /// The ledger at `path`. Its file and directory are made, readable by their owner alone, when
    /// something is first read or written; failures are reported then, and the next use tries again.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), connection: Arc::default(), jobs: Mutex::new(None) }
    }

    /// [`new`](Self::new), opened at once.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when the file cannot be opened or made, is no ledger, or
    /// comes from a newer version of Orkestra.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let ledger = Self::new(path);
        ledger.run(|_| Ok(())).await?;
        Ok(ledger)
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does `work` on the thread, with an open connection.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rows::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(move |slot, path| with_connection(slot, path, work)).await
    }

    /// [`run`](Self::run), but a file that is not there is not made: it holds nothing.
    async fn look<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rows::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(move |slot, path| match path.try_exists() {
            Ok(false) if slot.is_none() => Ok(T::default()),
            _ => with_connection(slot, path, work),
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Option<Connection>, &Path) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        self.send(Box::new(move |slot| {
            // A caller that no longer waits is not an error.
            let _ = answer.send(job(slot, &path));
        }))?;
        answered.await.unwrap_or_else(|_| Err(self.thread_is_gone()))
    }

    fn send(&self, job: Job) -> Result<()> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match jobs.take() {
            Some(sender) => sender,
            None => self.start()?,
        };
        sender.send(job).map_err(|_| self.thread_is_gone())?;
        *jobs = Some(sender);
        Ok(())
    }

    fn start(&self) -> Result<mpsc::Sender<Job>> {
        let (sender, jobs) = mpsc::channel::<Job>();
        let connection = Arc::clone(&self.connection);
        let serve = move || {
            for job in jobs {
                job(&mut lock(&connection));
            }
        };
        thread::Builder::new().name("orkestra-ledger".to_owned()).spawn(serve).map_err(
            |cause| {
                Error::new(ErrorKind::Storage, "cannot start a thread for the ledger")
                    .because(cause)
            },
        )?;
        Ok(sender)
    }

    fn thread_is_gone(&self) -> Error {
        let path = self.path.display();
        Error::new(ErrorKind::Storage, format!("the thread that keeps the ledger {path} died"))
    }
}

/// Opens the connection if need be. After a failure it is closed, so that a file that was mended
/// or replaced in the meantime is found by the next use.
fn with_connection<T>(
    slot: &mut Option<Connection>,
    path: &Path,
    work: impl FnOnce(&mut Connection) -> rows::Result<T>,
) -> Result<T> {
    let mut connection = match slot.take() {
        Some(connection) => connection,
        None => open::open(path)?,
    };
    let done = work(&mut connection).map_err(|cause| open::explain(path, cause))?;
    *slot = Some(connection);
    Ok(done)
}

#[async_trait]
impl Ledger for Sqlite {
    async fn append_all(&self, entries: &[Entry]) -> Result<()> {
        entries.iter().try_for_each(Entry::check)?;
        let entries = entries.to_vec();
        self.run(move |connection| rows::insert(connection, &entries)).await
    }

    fn append_all_waiting(&self, entries: &[Entry]) -> Option<Result<()>> {
        let append = || {
            entries.iter().try_for_each(Entry::check)?;
            let mut slot = lock(&self.connection);
            with_connection(&mut slot, &self.path, |connection| rows::insert(connection, entries))
        };
        Some(append())
    }

    async fn entries(&self, query: &Query) -> Result<Vec<Entry>> {
        let query = query.clone();
        self.run(move |connection| rows::select(connection, &query)).await
    }

    async fn totals(&self, query: &Query) -> Result<Totals> {
        let query = Query { limit: None, ..query.clone() };
        self.run(move |connection| rows::add_up(connection, &query)).await?
    }

    async fn output_ratios(&self, router: &str) -> Result<OutputRatios> {
        let router = router.to_owned();
        self.look(move |connection| rows::output_ratios(connection, &router)).await
    }

    fn rest(&self) {
        *lock(&self.connection) = None;
    }

    fn location(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::conformance;

    #[tokio::test]
    async fn sqlite_keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        conformance::all(&Sqlite::new(folder.path().join("ledger.db"))).await.unwrap();
    }

    #[tokio::test]
    async fn a_ledger_that_rested_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Sqlite::open(folder.path().join("ledger.db")).await.unwrap();
        assert!(lock(&ledger.connection).is_some());
        ledger.rest();
        assert!(lock(&ledger.connection).is_none());
        conformance::all(&ledger).await.unwrap();
    }

    /// However long the ledger is, and whatever else is in it.
    #[tokio::test]
    async fn output_ratios_are_read_from_their_index_alone() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Sqlite::open(folder.path().join("ledger.db")).await.unwrap();
        let steps = ledger.run(|connection| rows::steps_of_output_ratios(connection)).await;
        let steps = steps.unwrap().join("\n");
        assert!(steps.contains("USING COVERING INDEX entries_output (router=?)"), "{steps}");
        assert!(!steps.contains("TEMP B-TREE FOR ORDER BY"), "{steps}");
    }
}
