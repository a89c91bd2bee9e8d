//! Forecast + catalogue + limits → [`Plan`]: which models to try, in which order, and why.
//!
//! Decision only, and pure: the same features, catalogue, router, day and settings give the same plan,
//! byte for byte. Nothing here talks to a network, reads a clock or knows what was spent: what a ledger
//! measured is handed in, like the day.

mod balanced;
mod candidate;
mod cheapest;
mod fixed;
mod smartest;

use std::{cmp::Ordering, fmt, sync::Arc};

use serde::Serialize;

pub use balanced::Balanced;
pub use candidate::{Candidate, Demand, RuledOut, candidates, weigh};
pub use cheapest::Cheapest;
pub use fixed::{FIXED, fixed};
pub use smartest::Smartest;

use crate::{
    error::{Error, Result},
    money::Usd,
    routing::{Forecast, Tier},
};

/// What a strategy decided about one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The strategy's name.
    pub strategy: String,
    /// The models in order of trial; the first is the choice, the others are for when it fails.
    pub candidates: Vec<Candidate>,
    /// Why the first is first, in words and numbers.
    pub reason: String,
    /// The share of premium's average quality that was to be kept, 0 to 1.
    pub quality: f64,
    /// How far below premium's forecast a tier may lie to be good enough at that quality.
    pub margin: f64,
    /// What the router believes.
    pub forecast: Forecast,
    /// The model that savings are measured against, and its expected cost.
    pub base: Candidate,
    /// Models that could not answer this request, and why.
    pub ruled_out: Vec<RuledOut>,
    /// What the user should know: replaced models, an old catalogue.
    pub notes: Vec<String>,
    /// The catalogue's version.
    pub catalogue: String,
}

impl Plan {
    /// The model to try first.
    #[must_use]
    pub fn choice(&self) -> &Candidate {
        // A plan is only ever made of at least one candidate; the baseline stands in to keep this total.
        self.candidates.first().unwrap_or(&self.base)
    }

    /// What the choice is expected to save against the baseline; negative when it costs more.
    #[must_use]
    pub fn expected_savings(&self) -> Usd {
        self.base.expected_cost - self.choice().expected_cost
    }
}

/// What a strategy decides about: candidates that can all do the job, and what is believed of them.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// At least one; each has the abilities, the room and a price.
    pub candidates: &'a [Candidate],
    /// What the router believes.
    pub forecast: &'a Forecast,
    /// How far below premium's forecast a tier may lie to be good enough.
    pub margin: f64,
}

impl Choice<'_> {
    /// Whether `tier`'s forecast is at least premium's minus the margin.
    #[must_use]
    pub fn is_good_enough(&self, tier: Tier) -> bool {
        self.forecast.tiers.get(tier).score >= self.threshold()
    }

    /// The forecast that a tier must reach to be good enough.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.forecast.tiers.premium.score - self.margin
    }
}

/// An order of trial and its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The candidates, the best first.
    pub candidates: Vec<Candidate>,
    /// Why the first is first.
    pub reason: String,
}

/// A way to choose among models that can do the job.
pub trait Strategy: Shared + fmt::Debug + Send + Sync {
    /// The name that users call it by.
    fn name(&self) -> &str;
    /// Puts the candidates in order of trial. Must depend on `choice` alone.
    fn order(&self, choice: &Choice<'_>) -> Order;
}

/// A strategy to keep: what stands around a call may go on with it after the caller's borrow has ended. Every strategy
/// that can be cloned has it.
pub trait Shared {
    /// The same strategy, to keep.
    fn shared(&self) -> Arc<dyn Strategy>;
}

impl<T: Strategy + Clone + 'static> Shared for T {
    fn shared(&self) -> Arc<dyn Strategy> {
        Arc::new(self.clone())
    }
}

/// The names of the strategies that [`named`] knows, the default first.
pub const NAMES: [&str; 4] = ["cheapest", "balanced", "smartest", "auto"];

/// The strategy called `name`; `auto` is `cheapest`.
///
/// # Errors
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for any other name.
pub fn named(name: &str) -> Result<Arc<dyn Strategy>> {
    match name {
        "cheapest" | "auto" => Ok(Arc::new(Cheapest)),
        "balanced" => Ok(Arc::new(Balanced)),
        "smartest" => Ok(Arc::new(Smartest)),
        _ => Err(Error::invalid(format!(
            "strategy {name:?} is unknown; choose one of {}",
            NAMES.join(", ")
        ))),
    }
}

/// The cheaper first; among equals the more capable, then by name so that the order is total.
fn by_cost(a: &Candidate, b: &Candidate) -> Ordering {
    a.expected_cost
        .cmp(&b.expected_cost)
        .then(b.rank.cmp(&a.rank))
        .then_with(|| a.model.cmp(&b.model))
}

/// The higher forecast first, then the cheaper.
fn by_score(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then_with(|| by_cost(a, b))
}
