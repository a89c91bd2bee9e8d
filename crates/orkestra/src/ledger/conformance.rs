//! What every [`Ledger`] must do. Run it on an empty one.

use std::time::Duration;

use jiff::{Timestamp, civil::date};

use super::{Entry, Ledger, Outcome, OutputRatios, Query, Spent, Totals};
use crate::{
    chat::{FinishReason, Usage},
    error::Result,
    money::Usd,
    tier::Tier,
};

/// Runs the whole suite on `ledger`, which must be empty and is filled by it.
///
/// # Errors
/// Those of the ledger.
///
/// # Panics
/// When the ledger breaks the contract.
pub async fn all(ledger: &dyn Ledger) -> Result<()> {
    an_empty_ledger_adds_up_to_nothing(ledger).await?;
    entries_come_back_as_they_went_in(ledger).await?;
    an_id_is_kept_once(ledger).await?;
    a_bad_entry_is_refused_with_its_batch(ledger).await?;
    queries_select(ledger).await?;
    totals_are_exact(ledger).await?;
    output_is_held_against_the_forecast(ledger).await?;
    only_the_newest_calls_are_measured(ledger).await
}

/// A plausible entry; `number` makes it different from others, and later.
#[must_use]
pub fn sample(number: u32) -> Entry {
    let cost = Usd::new(rust_decimal::Decimal::new(i64::from(number) * 325 + 1, 8));
    let base_cost = Usd::new(rust_decimal::Decimal::new(1_300_000_000_001, 12));
    Entry {
        id: format!("0198c0de-0000-7000-8000-{number:012}"),
        decision_id: format!("decision-{}", number / 2),
        attempt: number % 2 + 1,
        at: Timestamp::from_second(1_780_000_000 + i64::from(number) * 3_600).unwrap_or_default()
            + Duration::from_nanos(u64::from(number)),
        day: date(2026, 5, 28),
        provider: ["google", "anthropic", "openai"][number as usize % 3].to_owned(),
        model: format!("model-{}", number % 4).as_str().into(),
        tier: Tier::ALL[number as usize % 3],
        strategy: "cheapest".to_owned(),
        router: "blend-1".to_owned(),
        usage: Usage {
            input: 500,
            cache_read: 20,
            cache_write_5m: 3,
            cache_write_1h: 4,
            output: 1_000 + u64::from(number),
            reasoning: 200,
            audio_input: 7,
            image_input: u64::from(number),
            estimated: number == 5,
        },
        input_cost: Usd::ZERO,
        output_cost: cost,
        cost,
        base_model: "model-top".into(),
        base_cost,
        savings: base_cost - cost,
        outcome: Outcome::ALL[number as usize % Outcome::ALL.len()],
        stream: number.is_multiple_of(2),
        latency: Duration::from_micros(1_234_567 + u64::from(number)),
        first_token: number.is_multiple_of(2).then(|| Duration::from_micros(321)),
        request_id: number.is_multiple_of(3).then(|| format!("req_{number}")),
        simulated: number >= 6,
        expected_cost: cost + cost,
        expected_output_tokens: 812.5,
        finish_reason: FinishReason::ALL.get(number as usize % 5).copied(),
        forecast_output_tokens: (!number.is_multiple_of(4)).then_some(270.75),
    }
}

async fn an_empty_ledger_adds_up_to_nothing(ledger: &dyn Ledger) -> Result<()> {
    assert_eq!(ledger.entries(&Query::default()).await?, []);
    assert_eq!(ledger.totals(&Query::default()).await?, Totals::default());
    assert_ne!(ledger.location(), "");
    Ok(())
}

async fn entries_come_back_as_they_went_in(ledger: &dyn Ledger) -> Result<()> {
    let mut extreme = sample(0);
    extreme.usage.output = Entry::MAX_TOKENS;
    extreme.cost = Usd::new(rust_decimal::Decimal::new(1, 28));
    extreme.savings = Usd::new(rust_decimal::Decimal::new(-1, 12));
    extreme.provider = "näme \"with\" 'quotes'\n\0".to_owned();
    ledger.append(&extreme).await?;
    assert_eq!(ledger.entries(&Query::default()).await?, [extreme]);
    let others: Vec<_> = (1..10).map(sample).collect();
    ledger.append_all(&others).await?;
    let mut stored = ledger.entries(&Query::default()).await?;
    stored.reverse();
    assert_eq!(stored[1..], others, "oldest last");
    Ok(())
}

async fn an_id_is_kept_once(ledger: &dyn Ledger) -> Result<()> {
    let before = ledger.entries(&Query::default()).await?;
    let mut forged = sample(3);
    forged.cost = Usd::new(rust_decimal::Decimal::from(999));
    forged.at = Timestamp::UNIX_EPOCH;
    ledger.append(&forged).await?;
    ledger.append_all(&[sample(4), sample(4), sample(5)]).await?;
    assert_eq!(ledger.entries(&Query::default()).await?, before);
    Ok(())
}

async fn a_bad_entry_is_refused_with_its_batch(ledger: &dyn Ledger) -> Result<()> {
    let before = ledger.totals(&Query::default()).await?;
    let mut bad = sample(21);
    bad.usage.input = u64::MAX;
    let error = ledger.append_all(&[sample(20), bad]).await.err();
    let message = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("usage.input is 18446744073709551615"), "{message:?}");
    assert_eq!(ledger.totals(&Query::default()).await?, before);
    Ok(())
}

async fn queries_select(ledger: &dyn Ledger) -> Result<()> {
    let all = Query::default();
    let cases = [
        (Query { since: Some(sample(7).at), ..all.clone() }, vec![9, 8, 7]),
        (Query { until: Some(sample(3).at), ..all.clone() }, vec![2, 1, 0]),
        (Query { provider: Some("anthropic".to_owned()), ..all.clone() }, vec![7, 4, 1]),
        (Query { provider: Some("Anthropic".to_owned()), ..all.clone() }, vec![]),
        (Query { model: Some("model-3".into()), ..all.clone() }, vec![7, 3]),
        (Query { decision_id: Some("decision-2".to_owned()), ..all.clone() }, vec![5, 4]),
        (Query { simulated: Some(true), ..all.clone() }, vec![9, 8, 7, 6]),
        (Query { simulated: Some(false), limit: Some(2), ..all.clone() }, vec![5, 4]),
        (Query { limit: Some(0), ..all.clone() }, vec![]),
    ];
    for (query, expected) in cases {
        let found = ledger.entries(&query).await?;
        let ids: Vec<_> = found.iter().map(|entry| entry.id.clone()).collect();
        let expected: Vec<_> = expected.into_iter().map(|number| sample(number).id).collect();
        assert_eq!(ids, expected, "{query:?}");
    }
    Ok(())
}

async fn totals_are_exact(ledger: &dyn Ledger) -> Result<()> {
    let query = Query { since: Some(sample(1).at), limit: Some(1), ..Query::default() };
    let totals = ledger.totals(&query).await?;
    let mut expected = Totals::default();
    for number in 1..10 {
        expected.add(&sample(number))?;
    }
    assert_eq!(totals, expected);
    assert_eq!(totals.overall.calls, 9);
    // 1..10 adds up to 45: 45 x 325 + 9, in units of 1e-8 dollars.
    assert_eq!(totals.overall.cost, "0.00014634".parse()?);
    assert_eq!(totals.overall.base_cost, "11.700000000009".parse()?);
    assert_eq!(totals.overall.savings, "11.699853660009".parse()?);
    assert_eq!(totals.overall.usage.output, 9_045);
    assert!(totals.overall.usage.estimated);
    let calls = |parts: Vec<&Spent>| parts.iter().map(|spent| spent.calls).collect::<Vec<_>>();
    assert_eq!(calls(totals.by_provider.values().collect()), [3, 3, 3]);
    assert_eq!(calls(totals.by_tier.values().collect()), [3, 3, 3]);
    assert_eq!(calls(totals.by_model.values().collect()), [2, 3, 2, 2]);
    assert_eq!(calls(totals.by_day.values().collect()), [9]);
    Ok(())
}

/// A call that shows something: `output` tokens where `router` had forecast `forecast`.
fn measured(number: u32, router: &str, model: &str, output: u64, forecast: f64) -> Entry {
    Entry {
        router: router.to_owned(),
        model: model.into(),
        usage: Usage::plain(500, output),
        outcome: Outcome::Ok,
        finish_reason: Some(FinishReason::Stop),
        simulated: false,
        forecast_output_tokens: Some(forecast),
        ..sample(number)
    }
}

async fn output_is_held_against_the_forecast(ledger: &dyn Ledger) -> Result<()> {
    let call = |number, model, output, forecast| measured(number, "short", model, output, forecast);
    let silent = Entry { finish_reason: None, ..call(31, "terse", 100, 400.0) };
    let tools = Some(FinishReason::ToolCalls);
    let with_tools = Entry { finish_reason: tools, ..call(32, "terse", 50, 200.5) };
    let telling = [call(30, "wordy", 300, 100.0), silent, with_tools, call(33, "wordy", 1, 0.25)];
    // One call counts as at most a hundred times its forecast.
    let runaway = call(34, "runaway", Entry::MAX_TOKENS, 8.0);

    let mut number = 40;
    let mut telling_nothing = |change: &dyn Fn(&mut Entry)| {
        number += 1;
        let mut entry = call(number, "wordy", 7_000, 100.0);
        change(&mut entry);
        entry
    };
    let useless = [
        telling_nothing(&|entry| entry.simulated = true),
        telling_nothing(&|entry| entry.usage.estimated = true),
        telling_nothing(&|entry| entry.outcome = Outcome::Cut),
        telling_nothing(&|entry| entry.outcome = Outcome::Failed),
        telling_nothing(&|entry| entry.finish_reason = Some(FinishReason::Length)),
        telling_nothing(&|entry| entry.finish_reason = Some(FinishReason::ContentFilter)),
        telling_nothing(&|entry| entry.forecast_output_tokens = None),
        telling_nothing(&|entry| entry.forecast_output_tokens = Some(0.0)),
        telling_nothing(&|entry| entry.usage.output = 0),
        telling_nothing(&|entry| entry.router = "another".to_owned()),
    ];
    ledger.append_all(&telling).await?;
    ledger.append_all(&useless).await?;
    ledger.append(&runaway).await?;

    let mut expected = OutputRatios::default();
    telling.iter().for_each(|entry| {
        let forecast = entry.forecast_output_tokens.unwrap_or_default();
        expected.add(&entry.model, entry.usage.output, forecast);
    });
    expected.add(&runaway.model, 800, 8.0);
    assert_eq!(ledger.output_ratios("short").await?, expected);
    assert_eq!(ledger.output_ratios("nobody").await?, OutputRatios::default());
    Ok(())
}

async fn only_the_newest_calls_are_measured(ledger: &dyn Ledger) -> Result<()> {
    let most = OutputRatios::MOST_CALLS;
    let later = |number| measured(1_001 + number, "long", "new", 20, 10.0);
    let calls: Vec<_> = (0..u32::try_from(most).unwrap_or(u32::MAX)).map(later).collect();
    ledger.append_all(&calls).await?;
    ledger.append(&measured(1_000, "long", "old", 10, 10.0)).await?;
    let ratios = ledger.output_ratios("long").await?;
    let calls: Vec<_> =
        ratios.iter().map(|(model, ratio)| (model.as_str(), ratio.calls())).collect();
    assert_eq!(calls, [("new", most as u64)]);
    Ok(())
}
