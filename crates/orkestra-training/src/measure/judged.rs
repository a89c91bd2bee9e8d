//! What is judged, and the checks that keep a wrong number from becoming a wrong figure.

use orkestra::{Error, Result};

/// A better mean is higher by more than rounding makes of two equal ones.
pub(super) const LEAST_GAIN: f64 = 1e-9;

/// The models that stand for the tiers, the cheapest first: weak and strong, or budget, balanced and premium.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineUp {
    /// Model ids, two or three. The last is what quality and cost are measured against.
    pub models: Vec<String>,
    /// One price a model, in any one unit: only ratios are reported. None is below the one before it, and the
    /// last is above the first.
    pub prices: Vec<f64>,
}

impl LineUp {
    /// The tiers' names in the order of the models: `weak`, `strong` for two models, `budget`, `balanced`,
    /// `premium` for three. Empty for any other number of models.
    #[must_use]
    pub fn tiers(&self) -> &'static [&'static str] {
        match self.models.len() {
            2 => &["weak", "strong"],
            3 => &["budget", "balanced", "premium"],
            _ => &[],
        }
    }

    pub(super) fn is_pair(&self) -> bool {
        self.models.len() == 2
    }

    pub(super) fn premium(&self) -> usize {
        self.models.len().saturating_sub(1)
    }

    /// What `tier` costs beyond the cheapest, as a share of what premium costs beyond it.
    pub(super) fn extra_cost(&self, tier: usize) -> f64 {
        (self.prices[tier] - self.prices[0]) / (self.prices[self.premium()] - self.prices[0])
    }

    /// The share of always-premium's price that an [`extra_cost`](Self::extra_cost) comes to.
    pub(super) fn cost_share(&self, extra: f64) -> f64 {
        let (cheapest, dearest) = (self.prices[0], self.prices[self.premium()]);
        (cheapest + extra * (dearest - cheapest)) / dearest
    }

    fn check(&self) -> Result<()> {
        let count = self.models.len();
        if self.tiers().is_empty() {
            return Err(Error::invalid(format!(
                "models has {count} entries; give two (weak, strong) or three (budget, balanced, premium)"
            )));
        }
        if self.prices.len() != count {
            let prices = self.prices.len();
            return Err(Error::invalid(format!(
                "prices has {prices} entries for {count} models; give one price a model"
            )));
        }
        for (price, tier) in self.prices.iter().zip(self.tiers()) {
            if !price.is_finite() || *price < 0.0 {
                return Err(Error::invalid(format!(
                    "prices: {price} for {tier} is no price; it must be a number of at least 0"
                )));
            }
        }
        let sorted = self.prices.is_sorted();
        if !sorted || self.prices[0] == self.prices[self.premium()] {
            let (tiers, prices) = (self.tiers().join(", "), &self.prices);
            return Err(Error::invalid(format!(
                "prices: {prices:?} for {tiers}; they must not fall, and the last must be above the first"
            )));
        }
        Ok(())
    }
}

/// One question that was answered by every model of the [`LineUp`], with what was forecast for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Forecast score of each model, 0 to 1.
    pub forecast: Vec<f64>,
    /// Measured score of each model, 0 to 1.
    pub scores: Vec<f64>,
    /// Length of the prompt in characters.
    pub characters: usize,
    /// Which question it is: rows of one question are resampled together.
    pub question: u64,
    /// The place in the [`LineUp`] of the model that the dial chose, its margin fixed on other data than this.
    /// The dial's figures are left out unless every row has it.
    pub dial: Option<usize>,
    /// What the nearest five would have forecast for each model. That baseline is left out unless every row
    /// has it.
    pub nearest: Option<Vec<f64>>,
}

/// How intervals are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bootstrap resamples. Default 1,000; with 0 no intervals are reported.
    pub resamples: usize,
    /// Seed of the resamples. Default 0.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { resamples: 1000, seed: 0 }
    }
}

/// Judged rows that passed every check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) line_up: &'a LineUp,
    pub(super) judged: &'a [Judged],
    pub(super) dial_target: Option<f64>,
}

impl<'a> Rows<'a> {
    pub(super) fn checked(
        line_up: &'a LineUp,
        judged: &'a [Judged],
        dial_target: Option<f64>,
    ) -> Result<Self> {
        line_up.check()?;
        if judged.is_empty() {
            return Err(Error::invalid("judged has no rows; there is nothing to measure"));
        }
        if let Some(target) = dial_target {
            share("dial_target", target)?;
        }
        let rows = Self { line_up, judged, dial_target };
        for (place, one) in judged.iter().enumerate() {
            rows.check_row(place, one)?;
        }
        Ok(rows)
    }

    pub(super) fn len(&self) -> usize {
        self.judged.len()
    }

    pub(super) fn has_dial(&self) -> bool {
        self.judged.iter().all(|one| one.dial.is_some())
    }

    /// The forecasts of the nearest five, where every row has them.
    pub(super) fn nearest(&self) -> Option<Vec<&'a [f64]>> {
        self.judged.iter().map(|one| one.nearest.as_deref()).collect()
    }

    pub(super) fn forecasts(&self) -> Vec<&'a [f64]> {
        self.judged.iter().map(|one| one.forecast.as_slice()).collect()
    }

    fn check_row(&self, place: usize, one: &Judged) -> Result<()> {
        self.check_shares(&format!("judged[{place}].forecast"), &one.forecast)?;
        self.check_shares(&format!("judged[{place}].scores"), &one.scores)?;
        if let Some(nearest) = &one.nearest {
            self.check_shares(&format!("judged[{place}].nearest"), nearest)?;
        }
        let models = self.line_up.models.len();
        match one.dial {
            Some(dial) if dial >= models => Err(Error::invalid(format!(
                "judged[{place}].dial is {dial}; it must be below {models}, the number of models"
            ))),
            _ => Ok(()),
        }
    }

    fn check_shares(&self, field: &str, values: &[f64]) -> Result<()> {
        let models = self.line_up.models.len();
        if values.len() != models {
            let count = values.len();
            return Err(Error::invalid(format!(
                "{field} has {count} entries for {models} models; give one a model"
            )));
        }
        for (tier, value) in self.line_up.tiers().iter().zip(values) {
            share(&format!("{field} for {tier}"), *value)?;
        }
        Ok(())
    }

    /// The error for rows in which premium is no better than budget. `means` is one a tier.
    pub(super) fn no_gain(&self, means: &[f64]) -> Error {
        let (models, tiers, premium) =
            (&self.line_up.models, self.line_up.tiers(), self.line_up.premium());
        let mean = |tier: usize| {
            format!("{} ({}) has a mean of {}", tiers[tier], models[tier], means[tier])
        };
        let (weak, strong) = (mean(0), mean(premium));
        Error::invalid(format!(
            "scores: {strong} and {weak}; there is no quality to recover unless {} is better, so choose others",
            tiers[premium]
        ))
    }
}

fn share(field: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(format!("{field} is {value}; it must be a number from 0 to 1")))
}
