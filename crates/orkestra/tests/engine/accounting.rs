//! Money: exact, complete, and never lost to a broken ledger.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::date;
use orkestra::{
    Error, ErrorKind, Provider, Result, Settings, Usd,
    catalogue::{Catalogue, Model},
    chat::{FinishReason, Part, Reply, Request, Usage},
    ledger::{Entry, Ledger, Memory, OutputRatios, Query, Recorder, Totals},
    provider::{Answer, Streaming, Upstream},
};
use proptest::prelude::*;

use crate::support::{Bench, TODAY, WAIT, easy, hard, on, opinion};

#[tokio::test]
async fn every_billed_attempt_has_one_entry_and_the_sum_is_the_total() {
    let bench = Bench::new().await;
    let settings = bench.settings(easy());
    let mut cost = Usd::ZERO;
    for name in ["google", "anthropic", "openai"] {
        let provider = bench.provider_with(name, settings.clone());
        cost += provider.chat("Say hello.").await.unwrap().cost;
        cost += provider.stream("Say hello.").await.unwrap().response().await.unwrap().cost;
    }
    let entries = bench.entries(&settings).await;
    assert_eq!(entries.len(), 6);
    assert_eq!(entries.iter().map(|entry| entry.cost).sum::<Usd>(), cost);
    assert_eq!(bench.ledger.totals(&Query::default()).await.unwrap().overall.cost, cost);
    assert!(
        entries
            .iter()
            .all(|entry| entry.simulated && entry.cost + entry.savings == entry.base_cost)
    );
}

#[tokio::test]
async fn a_substituted_model_is_billed_as_its_successor_at_the_price_of_the_day() {
    let bench = Bench::new().await;
    let settings = Settings { clock: on(date(2026, 11, 23)), ..bench.settings(hard()) };
    let response = bench.provider_with("anthropic", settings).chat("Say hello.").await.unwrap();
    assert_eq!(response.model.as_str(), "claude-opus-5-5");
    let model = Catalogue::builtin().model("claude-opus-5-5").unwrap();
    let price = model.price_on(date(2026, 11, 23)).unwrap();
    assert_eq!(response.cost, price.cost(&response.usage).total());
    let sent = bench.simulator.requests().pop().unwrap();
    assert!(String::from_utf8_lossy(&sent.body).contains("claude-opus-5-5"));
}

#[tokio::test]
async fn savings_are_negative_when_the_answer_costs_more_than_the_baseline() {
    let bench = Bench::new().await;
    let settings = Settings { base_model: Some("gpt-4o-mini".into()), ..bench.settings(hard()) };
    let response = bench.provider_with("openai", settings).chat("Say hello.").await.unwrap();
    assert!(response.savings < Usd::ZERO);
    assert_eq!(response.cost + response.savings, response.base_cost);
}

/// A disk that is full.
#[derive(Debug)]
struct Full;

#[async_trait]
impl Ledger for Full {
    async fn append_all(&self, _: &[Entry]) -> Result<()> {
        Err(Error::new(ErrorKind::Storage, "no space left on the device"))
    }
    async fn entries(&self, _: &Query) -> Result<Vec<Entry>> {
        Ok(Vec::new())
    }
    async fn totals(&self, _: &Query) -> Result<Totals> {
        Ok(Totals::default())
    }
    async fn output_ratios(&self, _: &str) -> Result<OutputRatios> {
        Ok(OutputRatios::default())
    }
    fn location(&self) -> String {
        "nowhere".into()
    }
}

#[tokio::test]
async fn a_full_disk_costs_no_answer() {
    let bench = Bench::new().await;
    let settings =
        Settings { recorder: Recorder::new(Arc::new(Full), None), ..bench.settings(easy()) };
    let response = bench.provider_with("google", settings).chat("Say hello.").await.unwrap();
    assert!(!response.text.is_empty());
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_costs_a_warning_and_no_answer() {
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let recorder = Recorder::sqlite(file.join("ledger.db"));
    let settings = Settings { recorder, ..bench.settings(easy()) };
    let response = bench.provider_with("google", settings).chat("Say hello.").await.unwrap();
    assert!(!response.text.is_empty());
    assert!(
        response.warnings.iter().any(|warning| warning.contains("ledger")),
        "{:?}",
        response.warnings
    );
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let tokens = || 0_u64..3_000_000;
    (tokens(), tokens(), tokens(), tokens(), tokens()).prop_map(
        |(input, cache_read, write, hour, output)| Usage {
            input,
            cache_read,
            cache_write_5m: write,
            cache_write_1h: hour,
            output,
            reasoning: output / 2,
            ..Usage::default()
        },
    )
}

/// A provider that reports whatever the test wants it to.
#[derive(Debug)]
struct Reporting(Usage);

#[async_trait]
impl Upstream for Reporting {
    fn name(&self) -> &str {
        "anthropic"
    }
    async fn complete(&self, _: &Request, _: &Model) -> Result<Answer> {
        let done = Reply::new(vec![Part::text("Done.")], FinishReason::Stop);
        let reply = Reply { usage: Some(self.0), ..done };
        Ok(Answer { reply, warnings: Vec::new(), simulated: false })
    }
    async fn stream(&self, _: &Request, _: &Model) -> Result<Streaming> {
        Err(Error::invalid("not asked for"))
    }
}

proptest! {
    #[test]
    fn savings_and_cost_are_the_baselines_cost_whatever_was_used(
        usages in prop::collection::vec(any_usage(), 1..6),
        scores in (0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ledger = Arc::new(Memory::default());
            let router = opinion(scores.0, scores.1, scores.2);
            let settings = Settings {
                embedder: router.clone(),
                router,
                clock: on(TODAY),
                recorder: Recorder::new(ledger.clone(), None).waiting_at_most(WAIT),
                ..Settings::new().unwrap()
            };
            let mut cost = Usd::ZERO;
            for usage in &usages {
                let provider = Provider::over(Arc::new(Reporting(*usage)), settings.clone()).unwrap();
                let response = provider.chat("Say hello.").await.unwrap();
                prop_assert!(response.cost >= Usd::ZERO);
                prop_assert_eq!(response.cost + response.savings, response.base_cost);
                prop_assert_eq!(response.input_cost + response.output_cost, response.cost);
                prop_assert_eq!(response.input_tokens, usage.input_tokens());
                cost += response.cost;
            }
            prop_assert!(settings.recorder.flush(WAIT).await.is_empty());
            let totals = ledger.totals(&Query::default()).await.unwrap().overall;
            prop_assert_eq!((totals.calls, totals.cost), (usages.len() as u64, cost));
            prop_assert_eq!(totals.cost + totals.savings, totals.base_cost);
            Ok(())
        })?;
    }

    #[test]
    fn a_bill_is_never_negative_and_its_parts_add_up(usage in any_usage(), position in any::<prop::sample::Index>()) {
        let models: Vec<_> = Catalogue::builtin().models().iter().collect();
        let model = position.get(&models);
        if let Ok(price) = model.price_on(date(2026, 11, 23)) {
            let cost = price.cost(&usage);
            prop_assert!(cost.input >= Usd::ZERO && cost.output >= Usd::ZERO);
            prop_assert_eq!(cost.input + cost.output, cost.total());
        }
    }

    #[test]
    fn a_plans_first_good_enough_model_is_the_cheapest(characters in 1_usize..20_000, max_tokens in 1_u32..16_000) {
        let settings = Settings { embedder: easy(), router: easy(), clock: on(date(2026, 11, 23)), ..Settings::new().unwrap() };
        let provider = Provider::builder("openai").settings(settings).build().unwrap();
        let plan = provider.route(Request::from("a".repeat(characters)).max_tokens(max_tokens)).unwrap();
        let least = plan.candidates.iter().map(|candidate| candidate.expected_cost).min().unwrap();
        prop_assert_eq!(plan.choice().expected_cost, least);
        prop_assert!(plan.choice().expected_output_tokens <= u64::from(max_tokens));
    }
}
