//! All figures of a router and of what it has to beat.

use orkestra::Result;

use super::{
    baselines,
    bootstrap::Resampler,
    calibration::Calibration,
    chosen::{Dial, Means},
    figure::Figures,
    judged::{Judged, LineUp, Options, Rows},
    policy::{Policy, Stops, axis},
    sample::{Sample, Scores},
    subject::{Subject, figures, values},
    sweep::Sweep,
};

/// What was measured. See the [module](super) for what each figure means.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Judged rows.
    pub rows: usize,
    /// The models and prices that were given.
    pub line_up: LineUp,
    /// The router's figures.
    pub router: Figures,
    /// Each baseline's figures, by its name: `random`, `best_single`, `prompt_length`, `nearest_5`, `oracle`.
    pub baselines: Vec<(&'static str, Figures)>,
    /// The quality that the dial asked for, where it was given.
    pub dial_target: Option<f64>,
    /// Resamples in which premium was no better than budget; the intervals are of the others.
    pub skipped_resamples: usize,
    pub(super) drawing: Drawing,
}

/// What a plot needs beyond the figures, in its own coordinates: cost share, or for a pair the share sent to
/// strong, and quality.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Drawing {
    pub(super) curves: Vec<(&'static str, Vec<(f64, f64)>)>,
    pub(super) models: Vec<(String, (f64, f64))>,
    pub(super) dial: Option<(f64, f64)>,
}

impl Report {
    /// The figures of the baseline with `name`, if the rows allow it.
    #[must_use]
    pub fn baseline(&self, name: &str) -> Option<&Figures> {
        self.baselines.iter().find(|(known, _)| *known == name).map(|(_, figures)| figures)
    }
}

/// Measures the forecasts of `judged` by its scores.
///
/// `dial_target` is the quality that the dial asked for when it chose [`Judged::dial`], 0 to 1.
///
/// # Errors
/// [`InvalidRequest`](orkestra::ErrorKind::InvalidRequest), naming field and value, when there are no rows, when a
/// number is not from 0 to 1, when lengths differ, when prices fall, and when the last model is no better than the
/// first, so that there is no quality to recover.
pub fn report(
    line_up: &LineUp,
    judged: &[Judged],
    dial_target: Option<f64>,
    options: &Options,
) -> Result<Report> {
    let rows = Rows::checked(line_up, judged, dial_target)?;
    let scores = Scores::of(&rows);
    let once = vec![1.0; rows.len()];
    let all = scores.weighted(&once).map_err(|means| rows.no_gain(&means))?;
    let mut subjects = vec![router(&rows)];
    subjects.extend(baselines::all(&rows, &all));

    let mut resampled = Vec::new();
    let mut resampler = Resampler::new(&rows, options);
    for _ in 0..options.resamples {
        let weights = resampler.draw();
        resampled.extend(scores.weighted(&weights).map(|sample| values(&subjects, &sample)));
    }
    let mut figures = figures(&subjects, values(&subjects, &all), &resampled).into_iter();
    Ok(Report {
        rows: rows.len(),
        line_up: line_up.clone(),
        router: figures.next().unwrap_or_default(),
        baselines: subjects[1..].iter().map(|subject| subject.name).zip(figures).collect(),
        dial_target,
        skipped_resamples: options.resamples - resampled.len(),
        drawing: drawing(&rows, &subjects, &all),
    })
}

fn router<'a>(rows: &Rows<'a>) -> Subject<'a> {
    let forecasts = rows.forecasts();
    let policy = Policy::new(rows, Sweep::by_forecast(rows, &forecasts), Stops::AtMargins);
    let mut router = Subject::named("router").measured_by(Means::all(rows)).measured_by(policy);
    if let Some(dial) = Dial::of(rows) {
        router = router.measured_by(dial);
    }
    router.measured_by(Calibration::of(rows, &forecasts, true))
}

fn drawing(rows: &Rows<'_>, subjects: &[Subject<'_>], all: &Sample<'_>) -> Drawing {
    let line_up = rows.line_up;
    let curve = |subject: &Subject<'_>| Some((subject.name, subject.curve(all)?));
    let model = |(tier, model): (usize, &String)| {
        let place = (axis(line_up, line_up.extra_cost(tier)), all.means[tier] / all.premium());
        (model.clone(), place)
    };
    Drawing {
        curves: subjects.iter().filter_map(curve).collect(),
        models: line_up.models.iter().enumerate().map(model).collect(),
        dial: Dial::of(rows).map(|dial| dial.place(all)),
    }
}
