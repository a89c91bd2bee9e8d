//! What the engine writes entries with.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, mpsc},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind};

use super::{
    Entry, Ledger, Sqlite,
    feeder::{self, Answer, Order, Trouble, lock},
};

/// Records entries without ever failing or holding up an answer.
///
/// An entry is first written to a spool file, and from there fed to the ledger in the background,
/// in batches. Each lands exactly once, also when the process is killed in between: what a dead
/// process left in its spool file is fed by the next recorder that uses the same directory.
/// Several processes may do so at once.
///
/// Clones share everything. Nothing runs and no file is made before the first use.
#[derive(Clone, Debug)]
pub struct Recorder {
    inner: Option<Arc<Inner>>,
    longest_wait: Duration,
}

struct Inner {
    ledger: Arc<dyn Ledger>,
    folder: Option<PathBuf>,
    trouble: Arc<Mutex<Trouble>>,
    orders: OnceLock<Result<mpsc::Sender<Order>, String>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Inner");
        shown.field("ledger", &self.ledger).field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Recorder {
    /// The longest that [`record`](Self::record) waits for the disk, unless told otherwise.
    pub const LONGEST_WAIT: Duration = Duration::from_millis(50);

    /// Records nothing.
    #[must_use]
    pub fn off() -> Self {
        Self { inner: None, longest_wait: Self::LONGEST_WAIT }
    }

    /// Records into the SQLite file at `path`, with the spool in the directory beside it whose
    /// name has `.spool` added.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let mut spool = path.clone().into_os_string();
        spool.push(".spool");
        Self::new(Arc::new(Sqlite::new(path)), Some(spool.into()))
    }

    /// Records into `~/.orkestra/ledger.db`, the place that all faces share.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when the user has no home directory.
    pub fn at_home() -> Result<Self, Error> {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty()).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "there is no home directory to keep the ledger in; name its path or switch it off",
            )
        })?;
        Ok(Self::sqlite(home.join(".orkestra").join("ledger.db")))
    }

    /// Records into `ledger`, through files in the directory `spool`, which must serve this ledger
    /// alone. Without a spool, up to 10,000 entries that the ledger has not taken yet are held in
    /// memory, and lost when the process ends.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, spool: Option<PathBuf>) -> Self {
        let trouble = Arc::default();
        let inner = Inner { ledger, folder: spool, trouble, orders: OnceLock::new() };
        Self { inner: Some(Arc::new(inner)), longest_wait: Self::LONGEST_WAIT }
    }

    /// Lets [`record`](Self::record) wait so long for the disk instead of
    /// [`LONGEST_WAIT`](Self::LONGEST_WAIT).
    #[must_use]
    pub fn waiting_at_most(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// Where entries end up, for reading; [`flush`](Self::flush) first. `None` when recording is off.
    #[must_use]
    pub fn ledger(&self) -> Option<&Arc<dyn Ledger>> {
        self.inner.as_ref().map(|inner| &inner.ledger)
    }

    /// The folder in which entries wait for the ledger, if there is one.
    #[must_use]
    pub fn spool(&self) -> Option<&Path> {
        self.inner.as_ref()?.folder.as_deref()
    }

    /// Records `entry`, and says what went wrong if anything did.
    ///
    /// `None` means that the entry is in the spool, or that recording is off. A warning does not
    /// mean that the entry is lost, unless it says so: the spool may have failed while the ledger
    /// still works, or the other way round. Waits at most [`LONGEST_WAIT`](Self::LONGEST_WAIT);
    /// what takes longer goes on in the background, and the warning says so. Needs a Tokio runtime with a timer.
    pub async fn record(&self, entry: Entry) -> Option<String> {
        let inner = self.inner.as_ref()?;
        let (answer, answered) = oneshot::channel();
        let answer = Box::new(move |warning| drop(answer.send(warning)));
        if let Err(warning) = inner.order(Order::Write(Box::new(entry), answer)) {
            return Some(warning);
        }
        match tokio::time::timeout(self.longest_wait, answered).await {
            Ok(written) => inner.warning(written.map_err(|_| THREAD_DIED.to_owned())),
            Err(_) => inner.warning(Err(inner.slow(self.longest_wait))),
        }
    }

    /// [`record`](Self::record) for code that cannot be asynchronous, such as a destructor.
    pub fn record_blocking(&self, entry: Entry) -> Option<String> {
        let inner = self.inner.as_ref()?;
        let (answer, answered) = mpsc::sync_channel(1);
        let answer: Answer = Box::new(move |warning| drop(answer.send(warning)));
        if let Err(warning) = inner.order(Order::Write(Box::new(entry), answer)) {
            return Some(warning);
        }
        inner.warning(answered.recv_timeout(self.longest_wait).map_err(|cause| match cause {
            mpsc::RecvTimeoutError::Timeout => inner.slow(self.longest_wait),
            mpsc::RecvTimeoutError::Disconnected => THREAD_DIED.to_owned(),
        }))
    }

    /// Waits at most `wait` for the ledger to hold everything that was recorded so far, here and
    /// by processes that died, and says what went wrong since the last call. Empty: all is well.
    ///
    /// What could not be fed stays in the spool for the next recorder. Needs a Tokio runtime with
    /// a timer.
    pub async fn flush(&self, wait: Duration) -> Vec<String> {
        let Some(inner) = &self.inner else { return Vec::new() };
        let (answer, answered) = oneshot::channel();
        let answer = Box::new(move |warning| drop(answer.send(warning)));
        let fed = match inner.order(Order::Flush(answer)) {
            Err(warning) => Err(warning),
            Ok(()) => match tokio::time::timeout(wait, answered).await {
                Ok(fed) => fed.map_err(|_| THREAD_DIED.to_owned()),
                Err(_) => Err(inner.slow(wait)),
            },
        };
        let mut said = std::mem::take(&mut lock(&inner.trouble).notices);
        said.extend(inner.warning(fed));
        said
    }
}

const THREAD_DIED: &str = "the thread that keeps the ledger died; the entry may be missing";

impl Inner {
    fn order(&self, order: Order) -> Result<(), String> {
        let start = || {
            feeder::start(self.ledger.clone(), self.folder.clone(), self.trouble.clone())
                .map_err(|cause| format!("not recorded: the ledger's threads failed: {cause}"))
        };
        let orders = self.orders.get_or_init(start).as_ref().map_err(String::clone)?;
        orders.send(order).map_err(|_| THREAD_DIED.to_owned())
    }

    /// The answer's own warning, else what is wrong in the background.
    fn warning(&self, answer: Result<Option<String>, String>) -> Option<String> {
        let behind = || lock(&self.trouble).behind.clone();
        answer.unwrap_or_else(Some).or_else(behind)
    }

    fn slow(&self, waited: Duration) -> String {
        let place = match &self.folder {
            Some(folder) => folder.display().to_string(),
            None => self.ledger.location(),
        };
        format!("the ledger at {place} did not answer within {waited:?}; it goes on by itself")
    }
}
