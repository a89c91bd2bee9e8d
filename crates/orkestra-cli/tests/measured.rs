//! What the ledger measured corrects what `orkestra route` and `orkestra chat` expect.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use std::{fs, path::Path, time::Duration};

use orkestra::ledger::{Entry, Recorder};
use serde_json::{Value, json};
use support::{Home, Providers, fits};

const PROMPT: &str = "Which trees keep their leaves in winter?";
/// A model that thinks, and is a default on the day of the tests.
const THINKER: &str = "gemini-3.1-pro-preview";
/// The cheapest of all on that day.
const CHEAPEST: &str = "gemini-2.5-flash-lite";

/// Writes so many real calls of `model` into the ledger at `path`, each of `output` billed tokens
/// where `router` had forecast 100.
fn spend(path: &Path, router: &str, model: &str, calls: usize, output: u64) {
    let recorder = Recorder::sqlite(path).waiting_at_most(Duration::from_secs(60));
    let entry = |_| -> Entry {
        let usage = json!({"input": 1000, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0,
            "output": output, "reasoning": output / 2, "estimated": false});
        let entry = json!({
            "id": Entry::new_id(), "decision_id": "d", "attempt": 1, "at": "2026-11-20T10:00:00Z",
            "day": "2026-11-20", "provider": "google", "model": model, "tier": "premium",
            "strategy": "cheapest", "router": router, "usage": usage, "input_cost": "0.001",
            "output_cost": "0.002", "cost": "0.003", "base_model": "o3", "base_cost": "0.012",
            "savings": "0.009", "outcome": "ok", "stream": false, "latency_us": 1,
            "request_id": null, "simulated": false, "expected_cost": "0.003",
            "expected_output_tokens": 100.0, "finish_reason": "stop", "forecast_output_tokens": 100.0,
        });
        serde_json::from_value(entry).unwrap()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for entry in (0..calls).map(entry) {
            assert_eq!(recorder.record(entry).await, None);
        }
        assert_eq!(recorder.flush(Duration::from_secs(60)).await, Vec::<String>::new());
    });
}

fn thinker(decision: &Value) -> Value {
    let candidates = decision["candidates"].as_array().unwrap();
    candidates.iter().find(|candidate| candidate["model"] == THINKER).unwrap().clone()
}

#[test]
fn an_estimate_is_corrected_by_as_many_calls_as_are_said() {
    let home = Home::new();
    let ledger = home.path().join(".orkestra/ledger.db");
    let route = |more: &[&str]| home.run(&[&["route", PROMPT], more].concat()).succeeded();

    let estimated = route(&["--json"]).json();
    assert!(!ledger.exists(), "deciding makes no ledger");
    let before = thinker(&estimated);
    assert_eq!(
        (&before["output_factor_calls"], &before["thinking_estimated"]),
        (&0.into(), &true.into())
    );
    let text = route(&["--explain"]).out;
    assert!(text.contains("of the forecast, thinking included, an estimate"), "{text}");
    assert!(!text.contains("in the ledger"), "{text}");

    spend(&ledger, estimated["router"].as_str().unwrap(), THINKER, 60, 900);
    spend(&ledger, "another-router", THINKER, 5, 900);
    let ran = route(&["--json"]);
    assert_eq!(ran.err, "");
    let after = thinker(&ran.json());
    let factor = 0.75 * 9.0 + 0.25 * before["output_factor"].as_f64().unwrap();
    assert!((after["output_factor"].as_f64().unwrap() - factor).abs() < 1e-9, "{after}");
    assert_eq!(
        (&after["output_factor_calls"], &after["thinking_estimated"]),
        (&60.into(), &false.into())
    );
    let expected = |candidate: &Value| candidate["expected_output_tokens"].as_u64().unwrap();
    assert!(expected(&after) > expected(&before));
    let text = route(&["--explain"]).out;
    let line = format!("{THINKER}: x{factor:.2} of the forecast, corrected by 60 calls in the");
    assert!(text.contains(&line), "{line}: {text}");
    assert!(fits(&text));

    let batch = home.run_with(&["route", "--batch", "-"], &[], PROMPT.as_bytes()).succeeded();
    assert_eq!(thinker(&batch.json_lines()[0]), after);
    assert_eq!(thinker(&route(&["--json", "--ledger", "off"]).json()), before);
    assert_eq!(thinker(&route(&["--json", "--ledger", "other.db"]).json()), before);
    assert!(!home.path().join("other.db").exists());
}

#[test]
fn chat_is_corrected_too_and_the_demo_is_not() {
    let (home, providers) = (Home::new(), Providers::start());
    let ledger = home.path().join("named.db");
    let router = home.run(&["route", "--json", PROMPT]).succeeded().json()["router"].clone();
    spend(&ledger, router.as_str().unwrap(), THINKER, 60, 900);
    let (address, place) = (providers.address("google"), ledger.display().to_string());
    let chat = home.run(&[
        "chat",
        "--json",
        "-p",
        "google",
        "--base-url",
        &address,
        "--ledger",
        &place,
        "--model",
        THINKER,
        PROMPT,
    ]);
    let response = chat.succeeded().json();
    assert_eq!(response["plan"]["candidates"][0]["output_factor_calls"], 60, "{response}");

    // What the demo calls first, made dear by what was measured of it.
    spend(&ledger, router.as_str().unwrap(), CHEAPEST, 200, 5_000);
    let decision = home.run(&["route", "--json", "--ledger", &place, PROMPT]).succeeded().json();
    assert_ne!(decision["model"], CHEAPEST);
    let demo = home.run(&["demo", "--json", "--ledger", &place]).succeeded().json();
    assert_eq!(demo["calls"][0]["model"], CHEAPEST);
}

#[test]
fn a_ledger_that_cannot_be_read_costs_a_warning_and_no_decision() {
    let home = Home::new();
    let text = "this is not a database, but long enough to be looked at ".repeat(100);
    let file = home.file("songs.db", &text);
    let place = file.to_str().unwrap();
    let ran = home.run(&["route", "--ledger", place, PROMPT]).succeeded();
    let warning = "warning: expected output is estimated, not measured: the ledger";
    assert!(ran.err.starts_with(warning) && ran.err.contains("songs.db"), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let ran = home.run(&["route", "--json", "--ledger", place, PROMPT]).succeeded();
    assert_eq!(thinker(&ran.json())["output_factor_calls"], 0);
    let warning: Value = serde_json::from_str(&ran.err).unwrap();
    assert!(warning["warning"].as_str().unwrap().contains("songs.db"), "{ran:?}");
}
