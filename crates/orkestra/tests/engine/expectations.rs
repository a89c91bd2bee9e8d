//! What a ledger measured corrects what plans expect, and does not feed on itself.

use std::sync::Arc;

use async_trait::async_trait;
use orkestra::{
    Error, Provider, Result, Settings,
    catalogue::{Catalogue, Model},
    chat::{FinishReason, Part, Reply, Request, Usage},
    ledger::{Ledger, Memory, OutputRatios, Query, Recorder},
    provider::{Answer, Streaming, Upstream},
    strategy::Plan,
};

use crate::support::{Bench, TODAY, WAIT, easy, on};

/// A premium model that thinks: its estimate is not 1.
const THINKER: &str = "claude-opus-5-5";
const FORECAST: f64 = 200.0;

fn estimate() -> f64 {
    let model = Catalogue::builtin().model(THINKER).unwrap();
    assert!(model.thinking_factor > 1.0);
    model.token_factor * model.thinking_factor
}

/// A real provider whose answers are as long as the test wants.
#[derive(Debug)]
struct Wordy {
    output: u64,
    finish_reason: FinishReason,
}

#[async_trait]
impl Upstream for Wordy {
    fn name(&self) -> &str {
        "anthropic"
    }
    async fn complete(&self, _: &Request, _: &Model) -> Result<Answer> {
        let done = Reply::new(vec![Part::text("Done.")], self.finish_reason);
        let reply = Reply { usage: Some(Usage::plain(10, self.output)), ..done };
        Ok(Answer { reply, warnings: Vec::new(), simulated: false })
    }
    async fn stream(&self, _: &Request, _: &Model) -> Result<Streaming> {
        Err(Error::invalid("not asked for"))
    }
}

/// A user whose every session begins with what the ledger measured.
struct User {
    ledger: Arc<Memory>,
    wordy: Arc<Wordy>,
}

impl User {
    fn of(output: f64, finish_reason: FinishReason) -> Self {
        let wordy = Arc::new(Wordy { output: output.round() as u64, finish_reason });
        Self { ledger: Arc::default(), wordy }
    }

    /// Makes so many calls; gives the plan that the session began with.
    async fn session(&self, calls: usize) -> Plan {
        let mut settings = Settings {
            embedder: easy(),
            router: easy(),
            recorder: Recorder::new(self.ledger.clone(), None).waiting_at_most(WAIT),
            default_model: Some(THINKER.to_owned()),
            clock: on(TODAY),
            ..Settings::new().unwrap()
        };
        settings.measure_output().await.unwrap();
        let provider = Provider::over(self.wordy.clone(), settings.clone()).unwrap();
        let plan = provider.route("Say hello.").unwrap();
        for _ in 0..calls {
            provider.chat("Say hello.").await.unwrap();
        }
        assert_eq!(settings.recorder.flush(WAIT).await, Vec::<String>::new());
        plan
    }
}

#[tokio::test]
async fn expectations_settle_at_what_is_billed_and_stay_there() {
    for truth in [3.0, 1.0 / 3.0, 1.0] {
        let user = User::of(FORECAST * estimate() * truth, FinishReason::Stop);
        let mut shares = Vec::new();
        for _ in 0..120 {
            let expected = user.session(10).await.choice().expected_output_tokens as f64;
            shares.push(expected / (FORECAST * estimate()));
        }
        let close = |share: &f64, to: f64, by: f64| (share - to).abs() <= by * to;
        assert!(close(&shares[0], 1.0, 0.01), "nothing is known at first: {shares:?}");
        assert!(close(&shares[2], 1.0_f64.midpoint(truth), 0.01), "half after 20: {shares:?}");
        assert!(shares[60..].iter().all(|share| close(share, truth, 0.08)), "{shares:?}");
        assert!(close(&shares[119], truth, 0.04), "{shares:?}");
        // On its way it never turns round and never overshoots.
        let distances = shares.iter().map(|share| (share - truth).abs());
        assert!(distances.is_sorted_by(|one, next| *next <= one + 0.01), "{shares:?}");
        let past = shares.iter().any(|share| (share - truth) * (1.0 - truth) < -0.01);
        assert!(!past, "{shares:?}");
    }
}

#[tokio::test]
async fn a_plan_says_what_its_expectation_rests_on() {
    let user = User::of(1_000.0, FinishReason::Stop);
    let at_first = user.session(60).await;
    let thinker = at_first.choice();
    assert_eq!(thinker.output_factor, estimate());
    assert_eq!((thinker.output_factor_calls, thinker.thinking_estimated), (0, true));

    let later = user.session(0).await;
    let thinker = later.choice();
    // 60 calls at 5 tokens for each forecast one, 20 at the estimate.
    let factor = 0.75 * 5.0 + 0.25 * estimate();
    assert!((thinker.output_factor - factor).abs() < 1e-9, "{thinker:?}");
    assert_eq!((thinker.output_factor_calls, thinker.thinking_estimated), (60, false));
    assert_eq!(thinker.expected_output_tokens, (FORECAST * factor).ceil() as u64);
    assert!(thinker.expected_cost > at_first.choice().expected_cost);
    let json = serde_json::to_value(thinker).unwrap();
    assert_eq!(json["output_factor_calls"], 60);
    assert_eq!(json["thinking_estimated"], false);
}

#[tokio::test]
async fn an_entry_keeps_the_forecast_before_any_correction() {
    let user = User::of(1_000.0, FinishReason::Stop);
    user.session(30).await;
    user.session(30).await;
    let entries = user.ledger.entries(&Query::default()).await.unwrap();
    assert_ne!(entries[0].expected_output_tokens, entries[59].expected_output_tokens);
    assert!(entries.iter().all(|entry| entry.forecast_output_tokens == Some(FORECAST)));
    assert!(entries.iter().all(|entry| entry.finish_reason == Some(FinishReason::Stop)));
}

#[tokio::test]
async fn cut_answers_and_simulated_calls_show_nothing() {
    let user = User::of(8_192.0, FinishReason::Length);
    user.session(5).await;
    assert!(user.ledger.output_ratios("opinion").await.unwrap().is_empty());

    let bench = Bench::new().await;
    let mut settings = bench.settings(easy());
    bench.provider_with("google", settings.clone()).chat("Say hello.").await.unwrap();
    assert_eq!(bench.entries(&settings).await.len(), 1);
    settings.measure_output().await.unwrap();
    assert!(settings.output_ratios.is_empty());
}

#[tokio::test]
async fn the_cheapest_is_what_was_measured_to_be_cheapest() {
    let bench = Bench::new().await;
    let plan_with = |ratios: OutputRatios| {
        let settings = Settings { output_ratios: Arc::new(ratios), ..bench.settings(easy()) };
        bench.provider_with("openai", settings).route("Say hello.").unwrap()
    };
    let before = plan_with(OutputRatios::default());
    let mut ratios = OutputRatios::default();
    let model = &before.choice().model;
    (0..500).for_each(|_| ratios.add(model, 10_000, 200.0));
    let after = plan_with(ratios.clone());
    assert_ne!(after.choice().model, *model);
    assert_eq!(after, plan_with(ratios), "a pure function of its inputs");
}

#[tokio::test]
async fn without_a_ledger_nothing_is_measured() {
    let mut settings = Settings::new().unwrap();
    settings.measure_output().await.unwrap();
    assert!(settings.output_ratios.is_empty());
}
