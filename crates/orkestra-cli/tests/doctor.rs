//! `orkestra doctor`

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing step fails the test")]

mod support;

use serde_json::Value;
use support::{Home, Ran};

fn finding<'a>(report: &'a Value, what: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["what"] == what)
        .unwrap_or_else(|| panic!("{what}: {report}"))
}

fn examine(home: &Home, variables: &[(&str, &str)], arguments: &[&str]) -> (Ran, Value) {
    let mut all = vec!["doctor", "--json"];
    all.extend(arguments);
    let ran = home.run_with(&all, variables, b"");
    let report = ran.json();
    (ran, report)
}

#[test]
fn a_fresh_home_is_fine_and_lacks_keys() {
    let home = Home::new();
    let (ran, report) = examine(&home, &[], &[]);
    assert_eq!((ran.code, &report["ok"]), (0, &true.into()), "{ran:?}");
    for what in ["version", "catalogue", "router", "routers", "decision", "ledger"] {
        assert_eq!(finding(&report, what)["state"], "good", "{what}: {report}");
    }
    for provider in ["google", "anthropic", "openai"] {
        assert_eq!(finding(&report, provider)["state"], "missing");
        assert!(finding(&report, provider)["remedy"].as_str().unwrap().contains("_API_KEY"));
    }
    assert!(!home.path().join(".orkestra").exists(), "looking must not leave traces");
    let text = home.run(&["doctor"]).succeeded().out;
    assert!(text.contains("Deciding works"), "{text}");
    assert!(support::fits(&text.replace(home.path().to_str().unwrap(), "~")));
}

#[test]
fn keys_are_named_by_their_variable_and_never_shown() {
    let home = Home::new();
    let variables = [
        ("GOOGLE_API_KEY", "AIza-very-secret-0815"),
        ("ORKESTRA_OPENAI_BASE_URL", "http://127.0.0.1:9/openai/v1"),
        ("HTTPS_PROXY", "http://me:pass-0816@proxy.example:3128"),
    ];
    let (ran, report) = examine(&home, &variables, &[]);
    assert!(
        finding(&report, "google")["says"].as_str().unwrap().contains("key from GOOGLE_API_KEY")
    );
    assert!(
        finding(&report, "openai")["says"]
            .as_str()
            .unwrap()
            .contains("from ORKESTRA_OPENAI_BASE_URL")
    );
    assert_eq!(finding(&report, "openai")["state"], "good");
    assert!(finding(&report, "proxy")["says"].as_str().unwrap().contains("proxy.example:3128"));
    for secret in ["0815", "AIza", "0816"] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{ran:?}");
    }
}

#[test]
fn damage_is_named_with_its_remedy_and_the_rest_is_still_examined() {
    let home = Home::new();
    home.file(".orkestra/models.toml", "[[model]\n");
    let (ran, report) = examine(&home, &[], &[]);
    assert_eq!((ran.code, &report["ok"]), (14, &false.into()), "{ran:?}");
    assert_eq!(finding(&report, "catalogue")["state"], "damaged");
    assert_eq!(finding(&report, "router")["state"], "good");

    let home = Home::new();
    let forged = home.file("forged.safetensors", "not a router");
    let (ran, report) = examine(&home, &[], &["--router", forged.to_str().unwrap()]);
    assert_eq!(ran.code, 14, "{ran:?}");
    assert_eq!(finding(&report, "router")["state"], "damaged");
    assert!(finding(&report, "router")["remedy"].as_str().unwrap().contains("embedded"));

    let file = home.file("file", "text");
    let (ran, report) =
        examine(&home, &[], &["--ledger", &format!("{}/ledger.db", file.display())]);
    assert_eq!(ran.code, 14, "{ran:?}");
    assert_eq!(finding(&report, "ledger")["state"], "damaged");
}

#[test]
fn an_old_catalogue_is_a_warning() {
    let home = Home::new();
    let arguments = ["doctor", "--json", "--date", "2027-03-01"];
    let ran = support::finish(support::start(&mut home.command(&arguments)), b"").succeeded();
    assert_eq!(finding(&ran.json(), "catalogue")["state"], "warning");
}
