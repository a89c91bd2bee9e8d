use orkestra_training::measure::{Judged, LineUp, Report, report};

use crate::support::{NO_INTERVALS, numbered, pair, row, triple};

fn drawn(line_up: &LineUp) -> Report {
    let rows = (0..40).map(|place| {
        let share = f64::from(place) / 40.0;
        let forecast = [0.5 * share, 0.7 - 0.2 * share, 0.9][3 - line_up.models.len()..].to_vec();
        let scores = [0.2, share, 1.0][3 - line_up.models.len()..].to_vec();
        let nearest = Some(forecast.iter().rev().copied().collect());
        Judged { dial: Some(1), nearest, characters: place as usize, ..row(&forecast, &scores) }
    });
    report(line_up, &numbered(rows.collect()), Some(0.98), &NO_INTERVALS).unwrap()
}

#[test]
fn everything_is_drawn_and_named() {
    for line_up in [pair(), triple()] {
        let svg = drawn(&line_up).plot();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for named in
            ["router", "nearest five", "prompt length", "oracle", "random mix", "dial 0.98"]
        {
            assert!(svg.contains(named), "{named} in {svg}");
        }
        for (model, tier) in line_up.models.iter().zip(line_up.tiers()) {
            assert!(svg.contains(&format!("{model} ({tier})")), "{model}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        // Self-contained: the only address is the name of the format.
        assert_eq!(svg.matches("http").count(), 1);
        assert!(!svg.contains("href") && !svg.contains("<style") && !svg.contains("<script"));
    }
}

#[test]
fn a_pair_s_axis_is_the_share_sent_to_strong() {
    assert!(drawn(&pair()).plot().contains("share of questions sent to strong"));
    assert!(drawn(&triple()).plot().contains("cost, as a share of always premium"));
}

#[test]
fn names_are_escaped_and_cut() {
    let mut line_up = triple();
    line_up.models[0] = "<b>&\"\u{1}".into();
    line_up.models[1] = "m".repeat(500);
    let svg = drawn(&line_up).plot();
    assert!(svg.contains("&lt;b&gt;&amp;&quot;\u{fffd} (budget)"), "{svg}");
    assert!(!svg.contains(&"m".repeat(60)));
}

#[test]
fn the_same_report_is_the_same_picture() {
    assert_eq!(drawn(&triple()).plot(), drawn(&triple()).plot());
}
