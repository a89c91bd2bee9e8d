use orkestra_training::measure::{Judged, report};

use crate::support::{
    NO_INTERVALS, assert_figures, assert_near, measured, numbered, row, triple, value,
};

/// Budget is right on the first and the last, balanced on the first two, premium on the first three.
fn four() -> Vec<Judged> {
    let rows = [
        (row(&[0.9, 0.9, 0.9], &[1.0, 1.0, 1.0]), 10, 0),
        (row(&[0.4, 0.8, 0.9], &[0.0, 1.0, 1.0]), 40, 1),
        (row(&[0.3, 0.5, 0.8], &[0.0, 0.0, 1.0]), 30, 2),
        (row(&[0.9, 0.7, 0.8], &[1.0, 0.0, 0.0]), 20, 2),
    ];
    let row = |(row, characters, dial): (Judged, usize, usize)| {
        let nearest = Some(row.scores.clone());
        Judged { characters, dial: Some(dial), nearest, ..row }
    };
    numbered(rows.map(row).into())
}

/// Sums of scores 3, 4, 4, 4, 3, 2 at margins below -0.1 and from -0.1, 0, 0.1, 0.3, 0.5 on. With means of 0.5 and
/// 0.75 the sum less 2 is what is recovered. Extra costs are 1, 3/4, 1/2, 3/8, 1/4, 0.
#[test]
fn the_area_is_under_the_hull_of_all_margins() {
    // Corners (0, 0), (3/8, 2), (3/4, 2), (1, 1); (1/4, 1) lies below.
    // Area: 3/8 * 1 + 3/8 * 2 + 1/4 * 1.5 = 1.5.
    // A sum of 3 keeps all of premium's and is had for 1/4: 0.2 + 0.8 / 4 = 0.4.
    assert_figures(
        &measured(&triple(), &four()).router,
        &[
            ("means/flash", 0.5),
            ("means/pro", 0.5),
            ("means/ultra", 0.75),
            ("apgr", 1.5),
            ("cost_at_quality/0.95", 0.4),
            ("cost_at_quality/0.98", 0.4),
            ("cost_at_quality/0.99", 0.4),
        ],
    );
}

#[test]
fn the_dial_is_what_its_choices_led_to() {
    // Scores 1, 1, 1, 0 of premium's 3; costs 0.2, 0.6, 1, 1.
    let report = report(&triple(), &four(), Some(0.98), &NO_INTERVALS).unwrap();
    assert_figures(&report.router, &[("dial/quality", 1.0), ("dial/cost", 0.7)]);
    // 0.98 of a sum of 3 is 2.94: for 0.94 of the extra cost by lot.
    let random = report.baseline("random").unwrap();
    assert_figures(random, &[("dial/quality", 0.98), ("dial/cost", 0.2 + 0.8 * 0.94)]);
}

#[test]
fn a_mixture_and_single_models_are_baselines() {
    let report = measured(&triple(), &four());
    // 0.95, 0.98 and 0.99 of a sum of 3 are 0.85, 0.94 and 0.97 above budget's 2: so much of the extra cost.
    assert_figures(
        report.baseline("random").unwrap(),
        &[
            ("apgr", 0.5),
            ("cost_at_quality/0.95", 0.88),
            ("cost_at_quality/0.98", 0.952),
            ("cost_at_quality/0.99", 0.976),
        ],
    );
    // Balanced recovers nothing, so it lies below the line from budget to premium.
    let single = report.baseline("best_single").unwrap();
    let all_premium = [("apgr", 0.5), ("cost_at_quality/0.95", 1.0), ("means/ultra", 0.75)];
    assert_figures(single, &all_premium);
    assert!(single.part("means", "flash").is_none());
}

#[test]
fn a_good_balanced_model_is_the_best_single_one() {
    let mut rows = four();
    rows[2].scores[1] = 1.0;
    rows[3].scores[1] = 1.0;
    // Recovered: 0 for budget, (1 - 0.5) / 0.25 = 2 for balanced at 1/2, 1 for premium.
    // Area: 1/2 * 1 + 1/2 * 1.5 = 1.25; balanced's cost share is 0.6.
    assert_figures(
        measured(&triple(), &rows).baseline("best_single").unwrap(),
        &[("apgr", 1.25), ("cost_at_quality/0.99", 0.6), ("means/pro", 1.0)],
    );
}

#[test]
fn long_prompts_go_to_better_models() {
    // Lengths 10, 40, 30, 20. Up to the threshold balanced, up to half of it budget; from 10, 20, 30, 40, 60, 80 on
    // sums are 3, 3, 2, 3, 3, 2 and extra costs 3.5, 2.5, 2, 1, 0.5, 0 of 4.
    // Corners (0, 0), (1/8, 1), (1, 1): 1/8 * 0.5 + 7/8 = 0.9375; 0.2 + 0.8 / 8 = 0.3.
    assert_figures(
        measured(&triple(), &four()).baseline("prompt_length").unwrap(),
        &[("apgr", 0.9375), ("cost_at_quality/0.95", 0.3), ("cost_at_quality/0.99", 0.3)],
    );
}

#[test]
fn the_nearest_five_follow_the_same_rule() {
    // Their forecasts are the scores here: margins -1 (the fourth row), 0 (the first to budget, the second to
    // balanced), 1. Sums 4, 4, 2 at extra costs 3/4, 3/8, 0: area 3/8 * 1 + 3/8 * 2 + 1/4 * 1.5.
    assert_figures(
        measured(&triple(), &four()).baseline("nearest_5").unwrap(),
        &[
            ("apgr", 1.5),
            ("cost_at_quality/0.98", 0.5),
            ("ece/budget", 0.0),
            ("brier/premium", 0.0),
        ],
    );
}

#[test]
fn the_oracle_gives_up_the_least_for_the_cost() {
    // From budget's sum of 2: the second row to balanced (+1 for 1/8), the third to premium (+1 for 1/4), those that
    // gain nothing (3/8), the last row, which loses 1 (1/4).
    // Area: 1/8 * 0.5 + 1/4 * 1.5 + 3/8 * 2 + 1/4 * 1.5 = 1.5625.
    // 0.85, 0.94 and 0.97 of the first step are needed: 0.2 + 0.8 / 8 * 0.85 = 0.285, and so on.
    assert_figures(
        measured(&triple(), &four()).baseline("oracle").unwrap(),
        &[
            ("apgr", 1.5625),
            ("cost_at_quality/0.95", 0.285),
            ("cost_at_quality/0.98", 0.294),
            ("cost_at_quality/0.99", 0.297),
        ],
    );
}

#[test]
fn of_equally_good_models_the_cheapest_is_the_best() {
    // 0.1 + 0.2 + 0.6 and 0.6 + 0.2 + 0.1 are not the same floats.
    let rows = [(0.1, 0.6), (0.2, 0.2), (0.6, 0.1)]
        .map(|(balanced, premium)| row(&[0.5; 3], &[0.0, balanced, premium]));
    for rows in [rows.to_vec(), rows.iter().rev().cloned().collect()] {
        let report = measured(&triple(), &numbered(rows));
        assert_figures(report.baseline("best_single").unwrap(), &[("means/pro", 0.3)]);
    }
}

/// `count` rows that need `margin` for budget, of which `wrong` are wrong then.
fn block(margin: f64, count: usize, wrong: usize) -> Vec<Judged> {
    let score = |place: usize| if place < wrong { 0.0 } else { 1.0 };
    (0..count)
        .map(|place| row(&[1.0 - margin, 0.0, 1.0], &[score(place), score(place), 1.0]))
        .collect()
}

#[test]
fn a_quality_is_kept_when_it_is_met_exactly() {
    // Budget gets 40 rows without loss, 50 at a quality of 0.99, 60 at 0.98, 70 at 0.95, and the rest are wrong.
    let blocks = [(0.1, 40, 0), (0.2, 10, 1), (0.3, 10, 1), (0.4, 10, 3), (0.5, 30, 30)];
    let rows = blocks.map(|(margin, count, wrong)| block(margin, count, wrong)).concat();
    let mut free = triple();
    free.prices = vec![0.0, 1.0, 2.0];
    assert_figures(
        &measured(&free, &numbered(rows)).router,
        &[
            ("cost_at_quality/0.95", 0.3),
            ("cost_at_quality/0.98", 0.4),
            ("cost_at_quality/0.99", 0.5),
        ],
    );
}

#[test]
fn always_premium_is_left_when_no_margin_keeps_the_quality() {
    // The rows whose budget forecast is highest are those that budget gets wrong.
    let rows = [block(0.1, 5, 5), block(0.2, 5, 0)].concat();
    let report = measured(&triple(), &numbered(rows));
    let expected = ["0.95", "0.98", "0.99"].map(|quality| format!("cost_at_quality/{quality}"));
    for path in expected {
        assert_near(value(&report.router, &path), 1.0, &path);
    }
}

#[test]
fn budget_alone_costs_its_share_where_it_keeps_the_quality() {
    let mut rows = block(0.1, 99, 0);
    rows.extend(block(0.1, 1, 1));
    let report = measured(&triple(), &numbered(rows));
    for figures in
        [&report.router, report.baseline("random").unwrap(), report.baseline("oracle").unwrap()]
    {
        assert_figures(figures, &[("cost_at_quality/0.99", 0.2), ("cost_at_quality/0.95", 0.2)]);
    }
}

#[test]
fn equal_prices_of_neighbours_are_allowed() {
    for prices in [[1.0, 1.0, 5.0], [1.0, 5.0, 5.0], [0.0, 0.0, 1.0]] {
        let mut line_up = triple();
        line_up.prices = prices.into();
        let mut rows = four();
        rows[3].scores[1] = 1.0;
        let report = measured(&line_up, &rows);
        let oracle = value(report.baseline("oracle").unwrap(), "apgr");
        assert!(oracle.is_finite() && oracle >= value(&report.router, "apgr") - 1e-9, "{prices:?}");
    }
}
