//! What an engine works with, besides its providers.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

use super::{Extensions, Resilience};
use crate::{
    catalogue::Catalogue,
    error::{Error, Result},
    features::Embedder,
    ledger::{OutputRatios, Recorder},
    routing::{self, Router},
};

/// Tells the time; handed in so that decisions and bills can be repeated for any day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What an engine works with, besides its providers. Every field has a default.
#[derive(Clone)]
pub struct Settings {
    /// The models there are. Default: the built-in catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Turns the judged text into a vector. Default: the embedded router's.
    pub embedder: Arc<dyn Embedder>,
    /// Who forecasts. Must understand `embedder`'s vectors. Default: the embedded router.
    pub router: Arc<dyn Router>,
    /// Where entries go. Default: nowhere; the faces that keep a ledger set one.
    pub recorder: Recorder,
    /// The share of premium's average quality to keep, 0 to 1. Default: the router's own.
    pub quality: Option<f64>,
    /// Whether the router chooses the model. Default: true. When off, `default_model` is called, or else the model that
    /// savings are measured against.
    pub smart_routing: bool,
    /// The model to call whatever the prompt, which turns routing off. Default: none.
    pub default_model: Option<String>,
    /// The model that savings are measured against. Default: the cheapest default premium model of the pool.
    pub base_model: Option<String>,
    /// What models billed for the output that `router` had forecast; corrects the catalogue's
    /// estimate. Default: nothing measured; [`measure_output`](Self::measure_output) fills it.
    pub output_ratios: Arc<OutputRatios>,
    /// Retries, circuit breakers, deadlines. Default: [`Resilience::default`].
    pub resilience: Resilience,
    /// Who watches calls and who may change them. Default: nobody.
    pub extensions: Extensions,
    /// Tells the time. Default: the system's clock.
    pub clock: Clock,
}

impl Settings {
    /// The defaults.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when the embedded router is damaged, which a test excludes.
    pub fn new() -> Result<Self> {
        let trained = routing::embedded()?;
        Ok(Self::routed_by(trained.embedder(), trained.router()))
    }

    /// The defaults, but another router. It must take `embedder`'s vectors.
    #[must_use]
    pub fn routed_by(embedder: Arc<dyn Embedder>, router: Arc<dyn Router>) -> Self {
        Self {
            catalogue: Arc::clone(Catalogue::builtin()),
            embedder,
            router,
            recorder: Recorder::off(),
            quality: None,
            smart_routing: true,
            default_model: None,
            base_model: None,
            output_ratios: Arc::default(),
            resilience: Resilience::default(),
            extensions: Extensions::default(),
            clock: Arc::new(Timestamp::now),
        }
    }

    /// Fills `output_ratios` with what `recorder`'s ledger holds on `router`, once, before an engine
    /// is made: plans read no ledger. What still waits in a spool is not counted, and without a
    /// ledger nothing is measured.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the ledger cannot be read; nothing changes then.
    pub async fn measure_output(&mut self) -> Result<()> {
        self.output_ratios = match self.recorder.ledger() {
            Some(ledger) => Arc::new(ledger.output_ratios(self.router.id()).await?),
            None => Arc::default(),
        };
        Ok(())
    }

    pub(super) fn check(&self) -> Result<()> {
        self.resilience.check()?;
        match self.quality {
            Some(quality) if !(0.0..=1.0).contains(&quality) => Err(Error::invalid(format!(
                "quality is {quality}; it must be a number from 0 to 1, the share of premium's quality to keep"
            ))),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("catalogue", &self.catalogue.version())
            .field("router", &self.router.id())
            .field("recorder", &self.recorder)
            .field("quality", &self.quality)
            .field("smart_routing", &self.smart_routing)
            .field("default_model", &self.default_model)
            .field("base_model", &self.base_model)
            .field("output_ratios", &self.output_ratios.len())
            .field("resilience", &self.resilience)
            .finish_non_exhaustive()
    }
}
