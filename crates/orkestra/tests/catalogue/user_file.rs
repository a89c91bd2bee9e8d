//! A user's own file over the built-in one.

use orkestra::{
    ErrorKind,
    catalogue::{Catalogue, TemperatureRule},
    chat::Effort,
    chat::Usage,
    money::Usd,
    routing::Tier,
};
use rust_decimal::Decimal;

use crate::{day, over_builtin, with_model};

const TODAY: &str = "2026-11-23";

fn ids(catalogue: &Catalogue, providers: &[&str]) -> Vec<String> {
    let candidates = catalogue.candidates(providers, day(TODAY)).unwrap();
    candidates.iter().map(|one| one.model.id.to_string()).collect()
}

#[test]
fn an_empty_file_changes_nothing() {
    let merged = over_builtin("").unwrap();
    assert_eq!(merged.models(), Catalogue::builtin().models());
    assert_eq!(merged.providers(), Catalogue::builtin().providers());
}

#[test]
fn one_field_is_overridden_and_the_others_stay() {
    let merged = over_builtin("[[model]]\nid = \"gpt-4o\"\nrank = 7\n").unwrap();
    let mut expected = Catalogue::builtin().model("gpt-4o").unwrap().clone();
    expected.rank = 7;
    assert_eq!(merged.model("gpt-4o").unwrap(), &expected);
    assert_ne!(merged.version(), Catalogue::builtin().version());
}

#[test]
fn a_list_of_prices_replaces_the_whole_list() {
    let text = "[[model]]\nid = \"o3\"\nprices = [{ input = \"1.5\", output = 6 }]\n";
    let merged = over_builtin(text).unwrap();
    let o3 = merged.model("o3").unwrap();
    assert_eq!(o3.prices.len(), 1);
    let price = o3.price_on(day("2020-01-01")).unwrap();
    assert_eq!((price.rates.input, price.rates.output), (Decimal::new(15, 1), Decimal::from(6)));
    assert_eq!(price.rates.cache_read, price.rates.input);
}

#[test]
fn one_parameter_is_overridden_and_the_others_stay() {
    let text = "[[model]]\nid = \"gemini-4-argon\"\nparameters = { default_effort = \"low\" }\n";
    let merged = over_builtin(text).unwrap();
    let rules = &merged.model("gemini-4-argon").unwrap().parameters;
    assert_eq!(rules.default_effort, Some(Effort::Low));
    assert_eq!(rules.temperature, TemperatureRule::Ignored);
}

#[test]
fn shared_rules_of_the_built_in_file_serve_the_users_models() {
    let price = "prices = [{ input = \"1\", output = \"2\" }]\nrules = \"o3\"";
    let merged = over_builtin(&with_model(price)).unwrap();
    let rules = &merged.model("new").unwrap().parameters;
    assert_eq!(rules, &Catalogue::builtin().model("o3").unwrap().parameters);
}

#[test]
fn a_provider_and_its_free_model_are_added() {
    let text = r#"
        [[provider]]
        name = "attic"
        dialect = "openai"
        base_url = "http://127.0.0.1:9999/v1/"

        [[model]]
        id = "tiny"
        provider = "attic"
        upstream_id = "tiny:3b"
        tier = "budget"
        rank = 100
        default = true
        context = 4_096
        max_output = 1_024
        abilities = ["streaming", "sampling"]
        free = true
    "#;
    let merged = over_builtin(text).unwrap();
    let attic = merged.provider("attic").unwrap();
    assert_eq!(attic.base_url, "http://127.0.0.1:9999/v1");
    assert!(attic.key_variables.is_empty());
    let tiny = merged.model("tiny").unwrap();
    assert_eq!(tiny.upstream_id, "tiny:3b");
    assert!(tiny.source.contains("mine.toml, line 7"), "{}", tiny.source);
    let cost = tiny.price_on(day(TODAY)).unwrap().cost(&Usage::plain(1_000, 1_000));
    assert_eq!(cost.total(), Usd::ZERO);
    assert_eq!(ids(&merged, &["attic"]), ["tiny"]);
    let error = merged.default_model("attic", Tier::Premium, day(TODAY)).unwrap_err();
    assert!(
        error.to_string().contains("premium") && error.to_string().contains("attic"),
        "{error}"
    );
}

#[test]
fn a_known_provider_is_pointed_elsewhere() {
    let text = "[[provider]]\nname = \"openai\"\nbase_url = \"https://proxy.example/v1\"\n";
    let merged = over_builtin(text).unwrap();
    let openai = merged.provider("openai").unwrap();
    assert_eq!(openai.base_url, "https://proxy.example/v1");
    assert_eq!(openai.key_variables, ["OPENAI_API_KEY"]);
}

#[test]
fn a_pin_stands_for_its_tier_and_follows_its_successor() {
    let text = "[[pin]]\nprovider = \"openai\"\ntier = \"budget\"\nmodel = \"gpt-5.4-nano\"\n";
    let merged = over_builtin(text).unwrap();
    assert_eq!(ids(&merged, &["openai"]), ["gpt-5.4-nano", "gpt-4o", "o3"]);
    let later = merged.default_model("openai", Tier::Budget, day("2027-04-01")).unwrap();
    assert_eq!(later.model.id.as_str(), "gpt-6-luna");
    assert!(later.note.unwrap().contains("gpt-5.4-nano was retired on 2027-04-01"));
}

#[test]
fn a_later_file_replaces_a_pin_and_adds_to_the_lists() {
    let pin = |model: &str| {
        format!("[[pin]]\nprovider = \"openai\"\ntier = \"budget\"\nmodel = \"{model}\"\n")
    };
    let first = over_builtin(&format!("deny = [\"o3\"]\n{}", pin("gpt-5.4-nano"))).unwrap();
    let second = format!("deny = [\"gpt-4o\"]\n{}", pin("gpt-6-luna"));
    let both = first.merged_with(&second, "second.toml").unwrap();
    assert_eq!(ids(&both, &["openai"]), ["gpt-6-luna"]);
}

#[test]
fn allowed_models_join_the_defaults_once() {
    let merged = over_builtin("allow = [\"gpt-6-luna\", \"gpt-4o\"]").unwrap();
    assert_eq!(ids(&merged, &["openai"]), ["gpt-4o-mini", "gpt-4o", "o3", "gpt-6-luna"]);
    assert_eq!(ids(&merged, &["openai", "openai"]).len(), 4);
    let whole = over_builtin("allow = [\"anthropic\"]").unwrap();
    let offered = ids(&whole, &["anthropic"]);
    assert!(offered.contains(&"claude-fable-5-1".to_owned()), "{offered:?}");
    // The two names that no longer answer lead to models that are there already.
    let all = whole.models().iter().filter(|model| model.provider == "anthropic");
    let answering = all.filter(|model| model.answers_on(day(TODAY))).count();
    assert_eq!(offered.len(), answering);
}

#[test]
fn a_denied_model_is_neither_offered_nor_called_by_name() {
    let merged = over_builtin("deny = [\"o3\", \"google\"]").unwrap();
    assert_eq!(ids(&merged, &["openai", "google"]), ["gpt-4o-mini", "gpt-4o"]);
    for name in ["o3", "gemini-2.5-flash-lite"] {
        let error = merged.resolve(name, day(TODAY)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(name) && error.to_string().contains("deny"), "{error}");
    }
    assert!(merged.default_model("openai", Tier::Premium, day(TODAY)).is_err());
}

#[test]
fn denying_a_successor_denies_what_leads_to_it() {
    let merged = over_builtin("deny = [\"claude-opus-5-5\"]").unwrap();
    assert!(merged.resolve("claude-opus-4", day("2026-06-14")).is_ok());
    let error = merged.resolve("claude-opus-4", day("2026-06-15")).unwrap_err();
    assert!(error.to_string().contains("claude-opus-5-5"), "{error}");
}

#[test]
fn a_priced_model_becomes_free_and_a_free_one_priced() {
    let free = over_builtin("[[model]]\nid = \"gpt-4o\"\nfree = true\n").unwrap();
    let model = free.model("gpt-4o").unwrap();
    assert!(model.free && model.prices.is_empty());
    let text = "[[model]]\nid = \"gpt-4o\"\nprices = [{ input = \"1\", output = \"2\" }]\n";
    let priced = free.merged_with(text, "second.toml").unwrap();
    let model = priced.model("gpt-4o").unwrap();
    assert!(!model.free);
    assert_eq!(model.prices.len(), 1);
}

#[test]
fn a_native_date_is_as_good_as_text() {
    let retire = |date: &str| {
        let text = format!(
            "[[model]]\nid = \"gemini-2.5-flash-lite\"\nretired = {date}\n\
                            successor = \"gemini-3.5-flash-lite\"\n"
        );
        over_builtin(&text).unwrap().model("gemini-2.5-flash-lite").unwrap().retired
    };
    assert_eq!(retire("2027-02-03"), Some(day("2027-02-03")));
    assert_eq!(retire("\"2027-02-03\""), Some(day("2027-02-03")));
}

#[test]
fn a_chain_of_successors_is_walked_to_its_living_end() {
    let text = "[[model]]\nid = \"claude-opus-5-5\"\nretired = \"2026-10-01\"\n\
                successor = \"claude-fable-5-1\"\n";
    let merged = over_builtin(text).unwrap();
    let resolved = merged.resolve("claude-opus-4", day(TODAY)).unwrap();
    assert_eq!(resolved.model.id.as_str(), "claude-fable-5-1");
    let note = resolved.note.unwrap();
    assert_eq!(
        note,
        "claude-opus-4 was retired on 2026-06-15, claude-opus-5-5 was retired on 2026-10-01; \
         claude-fable-5-1 answers instead"
    );
}
