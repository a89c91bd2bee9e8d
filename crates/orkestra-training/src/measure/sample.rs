//! One weighting of the rows: all of them once, or a resample.

use super::judged::{LEAST_GAIN, Rows};

/// Weights, with the means that every figure is measured against.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// How often each row counts: whole numbers, as floats because they are only ever multiplied.
    pub(super) weights: &'a [f64],
    pub(super) total: f64,
    /// Mean score of each tier.
    pub(super) means: Vec<f64>,
}

impl Sample<'_> {
    pub(super) fn budget(&self) -> f64 {
        self.means[0]
    }

    pub(super) fn premium(&self) -> f64 {
        self.means[self.means.len() - 1]
    }

    /// What premium scores above budget.
    pub(super) fn gain(&self) -> f64 {
        self.premium() - self.budget()
    }

    /// The share of the gain that has to be recovered to keep `quality` of premium's mean score. Below 0 where
    /// budget alone keeps it.
    pub(super) fn recovery_for(&self, quality: f64) -> f64 {
        (quality * self.premium() - self.budget()) / self.gain()
    }

    /// The share of premium's mean score at `recovered`.
    pub(super) fn quality_at(&self, recovered: f64) -> f64 {
        (self.budget() + recovered * self.gain()) / self.premium()
    }

    /// The weighted sum of `values`, one a row.
    pub(super) fn sum(&self, values: &[f64]) -> f64 {
        weighted_sum(self.weights, values)
    }
}

/// Measured scores by tier, so that resampled means are quick to find.
#[derive(Debug)]
pub(super) struct Scores(Vec<Vec<f64>>);

impl Scores {
    pub(super) fn of(rows: &Rows<'_>) -> Self {
        let column = |tier: usize| rows.judged.iter().map(|one| one.scores[tier]).collect();
        Self((0..rows.line_up.models.len()).map(column).collect())
    }

    /// The rows with `weights`.
    ///
    /// # Errors
    /// The means, where premium is no better than budget, so that nothing can be recovered.
    pub(super) fn weighted<'w>(&self, weights: &'w [f64]) -> Result<Sample<'w>, Vec<f64>> {
        let total: f64 = weights.iter().sum();
        let means: Vec<f64> =
            self.0.iter().map(|scores| weighted_sum(weights, scores) / total).collect();
        let sample = Sample { weights, total, means };
        if sample.gain() > LEAST_GAIN { Ok(sample) } else { Err(sample.means) }
    }
}

fn weighted_sum(weights: &[f64], values: &[f64]) -> f64 {
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
}
