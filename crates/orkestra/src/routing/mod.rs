//! Features → [`Forecast`]: what the router believes about a request.
//!
//! Belief only: nothing here knows prices, models at hand or what the user wants. `strategy/` decides.

pub mod artefact;
mod blended;
mod explanation;
mod head;
mod index;
mod layer;
pub mod nearest;
mod network;
mod question;
mod trained;
pub mod vote;

use std::fmt;

use serde::Serialize;

pub use crate::tier::{PerTier, Tier};
use crate::{error::Result, features::Features};

pub use explanation::{Domain, Explanation, Moved};
pub use head::{
    Belief, Beliefs, Blend, Calibration, Familiarity, HeadCard, HeadDomain, Line, Passage,
    Resemblance,
};
pub use layer::{DomainCard, LayerCard};
pub use question::{normalised_question, question_hash, question_stem};
pub use trained::{Trained, embedded, from_bytes, from_file};

/// The head that answers where a family has none of its own.
pub const GENERAL: &str = "general";

/// What the router believes about one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Which router says so.
    pub router: String,
    /// Which of its heads: a provider family, or `general`.
    pub head: String,
    /// What is expected of each tier.
    pub tiers: PerTier<TierForecast>,
    /// How much the text is like anything the router learned from, 0 (the forecast is its prior) to 1.
    pub familiarity: f64,
    /// The nearest benchmark questions, the nearest first.
    pub neighbours: Vec<Neighbour>,
}

/// What is expected of one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TierForecast {
    /// Expected score, 0 to 1.
    pub score: f64,
    /// Standard error of `score`.
    pub uncertainty: f64,
    /// Output tokens of a model that does not think first that six answers in ten stay below.
    pub output_tokens: f64,
}

/// A benchmark question near the judged text. Its text is not kept, only where it came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighbour {
    /// The benchmark and task, such as `mmlu_pro/engineering`.
    pub family: String,
    /// Cosine similarity, -1 to 1.
    pub similarity: f64,
    /// Its share of the forecast, 0 to 1.
    pub weight: f64,
    /// The score each tier had on it, where it was measured.
    pub scores: PerTier<Option<f64>>,
}

/// Forecasts from features.
pub trait Router: fmt::Debug + Send + Sync {
    /// Names the router and its exact contents: the same id gives the same forecasts.
    fn id(&self) -> &str;
    /// The names of its heads.
    fn heads(&self) -> Vec<&str>;
    /// What it believes, judged by `head`; a head it lacks falls back to `general`.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) when `features` come from another embedder.
    fn forecast(&self, features: &Features, head: &str) -> Result<Forecast>;
    /// Why it believes so; `text` is the judged text that `features` were made of. `None` from a router that cannot
    /// say.
    ///
    /// # Errors
    /// Those of [`forecast`](Self::forecast).
    fn explain(&self, text: &str, features: &Features, head: &str) -> Result<Option<Explanation>> {
        let _ = (text, features, head);
        Ok(None)
    }
    /// The margin below premium's forecast at which the share `quality` (0 to 1) of premium's average
    /// quality is kept, as fitted on validation data for `head`.
    fn margin(&self, quality: f64, head: &str) -> f64;
    /// The `quality` that validation chose when none is asked for.
    fn default_quality(&self, head: &str) -> f64;
}
