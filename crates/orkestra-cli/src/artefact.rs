//! The router files that this program can use.

use std::path::Path;

use orkestra::{
    Result,
    routing::{self, artefact::FORMAT},
};
use orkestra_registry::{Card, ReadArtefact};

/// Reads router files as they are read to be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Artefacts;

impl ReadArtefact for Artefacts {
    fn newest_format(&self) -> u32 {
        FORMAT
    }

    fn card(&self, file: &Path) -> Result<Card> {
        let trained = routing::from_file(file)?;
        let metadata = trained.metadata();
        Ok(Card {
            format: metadata.format,
            embedder: metadata.embedder.id.clone(),
            date: metadata.date.clone(),
        })
    }
}
