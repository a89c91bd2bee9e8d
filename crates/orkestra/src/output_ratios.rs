//! How many output tokens models bill for each one that was forecast, as a ledger measured it.

use std::collections::BTreeMap;

use crate::model_id::ModelId;

/// Measured calls of one model: what they billed, and what the router had forecast for them.
///
/// The forecast is the router's alone, before any factor of the catalogue's and before any
/// correction. So a ratio does not depend on the corrections that were in force while it was
/// measured (it cannot feed on itself), and stays right when the catalogue's estimate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OutputRatio {
    calls: u64,
    billed: f64,
    forecast: f64,
}

impl OutputRatio {
    /// So many further calls of the usual length are taken to have come out as estimated. A
    /// ratio from as many real ones moves the estimate half of the way.
    pub const PRIOR_CALLS: f64 = 20.0;

    /// One call counts as no more than this multiple of its forecast: a single runaway answer
    /// must not outweigh hundreds of others.
    pub const MOST_OF_ONE_CALL: f64 = 100.0;

    /// A factor is never more than this multiple of the estimate, nor less than its inverse.
    pub const FARTHEST: f64 = 20.0;

    /// The sums over `calls` calls; `billed` counts each with at most
    /// [`MOST_OF_ONE_CALL`](Self::MOST_OF_ONE_CALL) times its forecast.
    #[must_use]
    pub fn of_sums(calls: u64, billed: f64, forecast: f64) -> Self {
        Self { calls, billed, forecast }
    }

    /// Adds a call that billed `billed` output tokens where `forecast` were forecast.
    pub fn add(&mut self, billed: u64, forecast: f64) {
        self.calls += 1;
        self.billed += (billed as f64).min(Self::MOST_OF_ONE_CALL * forecast);
        self.forecast += forecast;
    }

    /// How many calls were measured.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Billed tokens per forecast token, as measured: the ratio of the sums, in which a long
    /// answer counts for more than a short one, as it does in the bill. `None` when nothing was
    /// measured.
    #[must_use]
    pub fn measured(&self) -> Option<f64> {
        (self.calls > 0 && self.forecast > 0.0).then(|| self.billed / self.forecast)
    }

    /// Billed tokens to expect per forecast token, where `estimate` is what one would expect
    /// without any measurement.
    ///
    /// The mean of both, weighted by the number of calls and by
    /// [`PRIOR_CALLS`](Self::PRIOR_CALLS), and within [`FARTHEST`](Self::FARTHEST) of the
    /// estimate.
    #[must_use]
    pub fn factor(&self, estimate: f64) -> f64 {
        let Some(measured) = self.measured() else { return estimate };
        let share = self.calls as f64 / (self.calls as f64 + Self::PRIOR_CALLS);
        let factor = share * measured + (1.0 - share) * estimate;
        factor.max(estimate / Self::FARTHEST).min(estimate * Self::FARTHEST)
    }
}

/// Measured calls of many models. Empty by default: every expectation is then the estimate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutputRatios(BTreeMap<ModelId, OutputRatio>);

impl OutputRatios {
    /// A ledger measures so many calls, the newest; older ones say little about today's models,
    /// and reading must not take longer the longer a ledger gets.
    pub const MOST_CALLS: usize = 2_000;

    /// What was measured of `model`, if anything was.
    #[must_use]
    pub fn get(&self, model: &ModelId) -> Option<&OutputRatio> {
        self.0.get(model)
    }

    /// Adds a call of `model` that billed `billed` output tokens where `forecast` were forecast.
    pub fn add(&mut self, model: &ModelId, billed: u64, forecast: f64) {
        self.0.entry(model.clone()).or_default().add(billed, forecast);
    }

    /// How many models were measured.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every measured model, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&ModelId, &OutputRatio)> {
        self.0.iter()
    }
}

impl FromIterator<(ModelId, OutputRatio)> for OutputRatios {
    fn from_iter<I: IntoIterator<Item = (ModelId, OutputRatio)>>(ratios: I) -> Self {
        Self(ratios.into_iter().collect())
    }
}
