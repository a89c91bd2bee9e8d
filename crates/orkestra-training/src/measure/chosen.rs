//! What was realised: by every model for itself, and by the models that the dial chose.

use super::{
    figure::Name,
    judged::{LEAST_GAIN, LineUp, Rows},
    policy::axis,
    sample::Sample,
    subject::Measure,
};

/// The mean score of models.
#[derive(Debug)]
pub(super) struct Means {
    /// Tier and model.
    of: Vec<(usize, String)>,
}

impl Means {
    pub(super) fn all(rows: &Rows<'_>) -> Self {
        Self { of: rows.line_up.models.iter().cloned().enumerate().collect() }
    }

    /// Of the model that is best on all rows, the cheapest of equals.
    pub(super) fn best(rows: &Rows<'_>, sample: &Sample<'_>) -> Self {
        let mut all = Self::all(rows).of.into_iter();
        let best = all.next().map(|first| {
            let better = |a: (usize, String), b: (usize, String)| {
                if sample.means[b.0] > sample.means[a.0] + LEAST_GAIN { b } else { a }
            };
            all.fold(first, better)
        });
        Self { of: best.into_iter().collect() }
    }
}

impl Measure for Means {
    fn names(&self) -> Vec<Name> {
        self.of.iter().map(|(_, model)| Name::part("means", model)).collect()
    }

    fn measure(&self, rows: &Sample<'_>, values: &mut Vec<f64>) {
        values.extend(self.of.iter().map(|(tier, _)| rows.means[*tier]));
    }
}

/// Quality and cost of the models that the dial chose.
#[derive(Debug)]
pub(super) struct Dial<'a> {
    scores: Vec<f64>,
    /// Prices beyond the cheapest, as shares of what premium costs beyond it.
    extra_costs: Vec<f64>,
    line_up: &'a LineUp,
}

impl<'a> Dial<'a> {
    /// `None` unless the dial chose a model for every row.
    pub(super) fn of(rows: &Rows<'a>) -> Option<Self> {
        let chosen: Option<Vec<usize>> = rows.judged.iter().map(|one| one.dial).collect();
        let chosen = chosen?;
        let scores = rows.judged.iter().zip(&chosen).map(|(one, tier)| one.scores[*tier]);
        let extra_costs = chosen.iter().map(|tier| rows.line_up.extra_cost(*tier));
        Some(Self {
            scores: scores.collect(),
            extra_costs: extra_costs.collect(),
            line_up: rows.line_up,
        })
    }

    /// Where to draw it: place on the cost axis and quality.
    pub(super) fn place(&self, rows: &Sample<'_>) -> (f64, f64) {
        (axis(self.line_up, self.extra_cost(rows)), self.quality(rows))
    }

    fn quality(&self, rows: &Sample<'_>) -> f64 {
        rows.sum(&self.scores) / rows.total / rows.premium()
    }

    fn extra_cost(&self, rows: &Sample<'_>) -> f64 {
        rows.sum(&self.extra_costs) / rows.total
    }
}

impl Measure for Dial<'_> {
    fn names(&self) -> Vec<Name> {
        ["quality", "cost"].map(|part| Name::part("dial", part)).into()
    }

    fn measure(&self, rows: &Sample<'_>, values: &mut Vec<f64>) {
        values.push(self.quality(rows));
        values.push(self.line_up.cost_share(self.extra_cost(rows)));
    }
}
