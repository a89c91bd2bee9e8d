use orkestra_training::measure::{Judged, Options, report};
use serde_json::Value;

use crate::support::{measured, numbered, pair, row, triple};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn complete(rows: Vec<Judged>) -> Vec<Judged> {
    let rows = rows.into_iter().map(|row| {
        let nearest = Some(row.forecast.clone());
        Judged { dial: Some(1), nearest, ..row }
    });
    numbered(rows.collect())
}

const BASELINES: [&str; 5] = ["random", "best_single", "prompt_length", "nearest_5", "oracle"];

#[test]
fn a_pair_has_the_keys_that_were_agreed() {
    let rows = vec![row(&[0.1, 0.9], &[0.0, 1.0]), row(&[0.5, 0.6], &[1.0, 1.0])];
    let report = report(&pair(), &complete(rows), Some(0.98), &Options::default()).unwrap();
    let json = report.to_json();
    let measured = ["means", "apgr", "cpt50", "cpt80", "dial", "ece", "brier", "brier_base"];
    let all = [&["rows"][..], &measured, &["intervals", "baselines"]].concat();
    assert_eq!(keys(&json), all);
    assert_eq!(json["rows"], 2);
    assert!(json["rows"].is_u64());
    assert_eq!(keys(&json["means"]), ["mixtral", "gpt-4"]);
    assert_eq!(keys(&json["dial"]), ["quality", "cost", "target"]);
    assert_eq!(json["dial"]["target"], 0.98);
    for key in ["ece", "brier", "brier_base"] {
        assert_eq!(keys(&json[key]), ["weak", "strong"]);
    }
    assert_eq!(keys(&json["intervals"]), measured);
    assert_eq!(keys(&json["intervals"]["dial"]), ["quality", "cost"]);
    assert_eq!(json["intervals"]["apgr"].as_array().unwrap().len(), 2);
    assert_eq!(json["intervals"]["ece"]["weak"].as_array().unwrap().len(), 2);

    let baselines = &json["baselines"];
    assert_eq!(keys(baselines), BASELINES);
    assert_eq!(keys(&baselines["random"]), ["apgr", "cpt50", "cpt80", "dial", "intervals"]);
    assert_eq!(keys(&baselines["random"]["intervals"]), ["dial"]);
    assert_eq!(
        keys(&baselines["best_single"]),
        ["means", "apgr", "cpt50", "cpt80", "dial", "intervals"]
    );
    assert_eq!(
        keys(&baselines["nearest_5"]),
        ["apgr", "cpt50", "cpt80", "dial", "ece", "brier", "intervals"]
    );
    for name in ["prompt_length", "oracle"] {
        assert_eq!(keys(&baselines[name]), ["apgr", "cpt50", "cpt80", "dial", "intervals"]);
        assert_eq!(keys(&baselines[name]["intervals"]), ["apgr", "cpt50", "cpt80", "dial"]);
    }
}

#[test]
fn a_triple_has_the_keys_that_were_agreed() {
    let rows =
        vec![row(&[0.1, 0.4, 0.9], &[0.0, 1.0, 1.0]), row(&[0.5, 0.5, 0.6], &[1.0, 0.0, 1.0])];
    let report = report(&triple(), &complete(rows), Some(0.98), &Options::default()).unwrap();
    let json = report.to_json();
    let measured = ["means", "apgr", "cost_at_quality", "dial", "ece", "brier", "brier_base"];
    assert_eq!(keys(&json), [&["rows"][..], &measured, &["intervals", "baselines"]].concat());
    assert_eq!(keys(&json["means"]), ["flash", "pro", "ultra"]);
    assert_eq!(keys(&json["cost_at_quality"]), ["0.95", "0.98", "0.99"]);
    assert_eq!(keys(&json["ece"]), ["budget", "balanced", "premium"]);
    assert_eq!(keys(&json["intervals"]), measured);
    assert_eq!(keys(&json["intervals"]["cost_at_quality"]), ["0.95", "0.98", "0.99"]);
    assert_eq!(keys(&json["baselines"]), BASELINES);
    for name in ["random", "prompt_length", "oracle"] {
        let baseline = &json["baselines"][name];
        assert_eq!(keys(baseline), ["apgr", "cost_at_quality", "dial", "intervals"]);
    }
    assert_eq!(keys(&json["baselines"]["random"]["intervals"]), ["cost_at_quality", "dial"]);
}

#[test]
fn keys_that_do_not_apply_are_absent() {
    let rows = numbered(vec![row(&[0.1, 0.9], &[0.0, 1.0])]);
    let json = measured(&pair(), &rows).to_json();
    let expected =
        ["rows", "means", "apgr", "cpt50", "cpt80", "ece", "brier", "brier_base", "baselines"];
    assert_eq!(keys(&json), expected);
    assert_eq!(keys(&json["baselines"]), ["random", "best_single", "prompt_length", "oracle"]);
}

#[test]
fn a_dial_without_a_target_is_reported_as_it_is() {
    let rows = complete(vec![row(&[0.1, 0.9], &[0.0, 1.0])]);
    let json = measured(&pair(), &rows).to_json();
    assert_eq!(keys(&json["dial"]), ["quality", "cost"]);
    assert!(json["baselines"]["random"].get("dial").is_none());
}

#[test]
fn the_table_says_what_the_json_says() {
    let rows = complete(vec![row(&[0.1, 0.9], &[0.0, 1.0]), row(&[0.5, 0.6], &[1.0, 1.0])]);
    let report = report(&pair(), &rows, Some(0.98), &Options::default()).unwrap();
    let (json, table) = (report.to_json(), report.table());
    let line = |of: &str, name: &str| {
        table.iter().find(|line| line.of == of && line.name == name).unwrap().clone()
    };
    assert_eq!(json["apgr"], line("router", "apgr").value);
    assert_eq!(json["ece"]["weak"], line("router", "ece weak").value);
    assert_eq!(json["intervals"]["cpt50"][1], line("router", "cpt50").interval.unwrap()[1]);
    assert_eq!(json["baselines"]["oracle"]["cpt80"], line("oracle", "cpt80").value);
    assert_eq!(table[0].of, "router");
}
