//! A registry: a static directory somewhere, with a manifest.

use orkestra::{Error, ErrorKind, Result};
use reqwest::Url;
use semver::Version;

use crate::{
    ReadArtefact, address,
    fetch::{Fetcher, File, Patience, blocking},
    manifest::{Entry, MANIFEST, Manifest, check_name, config},
    progress::Progress,
    store::{Installed, Receipt, Store, agrees},
};

/// A manifest is no longer: some ten thousand routers.
const LONGEST_MANIFEST: usize = 4 << 20;

/// A registry at an address.
#[derive(Clone, Debug)]
pub struct Registry {
    url: Url,
    patience: Patience,
}

/// Which router is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its version; `None` for the highest that the program can read.
    pub version: Option<Version>,
}

/// What [`Registry::pull`] came to.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The router, which is there now.
    pub router: Installed,
    /// Whether it was fetched; else it was there already, and is right.
    pub fetched: bool,
}

impl Wanted {
    /// Reads `NAME` or `NAME@VERSION`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when either cannot be one.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, version)) => {
                let parsed = Version::parse(version).map_err(|cause| {
                    let message = format!(
                        "{text:?}: {version:?} is no version ({cause}); expected one like 1.2.0"
                    );
                    config(message).because(cause)
                })?;
                (name, Some(parsed))
            }
        };
        check_name(name)?;
        Ok(Self { name: name.to_owned(), version })
    }
}

impl Registry {
    /// The registry whose manifest lies at `url`, a folder's address or the manifest's own.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when `url` is not an HTTPS address (plain HTTP to this machine excepted), or
    /// carries a user name, a password or a query.
    pub fn new(url: &str, patience: Patience) -> Result<Self> {
        let folder = url.trim().strip_suffix(MANIFEST).unwrap_or(url);
        Ok(Self { url: address::folder("the registry's address", folder)?, patience })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) and [`Timeout`](ErrorKind::Timeout) when it cannot be reached, and
    /// [`Config`](ErrorKind::Config) when what is there is no manifest.
    pub fn manifest(&self, progress: &dyn Progress) -> Result<Manifest> {
        blocking(async || self.read(&self.fetcher()?, progress).await)
    }

    /// Brings a router into `store`, unless that very version is there and right. A version that it replaces is used
    /// until the new one is in place. Another process that pulls the same router is waited for.
    ///
    /// # Errors
    /// Those of [`manifest`](Self::manifest); [`Config`](ErrorKind::Config) when there is no such router, or the file
    /// has another size, hash, format or embedder than the manifest says; [`Storage`](ErrorKind::Storage) when it cannot
    /// be written. What was fetched of the right file is kept for the next try; a wrong one is not.
    pub fn pull(
        &self,
        store: &Store,
        wanted: &Wanted,
        artefacts: &dyn ReadArtefact,
        progress: &dyn Progress,
    ) -> Result<Pulled> {
        blocking(async || {
            let fetcher = self.fetcher()?;
            let manifest = self.read(&fetcher, progress).await?;
            let Wanted { name, version } = wanted;
            let entry = manifest.find(name, version.as_ref(), artefacts.newest_format())?;
            let title = entry.title();
            let _lock = store.lock(name, &title, progress)?;
            // Looked at under the lock: another process may just have pulled it. A damaged receipt is replaced.
            if let Ok(Some(router)) = store.find(name)
                && router.receipt.as_ref().is_some_and(|receipt| is_same(&receipt.entry, entry))
                && store.verify(&router, artefacts).is_ok()
            {
                return Ok(Pulled { router, fetched: false });
            }
            store.try_out(entry)?;
            let file = self.file(entry, store);
            fetcher.file(&file, progress).await?;
            let usable = artefacts.card(&file.part).and_then(|card| agrees(entry, &card));
            if let Err(error) = usable {
                file.discard()?;
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("{title} was fetched, but cannot be used, and was not kept: {error}"),
                )
                .because(error));
            }
            let receipt = Receipt { registry: self.url().to_owned(), entry: entry.clone() };
            Ok(Pulled { router: store.install(&file, &receipt)?, fetched: true })
        })
    }

    fn fetcher(&self) -> Result<Fetcher> {
        Fetcher::new(&self.url, self.patience)
    }

    async fn read(&self, fetcher: &Fetcher, progress: &dyn Progress) -> Result<Manifest> {
        let what = "the registry's manifest";
        let url = address::below(&self.url, &[MANIFEST]);
        let bytes = fetcher.small(what, &url, LONGEST_MANIFEST, progress).await?;
        Manifest::parse(&bytes)
            .map_err(|cause| config(format!("{}: {cause}", self.url)).because(cause))
    }

    fn file(&self, entry: &Entry, store: &Store) -> File {
        File {
            what: entry.title(),
            url: address::below(&self.url, &[&entry.file]),
            part: store.part_path(entry),
            size: Some(entry.size),
            sha256: Some(entry.sha256.clone()),
            authorization: None,
        }
    }
}

/// Whether both are the same version with the same contents, wherever it lies.
fn is_same(one: &Entry, other: &Entry) -> bool {
    (&one.version, &one.sha256, one.size) == (&other.version, &other.sha256, other.size)
}
