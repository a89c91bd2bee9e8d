//! From a router's name to the router and the embedder that it needs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use orkestra::{
    ErrorKind,
    features::Embedder,
    provider::Timeouts,
    routing::{
        self, Router, Trained,
        vote::{VoteRouter, is_vote_file},
    },
};

use super::{
    EMBEDDED,
    embedder::{LONGFORMER, embedder_named},
    home,
};
use crate::failure::Failure;

/// The name of the documented router: Longformer and five neighbours.
pub(crate) const DOCUMENTED: &str = "documented";
/// What stands before an embedder to name the router of five neighbours over its vectors.
const NEAREST: &str = "nearest:";
/// The longest piece of an embedder's name that becomes one of a file's.
const LONGEST_NAME: usize = 120;

/// A router and the embedder whose vectors it takes.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) router: Arc<dyn Router>,
    /// The day it was made.
    pub(crate) date: String,
    /// Hashes of the questions it knows, sorted.
    pub(crate) question_hashes: Vec<u64>,
}

impl From<Trained> for Chosen {
    fn from(trained: Trained) -> Self {
        Self {
            embedder: trained.embedder(),
            router: trained.router(),
            date: trained.metadata().date.clone(),
            question_hashes: trained.question_hashes().to_vec(),
        }
    }
}

/// The embedder of the router of five neighbours that `name` stands for, if it stands for one.
pub(crate) fn nearest_embedder(name: &str) -> Option<&str> {
    if name == DOCUMENTED { Some(LONGFORMER) } else { name.strip_prefix(NEAREST) }
}

/// Where the router of five neighbours that is called `name` is kept. `None` without a home.
pub(crate) fn nearest_file(name: &str) -> Option<PathBuf> {
    let mut stem: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    while stem.contains("--") {
        stem = stem.replace("--", "-");
    }
    let start = stem.len().saturating_sub(LONGEST_NAME);
    let stem = stem[start..].trim_matches(['-', '.']);
    home().map(|home| home.join(".orkestra/routers").join(format!("{stem}.safetensors")))
}

/// The router that is called `name`: "embedded", "documented", "nearest:EMBEDDER", or a file.
pub(crate) fn chosen(name: &str, timeouts: Timeouts) -> Result<Chosen, Failure> {
    if name == EMBEDDED {
        return Ok(routing::embedded()?.into());
    }
    if let Some(embedder) = nearest_embedder(name) {
        return nearest(name, embedder, timeouts);
    }
    let file = Path::new(name);
    if !is_vote_file(file) {
        return Ok(routing::from_file(file)?.into());
    }
    let router = VoteRouter::from_file(file)?;
    let source = router.card().embedder_source.clone();
    with_embedder(router, embedder_named(&source, timeouts)?, name)
}

fn nearest(name: &str, embedder: &str, timeouts: Timeouts) -> Result<Chosen, Failure> {
    let Some(file) = nearest_file(name).filter(|file| file.is_file()) else {
        return Err(Failure::new(
            ErrorKind::Config,
            format!("the router {name:?} was not built yet"),
            format!(
                "orkestra routers build {name:?} --data FILE... --tiers budget=MODEL,balanced=MODEL,premium=MODEL"
            ),
        ));
    };
    let router = VoteRouter::from_file(&file)?;
    with_embedder(router, embedder_named(embedder, timeouts)?, name)
}

fn with_embedder(
    router: VoteRouter,
    embedder: Arc<dyn Embedder>,
    name: &str,
) -> Result<Chosen, Failure> {
    let wanted = &router.card().embedder;
    if embedder.id() != wanted {
        return Err(Failure::new(
            ErrorKind::Config,
            format!(
                "the router {name} was made with the embedder {wanted}, but there is {}",
                embedder.id()
            ),
            "bring that embedder's files back, or build the router again with orkestra routers build",
        ));
    }
    Ok(Chosen {
        date: router.card().date.clone(),
        question_hashes: router.question_hashes(),
        router: Arc::new(router),
        embedder,
    })
}
