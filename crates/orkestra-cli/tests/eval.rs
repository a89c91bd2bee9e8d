//! `orkestra eval`

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod outcomes;
mod support;

use std::fs;

use outcomes::{Kind, PAIR, TIERS, compressed, files, plain, rows};
use serde_json::{Value, json};
use support::{Home, Ran, fits};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A home with 200 rows to judge.
fn with_rows(kind: Kind) -> Home {
    let home = Home::new();
    plain(&home, "judged.jsonl", &rows(kind, 200, 2));
    home
}

fn pair(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&["eval", "--data", "judged.jsonl", "--pair", PAIR][..], more].concat())
}

fn apgr(ran: Ran) -> f64 {
    ran.succeeded().json()["apgr"].as_f64().unwrap()
}

#[test]
fn json_is_one_object_with_the_keys_that_were_agreed() {
    let home = with_rows(Kind::Proofs);
    let ran = pair(&home, &["--json"]).succeeded();
    let json = ran.json();
    let shared = ["ece", "brier", "brier_base", "intervals", "baselines"];
    let of_pair = [&["rows", "means", "apgr", "cpt50", "cpt80", "dial"][..], &shared].concat();
    assert_eq!(keys(&json), of_pair);
    assert_eq!(json["rows"], 200);
    assert_eq!(keys(&json["means"]), ["small", "large"]);
    assert_eq!(keys(&json["dial"]), ["quality", "cost", "target"]);
    assert_eq!(keys(&json["ece"]), ["weak", "strong"]);
    let baselines = ["random", "best_single", "prompt_length", "nearest_5", "oracle"];
    assert_eq!(keys(&json["baselines"]), baselines);
    // How long it took is told beside, as an object of its own.
    let told: Value = serde_json::from_str(ran.err.trim_end()).unwrap();
    assert!(told["note"].as_str().unwrap().starts_with("took "), "{told}");

    let triple = ["eval", "--data", "judged.jsonl", "--tiers", TIERS, "--json"];
    let json = home.run(&triple).succeeded().json();
    let of_triple = [&["rows", "means", "apgr", "cost_at_quality", "dial"][..], &shared].concat();
    assert_eq!(keys(&json), of_triple);
    assert_eq!(keys(&json["cost_at_quality"]), ["0.95", "0.98", "0.99"]);
    assert_eq!(keys(&json["ece"]), ["budget", "balanced", "premium"]);
}

#[test]
fn the_text_says_who_judged_what_came_out_and_what_it_means() {
    let home = with_rows(Kind::Proofs);
    let tiers = ["eval", "--data", "judged.jsonl", "--tiers", TIERS];
    for ran in [pair(&home, &[]), home.run(&tiers)] {
        let ran = ran.succeeded();
        for words in
            ["200 rows judged", "blend-", "head general", "oracle", "apgr", "random has 0.5"]
        {
            assert!(ran.out.contains(words), "{words}: {}", ran.out);
        }
        assert!(fits(&ran.out));
        assert!(ran.err.starts_with("took "), "{ran:?}");
    }
    assert!(pair(&home, &[]).out.contains("cpt80"));
    assert!(home.run(&tiers).out.contains("cost at 0.98"));
}

#[test]
fn prices_decide_what_a_share_of_the_cost_is() {
    let home = with_rows(Kind::Proofs);
    let cost = |more: &[&str]| -> f64 {
        pair(&home, &[more, &["--json"]].concat()).succeeded().json()["dial"]["cost"]
            .as_f64()
            .unwrap()
    };
    let (share, dearer) = (cost(&[]), cost(&["--prices", "1,2"]));
    assert!((dearer - (1.0 + share) / 2.0).abs() < 1e-9, "{share} {dearer}");
}

#[test]
fn the_plot_is_a_picture_and_replaces_the_one_before() {
    let home = with_rows(Kind::Proofs);
    home.file("curve.svg", "yesterday's");
    let ran = pair(&home, &["--plot", "curve.svg"]).succeeded();
    assert!(ran.err.contains("drew curve.svg"), "{ran:?}");
    let picture = fs::read_to_string(home.path().join("curve.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"), "{picture}");
    assert_eq!(files(&home), ["curve.svg", "judged.jsonl"]);
    pair(&home, &["--plot", "absent/curve.svg"]).refused(13, &["--plot absent/curve.svg"]);
    pair(&home, &["--plot", "judged.jsonl"]).refused(13, &["is read, too"]);
}

#[test]
fn rows_teach_a_base_and_labels_are_drawn_by_the_seed() {
    let home = with_rows(Kind::Drinks);
    compressed(&home, "lessons.gz", &rows(Kind::Drinks, 300, 1));
    let base = apgr(pair(&home, &["--json"]));
    let learn = |more: &[&str]| {
        let train = ["--train", "lessons.gz", "--base", "embedded", "--labels", "120"];
        pair(&home, &[&train[..], more].concat())
    };
    let learned = apgr(learn(&["--json"]));
    assert!(learned > 0.75 && learned > base + 0.1, "{base} -> {learned}");
    let text = learn(&[]).succeeded();
    let said = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = "Learned from 120 rows of --train, drawn with seed 0, added to blend-";
    assert!(said.contains(words), "{said}");
    let again = learn(&["--json"]).succeeded().out;
    assert_eq!(again, learn(&["--json", "--seed", "0"]).succeeded().out);
    assert_ne!(again, learn(&["--json", "--seed", "1"]).succeeded().out);
}

#[test]
fn with_train_alone_nothing_else_is_known_than_the_rows() {
    let home = with_rows(Kind::Drinks);
    plain(&home, "lessons.jsonl", &rows(Kind::Drinks, 250, 1));
    let learned = apgr(pair(&home, &["--train", "lessons.jsonl", "--json"]));
    assert!(learned > 0.75, "{learned}");
}

#[test]
fn folds_judge_every_row_by_what_was_learned_from_the_others() {
    let home = with_rows(Kind::Drinks);
    plain(&home, "more.jsonl", &rows(Kind::Drinks, 100, 3));
    // The judged rows are among those that are added, and must not be learned from.
    let more = ["--train", "more.jsonl", "judged.jsonl", "--base", "embedded"];
    let ran = pair(&home, &[&["--folds", "2"][..], &more].concat()).succeeded();
    let said = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let words =
        "200 rows judged. Each of 2 parts judged by what was learned from the others and --train";
    assert!(said.starts_with(words), "{said}");
    let json = pair(&home, &["--folds", "2", "--base", "embedded", "--json"]).succeeded().json();
    assert_eq!(json["rows"], 200);
    assert!(json["apgr"].as_f64().unwrap() > 0.7, "{json}");
    assert!(json["apgr"].as_f64().unwrap() < 0.95, "questions leaked: {json}");
}

#[test]
fn folds_need_no_base() {
    let home = Home::new();
    plain(&home, "judged.jsonl", &rows(Kind::Drinks, 300, 2));
    let json = pair(&home, &["--folds", "2", "--json"]).succeeded().json();
    assert_eq!(json["rows"], 300);
    assert!(json["apgr"].as_f64().unwrap() > 0.7, "{json}");
}

#[test]
fn what_a_router_was_trained_on_is_not_judged_unasked() {
    let home = with_rows(Kind::Proofs);
    // The same questions with other options count as seen, too.
    let stem = "Which of these rivers is the longest one that flows through Europe?";
    let asked = |options: &str| json!({"prompt": format!("{stem}\n{options}"), "scores": {"small": 1, "medium": 1, "large": 1}});
    let mut judged = rows(Kind::Proofs, 80, 7);
    let mut lessons = rows(Kind::Proofs, 120, 8);
    lessons.extend(judged[..3].to_vec());
    lessons.push(asked("A. Rhine\nB. Volga"));
    judged.push(asked("A. Danube\nB. Volga"));
    plain(&home, "judged.jsonl", &judged);
    plain(&home, "lessons.jsonl", &lessons);
    let train = ["--train", "lessons.jsonl", "--base", "embedded"];
    let words = ["trained on: 4 of 81", "--allow-seen"];
    pair(&home, &train).refused(3, &words);
    let allowed = pair(&home, &[&train[..], &["--allow-seen", "--json"]].concat()).succeeded();
    assert!(allowed.err.contains("trained on: 4 of 81"), "{allowed:?}");
    assert_eq!(allowed.json()["rows"], 81);

    // The same holds for a router that is read from a file, and for one that is added to.
    let file = ["--base", "embedded", "--out", "own.safetensors"];
    let learn = ["train", "--data", "lessons.jsonl", "--tiers", TIERS];
    home.run(&[&learn[..], &file].concat()).succeeded();
    pair(&home, &["--router", "own.safetensors"]).refused(3, &["trained on: 3 of 81"]);
    pair(&home, &["--router", "own.safetensors", "--allow-seen"]).succeeded();
    pair(&home, &["--folds", "2", "--base", "own.safetensors"])
        .refused(3, &["trained on: 3 of 81"]);
}

#[test]
fn bad_rows_are_named_and_left_out_on_demand() {
    let home = Home::new();
    let mut lines: Vec<String> = rows(Kind::Proofs, 60, 1).iter().map(Value::to_string).collect();
    lines.insert(2, "{\"prompt\": \"x\", \"scores\": {\"small\": -0.1}}".to_owned());
    home.file("judged.jsonl", &lines.join("\n"));
    let fault = "judged.jsonl:3: scores.small is -0.1; expected a number from 0 to 1";
    pair(&home, &[]).refused(3, &[fault, "1 of 61 rows is bad"]);
    let ran = pair(&home, &["--skip-bad", "--json"]).succeeded();
    assert_eq!(ran.json()["rows"], 60);
    assert!(ran.err.contains(fault), "{ran:?}");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let home = with_rows(Kind::Proofs);
    plain(&home, "others.jsonl", &[json!({"prompt": "x", "scores": {"another": 1}})]);
    let cases: [(&[&str], i32, &[&str]); 19] = [
        (&[], 2, &["--tiers", "--pair"]),
        (&["--pair", PAIR, "--tiers", TIERS], 2, &["--tiers", "--pair"]),
        (&["--pair", "weak=small"], 2, &["does not name weak and strong"]),
        (&["--pair", "budget=small,premium=large"], 2, &["\"budget\" is unknown", "weak, strong"]),
        (
            &["--tiers", "budget=small,premium=large"],
            2,
            &["budget, balanced and premium", "--pair"],
        ),
        (
            &["--pair", "weak=smal,strong=large"],
            5,
            &["\"smal\"; the rows have large, medium, small"],
        ),
        (&["--pair", "weak=large,strong=small"], 3, &["no quality to recover"]),
        (&["--pair", PAIR, "--task", "nope"], 3, &["task \"nope\"", "the tasks are made up"]),
        (&["--pair", PAIR, "--prices", "2,1"], 2, &["--prices 2,1: they must not fall"]),
        (&["--pair", PAIR, "--prices", "1,2,3"], 2, &["3 prices for 2 models"]),
        (&["--pair", PAIR, "--family", "acme"], 3, &["no head \"acme\"", "general"]),
        (&["--pair", PAIR, "--router", "absent"], 14, &["no file and no router absent"]),
        (&["--pair", PAIR, "--router", "absent", "--folds", "2"], 2, &["--router"]),
        (&["--pair", PAIR, "--base", "embedded"], 2, &["--base", "--train", "--folds"]),
        (&["--pair", PAIR, "--labels", "50"], 2, &["--labels", "--train"]),
        (&["--pair", PAIR, "--folds", "1"], 2, &["--folds", "1"]),
        (&["--pair", PAIR, "--folds", "2", "--labels", "0"], 2, &["--labels", "0"]),
        (
            &["--pair", PAIR, "--train", "others.jsonl"],
            5,
            &["no row has a score of \"small\"", "others.jsonl"],
        ),
        (&["--pair", PAIR, "--train", "absent.jsonl"], 14, &["absent.jsonl cannot be read"]),
    ];
    for (more, code, words) in cases {
        home.run(&[&["eval", "--data", "judged.jsonl"][..], more].concat()).refused(code, words);
    }
    let error = pair(&home, &["--json", "--task", "nope"]).json_error();
    assert_eq!(error["kind"], "invalid_request");
}
