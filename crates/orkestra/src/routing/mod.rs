//! Features → [`Forecast`]: what the router believes about a request.
//!
//! Belief only: nothing here knows prices, models at hand or what the user wants. `strategy/` decides.

pub mod artefact;
mod index;
pub mod nearest;
mod question;
mod trained;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{error::Result, features::Features};

pub use question::{normalised_question, question_hash, question_stem};
pub use trained::{Trained, embedded, from_bytes, from_file};

/// The head that answers where a family has none of its own.
pub const GENERAL: &str = "general";

/// A model's place in its provider's line-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The cheapest that is any good.
    Budget,
    /// The middle.
    Balanced,
    /// The best that is sold at an ordinary price.
    Premium,
}

impl Tier {
    /// All tiers, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Budget, Self::Balanced, Self::Premium];

    /// The tier's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Balanced => "balanced",
            Self::Premium => "premium",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value for each tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerTier<T> {
    /// The budget tier's.
    pub budget: T,
    /// The balanced tier's.
    pub balanced: T,
    /// The premium tier's.
    pub premium: T,
}

impl<T> PerTier<T> {
    /// One value from each tier.
    pub fn from_fn(mut value: impl FnMut(Tier) -> T) -> Self {
        Self {
            budget: value(Tier::Budget),
            balanced: value(Tier::Balanced),
            premium: value(Tier::Premium),
        }
    }

    /// The value of `tier`.
    pub fn get(&self, tier: Tier) -> &T {
        match tier {
            Tier::Budget => &self.budget,
            Tier::Balanced => &self.balanced,
            Tier::Premium => &self.premium,
        }
    }
}

/// What the router believes about one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Which router says so.
    pub router: String,
    /// Which of its heads: a provider family, or `general`.
    pub head: String,
    /// What is expected of each tier.
    pub tiers: PerTier<TierForecast>,
    /// The nearest benchmark questions, the nearest first.
    pub neighbours: Vec<Neighbour>,
}

impl Forecast {
    /// The head for several providers, and for those without one of their own.
    pub const GENERAL: &'static str = "general";
}

/// What is expected of one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TierForecast {
    /// Expected score, 0 to 1.
    pub score: f64,
    /// Standard error of `score`.
    pub uncertainty: f64,
    /// Expected output tokens of a model that does not think first.
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
    /// The margin below premium's forecast at which the share `quality` (0 to 1) of premium's average
    /// quality is kept, as fitted on validation data for `head`.
    fn margin(&self, quality: f64, head: &str) -> f64;
    /// The `quality` that validation chose when none is asked for.
    fn default_quality(&self, head: &str) -> f64;
}
