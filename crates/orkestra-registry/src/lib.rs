//! Routers and encoder weights from elsewhere, as files that are whole or not there.
//!
//! A **registry** is any static directory that holds a [`Manifest`] (`manifest.json`) and the router files that it
//! names; [`publish`] writes one. A [`Registry`] reads it and pulls routers into a [`Store`], the folder
//! `~/.orkestra/routers/`. A [`Hub`] brings an encoder's weights into the Hugging Face hub's own cache.
//!
//! Both fetch in the same way: over HTTPS only (plain HTTP to this machine excepted, redirects included); resumed where
//! an earlier try was cut; written beside the final place, compared with size and SHA-256, and renamed in one step, under
//! a lock between processes. What was fetched is data: nothing of it is ever executed.
//!
//! Everything here blocks; from async code, call it where blocking is allowed. The environment is not read: settings
//! are handed in. What an artefact means is not known here either, see [`ReadArtefact`].
//!
//! ```no_run
//! # use orkestra_registry::{Card, Patience, ReadArtefact, Registry, Store, Wanted};
//! # fn example(artefacts: &dyn ReadArtefact) -> orkestra::Result<()> {
//! let store = Store::at("/home/me/.orkestra/routers");
//! let registry = Registry::new("https://routers.example.com/v1", Patience::default())?;
//! let pulled = registry.pull(&store, &Wanted::parse("documented")?, artefacts, &())?;
//! println!("{} is at {}", pulled.router.name, pulled.router.path.display());
//! # Ok(()) }
//! ```

mod address;
mod digest;
mod fetch;
mod hub;
mod lock;
mod manifest;
mod place;
mod progress;
mod publish;
mod registry;
mod store;

use std::path::Path;

use orkestra::Result;

pub use fetch::Patience;
pub use hub::{Hub, Snapshot};
pub use manifest::{Entry, MANIFEST, Manifest, check_name};
pub use progress::{Event, Progress};
pub use publish::publish;
pub use registry::{Pulled, Registry, Wanted};
pub use store::{Installed, Receipt, Store};

/// What a router file says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The version of the artefact's format.
    pub format: u32,
    /// Which embedder its vectors come from, with the start of that embedder's hash.
    pub embedder: String,
    /// The day it was built: `2026-11-25`.
    pub date: String,
}

/// Reads router files: the program knows their formats, this crate does not.
pub trait ReadArtefact: Sync {
    /// The newest format that [`card`](Self::card) reads.
    fn newest_format(&self) -> u32;

    /// Reads the whole file, checks it as if it was to be used, and says what it is.
    ///
    /// # Errors
    /// [`Config`](orkestra::ErrorKind::Config), naming what is wrong, when it could not be used.
    fn card(&self, file: &Path) -> Result<Card>;
}
