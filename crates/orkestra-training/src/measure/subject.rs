//! One that is measured: the router or a baseline.

use super::{
    bootstrap::interval,
    figure::{Figure, Figures, Name},
    sample::Sample,
};

/// Something that yields the same figures for any weighting of the rows.
pub(super) trait Measure {
    /// What [`measure`](Self::measure) yields.
    fn names(&self) -> Vec<Name>;

    /// Appends one value for each name.
    fn measure(&self, rows: &Sample<'_>, values: &mut Vec<f64>);

    /// The way to draw, if there is one: place on the cost axis and quality.
    fn curve(&self, _rows: &Sample<'_>) -> Option<Vec<(f64, f64)>> {
        None
    }
}

/// What is measured of the router, or of a baseline, in the order in which it is reported.
pub(super) struct Subject<'a> {
    pub(super) name: &'static str,
    measures: Vec<Box<dyn Measure + 'a>>,
}

impl<'a> Subject<'a> {
    pub(super) fn named(name: &'static str) -> Self {
        Self { name, measures: Vec::new() }
    }

    pub(super) fn measured_by(mut self, measure: impl Measure + 'a) -> Self {
        self.measures.push(Box::new(measure));
        self
    }

    pub(super) fn curve(&self, rows: &Sample<'_>) -> Option<Vec<(f64, f64)>> {
        self.measures.iter().find_map(|measure| measure.curve(rows))
    }

    fn values(&self, rows: &Sample<'_>) -> Vec<f64> {
        let mut values = Vec::new();
        for measure in &self.measures {
            measure.measure(rows, &mut values);
        }
        values
    }
}

/// The values of each subject.
pub(super) fn values(subjects: &[Subject<'_>], rows: &Sample<'_>) -> Vec<Vec<f64>> {
    subjects.iter().map(|subject| subject.values(rows)).collect()
}

/// The figures of each subject: their `values` of all rows, with intervals from the `resampled` ones.
pub(super) fn figures(
    subjects: &[Subject<'_>],
    values: Vec<Vec<f64>>,
    resampled: &[Vec<Vec<f64>>],
) -> Vec<Figures> {
    let figures = |(subject, (place, values)): (&Subject<'_>, (usize, Vec<f64>))| {
        let names = subject.measures.iter().flat_map(|measure| measure.names());
        let figure = |(column, (name, value)): (usize, (Name, f64))| {
            let column = || resampled.iter().map(|one| one[place][column]).collect();
            let interval = if name.exact { None } else { interval(column()) };
            Figure { key: name.key, part: name.part, value, interval }
        };
        Figures(names.zip(values).enumerate().map(figure).collect())
    };
    subjects.iter().zip(values.into_iter().enumerate()).map(figures).collect()
}
