//! A trained router, ready to use: the embedded one, or one from a file.

use std::{fs::File, io::Read as _, path::Path, sync::Arc};

use super::{
    Forecast, GENERAL, Router,
    artefact::{Bundle, HeadCard, HeadTables, MOST_BYTES, Metadata, Trust},
    nearest::Outcome,
};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{Block, Embedder, Features},
};

/// Neighbours that a forecast names. All of them count; more than these nobody reads.
const SHOWN: usize = 8;

/// The artefact's bytes, at an address that its tables can be read at.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static EMBEDDED: &Aligned<[u8]> = &Aligned(*include_bytes!("../../data/router.safetensors"));

/// An embedder and the router over its vectors, from one artefact.
#[derive(Clone, Debug)]
pub struct Trained {
    bundle: Arc<Bundle>,
    router: Arc<Nearest>,
}

/// The router that is part of the program.
///
/// ```
/// use orkestra::{chat::Request, features::Features, routing};
/// let trained = routing::embedded()?;
/// let features = Features::of(&Request::from("How do magnets work?"), &*trained.embedder());
/// let forecast = trained.router().forecast(&features, "openai")?;
/// assert!((0.0..=1.0).contains(&forecast.tiers.budget.score));
/// # Ok::<(), orkestra::Error>(())
/// ```
///
/// # Errors
/// [`Config`](ErrorKind::Config) when the program was built with a damaged artefact.
pub fn embedded() -> Result<Trained> {
    Trained::new(Bundle::read(&Block::Static(&EMBEDDED.0), Trust::Embedded)?)
}

/// The router in `bytes`.
///
/// # Errors
/// [`Config`](ErrorKind::Config), naming what is wrong, when they are not a whole, unchanged artefact
/// of a format that this version reads.
pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Trained> {
    Trained::new(Bundle::read(&Block::copied(bytes.as_ref()), Trust::Verify)?)
}

/// The router in the file at `path`.
///
/// # Errors
/// [`Config`](ErrorKind::Config) as [`from_bytes`], and when the file cannot be read.
pub fn from_file(path: &Path) -> Result<Trained> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|cause| {
            let message = format!("the router file {} cannot be read: {cause}", path.display());
            Error::new(ErrorKind::Config, message).because(cause)
        })?;
    from_bytes(bytes).map_err(|cause| {
        Error::new(ErrorKind::Config, format!("{}: {cause}", path.display())).because(cause)
    })
}

impl Trained {
    fn new(bundle: Bundle) -> Result<Self> {
        let general = bundle.metadata.heads.iter().position(|head| head.name == GENERAL);
        let general = general
            .ok_or_else(|| Error::new(ErrorKind::Config, "the router has no head named general"))?;
        let id = format!("nearest-{}", &bundle.metadata.sha256[..12]);
        let bundle = Arc::new(bundle);
        let router = Nearest { id, bundle: Arc::clone(&bundle), general };
        Ok(Self { bundle, router: Arc::new(router) })
    }

    /// Turns texts into vectors that [`router`](Self::router) understands.
    #[must_use]
    pub fn embedder(&self) -> Arc<dyn Embedder> {
        Arc::new(self.bundle.embedder.clone())
    }

    /// Forecasts from features of [`embedder`](Self::embedder).
    #[must_use]
    pub fn router(&self) -> Arc<dyn Router> {
        Arc::clone(&self.router) as Arc<dyn Router>
    }

    /// What the artefact says about itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.bundle.metadata
    }

    /// Short hashes of the questions it knows, sorted; see [`question_hash`](super::question_hash).
    #[must_use]
    pub fn question_hashes(&self) -> &[u64] {
        &self.bundle.question_hashes
    }

    /// The tokens of `text` as the embedder sees them; `##` marks one that continues a word.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<String> {
        self.bundle.embedder.tokens(text)
    }

    /// The same router with searches that compare at least `compared` references, however many its
    /// file asks for: `usize::MAX` searches all, which the fast search is measured against.
    #[must_use]
    pub fn comparing(&self, compared: usize) -> Self {
        let mut bundle = (*self.bundle).clone();
        for head in &mut bundle.metadata.heads {
            head.compared = compared;
        }
        let bundle = Arc::new(bundle);
        let router = Nearest { bundle: Arc::clone(&bundle), ..(*self.router).clone() };
        Self { bundle, router: Arc::new(router) }
    }
}

/// Forecasts from the nearest reference questions.
#[derive(Clone, Debug)]
struct Nearest {
    id: String,
    bundle: Arc<Bundle>,
    /// The position of the general head.
    general: usize,
}

impl Nearest {
    fn head(&self, name: &str) -> (&HeadCard, &HeadTables) {
        let cards = &self.bundle.metadata.heads;
        let position = cards.iter().position(|head| head.name == name).unwrap_or(self.general);
        (&cards[position], &self.bundle.heads[position])
    }
}

impl Router for Nearest {
    fn id(&self) -> &str {
        &self.id
    }

    fn heads(&self) -> Vec<&str> {
        self.bundle.metadata.heads.iter().map(|head| head.name.as_str()).collect()
    }

    fn forecast(&self, features: &Features, head: &str) -> Result<Forecast> {
        let Bundle { metadata, index, families, .. } = &*self.bundle;
        let expected = &metadata.embedder.id;
        if features.embedder != *expected || features.embedding.len() != index.dimensions {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "router {} reads vectors of embedder {expected}, got {} values of {:?}; use the embedder of the same file",
                    self.id,
                    features.embedding.len(),
                    features.embedder
                ),
            ));
        }
        let (card, tables) = self.head(head);
        let kernel = card.kernel;
        let near =
            index.nearest(&features.embedding, kernel.neighbours, card.compared, tables.knows());
        let neighbours: Vec<(f64, Outcome)> = near
            .iter()
            .map(|near| (f64::from(near.similarity), tables.outcome(near.reference)))
            .collect();
        let family = |reference: usize| {
            let position = families.get(reference).copied().unwrap_or_default();
            metadata.families.get(usize::from(position)).map_or("", String::as_str)
        };
        let names = near.iter().map(|near| family(near.reference));
        Ok(Forecast {
            router: self.id.clone(),
            head: card.name.clone(),
            tiers: kernel.forecast(&card.prior, &neighbours),
            neighbours: kernel.named(&neighbours, names, SHOWN),
        })
    }

    fn margin(&self, quality: f64, head: &str) -> f64 {
        let margins = &self.head(head).1.margins;
        let last = margins.len() - 1;
        // NaN asks for everything rather than for nothing.
        let quality = if quality.is_nan() { 1.0 } else { quality.clamp(0.0, 1.0) };
        let place = quality * last as f64;
        let below = (place.floor() as usize).min(last);
        let above = (below + 1).min(last);
        let (low, high) = (f64::from(margins[below]), f64::from(margins[above]));
        low + (high - low) * (place - below as f64)
    }

    fn default_quality(&self, head: &str) -> f64 {
        self.head(head).0.default_quality
    }
}
