//! `orkestra chat`: bad input and bad answers.

mod support;

use support::{Home, Providers};

#[test]
fn a_missing_key_is_named_with_its_variables() {
    let home = Home::new();
    home.run(&["chat", "Hello"])
        .refused(4, &["no provider's key is set", "ANTHROPIC_API_KEY", "orkestra demo"]);
    let ran = home.run(&["chat", "-p", "google", "Hello"]);
    ran.refused(4, &["no key is set for google", "GEMINI_API_KEY or GOOGLE_API_KEY"]);
    let ran = home.run_with(&["chat", "-p", "openai", "Hello"], &[("OPENAI_API_KEY", "")], b"");
    ran.refused(4, &["no key is set for openai"]);
}

#[test]
fn a_refused_key_is_said_to_be_refused() {
    let (home, providers) = (Home::new(), Providers::start());
    for (provider, variable) in [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("google", "GEMINI_API_KEY"),
    ] {
        let address = providers.address(provider);
        let variables = [(variable, "bad-key")];
        let ran = home.run_with(
            &["chat", "-p", provider, "--base-url", &address, "Hello"],
            &variables,
            b"",
        );
        let ran = ran.refused(4, &[provider, "hint: "]);
        assert!(!ran.err.contains("bad-key"), "{ran:?}");
    }
}

#[test]
fn bad_requests_are_refused_before_any_call() {
    let (home, providers) = (Home::new(), Providers::start());
    let address = providers.address("openai");
    let cases: [(&[&str], i32, &str); 12] = [
        (&[""], 3, "the prompt is empty"),
        (&["   "], 3, "the prompt is empty"),
        (&["--max-tokens", "0", "Hello"], 3, "max_tokens is 0"),
        (&["--max-tokens", "9999999", "Hello"], 3, "max_tokens is 9999999"),
        (&["--max-tokens", "many", "Hello"], 2, "many"),
        (&["--temperature", "NaN", "Hello"], 3, "temperature is NaN"),
        (&["--temperature", "-0.1", "Hello"], 3, "temperature is -0.1"),
        (&["--temperature", "2.5", "Hello"], 3, "temperature is 2.5"),
        (&["--strategy", "random", "Hello"], 2, "random"),
        (&["--model", "gpt-5-nano-max", "Hello"], 5, "gpt-5-nano-max"),
        (&["--timeout", "0", "Hello"], 2, "--timeout is 0"),
        (&["--timeout", "-3", "Hello"], 2, "-3"),
    ];
    for (arguments, code, word) in cases {
        let mut all = vec!["chat", "-p", "openai", "--base-url", &address];
        all.extend(arguments);
        home.run(&all).refused(code, &[word]);
    }
    assert!(providers.simulator.requests().is_empty());
}

#[test]
fn a_prompt_of_20_megabytes_and_one_with_nul_bytes_are_refused() {
    let (home, providers) = (Home::new(), Providers::start());
    let address = providers.address("openai");
    let arguments = ["chat", "--base-url", &address];
    home.run_with(&arguments, &[], "word ".repeat(4 * 1024 * 1024).as_bytes())
        .refused(7, &["16777216"]);
    home.run_with(&arguments, &[], b"one\0two").refused(3, &["NUL"]);
    // A lone surrogate in UTF-8 clothing.
    home.run_with(&arguments, &[], b"x\xed\xa0\x80y").refused(3, &["not UTF-8", "position 1"]);
    assert!(providers.simulator.requests().is_empty());
}

#[test]
fn a_key_does_not_travel_unencrypted() {
    let variables = [("OPENAI_API_KEY", "sk-secret-4711")];
    let ran = Home::new().run_with(
        &["chat", "--base-url", "openai=http://192.0.2.1/v1", "Hello"],
        &variables,
        b"",
    );
    let ran = ran.refused(14, &["plain HTTP"]);
    assert!(!ran.err.contains("4711"), "{ran:?}");
}

#[test]
fn answers_that_are_none_are_reported_as_such() {
    for (fault, code) in [
        ("html", 12),
        ("html=200", 12),
        ("empty", 12),
        ("malformed", 12),
        ("end-early", 12),
        ("500", 12),
    ] {
        let (home, providers) = (Home::new(), Providers::start());
        providers.break_with(fault);
        let address = providers.address("openai");
        for stream in [
            &["chat", "--retries", "0", "--base-url", &address, "Name a river"][..],
            &["chat", "--retries", "0", "--stream", "--base-url", &address, "Name a river"],
        ] {
            let ran = home.run(stream);
            assert_eq!(ran.code, code, "{fault}: {ran:?}");
            assert_eq!(ran.err.matches("error: ").count(), 1, "{fault}: {ran:?}");
            assert!(ran.err.contains("openai/"), "{fault}: {ran:?}");
            assert!(!ran.err.contains("panicked"), "{fault}: {ran:?}");
        }
    }
}

#[test]
fn a_provider_that_never_answers_is_given_up() {
    let (home, providers) = (Home::new(), Providers::start());
    providers.break_with("timeout");
    let address = providers.address("openai");
    for flag in ["--json", "--stream"] {
        let ran =
            home.run(&["chat", flag, "--timeout", "0.2", "--base-url", &address, "Name a river"]);
        assert_eq!(ran.code, 11, "{ran:?}");
        assert!(ran.err.contains("0.2 s") && ran.err.contains("--timeout"), "{ran:?}");
    }
}

#[test]
fn an_error_object_names_provider_model_and_request() {
    let (home, providers) = (Home::new(), Providers::start());
    providers.break_with("429=7");
    let address = providers.address("anthropic");
    let arguments = ["chat", "--json", "--retries", "0", "--base-url", &address, "Name a river"];
    let ran = home.run(&arguments);
    assert_eq!(ran.code, 9, "{ran:?}");
    let error = ran.json_error();
    assert_eq!(error["kind"], "rate_limited");
    assert_eq!(error["provider"], "anthropic");
    assert!(error["model"].as_str().unwrap().starts_with("claude"));
    assert!(error["request_id"].is_string(), "{error}");
    assert_eq!(error["status"], 429);
    assert_eq!(error["retry_after_seconds"], 7.0);
}

#[test]
fn nobody_listening_is_unavailable() {
    let providers = Providers::start();
    let address = providers.address("openai");
    drop(providers);
    Home::new()
        .run(&["chat", "--retries", "0", "--base-url", &address, "Hello"])
        .refused(12, &["could not be reached"]);
}
