//! How far forecasts are from what came true.

use super::{figure::Name, judged::Rows, sample::Sample, subject::Measure};

const BINS: usize = 15;

/// Expected calibration error and Brier score of each tier's forecasts.
#[derive(Debug)]
pub(super) struct Calibration {
    tiers: Vec<Tier>,
    /// Whether the Brier score of the base rate is a figure as well.
    beside_base: bool,
}

#[derive(Debug)]
struct Tier {
    name: &'static str,
    bins: Vec<u8>,
    /// Forecast less score.
    errors: Vec<f64>,
    squared_errors: Vec<f64>,
    scores: Vec<f64>,
    squared_scores: Vec<f64>,
}

impl Calibration {
    pub(super) fn of(rows: &Rows<'_>, forecasts: &[&[f64]], beside_base: bool) -> Self {
        let tier = |(tier, name): (usize, &&'static str)| {
            let forecasts: Vec<f64> = forecasts.iter().map(|forecast| forecast[tier]).collect();
            let scores: Vec<f64> = rows.judged.iter().map(|one| one.scores[tier]).collect();
            let pairs = forecasts.iter().zip(&scores);
            let errors: Vec<f64> = pairs.map(|(forecast, score)| forecast - score).collect();
            Tier {
                name,
                bins: forecasts.iter().copied().map(bin).collect(),
                squared_errors: errors.iter().map(|error| error * error).collect(),
                errors,
                squared_scores: scores.iter().map(|score| score * score).collect(),
                scores,
            }
        };
        Self { tiers: rows.line_up.tiers().iter().enumerate().map(tier).collect(), beside_base }
    }
}

/// Bins hold their lower edge; the last one holds 1 as well.
fn bin(forecast: f64) -> u8 {
    ((forecast * BINS as f64) as usize).min(BINS - 1) as u8
}

impl Tier {
    fn expected_error(&self, rows: &Sample<'_>) -> f64 {
        let mut errors = [0.0; BINS];
        for ((bin, error), weight) in self.bins.iter().zip(&self.errors).zip(rows.weights) {
            errors[usize::from(*bin)] += weight * error;
        }
        // A bin's distance times its share of the rows is its summed error over all rows.
        errors.iter().map(|error| error.abs()).sum::<f64>() / rows.total
    }

    fn brier(&self, rows: &Sample<'_>) -> f64 {
        rows.sum(&self.squared_errors) / rows.total
    }

    /// Forecasting the mean for all leaves the variance.
    fn base_brier(&self, rows: &Sample<'_>) -> f64 {
        let mean = rows.sum(&self.scores) / rows.total;
        (rows.sum(&self.squared_scores) / rows.total - mean * mean).max(0.0)
    }
}

impl Measure for Calibration {
    fn names(&self) -> Vec<Name> {
        let of = |key| self.tiers.iter().map(move |tier| Name::part(key, tier.name));
        let keys =
            if self.beside_base { &["ece", "brier", "brier_base"][..] } else { &["ece", "brier"] };
        keys.iter().flat_map(|key| of(*key)).collect()
    }

    fn measure(&self, rows: &Sample<'_>, values: &mut Vec<f64>) {
        values.extend(self.tiers.iter().map(|tier| tier.expected_error(rows)));
        values.extend(self.tiers.iter().map(|tier| tier.brier(rows)));
        if self.beside_base {
            values.extend(self.tiers.iter().map(|tier| tier.base_brier(rows)));
        }
    }
}
