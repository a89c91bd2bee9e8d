use crate::support::{assert_figures, measured, numbered, pair, row, triple};

#[test]
fn each_tier_s_bins_are_weighted_by_their_rows() {
    let rows = numbered(vec![
        row(&[0.9, 0.9, 0.9], &[1.0, 1.0, 1.0]),
        row(&[0.4, 0.8, 0.9], &[0.0, 1.0, 1.0]),
        row(&[0.3, 0.5, 0.8], &[0.0, 0.0, 1.0]),
        row(&[0.9, 0.7, 0.8], &[1.0, 0.0, 0.0]),
    ]);
    assert_figures(
        &measured(&triple(), &rows).router,
        &[
            // Two bins of two: |0.9 - 1| / 2 + |0.8 - 0.5| / 2.
            ("ece/premium", 0.2),
            // Four bins of one: (0.1 + 0.2 + 0.5 + 0.7) / 4.
            ("ece/balanced", 0.375),
            // A bin of two and two of one: 0.1 / 2 + 0.4 / 4 + 0.3 / 4.
            ("ece/budget", 0.225),
            // (0.01 + 0.01 + 0.04 + 0.64) / 4, beside 0.75 * 0.25.
            ("brier/premium", 0.175),
            ("brier_base/premium", 0.1875),
            // (0.01 + 0.04 + 0.25 + 0.49) / 4 and (0.01 + 0.16 + 0.09 + 0.01) / 4, beside 0.5 * 0.5.
            ("brier/balanced", 0.1975),
            ("brier_base/balanced", 0.25),
            ("brier/budget", 0.0675),
            ("brier_base/budget", 0.25),
        ],
    );
}

#[test]
fn the_last_of_the_fifteen_bins_holds_1() {
    let rows = numbered(vec![
        row(&[0.0, 1.0], &[0.0, 0.0]),
        row(&[0.06, 0.95], &[0.0, 1.0]),
        row(&[0.07, 0.93], &[0.5, 1.0]),
    ]);
    assert_figures(
        &measured(&pair(), &rows).router,
        &[
            // 1 and 0.95 share a bin, from 14/15 = 0.933 on: (|1 + 0.95 - 1| + |0.93 - 1|) / 3.
            ("ece/strong", (0.95 + 0.07) / 3.0),
            // 0 and 0.06 share one, up to 1/15 = 0.067: (0.06 + |0.07 - 0.5|) / 3.
            ("ece/weak", (0.06 + 0.43) / 3.0),
        ],
    );
}
