//! `orkestra chat`: whole answers.

mod support;

use support::{Home, Providers, Ran};

/// Chats through `provider` alone.
fn chat(home: &Home, providers: &Providers, provider: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["chat", "-p", provider, "--base-url"];
    let address = providers.address(provider);
    all.push(&address);
    all.extend(arguments);
    home.run(&all)
}

#[test]
fn the_answer_goes_to_standard_output_and_the_bill_to_standard_error() {
    let (home, providers) = (Home::new(), Providers::start());
    for provider in ["google", "anthropic", "openai"] {
        let ran =
            chat(&home, &providers, provider, &["Name a river. [[reply: The Loire.]]"]).succeeded();
        assert_eq!(ran.out, "[simulated] The Loire.\n");
        for word in [provider, "tokens in", "(simulated, not spent)", "saved", "against"] {
            assert!(ran.err.contains(word), "{word}: {ran:?}");
        }
    }
    assert_eq!(providers.simulator.requests().len(), 3);
}

#[test]
fn json_has_every_documented_field() {
    let (home, providers) = (Home::new(), Providers::start());
    let response =
        chat(&home, &providers, "google", &["--json", "Name a river"]).succeeded().json();
    for field in [
        "text",
        "model",
        "provider",
        "cost",
        "input_tokens",
        "output_tokens",
        "savings",
        "savings_percent",
        "base_model",
        "base_cost",
        "input_cost",
        "output_cost",
        "tier",
        "attempts",
        "decision_id",
        "plan",
    ] {
        assert!(!response[field].is_null(), "{field}: {response}");
    }
    assert_eq!(response["simulated"], true);
    let number = |field: &str| response[field].as_f64().unwrap();
    assert!((number("cost") + number("savings") - number("base_cost")).abs() < 1e-9);
    assert!((number("input_cost") + number("output_cost") - number("cost")).abs() < 1e-9);
}

#[test]
fn several_providers_share_the_work_when_nothing_is_named() {
    let (home, providers) = (Home::new(), Providers::start());
    let variables = ["google", "anthropic", "openai"].map(|name| {
        (format!("ORKESTRA_{}_BASE_URL", name.to_uppercase()), providers.simulator.base_url(name))
    });
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    let ran = home.run_with(
        &["chat", "--json", "--strategy", "smartest", "Name a river"],
        &variables,
        b"",
    );
    let response = ran.succeeded().json();
    let candidates = response["plan"]["candidates"].as_array().unwrap();
    for provider in ["google", "anthropic", "openai"] {
        assert!(candidates.iter().any(|candidate| candidate["provider"] == provider), "{provider}");
    }
    assert_eq!(response["plan"]["strategy"], "smartest");
}

#[test]
fn only_providers_with_a_key_take_part() {
    let (home, providers) = (Home::new(), Providers::start());
    let address = providers.address("openai");
    let variables = [("OPENAI_API_KEY", "sk-simulated")];
    let ran =
        home.run_with(&["chat", "--json", "--base-url", &address, "Name a river"], &variables, b"");
    let response = ran.succeeded().json();
    let candidates = response["plan"]["candidates"].as_array().unwrap();
    assert!(candidates.iter().all(|candidate| candidate["provider"] == "openai"));
}

#[test]
fn the_prompt_may_come_from_standard_input() {
    let (home, providers) = (Home::new(), Providers::start());
    let address = providers.address("openai");
    for arguments in [&["chat", "--base-url", &address][..], &["chat", "--base-url", &address, "-"]]
    {
        let ran = home.run_with(arguments, &[], b"Say it back. [[reply: From a pipe.]]\n");
        assert_eq!(ran.succeeded().out, "[simulated] From a pipe.\n");
    }
    assert!(
        providers
            .simulator
            .requests()
            .iter()
            .all(|request| { !String::from_utf8_lossy(&request.body).contains("]]\\n") })
    );
}

#[test]
fn options_reach_the_provider() {
    let (home, providers) = (Home::new(), Providers::start());
    let options = [
        "--system",
        "Be brief.",
        "--max-tokens",
        "77",
        "--temperature",
        "0.25",
        "--model",
        "gpt-4o",
        "Name a river",
    ];
    let ran = chat(&home, &providers, "openai", &options).succeeded();
    assert!(ran.err.contains("gpt-4o ("), "{ran:?}");
    let requests = providers.simulator.requests();
    let body: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(body["temperature"], 0.25);
    assert!(body.to_string().contains("Be brief."), "{body}");
    assert!(body["max_completion_tokens"] == 77 || body["max_tokens"] == 77, "{body}");
}

#[test]
fn a_model_that_fails_is_followed_by_the_next_with_a_word() {
    let (home, providers) = (Home::new(), Providers::start());
    providers.break_once_with("529");
    let ran = chat(&home, &providers, "anthropic", &["Name a river"]).succeeded();
    assert!(
        ran.err.contains("warning: another model was tried") && ran.err.contains("529"),
        "{ran:?}"
    );
}

#[test]
fn a_call_is_kept_in_the_ledger_and_one_without_a_ledger_is_not() {
    let (home, providers) = (Home::new(), Providers::start());
    chat(&home, &providers, "openai", &["--ledger", "off", "Name a river"]).succeeded();
    assert!(!home.path().join(".orkestra").exists());
    chat(&home, &providers, "openai", &["Name a river"]).succeeded();
    assert!(home.path().join(".orkestra/ledger.db").exists());
    let stats = home.run(&["stats", "--json"]).succeeded().json();
    assert_eq!(stats["simulated"]["calls"], 1);
    assert_eq!(stats["real"]["calls"], 0);
}

#[test]
fn a_ledger_that_cannot_be_written_costs_a_warning_only() {
    let (home, providers) = (Home::new(), Providers::start());
    let file = home.file("not-a-folder", "text");
    let place = format!("{}/ledger.db", file.display());
    let ran = chat(&home, &providers, "openai", &["--ledger", &place, "Hello [[reply: Here.]]"])
        .succeeded();
    assert_eq!(ran.out, "[simulated] Here.\n");
    assert!(ran.err.contains("warning: ") && ran.err.contains("not-a-folder"), "{ran:?}");
    let ran =
        chat(&home, &providers, "openai", &["--json", "--ledger", &place, "Hello"]).succeeded();
    assert!(ran.json()["warnings"].to_string().contains("not-a-folder"), "{ran:?}");
    for line in ran.err.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn a_retired_model_that_was_named_is_replaced_with_a_warning() {
    let (home, providers) = (Home::new(), Providers::start());
    let ran = chat(&home, &providers, "anthropic", &["--model", "claude-opus-4", "Name a river"])
        .succeeded();
    assert!(ran.err.contains("warning: claude-opus-4 was retired on 2026-06-15"), "{ran:?}");
}

#[test]
fn the_key_may_come_from_a_file() {
    let (home, providers) = (Home::new(), Providers::start());
    let file = home.file("key", "bad-key-of-a-file\n");
    let key_file = format!("openai={}", file.display());
    let ran = chat(&home, &providers, "openai", &["--key-file", &key_file, "Name a river"]);
    ran.refused(4, &["openai", "401"]);
}
