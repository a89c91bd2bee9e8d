//! What a policy is worth: its area, what shares of strong calls recover, what keeping a quality costs.

use super::{
    area::{Area, Reached, Under},
    figure::Name,
    judged::{LineUp, Rows},
    sample::Sample,
    subject::Measure,
    sweep::{ALWAYS_BUDGET, ALWAYS_PREMIUM, Point, Sweep},
};

const QUALITIES: [(&str, f64); 3] = [("0.95", 0.95), ("0.98", 0.98), ("0.99", 0.99)];
const RECOVERIES: [(&str, f64); 2] = [("cpt50", 0.5), ("cpt80", 0.8)];

/// Where on its way a policy can stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stops {
    /// At its points only: one model for all.
    AtPoints,
    /// At its points, as a margin does; `cpt50` and `cpt80` are read off the line that the area lies under.
    AtMargins,
    /// Anywhere on the lines between its points: a mixture.
    Anywhere,
}

/// A [`Sweep`] and the figures that are read off it.
#[derive(Debug)]
pub(super) struct Policy<'a> {
    line_up: &'a LineUp,
    sweep: Sweep,
    stops: Stops,
    exact: &'static [&'static str],
    dial_target: Option<f64>,
}

impl<'a> Policy<'a> {
    pub(super) fn new(rows: &Rows<'a>, sweep: Sweep, stops: Stops) -> Self {
        Self { line_up: rows.line_up, sweep, stops, exact: &[], dial_target: None }
    }

    /// The figures with these keys follow from what the policy is, whatever the rows are.
    pub(super) fn exact(self, exact: &'static [&'static str]) -> Self {
        Self { exact, ..self }
    }

    /// The cheapest point that keeps the dial's target, where there is one, is a figure as well.
    pub(super) fn asked_for(self, dial_target: Option<f64>) -> Self {
        Self { dial_target, ..self }
    }

    fn wanted(&self, rows: &Sample<'_>) -> Vec<Reached> {
        let recovery =
            |(_, share): &(&str, f64)| Reached::new(*share, self.stops != Stops::AtPoints);
        let keeping =
            |quality: f64| Reached::new(rows.recovery_for(quality), self.stops == Stops::Anywhere);
        let mut wanted: Vec<Reached> = if self.line_up.is_pair() {
            RECOVERIES.iter().map(recovery).collect()
        } else {
            QUALITIES.iter().map(|(_, quality)| keeping(*quality)).collect()
        };
        wanted.extend(self.dial_target.map(keeping));
        wanted
    }
}

/// Where an extra cost lies on the axis that people read: the cost share, or for a pair the share sent to strong.
pub(super) fn axis(line_up: &LineUp, extra: f64) -> f64 {
    if line_up.is_pair() { extra } else { line_up.cost_share(extra) }
}

impl Measure for Policy<'_> {
    fn names(&self) -> Vec<Name> {
        let plain = |key| Name { exact: self.exact.contains(&key), ..Name::plain(key) };
        let mut names = vec![plain("apgr")];
        if self.line_up.is_pair() {
            names.extend(RECOVERIES.map(|(key, _)| plain(key)));
        } else {
            names.extend(QUALITIES.map(|(part, _)| Name::part("cost_at_quality", part)));
        }
        if self.dial_target.is_some() {
            names.extend(["quality", "cost"].map(|part| Name::part("dial", part)));
        }
        names
    }

    fn measure(&self, rows: &Sample<'_>, values: &mut Vec<f64>) {
        let pair = self.line_up.is_pair();
        let mut area = Area::new(if pair { Under::Curve } else { Under::Hull });
        let mut wanted = self.wanted(rows);
        let mut from = ALWAYS_PREMIUM;
        self.sweep.walk(rows, |to| {
            area.visit(to);
            for reached in &mut wanted {
                reached.visit(from, to);
            }
            from = to;
        });
        values.push(area.total());
        let dial = if self.dial_target.is_some() { wanted.pop() } else { None };
        values.extend(wanted.iter().map(|reached| {
            if pair { reached.at.cost * 100.0 } else { self.line_up.cost_share(reached.at.cost) }
        }));
        values.extend(dial.into_iter().flat_map(|reached| {
            [rows.quality_at(reached.at.recovered), self.line_up.cost_share(reached.at.cost)]
        }));
    }

    fn curve(&self, rows: &Sample<'_>) -> Option<Vec<(f64, f64)>> {
        // Thousands of points cannot be seen; those a thousandth apart can.
        const VISIBLE: f64 = 0.001;
        let place =
            |point: Point| (axis(self.line_up, point.cost), rows.quality_at(point.recovered));
        let mut curve = vec![place(ALWAYS_PREMIUM)];
        self.sweep.walk(rows, |point| {
            let (x, y) = place(point);
            let far = |last: &(f64, f64)| (last.0 - x).abs() + (last.1 - y).abs() >= VISIBLE;
            if point == ALWAYS_BUDGET || curve.last().is_none_or(far) {
                curve.push((x, y));
            }
        });
        Some(curve)
    }
}
