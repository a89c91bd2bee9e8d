//! The report as lines of a text table.

use super::report::Report;

/// One line of a report's table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// `router`, or the baseline's name.
    pub of: &'static str,
    /// What was measured, such as `apgr` or `ece budget`.
    pub name: String,
    /// The number. Shares, scores and qualities are 0 to 1, `cpt50` and `cpt80` percent.
    pub value: f64,
    /// The 95 % interval, low and high. `None` where the number is exact or nothing was resampled.
    pub interval: Option<[f64; 2]>,
}

impl Report {
    /// Every figure of the router, then of each baseline.
    #[must_use]
    pub fn table(&self) -> Vec<Line> {
        let baselines = self.baselines.iter().map(|(name, figures)| (*name, figures));
        let all = [("router", &self.router)].into_iter().chain(baselines);
        all.flat_map(|(of, figures)| {
            figures.iter().map(move |figure| {
                let name = match &figure.part {
                    Some(part) => format!("{} {part}", figure.key),
                    None => figure.key.to_owned(),
                };
                Line { of, name, value: figure.value, interval: figure.interval }
            })
        })
        .collect()
    }
}
