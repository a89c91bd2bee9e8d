//! What must hold of the data that is shipped.

use orkestra::{
    ErrorKind,
    catalogue::{Ability, Catalogue, MaxTokensField, TemperatureRule},
    chat::{DialectName, Effort, ThinkingMode},
};
use rust_decimal::Decimal;

use crate::day;

#[test]
fn the_three_providers_are_found_by_name() {
    let catalogue = Catalogue::builtin();
    let google = catalogue.provider("google").unwrap();
    assert_eq!(google.dialect, DialectName::Gemini);
    assert_eq!(google.base_url, "https://generativelanguage.googleapis.com");
    assert_eq!(google.key_variables, ["GEMINI_API_KEY", "GOOGLE_API_KEY"]);
    let anthropic = catalogue.provider("anthropic").unwrap();
    assert_eq!(anthropic.dialect, DialectName::Anthropic);
    assert_eq!(anthropic.base_url, "https://api.anthropic.com");
    let openai = catalogue.provider("openai").unwrap();
    assert_eq!(openai.dialect, DialectName::Openai);
    assert_eq!(openai.base_url, "https://api.openai.com/v1");
    assert_eq!(openai.key_variables, ["OPENAI_API_KEY"]);
}

#[test]
fn every_model_names_its_source_and_where_the_vendor_states_its_price() {
    for model in Catalogue::builtin().models() {
        let documented_only = model.never_released;
        assert!(documented_only || model.source.contains("https://"), "{}", model.id);
    }
}

#[test]
fn caches_are_read_at_a_discount_and_written_at_no_discount() {
    for model in Catalogue::builtin().models() {
        for price in &model.prices {
            let thresholds = price.threshold.iter().map(|threshold| &threshold.rates);
            for rates in std::iter::once(&price.rates).chain(thresholds) {
                assert!(rates.input > Decimal::ZERO && rates.output > rates.input, "{}", model.id);
                assert!(rates.cache_read <= rates.input, "{}", model.id);
                assert!(rates.cache_write_5m >= rates.input, "{}", model.id);
                assert!(rates.cache_write_1h >= rates.cache_write_5m, "{}", model.id);
            }
            if let Some(threshold) = &price.threshold {
                assert!(threshold.rates.input > price.rates.input, "{}", model.id);
                assert!(threshold.above_input_tokens < model.context, "{}", model.id);
            }
        }
    }
}

#[test]
fn anthropic_writes_cost_a_quarter_more_and_for_an_hour_twice_the_input() {
    let claude = |model: &&orkestra::catalogue::Model| {
        model.provider == "anthropic" && !model.never_released
    };
    for model in Catalogue::builtin().models().iter().filter(claude) {
        for price in &model.prices {
            let thresholds = price.threshold.iter().map(|threshold| &threshold.rates);
            for rates in std::iter::once(&price.rates).chain(thresholds) {
                assert_eq!(
                    rates.cache_write_5m,
                    rates.input * Decimal::new(125, 2),
                    "{}",
                    model.id
                );
                assert_eq!(rates.cache_write_1h, rates.input * Decimal::TWO, "{}", model.id);
            }
        }
    }
}

#[test]
fn models_that_refuse_a_temperature_do_not_claim_sampling() {
    for model in Catalogue::builtin().models() {
        let follows = matches!(model.parameters.temperature, TemperatureRule::Accepted { .. });
        assert_eq!(model.can(Ability::Sampling), follows, "{}", model.id);
        let thinks = !model.parameters.thinking.is_empty() || !model.parameters.efforts.is_empty();
        // Some think by themselves, and nobody can tell them how much.
        let by_itself = model.thinking_factor > 1.0;
        assert!(!model.can(Ability::Reasoning) || thinks || by_itself, "{}", model.id);
        assert!(model.can(Ability::Reasoning) || model.thinking_factor == 1.0, "{}", model.id);
    }
}

#[test]
fn parameter_rules_are_those_of_each_generation() {
    let rules = |id: &str| &Catalogue::builtin().model(id).unwrap().parameters;
    assert_eq!(rules("gpt-4o").max_tokens, MaxTokensField::MaxCompletionTokens);
    assert_eq!(rules("o3").temperature, TemperatureRule::OnlyDefault);
    assert_eq!(rules("gpt-4o").temperature, TemperatureRule::Accepted { max: 2.0 });
    assert_eq!(rules("claude-sonnet-4-5").temperature, TemperatureRule::Accepted { max: 1.0 });
    assert_eq!(rules("claude-haiku-5-5").temperature, TemperatureRule::OnlyDefault);
    assert_eq!(rules("claude-opus-5-5").temperature, TemperatureRule::Refused);
    assert_eq!(rules("gemini-3.8-flash").temperature, TemperatureRule::Ignored);
    assert!(!rules("claude-opus-5-5").forced_tool_choice);
    assert_eq!(rules("claude-opus-5-5").thinking, [ThinkingMode::Adaptive]);
    assert!(rules("gpt-6-luna").efforts.contains(&Effort::None));
    assert!(!rules("gpt-6.1-sol").efforts.contains(&Effort::None));
    assert!(rules("gpt-6.1-sol").tools_need_responses);
    assert!(!rules("gpt-4o").tools_need_responses);
    // A model's own parameters refine those that it shares.
    assert_eq!(rules("gemini-4-argon").default_effort, Some(Effort::Medium));
    assert_eq!(rules("gemini-4-neon").default_effort, Some(Effort::High));
    assert_eq!(rules("gemini-4-neon").temperature, TemperatureRule::Ignored);
}

#[test]
fn newer_claude_models_count_more_tokens() {
    let factor = |id: &str| Catalogue::builtin().model(id).unwrap().token_factor;
    assert_eq!(factor("claude-sonnet-4-5"), 1.2);
    assert_eq!(factor("claude-sonnet-5-5"), 1.56);
    assert_eq!(factor("gpt-4o"), 1.0);
    assert_eq!(factor("gemini-2.5-flash-lite"), 1.0);
}

#[test]
fn a_shared_context_holds_input_and_output_and_a_separate_one_only_input() {
    let gpt = Catalogue::builtin().model("gpt-4o").unwrap();
    assert!(gpt.fits(120_000, 8_000));
    assert!(!gpt.fits(120_001, 8_000));
    assert!(!gpt.fits(10, 16_385));
    let gemini = Catalogue::builtin().model("gemini-2.5-flash-lite").unwrap();
    assert!(gemini.fits(1_048_576, 65_536));
    assert!(!gemini.fits(1_048_577, 1));
    assert!(!gpt.fits(u64::MAX, 1));
}

#[test]
fn a_misspelt_name_gets_what_is_near() {
    let catalogue = Catalogue::builtin();
    let error = catalogue.model("gpt4o-mini").unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::UnknownModel);
    let message = error.to_string();
    assert!(message.contains("\"gpt4o-mini\"") && message.contains("gpt-4o-mini"), "{message}");
    let message = catalogue.model("zzz").unwrap_err().to_string();
    assert!(message.contains("\"zzz\"") && message.contains("orkestra models"), "{message}");

    let message = catalogue.provider("antropic").unwrap_err().to_string();
    assert!(message.contains("did you mean anthropic?"), "{message}");
    let message = catalogue.provider("zzz").unwrap_err().to_string();
    assert!(message.contains("google, anthropic, openai"), "{message}");
    let error = catalogue.candidates(&["openai", "nobody"], day("2026-11-23")).unwrap_err();
    assert!(error.to_string().contains("\"nobody\""), "{error}");
}

#[test]
fn a_name_may_carry_its_provider() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.model("openai/gpt-4o").unwrap().id.as_str(), "gpt-4o");
    assert!(catalogue.model("google/gpt-4o").is_err());
}

#[test]
fn a_version_is_the_day_of_the_data_and_a_hash_of_it() {
    let catalogue = Catalogue::builtin();
    let (date, hash) = catalogue.version().split_once('+').unwrap();
    assert_eq!(date, catalogue.updated().to_string());
    assert_eq!(hash.len(), 8);
    let text = include_str!("../../data/models.toml");
    assert_eq!(Catalogue::parse(text).unwrap().version(), catalogue.version());
    let changed = Catalogue::parse(&format!("{text}\n# changed")).unwrap();
    assert_ne!(changed.version(), catalogue.version());
}
