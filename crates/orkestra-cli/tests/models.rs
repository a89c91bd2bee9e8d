//! `orkestra models`

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use support::{Home, finish, fits, start};

fn on(home: &Home, day: &str, arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["models", "--json", "--date", day];
    all.extend(arguments);
    finish(start(&mut home.command(&all)), b"").succeeded().json()
}

fn model<'a>(list: &'a serde_json::Value, id: &str) -> Option<&'a serde_json::Value> {
    list["models"].as_array().unwrap().iter().find(|model| model["id"] == id)
}

#[test]
fn the_table_fits_and_names_every_provider() {
    let ran = Home::new().run(&["models", "--all"]).succeeded();
    for word in [
        "google",
        "anthropic",
        "openai",
        "budget",
        "balanced",
        "premium",
        "gpt-4o-mini",
        "0.15",
        "default",
    ] {
        assert!(ran.out.contains(word), "{word}: {ran:?}");
    }
    assert!(fits(&ran.out));
    assert!(!ran.out.contains('\x1b'));
}

#[test]
fn each_provider_has_one_default_for_each_tier_on_any_day() {
    let home = Home::new();
    for day in ["2026-11-24", "2026-12-15", "2027-06-01"] {
        let list = on(&home, day, &[]);
        for provider in ["google", "anthropic", "openai"] {
            for tier in ["budget", "balanced", "premium"] {
                let models = list["models"].as_array().unwrap().iter();
                let defaults = models.filter(|m| {
                    m["provider"] == provider && m["tier"] == tier && m["status"] == "default"
                });
                assert_eq!(defaults.count(), 1, "{provider} {tier} {day}");
            }
        }
    }
}

#[test]
fn a_model_is_listed_until_it_retires_and_then_only_with_all() {
    let home = Home::new();
    assert_eq!(model(&on(&home, "2026-12-10", &[]), "o3").unwrap()["status"], "default");
    assert!(model(&on(&home, "2026-12-11", &[]), "o3").is_none());
    let retired = on(&home, "2026-12-11", &["--all"]);
    let retired = model(&retired, "o3").unwrap();
    assert_eq!(retired["status"], "retired");
    assert!(retired["successor"].is_string());
    let text =
        finish(start(&mut home.command(&["models", "--date", "2026-12-10"])), b"").succeeded().out;
    assert!(text.contains("o3 ends on 2026-12-11"), "{text}");
}

#[test]
fn one_provider_can_be_listed_alone() {
    let home = Home::new();
    let list = on(&home, support::DAY, &["-p", "anthropic"]);
    assert!(
        list["models"].as_array().unwrap().iter().all(|model| model["provider"] == "anthropic")
    );
    home.run(&["models", "-p", "antropic"]).refused(5, &["\"antropic\"", "anthropic"]);
}

#[test]
fn the_users_file_is_laid_over_the_built_in_one() {
    let home = Home::new();
    let text = "deny = [\"gpt-4o\"]\n\n[[model]]\nid = \"house-llm\"\nprovider = \"ollama\"\ntier = \"budget\"\nrank = 5\n\
                context = 8000\nmax_output = 2000\nfree = true\nabilities = []\nsource = \"our own\"\n";
    home.file(".orkestra/models.toml", text);
    let list = on(&home, support::DAY, &[]);
    assert_eq!(model(&list, "house-llm").unwrap()["free"], true);
    assert_eq!(model(&list, "gpt-4o").unwrap()["status"], "denied");
    let elsewhere = home.file("other.toml", "");
    let list = on(&home, support::DAY, &["--catalogue", elsewhere.to_str().unwrap()]);
    assert!(model(&list, "house-llm").is_none());
}
