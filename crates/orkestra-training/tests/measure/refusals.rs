use orkestra::ErrorKind;
use orkestra_training::measure::{Judged, LineUp, report};

use crate::support::{NO_INTERVALS, numbered, pair, row, triple};

fn refusal(line_up: &LineUp, rows: &[Judged], target: Option<f64>) -> String {
    let error = report(line_up, rows, target, &NO_INTERVALS).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    error.to_string()
}

fn two() -> Vec<Judged> {
    numbered(vec![row(&[0.1, 0.9], &[0.0, 1.0]), row(&[0.5, 0.6], &[1.0, 1.0])])
}

/// What is said about [`two`] rows after a change to the second.
fn after(change: impl Fn(&mut Judged)) -> String {
    let mut rows = two();
    change(&mut rows[1]);
    refusal(&pair(), &rows, None)
}

#[test]
fn no_rows() {
    assert!(refusal(&pair(), &[], None).contains("judged has no rows"));
}

#[test]
fn numbers_that_are_no_shares() {
    for (wrong, said) in [(f64::NAN, "NaN"), (1.5, "1.5"), (-0.1, "-0.1"), (f64::INFINITY, "inf")] {
        let message = after(|row| row.forecast[1] = wrong);
        assert_eq!(
            message,
            format!("judged[1].forecast for strong is {said}; it must be a number from 0 to 1")
        );
        let message = after(|row| row.scores[0] = wrong);
        assert!(message.starts_with(&format!("judged[1].scores for weak is {said}")), "{message}");
        let message = after(|row| row.nearest = Some(vec![0.5, wrong]));
        assert!(message.starts_with("judged[1].nearest for strong"), "{message}");
        let message = refusal(&pair(), &two(), Some(wrong));
        assert!(message.starts_with(&format!("dial_target is {said}")), "{message}");
    }
}

#[test]
fn lengths_that_differ() {
    let message = after(|row| row.forecast.push(0.5));
    assert!(message.starts_with("judged[1].forecast has 3 entries for 2 models"), "{message}");
    let message = after(|row| row.scores.clear());
    assert!(message.starts_with("judged[1].scores has 0 entries"), "{message}");
    let message = after(|row| row.nearest = Some(vec![0.1]));
    assert!(message.starts_with("judged[1].nearest has 1 entries"), "{message}");
    let message = after(|row| row.dial = Some(2));
    assert!(message.starts_with("judged[1].dial is 2; it must be below 2"), "{message}");
}

#[test]
fn line_ups_that_are_none() {
    for count in [0, 1, 4] {
        let models = (0..count).map(|place| format!("model-{place}")).collect();
        let line_up = LineUp { models, prices: vec![1.0; count] };
        let message = refusal(&line_up, &two(), None);
        assert!(message.starts_with(&format!("models has {count} entries")), "{message}");
    }
    let with_prices =
        |prices: &[f64]| refusal(&LineUp { prices: prices.into(), ..triple() }, &[], None);
    assert!(with_prices(&[1.0, 2.0]).contains("prices has 2 entries for 3 models"));
    assert!(with_prices(&[1.0, f64::NAN, 2.0]).contains("NaN for balanced is no price"));
    assert!(with_prices(&[-1.0, 1.0, 2.0]).contains("-1 for budget is no price"));
    assert!(with_prices(&[1.0, 3.0, 2.0]).contains("[1.0, 3.0, 2.0]"));
    assert!(with_prices(&[2.0, 2.0, 2.0]).contains("the last must be above the first"));
    assert!(with_prices(&[0.0, 0.0, 0.0]).contains("the last must be above the first"));
}

#[test]
fn a_strong_model_that_is_no_better() {
    for strong in [1.0, 0.5] {
        let rows = numbered(vec![row(&[0.1, 0.9], &[1.0, strong])]);
        let message = refusal(&pair(), &rows, None);
        let said = format!(
            "scores: strong (gpt-4) has a mean of {strong} and weak (mixtral) has a mean of 1; there is no quality"
        );
        assert!(message.starts_with(&said), "{message}");
    }
    // Equal but for rounding: 0.1 + 0.2 and 0.3 twice as sums of three.
    let rows = [(0.3, 0.1), (0.2, 0.2), (0.1, 0.3)]
        .map(|(weak, strong)| row(&[0.1, 0.9], &[weak, strong]));
    assert!(refusal(&pair(), &rows, None).contains("no quality to recover"));
}
