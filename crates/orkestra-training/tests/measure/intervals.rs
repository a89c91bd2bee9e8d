use orkestra_training::measure::{Figures, Judged, Options, Report, report};

use crate::support::{assert_near, measured, pair, triple, value};

/// Rows that are nearly at random, from a small generator.
fn rows(count: u64, models: usize) -> Vec<Judged> {
    let mut state = 7_u64;
    let mut random = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let row = |question| {
        let forecast: Vec<f64> =
            (0..models).map(|tier| 0.2 + 0.2 * tier as f64 + 0.4 * random()).collect();
        let scores = forecast.iter().map(|chance| f64::from(random() < *chance)).collect();
        let characters = (random() * 500.0) as usize;
        Judged { forecast, scores, characters, question, dial: Some(1), nearest: None }
    };
    (0..count).map(row).collect()
}

fn of(rows: &[Judged], options: Options) -> Report {
    let line_up = if rows[0].forecast.len() == 2 { pair() } else { triple() };
    report(&line_up, rows, Some(0.98), &options).unwrap()
}

fn interval(figures: &Figures, key: &str) -> [f64; 2] {
    figures.get(key).unwrap().interval.unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for models in [2, 3] {
        let rows = rows(200, models);
        let json = |seed| of(&rows, Options { resamples: 200, seed }).to_json().to_string();
        assert_eq!(json(0), json(0));
        assert_ne!(json(0), json(1));
    }
}

#[test]
fn the_defaults_are_a_thousand_resamples_and_seed_0() {
    assert_eq!(Options::default(), Options { resamples: 1000, seed: 0 });
}

#[test]
fn a_mean_s_interval_is_the_textbook_s() {
    let rows = rows(1000, 2);
    let report = of(&rows, Options { resamples: 4000, seed: 0 });
    let figure = report.router.part("means", "gpt-4").unwrap();
    let (mean, [low, high]) = (figure.value, figure.interval.unwrap());
    let half = 1.96 * (mean * (1.0 - mean) / 1000.0).sqrt();
    assert!((low - (mean - half)).abs() < 0.08 * half, "{low} is not {mean} - {half}");
    assert!((high - (mean + half)).abs() < 0.08 * half, "{high} is not {mean} + {half}");
}

#[test]
fn intervals_hold_their_figures() {
    for models in [2, 3] {
        let report = of(&rows(400, models), Options::default());
        for line in report.table() {
            let Some([low, high]) = line.interval else { continue };
            assert!(low <= high, "{line:?}");
            // Resampling noise only raises an ECE.
            let inside = low - 1e-9 <= line.value && line.value <= high + 1e-9;
            assert!(inside || line.name.starts_with("ece"), "{line:?}");
        }
    }
}

#[test]
fn what_is_exact_has_no_interval() {
    let pair = of(&rows(100, 2), Options::default());
    for name in ["random", "best_single"] {
        for key in ["apgr", "cpt50", "cpt80"] {
            assert_eq!(pair.baseline(name).unwrap().get(key).unwrap().interval, None);
        }
    }
    let triple = of(&rows(100, 3), Options::default());
    let random = triple.baseline("random").unwrap();
    assert_eq!(random.get("apgr").unwrap().interval, None);
    assert_eq!(random.get("apgr").unwrap().value, 0.5);
    assert!(random.part("cost_at_quality", "0.98").unwrap().interval.is_some());
    assert!(triple.baseline("best_single").unwrap().get("apgr").unwrap().interval.is_some());
}

#[test]
fn rows_of_one_question_stay_together() {
    let mut rows = rows(50, 2);
    for row in &mut rows {
        row.question = 1;
    }
    // There is one resample only: all rows.
    let report = of(&rows, Options { resamples: 50, seed: 0 });
    let apgr = value(&report.router, "apgr");
    for bound in interval(&report.router, "apgr") {
        assert_near(bound, apgr, "the bound");
    }
}

#[test]
fn more_questions_make_intervals_narrower_and_copies_do_not() {
    let once = rows(300, 2);
    let copies: Vec<Judged> = [once.clone(), once.clone()].concat();
    let (lone, copied) = (of(&once, Options::default()), of(&copies, Options::default()));
    let (lone, copied) = (interval(&lone.router, "apgr"), interval(&copied.router, "apgr"));
    for (lone, copied) in lone.into_iter().zip(copied) {
        assert_near(copied, lone, "the copies' bound");
    }
    let [low, high] = interval(&of(&rows(1200, 2), Options::default()).router, "apgr");
    assert!(high - low < 0.75 * (lone[1] - lone[0]));
}

#[test]
fn resamples_without_a_gain_are_skipped_and_counted() {
    // Strong is better by one of six; many resamples do not draw it.
    let mut few = rows(6, 2);
    for (place, row) in few.iter_mut().enumerate() {
        row.scores = vec![0.5, if place == 0 { 1.0 } else { 0.5 }];
    }
    let report = of(&few, Options::default());
    // (5/6)^6 = 0.335 of the draws miss it.
    assert!((300..370).contains(&report.skipped_resamples), "{}", report.skipped_resamples);
    let json = report.to_json().to_string();
    assert!(!json.contains("null") && !json.contains("skipped"), "{json}");
    assert_eq!(of(&rows(300, 2), Options::default()).skipped_resamples, 0);
}

#[test]
fn without_resamples_there_are_no_intervals() {
    let report = measured(&pair(), &rows(20, 2));
    assert!(report.table().iter().all(|line| line.interval.is_none()));
    assert!(!report.to_json().to_string().contains("intervals"));
}
