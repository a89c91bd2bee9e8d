//! The router files that this program can use.

use std::path::Path;

use orkestra::{
    Result,
    routing::{
        self,
        artefact::FORMAT,
        vote::{VoteRouter, is_vote_file},
    },
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
        if is_vote_file(file) {
            let router = VoteRouter::from_file(file)?;
            let card = router.card();
            return Ok(Card {
                // Such files came with this format; older programs read neither.
                format: FORMAT,
                embedder: card.embedder.clone(),
                date: card.date.clone(),
            });
        }
        let trained = routing::from_file(file)?;
        let metadata = trained.metadata();
        Ok(Card {
            format: metadata.format,
            embedder: metadata.embedder.id.clone(),
            date: metadata.date.clone(),
        })
    }
}
