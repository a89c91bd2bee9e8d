//! The two threads behind a recorder: one writes the spool, the other feeds the ledger from it.
//!
//! They are two so that a ledger that hangs cannot keep an entry from its spool.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Entry, Ledger, spool, spool::SpoolFile};
use crate::error::{Error, ErrorKind, Result};

/// How many entries are held in memory when there is no spool and the ledger takes none.
const HELD: usize = 10_000;

/// The first and the longest pause between two tries at a ledger that fails.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// How long the feeder waits for more entries after one was spooled. It is safe there, and one transaction for many
/// entries leaves the processor to the calls.
const GATHER: Duration = Duration::from_millis(20);

/// What the recorder asks the writer for.
pub(super) enum Order {
    /// Write this entry, then say what went wrong.
    Write(Box<Entry>, Answer),
    /// Feed everything, then call back.
    Flush(Answer),
}

/// Called back with what went wrong, if anything did.
pub(super) type Answer = Box<dyn FnOnce(Option<String>) + Send>;

/// What the writer tells the feeder.
enum News {
    Spooled,
    Unspooled(Box<Entry>),
    Flush(Answer),
}

/// What went wrong in the background.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Why the ledger lacks entries, and where they are; `None` once it has them.
    pub(super) behind: Option<String>,
    /// What else should be said, once.
    pub(super) notices: Vec<String>,
}

/// No step under these locks leaves anything half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts both threads. They end when the returned sender is dropped, after one last try to feed.
pub(super) fn start(
    ledger: Arc<dyn Ledger>,
    folder: Option<PathBuf>,
    trouble: Arc<Mutex<Trouble>>,
) -> io::Result<mpsc::Sender<Order>> {
    let (orders, received) = mpsc::channel();
    let (news, heard) = mpsc::channel();
    let own = Arc::new(Mutex::new(None));
    let held = Arc::new(AtomicUsize::new(0));
    let feeder = Feeder {
        ledger,
        folder: folder.clone(),
        own: own.clone(),
        held: held.clone(),
        unspooled: VecDeque::new(),
        trouble,
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
    };
    thread::Builder::new()
        .name("orkestra-feeder".to_owned())
        .spawn(move || feeder.serve(&heard))?;
    let writer = Writer { folder, own, held, news };
    thread::Builder::new().name("orkestra-spool".to_owned()).spawn(move || {
        for order in received {
            writer.obey(order);
        }
    })?;
    Ok(orders)
}

struct Writer {
    folder: Option<PathBuf>,
    own: Arc<Mutex<Option<SpoolFile>>>,
    held: Arc<AtomicUsize>,
    news: mpsc::Sender<News>,
}

impl Writer {
    fn obey(&self, order: Order) {
        match order {
            Order::Write(entry, answer) => answer(self.write(entry)),
            Order::Flush(answer) => self.tell(News::Flush(answer)),
        }
    }

    /// A feeder that died is noticed by whoever waits for its answer.
    fn tell(&self, news: News) {
        let _ = self.news.send(news);
    }

    fn write(&self, entry: Box<Entry>) -> Option<String> {
        if let Err(error) = entry.check() {
            return Some(format!("not recorded: {error}"));
        }
        let Some(folder) = &self.folder else { return self.hold(entry, None) };
        match self.spool(&entry) {
            Ok(()) => {
                self.tell(News::Spooled);
                None
            }
            Err(cause) => {
                let folder = folder.display();
                self.hold(entry, Some(format!("the ledger's spool {folder} failed: {cause}")))
            }
        }
    }

    fn spool(&self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut own = lock(&self.own);
        let mut file = match (own.take(), &self.folder) {
            (Some(file), _) => file,
            (None, Some(folder)) => SpoolFile::create(folder)?,
            (None, None) => return Err(io::ErrorKind::NotFound.into()),
        };
        let written = file.append(line);
        *own = Some(file);
        written
    }

    /// Gives the entry to the feeder in memory, for want of a spool.
    fn hold(&self, entry: Box<Entry>, why: Option<String>) -> Option<String> {
        if self.held.load(Ordering::Relaxed) >= HELD {
            let why = why.unwrap_or_else(|| "the ledger takes no entries".to_owned());
            return Some(format!("not recorded: {why}, and {HELD} entries wait in memory"));
        }
        self.held.fetch_add(1, Ordering::Relaxed);
        self.tell(News::Unspooled(entry));
        why.map(|why| format!("{why}; the entry is held in memory until the ledger has it"))
    }
}

/// When to try a failing ledger again.
struct Retry {
    at: Instant,
    pause: Duration,
}

impl Retry {
    fn after(pause: Duration) -> Self {
        Self { at: Instant::now() + pause, pause }
    }
}

/// What is told within [`GATHER`], up to the first that somebody waits for or that has no spool to be safe in.
fn gather(heard: &mpsc::Receiver<News>) -> Vec<News> {
    let until = Instant::now() + GATHER;
    let mut gathered = Vec::new();
    while let Ok(news) = heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
        let spooled = matches!(news, News::Spooled);
        gathered.push(news);
        if !spooled {
            break;
        }
    }
    gathered
}

struct Feeder {
    ledger: Arc<dyn Ledger>,
    folder: Option<PathBuf>,
    own: Arc<Mutex<Option<SpoolFile>>>,
    held: Arc<AtomicUsize>,
    unspooled: VecDeque<Entry>,
    trouble: Arc<Mutex<Trouble>>,
    runtime: tokio::runtime::Runtime,
}

impl Feeder {
    fn append(&self, entries: &[Entry]) -> Result<()> {
        let waiting = self.ledger.append_all_waiting(entries);
        waiting.unwrap_or_else(|| self.runtime.block_on(self.ledger.append_all(entries)))
    }

    fn serve(mut self, heard: &mpsc::Receiver<News>) {
        let mut retry = None;
        self.attempt(true, &mut retry);
        loop {
            let first = match &retry {
                Some(retry) => {
                    heard.recv_timeout(retry.at.saturating_duration_since(Instant::now()))
                }
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let ended = matches!(first, Err(RecvTimeoutError::Disconnected));
            let more = if matches!(first, Ok(News::Spooled)) { gather(heard) } else { Vec::new() };
            let answers = self.take(first.into_iter().chain(more).chain(heard.try_iter()));
            // While the ledger fails, new entries do not make it try more often; a flush does.
            let due = retry.as_ref().is_none_or(|retry| Instant::now() >= retry.at);
            let thoroughly = ended || !answers.is_empty();
            if due || thoroughly {
                self.attempt(thoroughly, &mut retry);
            }
            for answer in answers {
                answer(None);
            }
            if ended {
                return;
            }
        }
    }

    fn take(&mut self, news: impl Iterator<Item = News>) -> Vec<Answer> {
        let mut answers = Vec::new();
        for news in news {
            match news {
                News::Spooled => {}
                News::Unspooled(entry) => self.unspooled.push_back(*entry),
                News::Flush(answer) => answers.push(answer),
            }
        }
        answers
    }

    /// Feeds what waits; `thoroughly` includes what dead processes left and tidies up.
    fn attempt(&mut self, thoroughly: bool, retry: &mut Option<Retry>) {
        let fed = self.feed_all(thoroughly);
        *retry = match (&fed, retry.as_ref()) {
            (Ok(()), _) => None,
            (Err(_), None) => Some(Retry::after(PAUSES.0)),
            (Err(_), Some(last)) => Some(Retry::after((last.pause * 2).min(PAUSES.1))),
        };
        let waiting = match (&self.folder, self.unspooled.len()) {
            (Some(folder), 0) => format!("entries wait in {}", folder.display()),
            (_, held) => {
                format!("{held} entries wait in memory and are lost when the program ends")
            }
        };
        lock(&self.trouble).behind = fed.err().map(|error| format!("{error}; {waiting}"));
    }

    fn feed_all(&mut self, thoroughly: bool) -> Result<()> {
        self.feed_unspooled()?;
        self.feed(&self.own)?;
        if thoroughly {
            self.remove_own().map_err(|cause| self.spool_failed(cause))?;
            self.adopt()?;
        }
        Ok(())
    }

    fn feed_unspooled(&mut self) -> Result<()> {
        if self.unspooled.is_empty() {
            return Ok(());
        }
        self.unspooled.make_contiguous();
        self.append(self.unspooled.as_slices().0)?;
        self.held.fetch_sub(self.unspooled.len(), Ordering::Relaxed);
        self.unspooled.clear();
        Ok(())
    }

    /// Feeds one file to its end. The file's lock is not held while the ledger works.
    fn feed(&self, file: &Mutex<Option<SpoolFile>>) -> Result<()> {
        let failed = |cause| self.spool_failed(cause);
        loop {
            let Some(batch) =
                lock(file).as_mut().map(SpoolFile::batch).transpose().map_err(failed)?
            else {
                return Ok(());
            };
            if batch.is_empty() {
                return Ok(());
            }
            if !batch.entries.is_empty() {
                self.append(&batch.entries)?;
            }
            if let Some(file) = lock(file).as_mut() {
                file.landed(&batch).map_err(failed)?;
            }
            batch.unreadable.into_iter().for_each(|line| self.note(line));
        }
    }

    /// Leaves no empty file behind; the next entry makes a new one.
    fn remove_own(&self) -> io::Result<()> {
        let mut own = lock(&self.own);
        match own.take() {
            Some(file) if file.is_done() => file.finish(),
            unfinished => {
                *own = unfinished;
                Ok(())
            }
        }
    }

    fn adopt(&self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        for path in spool::files(folder).map_err(|cause| self.spool_failed(cause))? {
            let file = match SpoolFile::adopt(&path) {
                Ok(Some(file)) => Mutex::new(Some(file)),
                Ok(None) => continue,
                Err(cause) => {
                    self.note(format!("the spool {} cannot be read: {cause}", path.display()));
                    continue;
                }
            };
            self.feed(&file)?;
            let finished = lock(&file).take().map_or(Ok(()), SpoolFile::finish);
            finished.map_err(|cause| self.spool_failed(cause))?;
        }
        Ok(())
    }

    fn note(&self, notice: String) {
        tracing::warn!("{notice}");
        lock(&self.trouble).notices.push(notice);
    }

    fn spool_failed(&self, cause: io::Error) -> Error {
        let folder = self.folder.as_ref().map(|folder| folder.display().to_string());
        let message = format!("the ledger's spool {} failed: {cause}", folder.unwrap_or_default());
        Error::new(ErrorKind::Storage, message).because(cause)
    }
}
