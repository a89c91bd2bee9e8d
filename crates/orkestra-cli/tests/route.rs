//! `orkestra route`

mod support;

use serde_json::Value;
use support::{Home, fits};

const PROMPT: &str = "Which trees keep their leaves in winter?";

#[test]
fn one_object_says_what_was_decided() {
    let decision = Home::new().run(&["route", "--json", PROMPT]).succeeded().json();
    for field in ["provider", "model", "tier", "base_model", "reason", "router"] {
        assert!(
            decision[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {decision}"
        );
    }
    for tier in ["budget", "balanced", "premium"] {
        let forecast = decision["forecast"][tier].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&forecast), "{tier}: {forecast}");
    }
    assert!(decision["expected_cost"].as_f64().unwrap() > 0.0);
    let base = decision["expected_base_cost"].as_f64().unwrap();
    let saved = base - decision["expected_cost"].as_f64().unwrap();
    assert!((saved - decision["expected_savings"].as_f64().unwrap()).abs() < 1e-12);
    assert_eq!(decision["candidates"][0]["model"], decision["model"]);
    assert!(decision["neighbours"].is_null());
}

#[test]
fn without_a_provider_named_all_three_take_part() {
    let decision = Home::new().run(&["route", "--json", PROMPT]).succeeded().json();
    let candidates = decision["candidates"].as_array().unwrap();
    for provider in ["google", "anthropic", "openai"] {
        assert!(candidates.iter().any(|candidate| candidate["provider"] == provider), "{provider}");
    }
}

#[test]
fn providers_are_named_by_repetition_or_commas() {
    let home = Home::new();
    let providers = |arguments: &[&str]| -> Vec<String> {
        let decision = home.run(arguments).succeeded().json();
        let candidates = decision["candidates"].as_array().unwrap().clone();
        let mut names: Vec<String> =
            candidates.iter().map(|c| c["provider"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(providers(&["route", "--json", "-p", "google", PROMPT]), ["google"]);
    assert_eq!(
        providers(&["route", "--json", "-p", "google,openai", PROMPT]),
        ["google", "openai"]
    );
    assert_eq!(providers(&["-p", "anthropic", "route", "-p", "openai", "--json", PROMPT]).len(), 1);
}

#[test]
fn the_text_says_model_cost_and_reason_within_80_columns() {
    let ran = Home::new().run(&["route", "--explain", PROMPT]).succeeded();
    for word in [
        "expected",
        "saves",
        "why",
        "good enough",
        "What the router believes",
        "looks like",
        "familiar",
        "network",
        "nearest questions",
        "linear",
        "What moved the linear part most",
        "Candidates",
        "Nearest benchmark questions",
        "router",
    ] {
        assert!(ran.out.contains(word), "{word}: {ran:?}");
    }
    assert!(fits(&ran.out), "{}", ran.out);
    assert!(!ran.out.contains('\x1b'), "colours outside a terminal");
}

#[test]
fn explaining_adds_the_neighbours() {
    let decision = Home::new().run(&["route", "--json", "--explain", PROMPT]).succeeded().json();
    let neighbours = decision["neighbours"].as_array().unwrap();
    assert!(!neighbours.is_empty());
    for neighbour in neighbours {
        assert!(neighbour["family"].as_str().is_some_and(|family| !family.is_empty()));
        assert!(
            neighbour["similarity"].as_f64().is_some() && neighbour["weight"].as_f64().is_some()
        );
    }
}

#[test]
fn explaining_gives_the_routers_own_account() {
    let home = Home::new();
    let decision = home.run(&["route", "--json", "--explain", PROMPT]).succeeded().json();
    let why = &decision["explanation"];
    let sentence = why["sentence"].as_str().unwrap();
    assert!(sentence.ends_with('.') && sentence.contains("budget tier"), "{sentence}");
    let domains = why["domains"].as_array().unwrap();
    assert!(domains.len() >= 3);
    let shares: f64 = domains.iter().map(|domain| domain["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6, "{shares}");
    for predictor in ["network", "nearest", "linear"] {
        for figure in ["premium", "balanced_loss", "budget_loss"] {
            assert!(why["beliefs"][predictor][figure].is_f64(), "{predictor} {figure}");
        }
    }
    assert!((0.0..=1.0).contains(&why["forecast"]["familiarity"].as_f64().unwrap()));
    for tier in ["budget", "balanced", "premium"] {
        let explained = &why["forecast"]["tiers"][tier];
        assert_eq!(explained["score"], decision["forecast"][tier]);
        assert_eq!(explained["uncertainty"], decision["uncertainty"][tier]);
    }
    let features = why["features"].as_array().unwrap();
    assert!(!features.is_empty() && features.len() <= 8);
    for feature in features {
        let text = feature["feature"].as_str().unwrap();
        assert!(PROMPT.to_lowercase().contains(text.trim()), "{text:?}");
        assert!(feature["effect"].is_f64());
    }
    // As text: the sentence first, then the three likest domains, then the features with their points.
    let out = home.run(&["route", "--explain", PROMPT]).succeeded().out;
    let unwrapped = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let place =
        |text: &str| unwrapped.find(text).unwrap_or_else(|| panic!("{text:?} is missing: {out}"));
    let believes = place("What the router believes");
    assert_eq!(place(sentence), believes + "What the router believes ".len());
    let likest = domains[0]["name"].as_str().unwrap();
    assert!(place("looks like") < place(&format!("looks like {likest}")) + 1);
    for domain in &domains[3..] {
        let share = domain["share"].as_f64().unwrap() * 100.0;
        let shown = format!("{} {share:.0} %", domain["name"].as_str().unwrap());
        assert!(!unwrapped.contains(&shown), "more than three domains: {shown}");
    }
    let points = format!("{:+.2}", features[0]["effect"].as_f64().unwrap() * 100.0);
    let first = format!("{:?}", features[0]["feature"].as_str().unwrap());
    let row = out.lines().find(|line| line.starts_with(&first)).expect("the strongest feature");
    assert!(row.ends_with(&points), "{row}: {points}");
    // Nothing of it unasked.
    let plain = home.run(&["route", "--json", PROMPT]).succeeded().json();
    assert!(plain["explanation"].is_null());
    assert!(!home.run(&["route", PROMPT]).succeeded().out.contains(sentence));
}

#[test]
fn control_characters_of_the_prompt_are_shown_escaped() {
    let home = Home::new();
    let hostile =
        "\u{1b}[31m\u{7}\u{1b}[2J\u{7f}\u{9b}5n\u{202e}\u{1b}]0;title\u{7}\u{8}\u{1b}[31m";
    let explained = home.run(&["route", "--json", "--explain", hostile]).succeeded().json();
    let features = explained["explanation"]["features"].as_array().unwrap().clone();
    let out = home.run(&["route", "--explain", hostile]).succeeded().out;
    let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!out.contains(obeyed), "{out:?}");
    assert!(!features.is_empty());
    for feature in features {
        let shown = format!("{:?}", feature["feature"].as_str().unwrap());
        assert!(out.contains(&shown), "{shown} is missing: {out}");
    }
}

#[test]
fn what_is_explained_fits_whatever_the_prompt() {
    let home = Home::new();
    let word = "pneumonoultramicroscopicsilicovolcanoconiosis".repeat(5);
    for prompt in [word.as_str(), "请用中文解释量子力学的基本原理", "𓀀𓀁", "a"]
    {
        let ran = home.run(&["route", "--explain", prompt]).succeeded();
        assert!(fits(&ran.out), "{}", ran.out);
        assert!(ran.out.contains("What the router believes"), "{}", ran.out);
    }
    let ran = home.run(&["route", "--explain", "--quality", "0.987654321", PROMPT]).succeeded();
    assert!(fits(&ran.out), "{}", ran.out);
}

#[test]
fn a_batch_explains_each_line() {
    let home = Home::new();
    let file = home.file("prompts.txt", "Name a river.\nProve that 2 has no rational root.\n");
    let ran = home.run(&["route", "--explain", "--batch", file.to_str().unwrap()]).succeeded();
    for line in ran.json_lines() {
        assert!(line["explanation"]["sentence"].is_string(), "{line}");
    }
}

#[test]
fn the_same_question_gets_the_same_bytes() {
    let home = Home::new();
    let once = home.run(&["route", "--json", "--explain", PROMPT]).succeeded().out;
    assert_eq!(once, home.run(&["route", "--json", "--explain", PROMPT]).succeeded().out);
}

#[test]
fn the_smartest_strategy_takes_the_highest_rank() {
    let decision =
        Home::new().run(&["route", "--json", "--strategy", "smartest", PROMPT]).succeeded().json();
    let rank = |candidate: &Value| candidate["rank"].as_u64().unwrap();
    let candidates = decision["candidates"].as_array().unwrap();
    assert_eq!(candidates.iter().map(rank).max().unwrap(), rank(&candidates[0]));
}

#[test]
fn a_retired_model_is_replaced_from_its_day_on_with_a_note() {
    let home = Home::new();
    let on = |day: &str| {
        let ran = support::finish(
            support::start(
                &mut home.command(&["route", "--json", "--model", "o3", "--date", day, PROMPT]),
            ),
            b"",
        );
        ran.succeeded().json()
    };
    assert_eq!(on("2026-12-10")["model"], "o3");
    assert_eq!(on("2026-12-10")["notes"].as_array().unwrap().len(), 0);
    let after = on("2026-12-11");
    assert_ne!(after["model"], "o3");
    assert!(
        after["notes"][0].as_str().unwrap().contains("o3 was retired on 2026-12-11"),
        "{after}"
    );
}

#[test]
fn each_line_of_a_batch_is_decided_by_itself() {
    let home = Home::new();
    let file = home.file("prompts.txt", "Name a river.\n\nProve that 2 has no rational root.\n");
    let ran = home.run(&["route", "--batch", file.to_str().unwrap()]);
    let lines = ran.json_lines();
    assert_eq!(lines.len(), 3);
    assert!(lines[0]["model"].is_string() && lines[2]["model"].is_string());
    assert_eq!(lines[1]["error"]["kind"], "invalid_request");
    assert_eq!(ran.code, 3);
    let piped = home.run_with(&["route", "--batch", "-"], &[], b"Name a river.\n");
    assert_eq!(piped.succeeded().json_lines()[0], lines[0]);
}

#[test]
fn quality_may_come_from_the_environment_and_the_flag_wins() {
    let home = Home::new();
    let quality = |arguments: &[&str]| {
        let ran = home.run_with(arguments, &[("ORKESTRA_QUALITY", "0.5")], b"");
        ran.succeeded().json()["quality"].as_f64().unwrap()
    };
    assert_eq!(quality(&["route", "--json", PROMPT]), 0.5);
    assert_eq!(quality(&["route", "--json", "--quality", "1", PROMPT]), 1.0);
}

#[test]
fn the_baseline_can_be_named() {
    let decision = Home::new()
        .run(&["route", "--json", "--base-model", "claude-opus-5-5", PROMPT])
        .succeeded()
        .json();
    assert_eq!(decision["base_model"], "claude-opus-5-5");
}

#[test]
fn what_cannot_be_decided_is_refused_by_name() {
    let home = Home::new();
    let cases: [(&[&str], i32, &[&str]); 14] = [
        (&["route", ""], 3, &["the prompt is empty"]),
        (&["route", " \n\t "], 3, &["the prompt is empty"]),
        (&["route", "-p", "gogle", PROMPT], 5, &["\"gogle\"", "google"]),
        (&["route", "--model", "gpt-4p", PROMPT], 5, &["\"gpt-4p\"", "gpt-4o", "hint: "]),
        (&["route", "-p", "google", "--model", "gpt-4o", PROMPT], 5, &["gpt-4o", "google"]),
        (&["route", "--strategy", "dearest", PROMPT], 2, &["dearest", "cheapest"]),
        (&["route", "--max-tokens", "0", PROMPT], 3, &["max_tokens is 0"]),
        (&["route", "--max-tokens", "4000000", PROMPT], 3, &["max_tokens is 4000000", "at most"]),
        (&["route", "--max-tokens", "-5", PROMPT], 2, &["-5"]),
        (&["route", "--quality", "1.5", PROMPT], 3, &["quality is 1.5", "0 to 1"]),
        (&["route", "--quality", "NaN", PROMPT], 3, &["quality is NaN"]),
        (&["route", "--base-model", "nope", PROMPT], 5, &["\"nope\""]),
        (&["route", "--router", "missing.safetensors", PROMPT], 14, &["missing.safetensors"]),
        (
            &["route", "--base-url", "http://127.0.0.1:1", PROMPT],
            2,
            &["names no provider", "PROVIDER=URL"],
        ),
    ];
    for (arguments, code, words) in cases {
        home.run(arguments).refused(code, words);
    }
}

#[test]
fn input_that_is_not_text_is_refused() {
    let home = Home::new();
    home.run_with(&["route"], &[], b"caf\xe9").refused(3, &["not UTF-8", "0xe9", "position 3"]);
    home.run_with(&["route"], &[], b"a\0b").refused(3, &["NUL", "position 1"]);
    home.run_with(&["route"], &[], b"\n").refused(3, &["the prompt is empty"]);
}

#[test]
fn a_prompt_of_20_megabytes_is_refused_at_once() {
    let prompt = "lorem ipsum ".repeat(20 * 1024 * 1024 / 12);
    let ran = Home::new().run_with(&["route"], &[], prompt.as_bytes());
    ran.refused(7, &["16777216"]);
}

#[test]
fn a_catalogue_with_a_mistake_is_refused_with_its_place() {
    let home = Home::new();
    let price = "prices = [{ input = \"1\", output = \"2\" }]";
    let model = "[[model]]\nid = \"mine\"\nprovider = \"openai\"\ntier = \"budget\"\nrank = 1\ncontext = 1000\nmax_output = 100\nabilities = []\n";
    let cases = [
        (format!("{model}pricess = []\n"), "pricess"),
        (format!("{model}{}\n", price.replace("\"1\"", "\"-1\"")), "-1"),
        (format!("{model}{price}\n\n{model}{price}\n"), "mine"),
        ("[[model]\n".to_owned(), "models.toml"),
    ];
    for (text, word) in cases {
        home.file(".orkestra/models.toml", &text);
        let ran = home.run(&["route", PROMPT]);
        let code = ran.code;
        assert!(code == 14 || code == 6, "{ran:?}");
        ran.refused(code, &[word]);
    }
    home.run(&["route", "--catalogue", "absent.toml", PROMPT]).refused(14, &["absent.toml"]);
}

#[test]
fn with_json_an_error_is_an_object_on_standard_error() {
    let home = Home::new();
    let error = home.run(&["route", "--json", ""]).json_error();
    assert_eq!(error["kind"], "invalid_request");
    assert!(error["message"].as_str().unwrap().contains("empty"));
    let usage = home.run(&["route", "--json", "--strategy", "dearest", PROMPT]);
    assert_eq!(usage.code, 2);
    assert_eq!(usage.json_error()["kind"], "usage");
}
