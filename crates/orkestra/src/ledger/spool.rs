//! Files that hold entries until the ledger has them, one JSON line each.
//!
//! A file is written by one process, which holds its advisory lock for as long as it lives. A file
//! whose lock is free was left behind by a process that died, and whoever takes the lock feeds it.
//! A line is written in one piece but not synced: it outlives the process, not a power cut.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{Entry, sqlite::make_folder};

/// How many lines go to the ledger at once.
const BATCH: usize = 256;

/// A spool file whose lock is ours.
#[derive(Debug)]
pub(super) struct SpoolFile {
    file: File,
    path: PathBuf,
    /// The bytes that the ledger has.
    fed: u64,
    /// The bytes that were written whole.
    end: u64,
    /// Whether a piece of a line follows `end`, which could not be cut off.
    torn: bool,
    /// Whether it holds whole lines that are no entries.
    foreign: bool,
}

/// Some lines of a file.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    /// What is wrong with the lines that are no entries.
    pub(super) unreadable: Vec<String>,
    bytes: u64,
    foreign: bool,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl SpoolFile {
    /// Makes a file of our own in `folder`.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7());
        // Takes its real name once it is locked: a free lock means that the owner is dead.
        let unlocked = folder.join(&name).with_extension("new");
        let path = folder.join(&name).with_extension("jsonl");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unlocked)?;
        let locked = file.lock().and_then(|()| fs::rename(&unlocked, &path));
        if let Err(cause) = locked {
            // Best effort: the failure itself is what matters.
            let _ = fs::remove_file(&unlocked);
            return Err(cause);
        }
        Ok(Self { file, path, fed: 0, end: 0, torn: false, foreign: false })
    }

    /// Takes over the file at `path`, unless its owner lives or another process has taken it.
    pub(super) fn adopt(path: &Path) -> io::Result<Option<Self>> {
        let file = match OpenOptions::new().read(true).append(true).open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(cause),
            Ok(()) => {}
        }
        let end = file.metadata()?.len();
        let path = path.to_owned();
        Ok(Some(Self { file, path, fed: 0, end, torn: false, foreign: false }))
    }

    /// Adds `line`, which ends in a line feed, in one write.
    pub(super) fn append(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        if self.torn {
            line.insert(0, b'\n');
        }
        if let Err(cause) = self.file.write_all(&line) {
            self.torn = self.file.set_len(self.end).is_err();
            return Err(cause);
        }
        self.end =
            if self.torn { self.file.metadata()?.len() } else { self.end + line.len() as u64 };
        self.torn = false;
        Ok(())
    }

    /// The next lines that the ledger does not have.
    pub(super) fn batch(&mut self) -> io::Result<Batch> {
        let mut batch = Batch::default();
        // Appending ignores the position that reading moves.
        self.file.seek(SeekFrom::Start(self.fed))?;
        let mut lines = BufReader::new((&self.file).take(self.end - self.fed));
        for _ in 0..BATCH {
            let mut line = Vec::new();
            let length = lines.read_until(b'\n', &mut line)? as u64;
            if length == 0 {
                break;
            }
            let start = self.fed + batch.bytes;
            batch.bytes += length;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let read = serde_json::from_slice::<Entry>(&line).map_err(|cause| cause.to_string());
            match read.and_then(|entry| entry.check().map(|()| entry).map_err(|e| e.to_string())) {
                Ok(entry) => batch.entries.push(entry),
                Err(cause) => {
                    let whole = line.ends_with(b"\n");
                    batch.foreign |= whole;
                    batch.unreadable.push(self.describe(start, whole, &cause));
                }
            }
        }
        Ok(batch)
    }

    fn describe(&self, start: u64, whole: bool, cause: &str) -> String {
        let path = self.path.display();
        if whole {
            format!(
                "the spool {path} holds a line at byte {start} that is no ledger entry: {cause}"
            )
        } else {
            format!("the spool {path} ends in half a line at byte {start}, skipped: {cause}")
        }
    }

    /// Notes that the ledger has `batch`.
    pub(super) fn landed(&mut self, batch: &Batch) -> io::Result<()> {
        self.fed += batch.bytes;
        self.foreign |= batch.foreign;
        if self.is_done() && !self.foreign && !self.torn {
            self.file.set_len(0)?;
            (self.fed, self.end) = (0, 0);
        }
        Ok(())
    }

    /// Whether the ledger has everything.
    pub(super) fn is_done(&self) -> bool {
        self.fed == self.end
    }

    /// Removes the file, or sets it aside when it holds lines that a newer version may understand.
    pub(super) fn finish(self) -> io::Result<()> {
        let finished = if self.foreign {
            fs::rename(&self.path, self.path.with_extension("rejected"))
        } else {
            fs::remove_file(&self.path)
        };
        match finished {
            // Another process finished it first, or someone tidied up.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            finished => finished,
        }
    }
}

/// The spool files in `folder`, in the order of their names.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let found = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let paths = found.map(|file| file.map(|file| file.path())).collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<_> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    paths.sort();
    Ok(paths)
}
