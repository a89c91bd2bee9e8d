//! Who answers on which day, and at what price.

use orkestra::{ErrorKind, catalogue::Catalogue, chat::Usage, routing::Tier};
use serde::Deserialize;

use crate::day;

#[derive(Deserialize)]
struct Retirements {
    models: Vec<Retirement>,
}

#[derive(Deserialize)]
struct Retirement {
    id: String,
    retired: String,
    successor: String,
}

fn retirements() -> Vec<Retirement> {
    let text = include_str!("../fixtures/catalogue/retirements.json");
    serde_json::from_str::<Retirements>(text).unwrap().models
}

#[test]
fn a_model_answers_until_the_day_before_its_retirement_and_its_successor_from_then_on() {
    let catalogue = Catalogue::builtin();
    for Retirement { id, retired, successor } in retirements() {
        let last = day(&retired).yesterday().unwrap();
        let before = catalogue.resolve(&id, last).unwrap();
        assert_eq!((before.model.id.as_str(), &before.note), (id.as_str(), &None), "{last}");

        let after = catalogue.resolve(&id, day(&retired)).unwrap();
        assert_eq!(after.model.id.as_str(), successor);
        let note = after.note.unwrap();
        for part in [&id, &retired, &successor] {
            assert!(note.contains(part.as_str()), "{note:?} does not say {part}");
        }
    }
}

#[test]
fn every_retired_model_is_in_the_fixture() {
    let listed: Vec<String> = retirements().into_iter().map(|model| model.id).collect();
    for model in Catalogue::builtin().models() {
        let expected = listed.iter().any(|id| id == model.id.as_str());
        assert_eq!(model.retired.is_some(), expected, "{}", model.id);
    }
}

#[test]
fn a_model_that_never_was_is_replaced_on_every_day() {
    for today in ["2024-01-01", "2026-11-23", "2030-01-01"] {
        let resolved = Catalogue::builtin().resolve("claude-haiku-4", day(today)).unwrap();
        assert_eq!(resolved.model.id.as_str(), "claude-haiku-4-5");
        let note = resolved.note.unwrap();
        assert_eq!(note, "claude-haiku-4 was never released; claude-haiku-4-5 answers instead");
    }
}

#[test]
fn each_provider_has_one_default_per_tier_on_any_day() {
    let expected = [
        ("google", ["gemini-2.5-flash-lite", "gemini-3-flash-preview", "gemini-3-pro-preview"]),
        ("anthropic", ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4"]),
        ("openai", ["gpt-4o-mini", "gpt-4o", "o3"]),
    ];
    assert_defaults("2026-03-08", expected);
    let mut now = expected;
    now[0].1[2] = "gemini-3.1-pro-preview";
    now[1].1[2] = "claude-opus-5-5";
    assert_defaults("2026-11-23", now);
    now[1].1[1] = "claude-sonnet-5-5";
    now[2].1 = ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"];
    assert_defaults("2027-01-14", now);
}

fn assert_defaults(today: &str, expected: [(&str, [&str; 3]); 3]) {
    let catalogue = Catalogue::builtin();
    let providers = expected.map(|(provider, _)| provider);
    let candidates = catalogue.candidates(&providers, day(today)).unwrap();
    let ids: Vec<&str> = candidates.iter().map(|one| one.model.id.as_str()).collect();
    assert_eq!(ids, expected.map(|(_, ids)| ids).concat(), "{today}");
    for (provider, ids) in expected {
        for (tier, id) in Tier::ALL.into_iter().zip(ids) {
            let default = catalogue.default_model(provider, tier, day(today)).unwrap();
            assert_eq!(default.model.id.as_str(), id, "{provider} {tier} on {today}");
        }
    }
}

#[test]
fn capability_rises_with_the_tier_on_any_day() {
    let catalogue = Catalogue::builtin();
    for today in ["2026-01-01", "2026-11-23", "2026-12-01", "2027-06-01"] {
        for provider in ["google", "anthropic", "openai"] {
            let candidates = catalogue.candidates(&[provider], day(today)).unwrap();
            let ranks: Vec<u16> = candidates.iter().map(|one| one.model.rank).collect();
            assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{provider} {today} {ranks:?}");
        }
    }
}

#[test]
fn a_price_changes_on_its_day() {
    let catalogue = Catalogue::builtin();
    let bill = |id: &str, today: &str| {
        let model = catalogue.model(id).unwrap();
        model.price_on(day(today)).unwrap().cost(&Usage::plain(500, 1_000)).total().to_string()
    };
    for id in ["gemini-4-argon", "gemini-4-carbon"] {
        assert_eq!(bill(id, "2026-11-30"), "$0.01100");
        assert_eq!(bill(id, "2026-12-01"), "$0.02200");
    }
    assert_eq!(bill("o3", "2025-06-09"), "$0.04500");
    assert_eq!(bill("o3", "2025-06-10"), "$0.00900");
    assert_eq!(bill("o3", "2026-12-10"), "$0.00900");
}

#[test]
fn a_substitute_is_billed_at_its_own_price() {
    let today = day("2026-11-23");
    let resolved = Catalogue::builtin().resolve("claude-opus-4", today).unwrap();
    let cost = resolved.model.price_on(today).unwrap().cost(&Usage::plain(500, 1_000));
    assert_eq!(cost.total().to_string(), "$0.02200");
}

#[test]
fn a_model_has_no_price_before_its_first() {
    let o3 = Catalogue::builtin().model("o3").unwrap();
    let error = o3.price_on(day("2025-04-15")).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::UnpricedModel);
    let message = error.to_string();
    assert!(message.contains("o3") && message.contains("2025-04-15"), "{message}");
    assert!(message.contains("2025-04-16"), "{message}");
}

#[test]
fn a_catalogue_says_when_it_is_old() {
    let catalogue = Catalogue::builtin();
    let updated = catalogue.updated();
    let after = |days: i64| updated.checked_add(jiff::Span::new().days(days)).unwrap();
    assert_eq!(catalogue.age_note(updated), None);
    assert_eq!(catalogue.age_note(after(-400)), None);
    assert_eq!(catalogue.age_note(after(60)), None);
    let note = catalogue.age_note(after(61)).unwrap();
    assert!(note.contains("61 days") && note.contains(&updated.to_string()), "{note}");
}
