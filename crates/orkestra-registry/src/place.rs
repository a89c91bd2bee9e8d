//! Files that take their place in one step.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
};

use orkestra::{Error, ErrorKind};

/// Puts `bytes` at `path`. A file that was there is kept until all of them are on the disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = beside(path);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rename(&part, path)
    };
    write().inspect_err(|_| {
        // What cannot be removed may never have been made.
        let _ = fs::remove_file(&part);
    })
}

/// Renames `from`, whose bytes are on the disk, to `to`, and has the folder remember it.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    #[cfg(unix)]
    if let Some(folder) = to.parent() {
        // A power cut may undo a rename that the folder does not hold yet. The file is whole either way.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// Removes `path`; that it is not there is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// What could not be done with `path`, and why.
pub(crate) fn failed(path: &Path, what: &str, cause: io::Error) -> Error {
    let message = format!("{} cannot be {what}: {cause}", path.display());
    Error::new(ErrorKind::Storage, message).because(cause)
}

/// A hidden file beside `path` that no other process uses.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", process::id()))
}
