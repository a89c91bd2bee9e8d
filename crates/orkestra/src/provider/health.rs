//! How each model of an engine fares, and what follows for the next call.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use super::{
    BreakerPolicy, RetryPolicy,
    breaker::{Breaker, PassedOver, counts},
    budget::RetryBudget,
};
use crate::{
    catalogue::ModelId,
    error::{Error, ErrorKind},
};

/// Whether a model is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelState {
    /// It is.
    Closed,
    /// It failed too often and is left alone for a while.
    Open,
    /// It was left alone; one call at a time finds out whether it works again.
    HalfOpen,
    /// Its provider asked to wait.
    Resting,
}

/// How a model fared in the calls of one engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelHealth {
    /// The provider's name.
    pub provider: String,
    /// The model.
    pub model: ModelId,
    /// Whether it is called.
    pub state: ModelState,
    /// How long it is still left alone; in JSON seconds. `None`: it is not.
    #[serde(rename = "left_alone_seconds", serialize_with = "maybe_seconds")]
    pub left_alone: Option<Duration>,
    /// Its failures since the last success.
    pub failures_in_a_row: u32,
    /// The calls that were made.
    pub calls: u64,
    /// Those that failed by the model's or its provider's doing.
    pub failures: u64,
    /// Those that are under way.
    pub in_flight: u32,
    /// The kind of the last failure, by name.
    pub last_error: Option<&'static str>,
}

/// The state that all calls of one engine share. Cheap to clone; clones share it.
#[derive(Clone)]
pub(crate) struct Health(Arc<Inner>);

struct Inner {
    retry: RetryPolicy,
    breaker: BreakerPolicy,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    models: HashMap<ModelId, Record>,
    budgets: HashMap<String, RetryBudget>,
}

#[derive(Default)]
struct Record {
    provider: String,
    breaker: Breaker,
    calls: u64,
    failures: u64,
    in_flight: u32,
    last_error: Option<&'static str>,
}

impl Health {
    pub(crate) fn new(retry: RetryPolicy, breaker: BreakerPolicy) -> Self {
        Self(Arc::new(Inner { retry, breaker, known: Mutex::default() }))
    }

    /// Asks for a call of `model`; else says why it is passed over, with the kind of its last failure.
    pub(crate) fn admit(
        &self,
        provider: &str,
        model: &ModelId,
    ) -> Result<Permit, (PassedOver, &'static str)> {
        let mut known = self.lock();
        let record = known.record(provider, model);
        let kind = record.last_error.unwrap_or(ErrorKind::Unavailable.name());
        let probe = record.breaker.admit(Instant::now()).map_err(|why| (why, kind))?;
        Ok(self.permit(record, model, probe))
    }

    /// Whether [`admit`](Self::admit) would admit `model`.
    pub(crate) fn is_free(&self, model: &ModelId) -> bool {
        let known = self.lock();
        known
            .models
            .get(model)
            .is_none_or(|record| record.breaker.obstacle(Instant::now()).is_none())
    }

    /// Admits a call whatever was before, for when there is no other model to turn to.
    pub(crate) fn insist(&self, provider: &str, model: &ModelId) -> Permit {
        self.permit(self.lock().record(provider, model), model, false)
    }

    /// When `model` last failed.
    pub(crate) fn last_failed(&self, model: &ModelId) -> Option<Instant> {
        self.lock().models.get(model)?.breaker.last_failed()
    }

    /// Pays for a retry at `provider`; false when an outage has used up what successes had earned.
    pub(crate) fn pay_for_retry(&self, provider: &str) -> bool {
        let policy = &self.0.retry;
        self.lock().budget(provider, policy).pay(policy)
    }

    /// How every model that was called fares, by provider and name.
    pub(crate) fn view(&self) -> Vec<ModelHealth> {
        let now = Instant::now();
        let known = self.lock();
        let view = known.models.iter().map(|(model, record)| ModelHealth {
            provider: record.provider.clone(),
            model: model.clone(),
            state: record.breaker.state(now),
            left_alone: match record.breaker.obstacle(now) {
                Some(PassedOver::Resting { left } | PassedOver::Open { left, .. }) => Some(left),
                Some(PassedOver::Probed) | None => None,
            },
            failures_in_a_row: record.breaker.failures_in_a_row(),
            calls: record.calls,
            failures: record.failures,
            in_flight: record.in_flight,
            last_error: record.last_error,
        });
        let mut view: Vec<_> = view.collect();
        view.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        view
    }

    fn permit(&self, record: &mut Record, model: &ModelId, probe: bool) -> Permit {
        record.calls += 1;
        record.in_flight += 1;
        let (health, provider) = (self.clone(), record.provider.clone());
        Permit { health, provider, model: model.clone(), probe }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn record(&mut self, provider: &str, model: &ModelId) -> &mut Record {
        self.models
            .entry(model.clone())
            .or_insert_with(|| Record { provider: provider.to_owned(), ..Record::default() })
    }

    fn budget(&mut self, provider: &str, policy: &RetryPolicy) -> &mut RetryBudget {
        self.budgets.entry(provider.to_owned()).or_insert_with(|| RetryBudget::full(policy))
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.view()).finish()
    }
}

/// A call that was admitted. What becomes of it is told by one of its methods; dropping it says nothing of the model.
#[derive(Debug)]
pub(crate) struct Permit {
    health: Health,
    provider: String,
    model: ModelId,
    probe: bool,
}

impl Permit {
    /// The answer came to its end.
    pub(crate) fn succeeded(mut self) {
        let Inner { retry, breaker, .. } = &*self.health.0;
        let mut known = self.health.lock();
        known.record(&self.provider, &self.model).breaker.succeeded(breaker);
        known.budget(&self.provider, retry).earn(retry);
        drop(known);
        self.probe = false;
    }

    /// The answer has begun: others need not wait for its end.
    pub(crate) fn answering(&mut self) {
        self.health.lock().record(&self.provider, &self.model).breaker.answering();
        self.probe = false;
    }

    /// The call failed.
    pub(crate) fn failed(mut self, error: &Error) {
        if !counts(error) {
            return;
        }
        let mut known = self.health.lock();
        let record = known.record(&self.provider, &self.model);
        record.failures += 1;
        record.last_error = Some(error.kind().name());
        record.breaker.failed(error, &self.health.0.breaker, Instant::now());
        drop(known);
        self.probe = false;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut known = self.health.lock();
        let record = known.record(&self.provider, &self.model);
        record.in_flight = record.in_flight.saturating_sub(1);
        if self.probe {
            record.breaker.release();
        }
    }
}

#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
fn maybe_seconds<S: Serializer>(left: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    left.map(|left| left.as_secs_f64()).serialize(serializer)
}
