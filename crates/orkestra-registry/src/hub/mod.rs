//! Encoder weights from the Hugging Face hub, in the hub's own cache, which its Python library shares.

mod cache;
mod encoder;
mod lookup;

use std::{
    fs,
    path::{Path, PathBuf},
};

use orkestra::{Error, ErrorKind, Result};
use reqwest::{Url, header::HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use self::{
    cache::Repository,
    encoder::{EXTRAS, TOKENIZERS, WEIGHTS},
    lookup::Found,
};
use crate::{
    address,
    fetch::{Fetcher, File, Patience, blocking},
    lock::Lock,
    manifest::config,
    place::failed,
    progress::Progress,
};

/// The hub, or a server that speaks like it.
#[derive(Clone, Debug)]
pub struct Hub {
    endpoint: Url,
    cache: PathBuf,
    token: Option<SecretString>,
    offline: bool,
    patience: Patience,
}

/// An encoder's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Holds `config.json`, the weights, and `tokenizer.json`, `vocab.json` and `merges.txt`, or `vocab.txt`.
    pub folder: PathBuf,
    /// The weights: `model.safetensors`, or `pytorch_model.bin` where the repository has no other.
    pub weights: PathBuf,
    /// The commit that they are of.
    pub commit: String,
    /// Whether the hub was not asked, or could not be, so that a newer commit may be there.
    pub from_cache: bool,
}

/// The clients of one call: the one that follows redirects brings the bytes, the other finds out what they are.
struct Line<'a> {
    hub: &'a Hub,
    asking: Fetcher,
    fetching: Fetcher,
    progress: &'a dyn Progress,
}

impl Hub {
    /// The public hub.
    pub const ENDPOINT: &'static str = "https://huggingface.co";

    /// The hub at `endpoint`, whose files are kept in `cache` (usually `~/.cache/huggingface/hub`).
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when `endpoint` is not an HTTPS address (plain HTTP to this machine excepted).
    pub fn new(endpoint: &str, cache: impl Into<PathBuf>, patience: Patience) -> Result<Self> {
        let endpoint = address::folder("the hub's address", endpoint)?;
        Ok(Self { endpoint, cache: cache.into(), token: None, offline: false, patience })
    }

    /// Signs requests with `token`. It is sent to the endpoint's host only, not to where that redirects.
    #[must_use]
    pub fn token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Asks nobody: what is not in the cache is an error.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// The encoder in `repository`, such as `allenai/longformer-base-4096`, as of `revision` (`main` unless something
    /// else is wanted; a commit is asked for once only). Files that are in the cache are not fetched again. Where the
    /// hub cannot be reached, what is in the cache is used.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the repository is not there or holds no encoder,
    /// [`Unauthenticated`](ErrorKind::Unauthenticated) when it may not be read, [`Unavailable`](ErrorKind::Unavailable)
    /// and [`Timeout`](ErrorKind::Timeout) when it could not be fetched and is not in the cache,
    /// [`Storage`](ErrorKind::Storage) when the cache cannot be written.
    pub fn encoder(
        &self,
        repository: &str,
        revision: &str,
        progress: &dyn Progress,
    ) -> Result<Snapshot> {
        let place = Repository::in_cache(&self.cache, repository, revision)?;
        if self.offline || cache::is_commit(revision) {
            match place.complete(revision) {
                Some(snapshot) => return Ok(snapshot),
                None if self.offline => return Err(not_cached(&place, &self.cache)),
                None => {}
            }
        }
        let fetched = blocking(async || self.line(progress)?.encoder(&place, revision).await);
        fetched.or_else(|error| match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited { .. } => {
                place.complete(revision).ok_or(error)
            }
            _ => Err(error),
        })
    }

    fn line<'a>(&'a self, progress: &'a dyn Progress) -> Result<Line<'a>> {
        Ok(Line {
            hub: self,
            asking: Fetcher::staying(&self.endpoint, self.patience)?,
            fetching: Fetcher::new(&self.endpoint, self.patience)?,
            progress,
        })
    }

    fn authorization(&self) -> Result<Option<HeaderValue>> {
        let Some(token) = &self.token else { return Ok(None) };
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|cause| {
                Error::new(ErrorKind::Unauthenticated, "the hub's token cannot stand in a header")
                    .because(cause)
            })?;
        // The HTTP libraries print headers in their traces, but for sensitive ones.
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl Line<'_> {
    async fn encoder(&self, place: &Repository, revision: &str) -> Result<Snapshot> {
        let Some(first) = self.look_up(place, revision, encoder::CONFIG).await? else {
            let title = place.title();
            return Err(config(format!("{title} holds no config.json: it is no encoder")));
        };
        // Everything else is of the commit that the first file is of, however the revision moves meanwhile.
        let commit = first.commit.clone();
        self.bring(place, &commit, encoder::CONFIG, &first).await?;
        self.first_of(place, &commit, "tokenizer", &TOKENIZERS).await?;
        let weights = self.first_of(place, &commit, "weights", &WEIGHTS).await?;
        for extra in EXTRAS {
            self.file(place, &commit, extra).await?;
        }
        place.remember(revision, &commit)?;
        let folder = place.snapshot(&commit);
        Ok(Snapshot { weights: folder.join(weights), folder, commit, from_cache: false })
    }

    /// Brings the first of `choices` whose files are all there, and gives its first file.
    async fn first_of(
        &self,
        place: &Repository,
        commit: &str,
        what: &str,
        choices: &[&[&'static str]],
    ) -> Result<&'static str> {
        for choice in choices {
            let mut all = true;
            for file in *choice {
                all = all && self.file(place, commit, file).await?;
            }
            if let (true, Some(first)) = (all, choice.first()) {
                return Ok(first);
            }
        }
        let names: Vec<String> = choices.iter().map(|choice| choice.join(" and ")).collect();
        let (title, names) = (place.title(), names.join(", or "));
        Err(config(format!("{title} has no {what} that can be read; expected {names}")))
    }

    /// Brings a file into the snapshot of `commit`; says whether the repository has it.
    async fn file(&self, place: &Repository, commit: &str, name: &str) -> Result<bool> {
        if place.snapshot(commit).join(name).is_file() {
            return Ok(true);
        }
        if place.is_known_missing(commit, name) {
            return Ok(false);
        }
        match self.look_up(place, commit, name).await? {
            Some(found) => self.bring(place, commit, name, &found).await.map(|()| true),
            None => place.remember_missing(commit, name).map(|()| false),
        }
    }

    async fn bring(
        &self,
        place: &Repository,
        commit: &str,
        name: &str,
        found: &Found,
    ) -> Result<()> {
        let blob = place.blob(&found.etag);
        let what = format!("{name} of {}", place.title());
        let lock_path = place.lock_path(&found.etag);
        for file in [&blob, &lock_path] {
            make_folder_of(file)?;
        }
        let _lock = Lock::take(&lock_path, &what, self.progress)
            .map_err(|cause| failed(&lock_path, "locked", cause))?;
        if !blob.is_file() {
            let file = File {
                what,
                url: self.url(place, commit, name),
                part: blob.with_file_name(format!("{}.incomplete", found.etag)),
                size: found.size,
                sha256: found.sha256(),
                authorization: self.hub.authorization()?,
            };
            self.fetching.file(&file, self.progress).await?;
            file.put(&blob)?;
        }
        place.link(commit, name, &found.etag)
    }

    fn url(&self, place: &Repository, revision: &str, name: &str) -> Url {
        let names: Vec<&str> = place
            .repository()
            .split('/')
            .chain(["resolve", revision])
            .chain(name.split('/'))
            .collect();
        address::below(&self.hub.endpoint, &names)
    }
}

fn make_folder_of(file: &Path) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(|cause| failed(folder, "made", cause))
}

fn not_cached(place: &Repository, cache: &Path) -> Error {
    let (title, cache) = (place.title(), cache.display());
    config(format!(
        "{title} is not whole in the cache {cache}, and the hub may not be asked (offline); fetch it once with a network, or copy the cache"
    ))
}
