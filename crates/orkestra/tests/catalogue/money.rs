//! Price arithmetic.

use orkestra::{
    catalogue::{Catalogue, Price, Rates, Threshold},
    chat::Usage,
    money::Usd,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::day;

#[derive(Deserialize)]
struct PriceList {
    models: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    provider: String,
    tier: String,
    day: String,
    input: String,
    output: String,
    cost: String,
}

fn price_list() -> Vec<Listed> {
    let text = include_str!("../fixtures/catalogue/documented_prices.json");
    serde_json::from_str::<PriceList>(text).unwrap().models
}

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn price(id: &str, on: &str) -> &'static Price {
    Catalogue::builtin().model(id).unwrap().price_on(day(on)).unwrap()
}

#[test]
fn the_documented_models_have_the_documented_prices_and_tiers() {
    let list = price_list();
    assert_eq!(list.len(), 9);
    for listed in list {
        let model = Catalogue::builtin().model(&listed.id).unwrap();
        assert_eq!(model.provider, listed.provider);
        assert_eq!(model.tier.name(), listed.tier);
        assert!(model.default, "{}", listed.id);
        let price = price(&listed.id, &listed.day);
        assert_eq!(Usd::new(price.rates.input), usd(&listed.input), "{}", listed.id);
        assert_eq!(Usd::new(price.rates.output), usd(&listed.output), "{}", listed.id);
        let cost = price.cost(&Usage::plain(500, 1_000));
        assert_eq!(cost.total(), usd(&listed.cost), "{}", listed.id);
    }
}

#[test]
fn the_documented_saving_is_three_quarters() {
    let cost = |id| price(id, "2026-01-15").cost(&Usage::plain(500, 1_000));
    let (flash, pro) = (cost("gemini-3-flash-preview"), cost("gemini-3-pro-preview"));
    assert_eq!(flash.total().to_string(), "$0.00325");
    assert_eq!(pro.total().to_string(), "$0.01300");
    assert_eq!((flash.input, flash.output), (usd("0.00025"), usd("0.003")));
    let saved = pro.total() - flash.total();
    assert_eq!(saved.percent_of(pro.total()), Decimal::from(75));
}

#[test]
fn a_long_request_is_billed_at_the_higher_rates_as_a_whole() {
    let price = price("gemini-3.1-pro-preview", "2026-11-23");
    assert_eq!(price.cost(&Usage::plain(200_000, 1_000)).total(), usd("0.412"));
    assert_eq!(price.cost(&Usage::plain(200_001, 1_000)).total(), usd("0.818004"));
}

#[test]
fn cached_tokens_count_towards_the_threshold_and_cost_the_higher_rate_beyond_it() {
    let price = price("claude-haiku-5-5", "2026-11-23");
    let usage = Usage {
        input: 40_000,
        cache_read: 30_000,
        cache_write_5m: 20_000,
        cache_write_1h: 10_000,
        ..Usage::plain(0, 1_000)
    };
    // 40k at 0.10, 30k at 0.01, 20k at 0.125, 10k at 0.20; 1k at 0.50.
    assert_eq!(price.cost(&usage).input, usd("0.0088"));
    assert_eq!(price.cost(&usage).output, usd("0.0005"));
    let longer = Usage { cache_read: 30_001, ..usage };
    // 40k at 0.50, 30,001 at 0.05, 20k at 0.625, 10k at 1.00; 1k at 2.50.
    assert_eq!(price.cost(&longer).input, usd("0.04400005"));
    assert_eq!(price.cost(&longer).output, usd("0.0025"));
}

#[test]
fn each_cache_bucket_has_its_own_rate_and_reasoning_is_not_billed_again() {
    let price = price("claude-opus-5-5", "2026-11-23");
    let million = 1_000_000;
    let only = |usage: Usage| price.cost(&usage).total();
    assert_eq!(only(Usage { input: million, ..Usage::default() }), usd("4"));
    assert_eq!(only(Usage { cache_read: million, ..Usage::default() }), usd("0.20"));
    assert_eq!(only(Usage { cache_write_5m: million, ..Usage::default() }), usd("5"));
    assert_eq!(only(Usage { cache_write_1h: million, ..Usage::default() }), usd("8"));
    assert_eq!(only(Usage { output: million, reasoning: 900_000, ..Usage::default() }), usd("20"));
}

#[test]
fn sound_and_pictures_are_billed_at_rates_of_their_own_where_there_are_any() {
    let million = 1_000_000;
    let heard = Usage { audio_input: million, ..Usage::plain(million, 0) };
    assert_eq!(price("gemini-2.5-flash-lite", "2026-11-23").cost(&heard).total(), usd("0.30"));
    let half = Usage { audio_input: million / 2, ..Usage::plain(million, 0) };
    assert_eq!(price("gemini-2.5-flash-lite", "2026-11-23").cost(&half).total(), usd("0.20"));
    assert_eq!(price("gpt-4o", "2026-11-23").cost(&heard).total(), usd("2.50"));
    let seen = Usage { image_input: million, ..Usage::plain(million, 0) };
    assert_eq!(price("gemini-2.5-flash-lite", "2026-11-23").cost(&seen).total(), usd("0.10"));
    // A part that a provider reports larger than the whole is the whole.
    let absurd = Usage { audio_input: u64::MAX, ..Usage::plain(million, 0) };
    assert_eq!(price("gemini-2.5-flash-lite", "2026-11-23").cost(&absurd).total(), usd("0.30"));
}

#[test]
fn a_rate_that_was_not_stated_is_the_input_rate() {
    let neon = price("gemini-4-neon", "2026-11-23");
    assert_eq!(neon.rates.cache_read, neon.rates.input);
    let gpt = price("gpt-4o", "2026-11-23");
    assert_eq!(gpt.rates.cache_read, Decimal::new(125, 2));
    assert_eq!(gpt.rates.cache_write_5m, gpt.rates.input);
    // A write for an hour never costs less than one for minutes.
    let luna = price("gpt-6-luna", "2026-11-23");
    assert_eq!(luna.rates.cache_write_1h, luna.rates.cache_write_5m);
}

#[test]
fn the_largest_counts_are_billed_without_overflow() {
    let rate = Decimal::from(1_000_000);
    let rates = Rates {
        input: rate,
        output: rate,
        cache_read: rate,
        cache_write_5m: rate,
        cache_write_1h: rate,
        audio_input: rate,
        image_input: rate,
    };
    let price = Price { from: None, rates, threshold: None };
    let quarter = u64::MAX / 4;
    let usage = Usage {
        input: quarter,
        cache_read: quarter,
        cache_write_5m: quarter,
        cache_write_1h: quarter,
        ..Usage::plain(0, u64::MAX)
    };
    let dollars = Decimal::from(u64::MAX) + Decimal::from(quarter) * Decimal::from(4);
    assert_eq!(price.cost(&usage).total(), Usd::new(dollars));
}

prop_compose! {
    /// Up to a thousand dollars, with the digits that price lists have.
    fn any_rate()(mantissa in 0_i64..10_000_000, scale in 0_u32..5) -> Decimal {
        Decimal::new(mantissa, scale)
    }
}

prop_compose! {
    fn any_rates()(
        input in any_rate(), output in any_rate(), cache_read in any_rate(),
        cache_write_5m in any_rate(), cache_write_1h in any_rate(), audio_input in any_rate(),
        image_input in any_rate(),
    ) -> Rates {
        Rates { input, output, cache_read, cache_write_5m, cache_write_1h, audio_input, image_input }
    }
}

prop_compose! {
    fn any_usage(most: u64)(
        input in 0..=most, cache_read in 0..=most, cache_write_5m in 0..=most,
        cache_write_1h in 0..=most, output in 0..=most,
    ) -> Usage {
        Usage {
            input, cache_read, cache_write_5m, cache_write_1h, output,
            reasoning: output / 2, audio_input: input / 3, image_input: input / 4, estimated: false,
        }
    }
}

/// `rates` plus `more` in every bucket, as the rates of long requests are never lower.
fn raised(rates: &Rates, more: &Rates) -> Rates {
    Rates {
        input: rates.input + more.input,
        output: rates.output + more.output,
        cache_read: rates.cache_read + more.cache_read,
        cache_write_5m: rates.cache_write_5m + more.cache_write_5m,
        cache_write_1h: rates.cache_write_1h + more.cache_write_1h,
        audio_input: rates.audio_input + more.audio_input,
        image_input: rates.image_input + more.image_input,
    }
}

proptest! {
    #[test]
    fn a_cost_is_never_negative_and_is_the_sum_of_its_sides(
        rates in any_rates(), more in any_rates(), above in 1_u64..2_000_000, usage in any_usage(1_000_000),
    ) {
        let threshold = Threshold { above_input_tokens: above, rates: raised(&rates, &more) };
        let price = Price { from: None, rates, threshold: Some(threshold) };
        let cost = price.cost(&usage);
        prop_assert!(cost.input >= Usd::ZERO && cost.output >= Usd::ZERO);
        prop_assert_eq!(cost.total(), cost.input + cost.output);
    }

    #[test]
    fn below_the_threshold_two_calls_cost_what_one_of_both_would(
        rates in any_rates(), more in any_rates(), one in any_usage(100_000), other in any_usage(100_000),
    ) {
        let threshold = Threshold { above_input_tokens: 800_000, rates: more };
        let price = Price { from: None, rates, threshold: Some(threshold) };
        let together = price.cost(&(one + other)).total();
        prop_assert_eq!(price.cost(&one).total() + price.cost(&other).total(), together);
    }

    #[test]
    fn more_tokens_never_cost_less(
        rates in any_rates(), more in any_rates(), above in 1_u64..2_000_000,
        usage in any_usage(1_000_000), further in any_usage(1_000_000),
    ) {
        let threshold = Threshold { above_input_tokens: above, rates: raised(&rates, &more) };
        let price = Price { from: None, rates, threshold: Some(threshold) };
        let (less, more) = (price.cost(&usage), price.cost(&(usage + further)));
        prop_assert!(less.input <= more.input && less.output <= more.output);
    }
}
