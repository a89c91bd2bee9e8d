//! `orkestra routers`, and the routers it makes in other commands.

#![cfg(feature = "encoders")]
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod outcomes;
mod support;

use std::{fs, path::PathBuf};

use outcomes::{Kind, PAIR, TIERS, plain, rows};
use serde_json::{Value, json};
use support::Home;

/// A tiny random Longformer or BERT.
fn encoder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../orkestra-encoders/tests/fixtures").join(name)
}

/// Puts the tiny Longformer where the documented router looks for the real one.
fn with_longformer() -> Home {
    let home = Home::new();
    let folder = home.path().join(".orkestra/encoders/allenai/longformer-base-4096");
    fs::create_dir_all(&folder).unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(encoder("longformer").join(file), folder.join(file)).unwrap();
    }
    home
}

fn build(home: &Home, router: &str, data: &str, more: &[&str]) -> Value {
    let fixed = ["routers", "build", router, "--data", data, "--tiers", TIERS, "--json"];
    home.run(&[&fixed[..], more].concat()).succeeded().json()
}

#[test]
fn the_documented_router_is_built_once_and_then_routes_judges_and_is_checked() {
    let home = with_longformer();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Drinks, 120, 1));
    let said = build(&home, "documented", &data, &[]);
    let file = home.path().join(".orkestra/routers/documented.safetensors");
    assert_eq!(said["file"], file.display().to_string());
    assert_eq!(
        (&said["neighbours"], &said["dimensions"], &said["references"]),
        (&json!(5), &json!(24), &json!(120))
    );
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "vectors are left over");

    let route = [
        "route",
        "--json",
        "--explain",
        "-p",
        "openai",
        "--router",
        "documented",
        "A pot of tea, please",
    ];
    let decision = home.run(&route).succeeded().json();
    assert_eq!(decision["router"], said["router"]);
    assert_eq!(decision["neighbours"].as_array().unwrap().len(), 5);
    let forecast = &decision["forecast"];
    assert!(forecast["budget"].as_f64() <= forecast["balanced"].as_f64(), "{forecast}");
    assert_eq!(forecast["premium"], 1.0);
    assert_eq!(decision["plan"], Value::Null);

    let seen = ["eval", "--data", &data, "--pair", PAIR, "--router", "documented"];
    let refused = home.run(&seen);
    assert!(refused.code == 3 && refused.err.contains("was trained on"), "{}", refused.err);
    let fresh = plain(&home, "fresh.jsonl", &rows(Kind::Drinks, 80, 2));
    let judged = ["eval", "--data", &fresh, "--pair", PAIR, "--router", "documented", "--json"];
    let report = home.run(&judged).succeeded().json();
    assert!((0.0..=1.0).contains(&report["apgr"].as_f64().unwrap()), "{report}");

    let doctor =
        home.run_with(&["doctor", "--json"], &[("ORKESTRA_ROUTER", "documented")], b"").json();
    let router =
        doctor["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == "router");
    assert!(router.is_some_and(|finding| finding["state"] == "good"), "{doctor}");
}

#[test]
fn a_router_names_its_embedder_and_refuses_another() {
    let home = with_longformer();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Drinks, 60, 1));
    build(&home, "documented", &data, &[]);
    let folder = home.path().join(".orkestra/encoders/allenai/longformer-base-4096");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(encoder("bert").join(file), folder.join(file)).unwrap();
    }
    let refused = home.run(&["route", "--router", "documented", "hello"]);
    assert_eq!(refused.code, 14);
    assert!(refused.err.contains("was made with the embedder longformer-24-"), "{}", refused.err);
}

#[test]
fn any_embedder_and_any_place_will_do() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Drinks, 60, 1));
    let bert = encoder("bert");
    let with_options =
        format!("nearest:{}?pooling=first&storage=bf16&prefix=query: ", bert.display());
    for router in
        [format!("nearest:{}", bert.display()), with_options, "nearest:embedded".to_owned()]
    {
        let said = build(&home, &router, &data, &["--out", "votes.safetensors"]);
        assert_eq!(said["file"], "votes.safetensors");
        // A file knows where its embedder was found.
        let route = ["route", "--json", "-p", "openai", "--router", "votes.safetensors", "tea"];
        assert_eq!(home.run(&route).succeeded().json()["router"], said["router"]);
        build(&home, &router, &data, &[]);
        let route = ["route", "--json", "-p", "openai", "--router", &router, "tea"];
        assert_eq!(home.run(&route).succeeded().json()["router"], said["router"]);
    }
}

#[test]
fn an_interrupted_build_goes_on_where_it_ended() {
    let home = with_longformer();
    let (first, second) = (rows(Kind::Drinks, 40, 1), rows(Kind::Proofs, 40, 1));
    let half = plain(&home, "half.jsonl", &first);
    let all = plain(&home, "all.jsonl", &[first, second].concat());
    let whole = build(&home, "documented", &all, &["--out", "whole.safetensors"]);
    assert_eq!(whole["resumed"], 0);

    // What an interrupted build leaves behind: its vectors, and half of the one that was being written.
    let folder = home.path().join(".orkestra/routers");
    fs::create_dir_all(&folder).unwrap();
    let vectors = folder.join(".documented.safetensors.vectors");
    let tiers = ["--tiers", "budget=nobody,premium=large"];
    let fixed = ["routers", "build", "documented", "--data", &half];
    let ended = home.run(&[&fixed[..], &tiers].concat());
    assert_eq!(ended.code, 5, "{}", ended.err);
    let mut left = fs::read(&vectors).unwrap();
    left.truncate(left.len() - 50);
    fs::write(&vectors, left).unwrap();

    let resumed = build(&home, "documented", &all, &[]);
    assert_eq!(resumed["resumed"], 39);
    assert_eq!(resumed["router"], whole["router"]);
    assert!(!vectors.exists());
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let home = Home::new();
    let not_built = home.run(&["route", "--router", "documented", "hello"]);
    assert_eq!(not_built.code, 14);
    assert!(not_built.err.contains("no router documented"), "{}", not_built.err);
    assert!(not_built.err.contains("orkestra routers build \"documented\""), "{}", not_built.err);

    let data = plain(&home, "rows.jsonl", &rows(Kind::Drinks, 60, 1));
    let run = |router: &str| {
        let asked = ["routers", "build", router, "--data", &data, "--tiers", TIERS];
        home.run_with(&asked, &[("HF_HUB_OFFLINE", "1")], b"")
    };
    let no_weights = run("documented");
    assert_ne!(no_weights.code, 0);
    assert!(no_weights.err.contains("encoders/allenai/longformer-base-4096"), "{}", no_weights.err);
    let odd = run("linear");
    assert!(odd.code == 2 && odd.err.contains("nearest:FOLDER"), "{}", odd.err);
    let no_model = run("nearest:https://example.com/v1/embeddings");
    assert!(no_model.code == 14 && no_model.err.contains("#MODEL"), "{}", no_model.err);
    let bert = format!("nearest:{}?pooling=max", encoder("bert").display());
    let option = run(&bert);
    assert!(option.err.contains("pooling is \"max\"; expected mean or first"), "{}", option.err);

    let few = plain(&home, "few.jsonl", &rows(Kind::Drinks, 12, 1));
    let fixed = ["routers", "build", "nearest:embedded", "--data", &few, "--tiers", TIERS];
    let refused = home.run(&fixed);
    assert!(refused.code == 3 && refused.err.contains("at least 20 are needed"), "{}", refused.err);
}

#[test]
fn train_remembers_by_another_embedders_vectors() {
    let home = Home::new();
    let data = plain(&home, "rows.jsonl", &rows(Kind::Drinks, 60, 1));
    let out = home.path().join("mine.safetensors").display().to_string();
    let embedder = encoder("bert").display().to_string();
    let fixed =
        ["train", "--data", &data, "--tiers", TIERS, "--embedder", &embedder, "--out", &out];
    let said = home.run(&[&fixed[..], &["--json"]].concat()).succeeded().json();
    assert_eq!((&said["references"], &said["file"]), (&json!(60), &json!(out)));
    let route = ["route", "--json", "-p", "openai", "--router", &out, "A pot of tea, please"];
    assert_eq!(home.run(&route).succeeded().json()["router"], said["router"]);
    let both = home.run(&[&fixed[..], &["--base", "embedded"]].concat());
    assert!(both.code == 2 && both.err.contains("--base"), "{}", both.err);
}
