//! `orkestra stats`

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use orkestra::ledger::{Entry, Recorder};
use support::{Home, Providers, fits};

/// Writes `count` calls of `provider` on `day` into the home's ledger.
fn spend(home: &Home, provider: &str, model: &str, day: &str, simulated: bool) {
    let usage = serde_json::json!({"input": 1000, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0, "output": 500,
        "reasoning": 0, "estimated": false});
    let entry = serde_json::json!({
        "id": Entry::new_id(), "decision_id": "d", "attempt": 1, "at": format!("{day}T10:00:00Z"), "day": day,
        "provider": provider, "model": model, "tier": "budget", "strategy": "cheapest", "router": "r", "usage": usage,
        "input_cost": "0.001", "output_cost": "0.002", "cost": "0.003", "base_model": "o3", "base_cost": "0.012",
        "savings": "0.009", "outcome": "ok", "stream": false, "latency_us": 1, "first_token_us": null,
        "request_id": null, "simulated": simulated, "expected_cost": "0.003", "expected_output_tokens": 400.0,
    });
    let entry: Entry = serde_json::from_value(entry).unwrap();
    let recorder = Recorder::sqlite(home.path().join(".orkestra/ledger.db"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        assert_eq!(recorder.record(entry).await, None);
        assert_eq!(recorder.flush(std::time::Duration::from_secs(10)).await, Vec::<String>::new());
    });
}

#[test]
fn an_empty_ledger_says_how_to_begin_and_is_not_made() {
    let home = Home::new();
    let ran = home.run(&["stats"]).succeeded();
    assert!(ran.out.contains("orkestra demo") && ran.out.contains("ledger.db"), "{ran:?}");
    assert!(!home.path().join(".orkestra").exists());
    assert_eq!(home.run(&["stats", "--json"]).succeeded().json()["real"]["calls"], 0);
}

#[test]
fn real_and_simulated_money_are_never_added_together() {
    let home = Home::new();
    spend(&home, "openai", "gpt-4o-mini", "2026-11-20", false);
    spend(&home, "google", "gemini-2.5-flash-lite", "2026-11-21", false);
    spend(&home, "openai", "gpt-4o-mini", "2026-11-21", true);
    let stats = home.run(&["stats", "--json"]).succeeded().json();
    assert_eq!((&stats["real"]["calls"], &stats["simulated"]["calls"]), (&2.into(), &1.into()));
    assert_eq!(stats["real"]["cost"], 0.006);
    assert_eq!(stats["real"]["base_cost"], 0.024);
    assert_eq!(stats["real"]["savings_percent"], 75.0);
    assert_eq!(stats["real"]["by_model"]["gpt-4o-mini"]["cost"], 0.003);
    let text = home.run(&["stats"]).succeeded().out;
    for words in [
        "2 calls: spent $0.00600",
        "75.0 %",
        "would have cost $0.02400",
        "1 simulated call not counted",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = home.run(&["stats", "--simulated"]).succeeded().out;
    assert!(text.contains("Simulated calls") && text.contains("1 call: spent $0.00300"), "{text}");
    assert!(fits(&text));
}

#[test]
fn days_providers_and_groupings_narrow_the_sums() {
    let home = Home::new();
    spend(&home, "openai", "gpt-4o-mini", "2026-11-20", false);
    spend(&home, "google", "gemini-2.5-flash-lite", "2026-11-21", false);
    spend(&home, "anthropic", "claude-haiku-4-5", "2026-11-22", false);
    let calls = |arguments: &[&str]| {
        let mut all = vec!["stats", "--json"];
        all.extend(arguments);
        home.run(&all).succeeded().json()["real"]["calls"].as_u64().unwrap()
    };
    assert_eq!(calls(&["--since", "2026-11-21"]), 2);
    assert_eq!(calls(&["--until", "2026-11-21"]), 2);
    assert_eq!(calls(&["--since", "2026-11-21", "--until", "2026-11-21"]), 1);
    assert_eq!(calls(&["-p", "openai"]), 1);
    assert_eq!(calls(&["-p", "openai,google"]), 2);
    for (by, word) in [
        ("day", "2026-11-22"),
        ("provider", "anthropic"),
        ("tier", "budget"),
        ("model", "gpt-4o-mini"),
    ] {
        let text = home.run(&["stats", "--by", by]).succeeded().out;
        assert!(text.contains(word), "{by}: {text}");
    }
    home.run(&["stats", "--since", "yesterday"]).refused(2, &["yesterday"]);
    home.run(&["stats", "-p", "opnai"]).refused(5, &["\"opnai\"", "openai"]);
    home.run(&["stats", "--ledger", "off"]).refused(2, &["the ledger is off"]);
}

#[test]
fn what_chat_spent_is_what_stats_say() {
    let (home, providers) = (Home::new(), Providers::start());
    let address = providers.address("google");
    let mut cost = 0.0;
    for _ in 0..3 {
        let ran = home.run(&["chat", "--json", "--base-url", &address, "Name a river"]);
        cost += ran.succeeded().json()["cost"].as_f64().unwrap();
    }
    let stats = home.run(&["stats", "--json"]).succeeded().json();
    assert_eq!(stats["simulated"]["calls"], 3);
    assert!((stats["simulated"]["cost"].as_f64().unwrap() - cost).abs() < 1e-12);
}

#[test]
fn a_ledger_that_is_no_ledger_is_an_error_and_left_as_it_is() {
    let home = Home::new();
    let file = home
        .file("notes.txt", "this is not a database, and longer than a header of one would be.\n");
    let before = std::fs::read(&file).unwrap();
    let ran = home.run(&["stats", "--ledger", file.to_str().unwrap()]);
    assert_eq!(ran.code, 13, "{ran:?}");
    assert!(ran.err.contains("notes.txt"), "{ran:?}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
