//! A lock between processes. The system lets go of it when its owner ends, however that happens.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use crate::progress::{Event, Progress};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Its lock ends when it is closed. The file stays: removing it would let two processes hold a lock each.
    _file: File,
}

impl Lock {
    /// Takes the lock whose file is `path`, or waits until whoever holds it is done: that ends, since downloads
    /// have deadlines.
    pub(crate) fn take(path: &Path, what: &str, progress: &dyn Progress) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.event(&Event::Waiting { what });
                file.lock()?;
            }
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
        Ok(Self { _file: file })
    }
}
