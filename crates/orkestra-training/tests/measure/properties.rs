use orkestra_training::measure::{Figures, Judged, LineUp, Options, report};
use proptest::prelude::*;

use crate::support::{assert_near, measured, numbered, pair, triple, value};

/// Rows with coarse numbers, so that there are ties; premium is made better than budget.
fn judged(models: usize) -> impl Strategy<Value = Vec<Judged>> {
    let tenths =
        || prop::collection::vec((0..=10_u8).prop_map(|tenth| f64::from(tenth) / 10.0), models);
    let row = (tenths(), tenths(), 0..30_usize, 0..models).prop_map(
        |(forecast, scores, characters, dial)| Judged {
            nearest: Some(forecast.iter().map(|share| share * share).collect()),
            forecast,
            scores,
            characters,
            dial: Some(dial),
            question: 0,
        },
    );
    prop::collection::vec(row, 2..40).prop_map(|mut rows| {
        if let Some(first) = rows.first_mut() {
            first.scores.fill(1.0);
            first.scores[0] = 0.0;
        }
        for row in &mut rows {
            if row.scores[0] > row.scores[row.scores.len() - 1] {
                row.scores.reverse();
            }
        }
        numbered(rows)
    })
}

fn either() -> impl Strategy<Value = (LineUp, Vec<Judged>)> {
    prop_oneof![
        judged(2).prop_map(|rows| (pair(), rows)),
        judged(3).prop_map(|rows| (triple(), rows)),
    ]
}

/// Pairs with these gains, weak always 0 and strong 1 in a share of the rows.
fn with_gains(rows: &[Judged], gain: impl Fn(f64) -> f64) -> Vec<Judged> {
    let forecast = |row: &Judged| vec![0.0, gain(row.forecast[0])];
    rows.iter().map(|row| Judged { forecast: forecast(row), ..row.clone() }).collect()
}

fn apgr(rows: &[Judged]) -> f64 {
    value(&measured(&pair(), rows).router, "apgr")
}

fn assert_same(found: &Figures, expected: &Figures) {
    for (found, expected) in found.iter().zip(expected.iter()) {
        assert_eq!((found.key, &found.part), (expected.key, &expected.part));
        assert_near(found.value, expected.value, found.key);
        for (found_bound, bound) in
            found.interval.iter().flatten().zip(expected.interval.iter().flatten())
        {
            assert_near(*found_bound, *bound, found.key);
        }
    }
}

fn assert_same_report(line_up: &LineUp, found: &[Judged], expected: &[Judged]) {
    let options = Options { resamples: 20, seed: 0 };
    let of = |rows: &[Judged]| report(line_up, rows, Some(0.97), &options).unwrap();
    let (found, expected) = (of(found), of(expected));
    assert_same(&found.router, &expected.router);
    for ((_, found), (_, expected)) in found.baselines.iter().zip(&expected.baselines) {
        assert_same(found, expected);
    }
    assert_eq!(found.skipped_resamples, expected.skipped_resamples);
}

proptest! {
    #[test]
    fn the_order_of_rows_changes_nothing((line_up, rows) in either(), turn in 0..40_usize) {
        let mut turned = rows.clone();
        let middle = turn % turned.len();
        turned.rotate_left(middle);
        turned[middle / 2..].reverse();
        assert_same_report(&line_up, &turned, &rows);
    }

    #[test]
    fn every_row_twice_changes_nothing((line_up, rows) in either()) {
        assert_same_report(&line_up, &[rows.clone(), rows.clone()].concat(), &rows);
    }

    #[test]
    fn only_the_order_of_gains_counts(rows in judged(2)) {
        let plain = apgr(&with_gains(&rows, |gain| gain));
        assert_near(apgr(&with_gains(&rows, |gain| gain * gain)), plain, "squared");
        assert_near(apgr(&with_gains(&rows, |gain| 0.3 + gain.sqrt() / 2.0)), plain, "rooted");
    }

    #[test]
    fn the_opposite_order_has_the_rest_of_the_area(rows in judged(2)) {
        let (plain, opposite) = (apgr(&with_gains(&rows, |gain| gain)), apgr(&with_gains(&rows, |gain| 1.0 - gain)));
        assert_near(plain + opposite, 1.0, "the sum");
    }

    #[test]
    fn nobody_beats_the_oracle((line_up, rows) in either()) {
        let report = report(&line_up, &rows, Some(0.97), &Options { resamples: 0, seed: 0 }).unwrap();
        let oracle = report.baseline("oracle").unwrap();
        let others = report.baselines.iter().map(|(_, figures)| figures).chain([&report.router]);
        let costs = ["cpt50", "cpt80", "cost_at_quality/0.95", "cost_at_quality/0.98", "cost_at_quality/0.99"];
        for other in others {
            prop_assert!(value(oracle, "apgr") >= value(other, "apgr") - 1e-9);
            for path in costs {
                let found = |figures: &Figures| {
                    let (key, part) = path.split_once('/').unwrap_or((path, ""));
                    figures.part(key, part).or(figures.get(key)).map(|figure| figure.value)
                };
                prop_assert!(found(oracle) <= found(other).map(|cost| cost + 1e-9), "{path}");
            }
        }
    }

    #[test]
    fn every_figure_is_a_number((line_up, rows) in either()) {
        let report = report(&line_up, &rows, Some(0.97), &Options { resamples: 20, seed: 0 }).unwrap();
        prop_assert!(report.table().iter().all(|line| line.value.is_finite()));
        prop_assert!(!report.to_json().to_string().contains("null"));
        let svg = report.plot();
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn the_hull_is_never_below_random(rows in judged(3)) {
        prop_assert!(value(&measured(&triple(), &rows).router, "apgr") >= 0.5 - 1e-9);
    }
}

#[test]
fn forecasts_at_random_have_half_of_the_area() {
    let mut state = 3_u64;
    let mut random = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let row = |question| Judged {
        forecast: vec![random(), random()],
        scores: vec![f64::from(random() < 0.4), f64::from(random() < 0.8)],
        question,
        ..Judged::default()
    };
    let rows: Vec<Judged> = (0..20_000).map(row).collect();
    let found = apgr(&rows);
    // Its standard error is about sqrt(variance of the gain / 12 / rows) / gain = 0.005.
    assert!((found - 0.5).abs() < 0.015, "{found}");
}
