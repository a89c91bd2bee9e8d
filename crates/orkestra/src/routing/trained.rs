//! A trained router, ready to use: the embedded one, or one from a file.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    sync::{Arc, OnceLock},
};

use super::{
    Router,
    artefact::{Bundle, MOST_BYTES, Metadata, Parts, Trust},
    blended::Blended,
    head::{Beliefs, Resemblance},
};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{Block, Embedder, Features},
};

/// The artefact's bytes, at an address that its tables can be read at.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static EMBEDDED: &Aligned<[u8]> = &Aligned(*include_bytes!("../../data/router.safetensors"));

const EMBEDDED_BLOCK: Block = Block::Static(&EMBEDDED.0);

/// An embedder and the router over its vectors, from one artefact.
#[derive(Clone, Debug)]
pub struct Trained {
    bundle: Arc<Bundle>,
    router: Arc<Blended>,
}

/// The router that is part of the program.
///
/// ```
/// use orkestra::{chat::Request, features::Features, routing};
/// let trained = routing::embedded()?;
/// let features = Features::of(&Request::from("How do magnets work?"), &*trained.embedder())?;
/// let forecast = trained.router().forecast(&features, "openai")?;
/// assert!((0.0..=1.0).contains(&forecast.tiers.budget.score));
/// # Ok::<(), orkestra::Error>(())
/// ```
///
/// # Errors
/// [`Config`](ErrorKind::Config) when the program was built with a damaged artefact.
pub fn embedded() -> Result<Trained> {
    static READ: OnceLock<Trained> = OnceLock::new();
    if let Some(trained) = READ.get() {
        return Ok(trained.clone());
    }
    let trained = Trained::new(Bundle::read(&EMBEDDED_BLOCK, Trust::Embedded, None)?)?;
    Ok(READ.get_or_init(|| trained).clone())
}

/// The router in `bytes`.
///
/// # Errors
/// [`Config`](ErrorKind::Config), naming what is wrong, when they are not a whole, unchanged artefact
/// of a format that this version reads, or add to another router than the embedded one.
pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Trained> {
    let block = Block::copied(bytes.as_ref());
    Trained::new(Bundle::read(&block, Trust::Verify, Some(&EMBEDDED_BLOCK))?)
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
        let bundle = Arc::new(bundle);
        let router = Arc::new(Blended::new(Arc::clone(&bundle))?);
        Ok(Self { bundle, router })
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

    /// Everything it is made of, to make another of it.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when its bytes can no longer be read, which cannot happen to one that was
    /// read before.
    pub fn parts(&self) -> Result<Parts> {
        self.bundle.parts()
    }

    /// What each predictor believes of `features`, before calibration, and how much they are like what was learned
    /// from; what training calibrates and weighs.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when `features` come from another embedder, or the router comes to no number.
    pub fn beliefs(&self, features: &Features, head: &str) -> Result<(Beliefs, Resemblance)> {
        let heeded = self.router.listen(features, head)?;
        self.router.concluded(&heeded)?;
        Ok((heeded.beliefs, heeded.resemblance))
    }

    /// The same router with searches that compare at least `compared` references, however many its
    /// file asks for: `usize::MAX` searches all, which the fast search is measured against.
    ///
    /// # Errors
    /// None in practice: the parts were checked before.
    pub fn comparing(&self, compared: usize) -> Result<Self> {
        let mut bundle = (*self.bundle).clone();
        for head in &mut bundle.metadata.heads {
            head.compared = compared;
        }
        Self::new(bundle)
    }
}
