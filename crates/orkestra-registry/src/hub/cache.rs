//! The hub's cache on disk, laid out as its Python library does: `models--ORG--NAME/{blobs,refs,snapshots,.no_exist}`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use orkestra::Result;

use super::{
    Snapshot,
    encoder::{CONFIG, TOKENIZERS, WEIGHTS},
    make_folder_of,
};
use crate::place::{self, failed};

/// A model's repository in the cache.
#[derive(Debug)]
pub(super) struct Repository {
    name: String,
    folder: PathBuf,
    locks: PathBuf,
}

/// Whether `revision` names a commit, which never changes.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Repository {
    /// The place of `repository` in `cache`.
    pub(super) fn in_cache(cache: &Path, repository: &str, revision: &str) -> Result<Self> {
        Self::check(repository, revision)?;
        let folder = format!("models--{}", repository.replace('/', "--"));
        Ok(Self {
            name: repository.to_owned(),
            locks: cache.join(".locks").join(&folder),
            folder: cache.join(folder),
        })
    }

    pub(super) fn repository(&self) -> &str {
        &self.name
    }

    /// What messages call it.
    pub(super) fn title(&self) -> String {
        format!("the encoder {}", self.name)
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where contents are kept, whatever files they are of.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    pub(super) fn lock_path(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }

    /// What is there of `revision`, if it is all that an encoder needs.
    pub(super) fn complete(&self, revision: &str) -> Option<Snapshot> {
        let commit = if is_commit(revision) {
            revision.to_owned()
        } else {
            fs::read_to_string(self.reference(revision)).ok()?.trim().to_owned()
        };
        let folder = self.snapshot(&commit);
        let all = |files: &&&[&str]| files.iter().all(|file| folder.join(file).is_file());
        let weights = WEIGHTS.iter().find(all)?.first()?;
        TOKENIZERS.iter().find(all)?;
        let whole = folder.join(CONFIG).is_file();
        whole.then(|| Snapshot { weights: folder.join(weights), folder, commit, from_cache: true })
    }

    /// Puts the contents `etag` into the snapshot of `commit`, as `name`.
    pub(super) fn link(&self, commit: &str, name: &str, etag: &str) -> Result<()> {
        let path = self.snapshot(commit).join(name);
        if path.is_file() {
            return Ok(());
        }
        make_folder_of(&path)?;
        link(&self.blob(etag), &path, name, etag).map_err(|cause| failed(&path, "written", cause))
    }

    /// Whether `commit` was found not to have the file `name`.
    pub(super) fn is_known_missing(&self, commit: &str, name: &str) -> bool {
        self.missing(commit, name).is_file()
    }

    pub(super) fn remember_missing(&self, commit: &str, name: &str) -> Result<()> {
        let path = self.missing(commit, name);
        make_folder_of(&path)?;
        fs::write(&path, "").map_err(|cause| failed(&path, "written", cause))
    }

    /// Writes down which commit `revision` stands for.
    pub(super) fn remember(&self, revision: &str, commit: &str) -> Result<()> {
        if is_commit(revision) {
            return Ok(());
        }
        let path = self.reference(revision);
        make_folder_of(&path)?;
        place::write(&path, commit.as_bytes()).map_err(|cause| failed(&path, "written", cause))
    }

    fn reference(&self, revision: &str) -> PathBuf {
        self.folder.join("refs").join(revision)
    }

    fn missing(&self, commit: &str, name: &str) -> PathBuf {
        self.folder.join(".no_exist").join(commit).join(name)
    }
}

#[cfg(unix)]
fn link(_blob: &Path, path: &Path, name: &str, etag: &str) -> io::Result<()> {
    // Relative, so that the cache can be copied elsewhere; one more level up for each folder in the name.
    let up = "../".repeat(2 + name.matches('/').count());
    place::remove(path)?;
    match std::os::unix::fs::symlink(format!("{up}blobs/{etag}"), path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(not(unix))]
fn link(blob: &Path, path: &Path, _name: &str, _etag: &str) -> io::Result<()> {
    // Links need a privilege on some systems.
    fs::hard_link(blob, path).or_else(|_| fs::copy(blob, path).map(|_| ()))
}
