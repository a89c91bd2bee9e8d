//! A file that is written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

use orkestra::{Error, ErrorKind};

use crate::failure::Failure;

/// Where a result goes, found writable before the work begins.
#[derive(Debug)]
pub(crate) struct Destination {
    flag: &'static str,
    /// As it was given.
    shown: String,
    file: PathBuf,
    /// Beside the file, so that it can take its place in one step.
    part: PathBuf,
}

impl Destination {
    /// The place at `path`, which `flag` named. It must not be one of the files that are read, `inputs`.
    pub(crate) fn new(
        flag: &'static str,
        path: &Path,
        inputs: &[PathBuf],
    ) -> Result<Self, Failure> {
        let wrong = |what: &str| {
            let what = format!("{flag} {} {what}", path.display());
            Failure::new(ErrorKind::Storage, what, format!("name another file with {flag}"))
        };
        // A link stays one: what it points at is replaced.
        let real = fs::canonicalize(path).ok();
        let file = real.clone().unwrap_or_else(|| path.to_owned());
        if real.is_some() && !file.is_file() {
            return Err(wrong("is there and is no regular file"));
        }
        if real.is_some() && inputs.iter().any(|input| fs::canonicalize(input).ok() == real) {
            return Err(wrong("is read, too, and would be lost"));
        }
        let Some(name) = file.file_name() else { return Err(wrong("names no file")) };
        let part = format!(".{}.{}.part", name.to_string_lossy(), process::id());
        let shown = path.display().to_string();
        let place = Self { flag, shown, part: file.with_file_name(part), file };
        // Better now than when the work is done.
        place.try_out().map_err(|cause| place.unwritable(cause))?;
        Ok(place)
    }

    fn try_out(&self) -> io::Result<()> {
        File::create_new(&self.part)?;
        fs::remove_file(&self.part)
    }

    /// The file as it was named.
    pub(crate) fn name(&self) -> &str {
        &self.shown
    }

    /// Puts `bytes` there. A file that was there is kept until all of them are on the disk.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let write = || {
            let mut part = File::create_new(&self.part)?;
            part.write_all(bytes)?;
            part.sync_all()?;
            fs::rename(&self.part, &self.file)
        };
        write().map_err(|cause| {
            // What cannot be removed may never have been made.
            let _ = fs::remove_file(&self.part);
            self.unwritable(cause)
        })
    }

    fn unwritable(&self, cause: io::Error) -> Failure {
        let message = format!("{} {} cannot be written: {cause}", self.flag, self.name());
        Failure::Error(
            Error::new(ErrorKind::Storage, message).because(cause),
            Some(format!(
                "the folder must be there and be writable; or name another file with {}",
                self.flag
            )),
        )
    }
}
