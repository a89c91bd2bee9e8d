//! Against the second implementation, `reference.py`, whose output is kept.

use orkestra_training::measure::{Figures, Judged, LineUp};
use serde_json::Value;

use crate::support::{assert_near, measured, value};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn judged(rows: &Value) -> Vec<Judged> {
    let row = |(question, row): (u64, &Value)| Judged {
        forecast: numbers(&row["forecast"]),
        scores: numbers(&row["scores"]),
        characters: row["characters"].as_u64().unwrap() as usize,
        question,
        ..Judged::default()
    };
    (0..).zip(rows.as_array().unwrap()).map(row).collect()
}

fn compare(figures: &Figures, expected: &Value) -> usize {
    let mut compared = 0;
    for (key, expected) in expected.as_object().unwrap() {
        let parts = match expected {
            Value::Object(parts) => {
                parts.iter().map(|(part, value)| (format!("{key}/{part}"), value)).collect()
            }
            value => vec![(key.clone(), value)],
        };
        for (path, expected) in parts {
            assert_near(value(figures, &path), expected.as_f64().unwrap(), &path);
            compared += 1;
        }
    }
    compared
}

#[test]
fn two_implementations_agree() {
    let cases: Value = serde_json::from_str(include_str!("fixtures/reference.json")).unwrap();
    let mut expected: Value =
        serde_json::from_str(include_str!("fixtures/reference.expected.json")).unwrap();
    let mut compared = 0;
    for (name, models) in [("pair", &["a", "b"][..]), ("triple", &["a", "b", "c"])] {
        let models = models.iter().map(|model| (*model).to_owned()).collect();
        let line_up = LineUp { models, prices: numbers(&cases[name]["prices"]) };
        let report = measured(&line_up, &judged(&cases[name]["rows"]));
        let expected = expected[name].as_object_mut().unwrap();
        for baseline in ["prompt_length", "oracle"] {
            let expected = expected.remove(baseline).unwrap();
            compared += compare(report.baseline(baseline).unwrap(), &expected);
        }
        compared += compare(&report.router, &Value::Object(expected.clone()));
    }
    assert_eq!(compared, 9 + 6 + 9 + 9);
}
