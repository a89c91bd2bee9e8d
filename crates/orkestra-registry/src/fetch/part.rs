//! What is there of a file that is being fetched: `NAME.part`, and beside it `NAME.part.etag`, which says of what.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use orkestra::Result;

use crate::place::{failed, remove};

/// A file that grows. It outlives the process, so that the next one can go on.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    /// Bytes that an earlier process, or an earlier connection, left.
    inherited: bool,
}

impl Part {
    /// Opens the part at `path`, or begins it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open = || {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            let length = file.metadata()?.len();
            io::Result::Ok((file, length))
        };
        let (file, length) = open().map_err(|cause| failed(path, "written", cause))?;
        Ok(Self { path: path.to_owned(), file, length, inherited: length > 0 })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes are there.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Whether some of the bytes are older than the answer that is being read.
    pub(crate) fn is_inherited(&self) -> bool {
        self.inherited
    }

    /// Marks what is there as older than the next answer.
    pub(crate) fn inherit(&mut self) {
        self.inherited = self.length > 0;
    }

    /// Which version of the file the bytes are of, as the server named it.
    pub(crate) fn etag(&self) -> Option<String> {
        fs::read_to_string(etag_path(&self.path)).ok().filter(|etag| !etag.is_empty())
    }

    /// Forgets everything; what comes next is of the version `etag`.
    pub(crate) fn restart(&mut self, etag: Option<&str>) -> Result<()> {
        let restart = || {
            // Truncated by its name: it is open for appending, and a device cannot be truncated otherwise.
            File::create(&self.path)?;
            match etag {
                Some(etag) => fs::write(etag_path(&self.path), etag),
                None => remove(&etag_path(&self.path)),
            }
        };
        restart().map_err(|cause| failed(&self.path, "written", cause))?;
        (self.length, self.inherited) = (0, false);
        Ok(())
    }

    /// Adds `piece`.
    pub(crate) fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.length += piece.len() as u64;
        Ok(())
    }

    /// Has every byte on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Removes it.
    pub(crate) fn discard(self) -> Result<()> {
        drop(self.file);
        discard(&self.path)
    }
}

/// Removes the part at `path`, if it is there.
pub(crate) fn discard(path: &Path) -> Result<()> {
    remove(path)
        .and_then(|()| remove(&etag_path(path)))
        .map_err(|cause| failed(path, "removed", cause))
}

/// Removes the part at `path` if it holds nothing to go on from.
pub(crate) fn discard_empty(path: &Path) {
    let is_empty = |data: fs::Metadata| data.is_file() && data.len() == 0;
    if path.symlink_metadata().is_ok_and(is_empty) {
        // It does no harm where it cannot be removed.
        let _ = discard(path);
    }
}

/// Removes what says of which version the part at `path` was, which became the file itself.
pub(crate) fn forget_etag(path: &Path) {
    // It is read only beside its part, and the next part of this name writes it anew.
    let _ = remove(&etag_path(path));
}

fn etag_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".etag");
    name.into()
}
