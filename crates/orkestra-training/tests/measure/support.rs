//! Small inputs and comparisons.

use orkestra_training::measure::{Figures, Judged, LineUp, Options, Report, report};

pub(crate) const NO_INTERVALS: Options = Options { resamples: 0, seed: 0 };

pub(crate) fn pair() -> LineUp {
    LineUp { models: vec!["mixtral".into(), "gpt-4".into()], prices: vec![1.0, 5.0] }
}

/// Balanced costs half of what premium costs beyond budget; cost shares are 0.2, 0.6 and 1.
pub(crate) fn triple() -> LineUp {
    LineUp {
        models: vec!["flash".into(), "pro".into(), "ultra".into()],
        prices: vec![1.0, 3.0, 5.0],
    }
}

pub(crate) fn row(forecast: &[f64], scores: &[f64]) -> Judged {
    Judged { forecast: forecast.into(), scores: scores.into(), ..Judged::default() }
}

/// Gives every row a question of its own.
pub(crate) fn numbered(rows: Vec<Judged>) -> Vec<Judged> {
    let numbers = 0..;
    rows.into_iter().zip(numbers).map(|(row, question)| Judged { question, ..row }).collect()
}

pub(crate) fn measured(line_up: &LineUp, rows: &[Judged]) -> Report {
    report(line_up, rows, None, &NO_INTERVALS).unwrap()
}

/// `path` is a key, or a key and a part as in `ece/budget`.
pub(crate) fn value(figures: &Figures, path: &str) -> f64 {
    let figure = match path.split_once('/') {
        Some((key, part)) => figures.part(key, part),
        None => figures.get(path),
    };
    figure.unwrap_or_else(|| panic!("no {path}")).value
}

#[track_caller]
pub(crate) fn assert_near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 1e-9, "{what} is {found}, not {expected}");
}

#[track_caller]
pub(crate) fn assert_figures(figures: &Figures, expected: &[(&str, f64)]) {
    for (path, expected) in expected {
        assert_near(value(figures, path), *expected, path);
    }
}
