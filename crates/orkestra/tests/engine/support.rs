//! A simulator, providers that point at it, and a router whose opinion the test chooses.

use std::sync::Arc;

use jiff::civil::Date;
use orkestra::{
    Provider, Result, Settings,
    engine::Resilience,
    features::{Embedder, Embedding, Features},
    ledger::{Entry, Ledger, Memory, Query, Recorder},
    provider::{RetryPolicy, Timeouts},
    routing::{Forecast, PerTier, Router, TierForecast},
};
use orkestra_simulator::Simulator;

/// The day that every test happens on unless it says otherwise.
pub(crate) const TODAY: Date = jiff::civil::date(2026, 11, 23);
/// Far more than a flush takes.
pub(crate) const WAIT: std::time::Duration = std::time::Duration::from_secs(20);
pub(crate) const KEY: &str = "sk-test-4f1c9a77e2b0";

/// A router that always believes the same.
#[derive(Debug)]
pub(crate) struct Opinion(PerTier<f64>);

impl Embedder for Opinion {
    fn id(&self) -> &str {
        "opinion"
    }
    fn dimensions(&self) -> usize {
        1
    }
    fn embed(&self, _: &str) -> Result<Embedding> {
        Ok(Embedding { vector: vec![1.0], tokens: Vec::new() })
    }
}

impl Router for Opinion {
    fn id(&self) -> &str {
        "opinion"
    }
    fn heads(&self) -> Vec<&str> {
        vec!["general"]
    }
    fn forecast(&self, _: &Features, head: &str) -> Result<Forecast> {
        let tier = |tier| TierForecast {
            score: *self.0.get(tier),
            uncertainty: 0.05,
            output_tokens: 200.0,
        };
        let tiers = PerTier::from_fn(tier);
        Ok(Forecast {
            router: "opinion".into(),
            head: head.into(),
            tiers,
            familiarity: 1.0,
            neighbours: Vec::new(),
        })
    }
    fn margin(&self, quality: f64, _: &str) -> f64 {
        1.0 - quality
    }
    fn default_quality(&self, _: &str) -> f64 {
        0.95
    }
}

pub(crate) fn opinion(budget: f64, balanced: f64, premium: f64) -> Arc<Opinion> {
    Arc::new(Opinion(PerTier { budget, balanced, premium }))
}

/// The budget tier will do.
pub(crate) fn easy() -> Arc<Opinion> {
    opinion(0.9, 0.9, 0.9)
}

/// Only premium will do.
pub(crate) fn hard() -> Arc<Opinion> {
    opinion(0.1, 0.2, 0.9)
}

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) ledger: Arc<Memory>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self {
            simulator: Simulator::start_on_loopback().await.unwrap(),
            ledger: Arc::new(Memory::default()),
        }
    }

    pub(crate) fn settings(&self, router: Arc<Opinion>) -> Settings {
        Settings {
            embedder: router.clone(),
            router,
            recorder: Recorder::new(self.ledger.clone(), None).waiting_at_most(WAIT),
            clock: on(TODAY),
            resilience: at_once(),
            ..Settings::new().unwrap()
        }
    }

    pub(crate) fn provider(&self, name: &str, router: Arc<Opinion>) -> Provider {
        self.provider_with(name, self.settings(router))
    }

    pub(crate) fn provider_with(&self, name: &str, settings: Settings) -> Provider {
        Provider::builder(name)
            .key(KEY)
            .base_url(self.simulator.base_url(name))
            .settings(settings)
            .build()
            .unwrap()
    }

    pub(crate) fn impatient(&self, name: &str, timeouts: Timeouts) -> Provider {
        let builder = Provider::builder(name).key(KEY).base_url(self.simulator.base_url(name));
        builder.timeouts(timeouts).settings(self.settings(easy())).build().unwrap()
    }

    pub(crate) async fn entries(&self, settings: &Settings) -> Vec<Entry> {
        assert_eq!(settings.recorder.flush(WAIT).await, Vec::<String>::new());
        self.ledger.entries(&Query::default()).await.unwrap()
    }
}

/// Calls again at once, and waits for nobody.
pub(crate) fn at_once() -> Resilience {
    let retry = RetryPolicy {
        random: Arc::new(|| 0.0),
        longest_wait: std::time::Duration::ZERO,
        ..RetryPolicy::default()
    };
    Resilience { retry, ..Resilience::default() }
}

/// A clock that stands still at noon of `day`.
pub(crate) fn on(day: Date) -> orkestra::engine::Clock {
    let noon = jiff::tz::Offset::UTC.to_timestamp(day.at(12, 0, 0, 0)).unwrap();
    Arc::new(move || noon)
}
