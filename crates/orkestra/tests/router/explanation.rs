//! Why the router believes what it does.

use std::collections::BTreeSet;

use orkestra::{
    chat::Request,
    features::{Features, each_ngram},
    routing::{self, Explanation, Trained},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::tiny::{self, features, router};

fn explained(trained: &Trained, text: &str, head: &str) -> Explanation {
    let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
    trained.router().explain(text, &features, head).unwrap().unwrap()
}

/// Every key of `value` and of what is inside it.
fn keys<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            found.insert(key);
            keys(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[track_caller]
fn is_sound(explanation: &Explanation, text: &str) {
    let mut spelled = BTreeSet::new();
    each_ngram(text, |_, letters| {
        spelled.insert(letters.iter().collect::<String>());
    });
    assert!(explanation.features.len() <= 8);
    for moved in &explanation.features {
        assert!(spelled.contains(&moved.feature), "{:?} is not in {text:?}", moved.feature);
        assert!(moved.effect.is_finite() && moved.effect != 0.0);
    }
    let strength = |moved: &routing::Moved| moved.effect.abs();
    assert!(explanation.features.is_sorted_by(|a, b| strength(a) >= strength(b)));
    assert!(explanation.domains.is_sorted_by(|a, b| a.share >= b.share));
    let shares: f64 = explanation.domains.iter().map(|domain| domain.share).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    let names: BTreeSet<&str> =
        explanation.domains.iter().map(|domain| domain.name.as_str()).collect();
    assert_eq!(names.len(), explanation.domains.len(), "a domain is named twice");
    let sentence = &explanation.sentence;
    assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{sentence}");
    let ends = [". ", "? ", "! ", "\n"];
    assert!(!ends.iter().any(|end| sentence.contains(end)), "more than one sentence: {sentence}");
}

#[test]
fn everything_that_was_asked_for_is_there() {
    let trained = routing::embedded().unwrap();
    let text = "A farmer has 17 sheep and sells all but 9. How many are LEFT?";
    for head in trained.router().heads() {
        let explanation = explained(&trained, text, head);
        is_sound(&explanation, text);
        assert!(!explanation.features.is_empty());
        let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
        assert_eq!(explanation.forecast, trained.router().forecast(&features, head).unwrap());
        assert_eq!(explanation.beliefs, trained.beliefs(&features, head).unwrap().0);
        assert!(!explanation.forecast.neighbours.is_empty());
        assert!(explanation.sentence.contains(&explanation.domains[0].name));
        let lower = text.to_lowercase();
        for moved in &explanation.features {
            assert!(lower.contains(moved.feature.trim()), "{:?}", moved.feature);
        }
    }
}

#[test]
fn neighbours_carry_no_text() {
    let trained = routing::embedded().unwrap();
    let families: BTreeSet<String> =
        trained.metadata().layers.iter().flat_map(|layer| layer.families.clone()).collect();
    let explanation = explained(&trained, "What is the capital of Peru?", "general");
    for neighbour in &explanation.forecast.neighbours {
        assert!(families.contains(&neighbour.family));
        let value = serde_json::to_value(neighbour).unwrap();
        let mut found = BTreeSet::new();
        keys(&value, &mut found);
        let expected =
            ["balanced", "budget", "family", "premium", "scores", "similarity", "weight"];
        assert_eq!(found, BTreeSet::from(expected));
    }
}

#[test]
fn a_strange_text_is_called_strange() {
    let trained = routing::embedded().unwrap();
    let explanation = explained(&trained, "𓀀𓀁", "openai");
    is_sound(&explanation, "𓀀𓀁");
    assert!(explanation.forecast.neighbours.is_empty());
    assert!(explanation.sentence.contains("unlike anything"), "{}", explanation.sentence);
}

#[test]
fn domains_share_by_their_gates_and_losses_follow() {
    let trained = router(tiny::parts());
    let explanation = explained(&trained, "alpha", "general");
    // Gates of 0.8 and 0.4.
    let shares: Vec<(&str, f64)> =
        explanation.domains.iter().map(|domain| (domain.name.as_str(), domain.share)).collect();
    assert_eq!((shares[0].0, shares[1].0), ("letters/greek", "letters/other"));
    assert!((shares[0].1 - 2.0 / 3.0).abs() < 1e-6);
    let linear = explanation.beliefs.linear;
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    close(linear.premium, 0.9 * 2.0 / 3.0 + 0.4 / 3.0);
    close(linear.budget_loss, 0.4 * 2.0 / 3.0 + 0.2 / 3.0);
    // The second domain has no balanced model, and says nothing of it.
    close(linear.balanced_loss, 0.3);
    // The linear part alone counts in this head, and the text is familiar.
    assert_eq!(explanation.forecast.familiarity, 1.0);
    close(explanation.forecast.tiers.premium.score, linear.premium);
    close(explanation.forecast.tiers.budget.score, linear.premium - linear.budget_loss);
    // Nothing moves where all weights are 0.
    assert!(explanation.features.is_empty());
}

#[test]
fn familiarity_passes_from_the_prior_to_the_predictors() {
    let trained = router(tiny::parts());
    let at = |text: &str| trained.router().forecast(&features(&trained, text), "general").unwrap();
    let (known, half, strange) = (at("alpha"), at("beta"), at("xyz"));
    assert_eq!((known.familiarity, half.familiarity, strange.familiarity), (1.0, 0.5, 0.0));
    let premium = |forecast: &routing::Forecast| forecast.tiers.premium.score;
    assert!((premium(&strange) - tiny::prior().premium).abs() < 1e-9);
    assert!((premium(&half) - (premium(&known) + premium(&strange)) / 2.0).abs() < 1e-6);
    assert!((strange.tiers.budget.uncertainty - 0.2_f64.sqrt()).abs() < 1e-9);
}

#[test]
fn what_moved_the_linear_part_is_named_with_its_effect() {
    let mut bucket = None;
    each_ngram("alpha", |found, letters| {
        if letters.iter().collect::<String>() == "alpha" && bucket.is_none() {
            bucket = Some(usize::from(found));
        }
    });
    let mut parts = tiny::parts();
    let name = "layers.base.linear.codes";
    let mut codes: Vec<i8> = parts.tables[name].numbers().unwrap();
    codes[bucket.unwrap() * tiny::OUTPUTS + tiny::LARGE] = 50;
    parts.put(name, tiny::OUTPUTS, &codes);
    let trained = router(parts);
    let explanation = explained(&trained, "ALPHA beta", "general");
    assert_eq!(explanation.features.len(), 1);
    let moved = &explanation.features[0];
    assert_eq!(moved.feature, "alpha");
    // 50 hundredths more for premium, by the share of the first domain, by one n-gram's part of all of them.
    let grams = features(&trained, "ALPHA beta").ngrams;
    assert!(grams.iter().all(|(_, count)| *count == 1));
    let expected = 0.5 * explanation.domains[0].share / (grams.len() as f64).sqrt();
    assert!((moved.effect - expected).abs() < 1e-6, "{} {expected}", moved.effect);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_can_be_explained(text in "\\PC{0,60}|[a-zA-Z ?.]{0,80}") {
        let trained = routing::embedded().unwrap();
        is_sound(&explained(&trained, &text, "general"), &text);
    }
}
