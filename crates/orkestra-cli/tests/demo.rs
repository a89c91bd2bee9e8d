//! `orkestra demo`

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use support::{Home, fits};

/// The demo's text without what depends on the machine: the place of the ledger.
fn demo(home: &Home) -> String {
    let ran = home.run(&["demo"]).succeeded();
    assert_eq!(ran.err, "");
    ran.out.replace(home.path().to_str().unwrap(), "~")
}

#[test]
fn it_shows_the_whole_line_in_80_columns() {
    let out = demo(&Home::new());
    for words in [
        "simulated",
        "greeting",
        "consensus design",
        "all three, smartest",
        "google, cheapest",
        "[simulated]",
        "failed",
        "took over",
        "always premium",
        "Totals",
        ".orkestra/demo.db",
        "export GEMINI_API_KEY",
        "orkestra chat",
        "orkestra route",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(!out.contains('\x1b'));
    // Wrapped cells would stand on lines of their own.
    let table = out.lines().skip_while(|line| !line.starts_with("pool, strategy")).skip(1);
    let rows: Vec<&str> = table.take_while(|line| !line.is_empty()).collect();
    assert!(rows.len() == 12 && rows.iter().all(|row| !row.starts_with(' ')), "{rows:?}");
    // The place of the ledger is as long as the home's name.
    assert!(fits(&out));
}

#[test]
fn it_says_the_same_every_time() {
    assert_eq!(demo(&Home::new()), demo(&Home::new()));
}

#[test]
fn json_holds_every_call_and_its_sums() {
    let home = Home::new();
    let shown = home.run(&["demo", "--json"]).succeeded().json();
    let calls = shown["calls"].as_array().unwrap();
    let of = |act: &str| calls.iter().filter(|call| call["act"] == act).collect::<Vec<_>>();
    assert!(of("ladder").len() >= 12);
    for strategy in ["cheapest", "balanced", "smartest"] {
        assert!(of("comparison").iter().any(|call| call["strategy"] == strategy), "{strategy}");
    }
    assert!(calls.iter().all(|call| call["simulated"] == true));
    let cost: f64 = calls.iter().map(|call| call["cost"].as_f64().unwrap()).sum();
    assert!((shown["totals"]["cost"].as_f64().unwrap() - cost).abs() < 1e-9);
    let attempts = of("fault")[0]["attempts"].as_array().unwrap().clone();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["error"], "unavailable");
    assert!(attempts[1]["error"].is_null());
    assert_ne!(attempts[0]["model"], attempts[1]["model"]);
    assert_eq!(attempts[1]["model"], of("fault")[0]["model"]);
}

#[test]
fn its_ledger_is_its_own_and_agrees_with_what_it_said() {
    let home = Home::new();
    let shown = home.run(&["demo", "--json"]).succeeded().json();
    assert!(!home.path().join(".orkestra/ledger.db").exists());
    let place = shown["ledger"].as_str().unwrap();
    let stats = home.run(&["stats", "--json", "--ledger", place]).succeeded().json();
    assert_eq!(stats["real"]["calls"], 0);
    assert_eq!(stats["simulated"]["calls"], shown["totals"]["calls"]);
    let difference =
        stats["simulated"]["cost"].as_f64().unwrap() - shown["totals"]["cost"].as_f64().unwrap();
    assert!(difference.abs() < 1e-9);
}

#[test]
fn keys_addresses_and_models_of_the_user_are_not_used() {
    let home = Home::new();
    let catalogue = home.file("mine.toml", "deny = [\"google\"]\n");
    let variables = [
        ("ORKESTRA_CATALOGUE", catalogue.to_str().unwrap()),
        ("OPENAI_API_KEY", "bad-key"),
        ("ORKESTRA_OPENAI_BASE_URL", "http://127.0.0.1:1"),
    ];
    home.run_with(&["demo", "--ledger", "off"], &variables, b"").succeeded();
    assert!(!home.path().join(".orkestra").exists());
}
