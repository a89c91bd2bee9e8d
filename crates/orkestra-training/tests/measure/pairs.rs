use orkestra_training::measure::{self, Judged};

use crate::support::{NO_INTERVALS, assert_figures, measured, numbered, pair, row, value};

/// Gains 0.4, 0.3, 0.2, 0.1; strong changes the score by 1, 0, 1, -1.
fn four() -> Vec<Judged> {
    numbered(vec![
        row(&[0.5, 0.9], &[0.0, 1.0]),
        row(&[0.5, 0.8], &[1.0, 1.0]),
        row(&[0.5, 0.7], &[0.0, 1.0]),
        row(&[0.5, 0.6], &[1.0, 0.0]),
    ])
}

#[test]
fn the_area_is_under_the_quality_recovered() {
    // weak 2/4, strong 3/4; of the summed gain of 1 are recovered 0, 1, 1, 2, 1 at shares 0, 1/4, 1/2, 3/4, 1.
    // Area: 1/4 * (0.5 + 1 + 1.5 + 1.5) = 1.125. Half is recovered at half of the first quarter, 80 % at 80 % of it.
    let report = measured(&pair(), &four());
    assert_figures(
        &report.router,
        &[
            ("means/mixtral", 0.5),
            ("means/gpt-4", 0.75),
            ("apgr", 1.125),
            ("cpt50", 12.5),
            ("cpt80", 20.0),
        ],
    );
}

#[test]
fn equal_gains_are_one_straight_line() {
    let mut rows = four();
    rows[1].forecast[1] = 0.9;
    // Points (0, 0), (1/2, 1), (3/4, 2), (1, 1): 1/2 * 0.5 + 1/4 * 1.5 + 1/4 * 1.5 = 1.
    let expected = [("apgr", 1.0), ("cpt50", 25.0), ("cpt80", 40.0)];
    assert_figures(&measured(&pair(), &rows).router, &expected);
    rows.reverse();
    assert_figures(&measured(&pair(), &rows).router, &expected);
}

#[test]
fn gains_that_differ_by_rounding_are_equal() {
    // 0.9 - 0.8 and 0.8 - 0.7 are not the same floats.
    let rows = [row(&[0.8, 0.9], &[0.0, 1.0]), row(&[0.7, 0.8], &[0.0, 0.0])]
        .map(|row| vec![row])
        .concat();
    assert_figures(&measured(&pair(), &numbered(rows)).router, &[("apgr", 0.5), ("cpt50", 50.0)]);
}

#[test]
fn a_share_counts_where_it_is_first_reached() {
    // Recovered: 0, 1/2, 0, 1/2, 1 at quarters; the dip does not matter.
    let rows = numbered(vec![
        row(&[0.1, 0.9], &[0.0, 1.0]),
        row(&[0.1, 0.8], &[1.0, 0.0]),
        row(&[0.1, 0.7], &[0.0, 1.0]),
        row(&[0.1, 0.6], &[0.0, 1.0]),
    ]);
    // 80 % lies 3/5 into the last quarter: 75 + 25 * 0.6 = 90.
    let expected = [("apgr", 0.375), ("cpt50", 25.0), ("cpt80", 90.0)];
    assert_figures(&measured(&pair(), &rows).router, &expected);
}

#[test]
fn the_dial_is_what_its_choices_led_to() {
    let chosen = [1, 0, 1, 0].map(Some);
    let mut rows = four();
    for (row, dial) in rows.iter_mut().zip(chosen) {
        row.dial = dial;
    }
    let report = measure::report(&pair(), &rows, Some(0.98), &NO_INTERVALS).unwrap();
    // Scores 1, 1, 1, 1 of a possible 3/4 each; prices 5, 1, 5, 1 of 5 each.
    assert_figures(&report.router, &[("dial/quality", 4.0 / 3.0), ("dial/cost", 0.6)]);
    // To keep 0.98 * 3/4 = 0.735 by lot, (0.735 - 0.5) / 0.25 = 0.94 go to strong: (1 + 0.94 * 4) / 5 = 0.952.
    let random = report.baseline("random").unwrap();
    assert_figures(random, &[("dial/quality", 0.98), ("dial/cost", 0.952)]);
    // Knowing the scores, 94 % of the first gain, so 0.235 of all to strong: (1 + 0.235 * 4) / 5.
    let oracle = report.baseline("oracle").unwrap();
    assert_figures(oracle, &[("dial/quality", 0.98), ("dial/cost", 0.388)]);
    let single = report.baseline("best_single").unwrap();
    assert_figures(single, &[("dial/quality", 1.0), ("dial/cost", 1.0)]);

    rows[2].dial = None;
    let report = measure::report(&pair(), &rows, Some(0.98), &NO_INTERVALS).unwrap();
    assert!(report.table().iter().all(|line| !line.name.starts_with("dial")));
}

#[test]
fn baselines_know_only_what_they_should() {
    let mut rows = four();
    for (row, characters) in rows.iter_mut().zip([10, 40, 30, 20]) {
        row.characters = characters;
        row.nearest = Some(vec![0.6, 0.6]);
    }
    let report = measured(&pair(), &rows);
    let baseline = |name: &str| report.baseline(name).unwrap();
    let chance = [("apgr", 0.5), ("cpt50", 50.0), ("cpt80", 80.0)];
    assert_figures(baseline("random"), &chance);
    assert_figures(
        baseline("best_single"),
        &[("apgr", 0.5), ("cpt50", 100.0), ("cpt80", 100.0), ("means/gpt-4", 0.75)],
    );
    // Longest first the gains are 0, 1, -1, 1: recovered 0, 0, 1, 0, 1, area 1/4 * (0 + 0.5 + 0.5 + 0.5).
    assert_figures(baseline("prompt_length"), &[("apgr", 0.375), ("cpt50", 37.5), ("cpt80", 45.0)]);
    // Forecasts that are all equal say nothing.
    assert_figures(baseline("nearest_5"), &chance);
    // Gains 1, 1, 0, -1: recovered 0, 1, 2, 2, 1, area 1/4 * (0.5 + 1.5 + 2 + 1.5).
    assert_figures(baseline("oracle"), &[("apgr", 1.375), ("cpt50", 12.5), ("cpt80", 20.0)]);
}

#[test]
fn the_nearest_five_are_left_out_unless_every_row_has_them() {
    let mut rows = four();
    for row in &mut rows[1..] {
        row.nearest = Some(vec![0.5, 0.6]);
    }
    assert!(measured(&pair(), &rows).baseline("nearest_5").is_none());
}

#[test]
fn prices_do_not_change_a_pair_s_area() {
    let mut cheap = pair();
    cheap.prices = vec![0.0, 0.1];
    let (cheap, dear) = (measured(&cheap, &four()), measured(&pair(), &four()));
    assert_eq!(value(&cheap.router, "apgr"), value(&dear.router, "apgr"));
}
