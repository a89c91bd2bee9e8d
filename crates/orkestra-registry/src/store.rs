//! The folder of routers: each is a file whose name tells its contents, and a receipt that names the file.
//!
//! The receipt is what makes a router be there. It is renamed into place when its file is whole, and removed before its
//! file is, so that at no moment it names a file that is not the right one.

use std::{
    fs,
    io::{self, ErrorKind as IoKind, Read as _},
    path::{Path, PathBuf},
};

use orkestra::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::{
    Card, ReadArtefact, digest,
    fetch::{File, Part},
    lock::Lock,
    manifest::{Entry, check_name, config},
    place::{self, failed, remove},
    progress::Progress,
};

/// What a router file's name ends with.
const ARTEFACT: &str = "safetensors";

/// Routers in a folder.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A router that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What was pulled; `None` for a file that was built on this machine and has only its name, `NAME.safetensors`.
    pub receipt: Option<Receipt>,
}

/// What was pulled, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The registry's address.
    pub registry: String,
    /// What the registry's manifest says of it.
    #[serde(flatten)]
    pub entry: Entry,
}

impl Store {
    /// The routers in `folder`, which need not exist.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The router `name`, if it is there. What was pulled comes before what was built here.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when `name` cannot be one or its receipt is damaged, and
    /// [`Storage`](ErrorKind::Storage) when the receipt cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Installed>> {
        check_name(name)?;
        if let Some(receipt) = self.receipt(name)? {
            let path = self.folder.join(file_name(&receipt.entry));
            return Ok(Some(Installed { name: name.to_owned(), path, receipt: Some(receipt) }));
        }
        let path = self.folder.join(format!("{name}.{ARTEFACT}"));
        Ok(path.is_file().then(|| Installed { name: name.to_owned(), path, receipt: None }))
    }

    /// The names of all routers that are there, sorted.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        let unreadable = |cause| failed(&self.folder, "read", cause);
        let files = match fs::read_dir(&self.folder) {
            Err(cause) if cause.kind() == IoKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(unreadable)?,
        };
        let mut names = Vec::new();
        for file in files {
            let path = file.map_err(unreadable)?.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            // The file of a receipt has a name that no router can have: it has dots.
            if matches!(ending, Some("json" | ARTEFACT)) && check_name(stem).is_ok() {
                names.push(stem.to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The bytes of `router`, compared with its receipt.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when they are not what was pulled, [`Storage`](ErrorKind::Storage) when they cannot
    /// be read.
    pub fn read(&self, router: &Installed) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = router.receipt.as_ref().map_or(u64::MAX, |receipt| receipt.entry.size + 1);
        fs::File::open(&router.path)
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(|cause| router.unreadable(cause))?;
        if let Some(receipt) = &router.receipt {
            let found = (bytes.len() as u64, digest::of_bytes(&bytes));
            receipt.compare(&router.path, &found)?;
        }
        Ok(bytes)
    }

    /// Checks size, hash, format and embedder of `router`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) or [`Storage`](ErrorKind::Storage), saying what is wrong.
    pub fn verify(&self, router: &Installed, artefacts: &dyn ReadArtefact) -> Result<Card> {
        if let Some(receipt) = &router.receipt {
            let found = digest::of_file(&router.path).map_err(|cause| router.unreadable(cause))?;
            receipt.compare(&router.path, &found)?;
        }
        let card = artefacts.card(&router.path)?;
        if let Some(receipt) = &router.receipt {
            agrees(&receipt.entry, &card)?;
        }
        Ok(card)
    }

    /// Removes the router `name` and what is there of its downloads. Gives its files; none when it was not there.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when `name` cannot be one, [`Storage`](ErrorKind::Storage) when something cannot be
    /// removed.
    pub fn remove(&self, name: &str, progress: &dyn Progress) -> Result<Vec<PathBuf>> {
        check_name(name)?;
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = self.lock(name, name, progress)?;
        let receipt = self.receipt_path(name);
        let mut files = self.files_of(name)?;
        files.retain(|file| *file != receipt);
        let built = self.folder.join(format!("{name}.{ARTEFACT}"));
        let mut removed = Vec::new();
        for file in [receipt, built].into_iter().chain(files) {
            if file.symlink_metadata().is_ok() {
                remove(&file).map_err(|cause| failed(&file, "removed", cause))?;
                removed.push(file);
            }
        }
        removed.retain(|file| !is_hidden(file));
        Ok(removed)
    }

    /// Takes the lock of the router `name`; makes the folder where it is not there.
    pub(crate) fn lock(&self, name: &str, what: &str, progress: &dyn Progress) -> Result<Lock> {
        fs::create_dir_all(&self.folder)
            .map_err(|cause| failed(&self.folder, "made", cause))
            .map_err(with_way_out)?;
        let path = self.folder.join(format!(".{name}.lock"));
        Lock::take(&path, what, progress)
            .map_err(|cause| failed(&path, "locked", cause))
            .map_err(with_way_out)
    }

    /// The receipt of `name`, which may be damaged.
    pub(crate) fn receipt(&self, name: &str) -> Result<Option<Receipt>> {
        let path = self.receipt_path(name);
        let bytes = match fs::read(&path) {
            Err(cause) if matches!(cause.kind(), IoKind::NotFound | IoKind::NotADirectory) => {
                return Ok(None);
            }
            bytes => bytes.map_err(|cause| failed(&path, "read", cause))?,
        };
        let damaged = |why: String| {
            config(format!("{} is damaged: {why}; pull the router {name} again", path.display()))
        };
        let receipt: Receipt =
            serde_json::from_slice(&bytes).map_err(|cause| damaged(cause.to_string()))?;
        receipt.entry.check().map_err(|cause| damaged(cause.to_string()))?;
        if receipt.entry.name != name {
            return Err(damaged(format!("it is the receipt of {}", receipt.entry.name)));
        }
        Ok(Some(receipt))
    }

    /// Where the file of `entry` grows.
    pub(crate) fn part_path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(format!(".{}.part", file_name(entry)))
    }

    /// Puts what was fetched in place, and removes what it replaces. The caller holds the lock.
    pub(crate) fn install(&self, fetched: &File, receipt: &Receipt) -> Result<Installed> {
        let entry = &receipt.entry;
        let path = self.folder.join(file_name(entry));
        fetched.put(&path)?;
        let receipt_path = self.receipt_path(&entry.name);
        let mut text = serde_json::to_vec_pretty(receipt)
            .map_err(|cause| failed(&receipt_path, "written", cause.into()))?;
        text.push(b'\n');
        place::write(&receipt_path, &text)
            .map_err(|cause| failed(&receipt_path, "written", cause))
            .map_err(with_way_out)?;
        for old in self.files_of(&entry.name)? {
            if old != path && old != receipt_path {
                // A process may be reading it; the next pull tries again.
                let _ = remove(&old);
            }
        }
        Ok(Installed { name: entry.name.clone(), path, receipt: Some(receipt.clone()) })
    }

    /// Begins the part of `entry`, or opens it, so that what stands in the way of writing is known before the network
    /// is asked.
    pub(crate) fn try_out(&self, entry: &Entry) -> Result<()> {
        Part::open(&self.part_path(entry)).map(|_| ()).map_err(with_way_out)
    }

    /// Everything that was pulled as `name`, parts included; not its lock.
    fn files_of(&self, name: &str) -> Result<Vec<PathBuf>> {
        let unreadable = |cause| failed(&self.folder, "read", cause);
        let mut files = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(unreadable)? {
            let path = file.map_err(unreadable)?.path();
            let found = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let shown = found.strip_prefix('.').unwrap_or(found);
            // After its name comes "@VERSION" or ".json", which no other name goes on with.
            let ours = shown.strip_prefix(name).is_some_and(|rest| {
                rest.starts_with('@') || rest == ".json" || rest.starts_with(".json.")
            });
            if ours {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    fn receipt_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}

impl Installed {
    fn unreadable(&self, cause: io::Error) -> Error {
        if cause.kind() == IoKind::NotFound {
            let (name, path) = (&self.name, self.path.display());
            let message = format!("{path} is gone; pull the router {name} again, or remove it");
            return config(message).because(cause);
        }
        failed(&self.path, "read", cause)
    }
}

impl Receipt {
    /// Compares a file's size and hash with what was pulled.
    fn compare(&self, path: &Path, found: &(u64, String)) -> Result<()> {
        let (what, found, expected) = if found.0 != self.entry.size {
            ("size", found.0.to_string(), self.entry.size.to_string())
        } else if found.1 != self.entry.sha256 {
            ("SHA-256", found.1.clone(), self.entry.sha256.clone())
        } else {
            return Ok(());
        };
        let (path, name) = (path.display(), &self.entry.name);
        Err(config(format!(
            "{path} was changed: its {what} is {found}, expected {expected}; pull the router {name} again"
        )))
    }
}

/// Checks that a router file is what the registry says it is.
pub(crate) fn agrees(entry: &Entry, card: &Card) -> Result<()> {
    let wrong = |field: &str, found: &str, expected: &str| {
        let title = entry.title();
        Err(config(format!(
            "router {title}: its file says {field} {found}, its registry says {expected}; it is not used"
        )))
    };
    if card.embedder != entry.embedder {
        return wrong("embedder", &card.embedder, &entry.embedder);
    }
    if card.format != entry.minimum_format {
        return wrong("format", &card.format.to_string(), &entry.minimum_format.to_string());
    }
    Ok(())
}

/// The name of `entry`'s file in the store. It stands for the contents, so that a new version never overwrites the file
/// that a receipt names.
fn file_name(entry: &Entry) -> String {
    let Entry { name, version, sha256, .. } = entry;
    let hash = sha256.get(..12).unwrap_or(sha256);
    format!("{name}@{version}-{hash}.{ARTEFACT}")
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Adds what a user can do about a folder that cannot be written.
fn with_way_out(error: Error) -> Error {
    if *error.kind() != ErrorKind::Storage {
        return error;
    }
    let message = format!("{error}; routers can be kept in another folder");
    Error::new(ErrorKind::Storage, message).because(error)
}
