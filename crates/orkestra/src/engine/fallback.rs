//! Calling the plan's models until one answers: again where that may help, the next one where it does not.

use std::time::{Duration, Instant};

use futures::{StreamExt, future::BoxFuture};
use tokio::time::{Instant as Moment, sleep, timeout_at};

use super::{Attempt, Decision, Engine, attempt::Ended};
use crate::{
    chat::Chunk,
    error::{Error, ErrorKind, Result},
    ledger::Outcome,
    provider::{ChunkStream, Health, ModelHealth, PassedOver, Permit, later},
    strategy::Candidate,
};

/// The moment by which the caller wants all to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Moment,
    limit: Duration,
}

/// A call that failed.
pub(super) struct Failed {
    pub(super) error: Error,
    /// What arrived before it failed, for the bill.
    pub(super) billed: Option<Box<(Ended, Outcome)>>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, billed: None }
    }
}

/// A call that succeeded, and those that did not before it.
pub(super) struct Success<T> {
    pub(super) value: T,
    pub(super) attempts: Vec<Attempt>,
    pub(super) permit: Permit,
}

impl Engine {
    /// How each model fared in the calls of this engine and its clones, by provider and name. Models that were never
    /// called are not in it.
    #[must_use]
    pub fn health(&self) -> Vec<ModelHealth> {
        self.health.view()
    }

    /// The same engine, with `deadline` for each request instead of the settings'. Both share everything else.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        let mut engine = self.clone();
        engine.settings.resilience.deadline = Some(deadline);
        engine
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        let limit = self.settings.resilience.deadline?;
        Some(Deadline { at: later(Moment::now(), limit), limit })
    }

    /// Calls the plan's models in turn, each again where that may help. A model that failed lately is passed over while
    /// there is another; when there is none, the one whose failure is the longest ago is called all the same.
    pub(super) async fn first_success<'a, T, C>(
        &'a self,
        decision: &'a Decision,
        deadline: Option<Deadline>,
        call: C,
    ) -> Result<Success<T>>
    where
        // Boxed: callers must be able to await this on any thread, which an async closure cannot promise yet.
        C: Fn(&'a Candidate, usize) -> BoxFuture<'a, Result<T, Failed>> + Sync,
    {
        let mut trial = Trial {
            engine: self,
            decision,
            deadline,
            attempts: Vec::new(),
            calls: 0,
            failed: None,
        };
        match trial.walk(&call).await {
            Ok((value, permit)) => Ok(Success { value, attempts: trial.attempts, permit }),
            Err(error) => Err(error.after_attempts(trial.calls)),
        }
    }
}

/// One request on its way along the plan.
struct Trial<'a> {
    engine: &'a Engine,
    decision: &'a Decision,
    deadline: Option<Deadline>,
    attempts: Vec<Attempt>,
    calls: u32,
    failed: Option<Error>,
}

impl<'a> Trial<'a> {
    /// Tries the plan's models until one answers.
    async fn walk<T, C>(&mut self, call: &C) -> Result<(T, Permit)>
    where
        C: Fn(&'a Candidate, usize) -> BoxFuture<'a, Result<T, Failed>> + Sync,
    {
        let (health, candidates) = (&self.engine.health, &self.decision.plan.candidates);
        for (position, candidate) in candidates.iter().enumerate() {
            if self.is_over() || self.is_hopeless(candidate) {
                continue;
            }
            match health.admit(&candidate.provider, &candidate.model) {
                Err((why, kind)) => self.pass_over(candidate, why, kind),
                Ok(permit) => {
                    let others = &candidates[position + 1..];
                    if let Some(answered) = self.call(candidate, others, permit, call).await? {
                        return Ok(answered);
                    }
                }
            }
        }
        if self.calls == 0
            && !self.is_over()
            && let Some(candidate) = longest_ago(health, candidates)
        {
            self.attempts.retain(|attempt| attempt.model != candidate.model);
            let permit = health.insist(&candidate.provider, &candidate.model);
            if let Some(answered) = self.call(candidate, &[], permit, call).await? {
                return Ok(answered);
            }
        }
        Err(match (self.failed.take(), self.deadline) {
            (Some(error), _) => error,
            (None, Some(deadline)) => deadline.missed(None),
            (None, None) => Error::invalid("the plan has no model to try"),
        })
    }

    /// Calls `candidate` until it answers or another call of it makes no sense; `None`: the next one may help.
    async fn call<T, C>(
        &mut self,
        candidate: &'a Candidate,
        others: &[Candidate],
        mut permit: Permit,
        call: &C,
    ) -> Result<Option<(T, Permit)>>
    where
        C: Fn(&'a Candidate, usize) -> BoxFuture<'a, Result<T, Failed>> + Sync,
    {
        let (mut retry, mut waited) = (0, Duration::ZERO);
        loop {
            self.calls += 1;
            let started = Instant::now();
            let calling = call(candidate, self.attempts.len() + 1);
            let outcome = match self.deadline {
                None => calling.await,
                Some(deadline) => match timeout_at(deadline.at, calling).await {
                    Ok(outcome) => outcome,
                    // Says nothing of the model: nobody knows how long it would have taken.
                    Err(_) => return Err(deadline.missed(self.failed.take())),
                },
            };
            let error = outcome.as_ref().err().map(|failed| &failed.error);
            self.attempts.push(Attempt {
                retry,
                waited,
                called: true,
                latency: started.elapsed(),
                ..Attempt::of(
                    candidate,
                    error.map(|error| error.kind().name()),
                    error.map(ToString::to_string),
                )
            });
            let error = match outcome {
                Ok(value) => return Ok(Some((value, permit))),
                Err(failed) => self.write_off(candidate, failed).await,
            };
            permit.failed(&error);
            let again = self.again(candidate, others, retry, &error).await;
            let may_help = error.other_model_may_help();
            match again {
                Some((wait, admitted)) => (waited, permit) = (wait, admitted),
                None if may_help => {
                    self.failed = Some(error);
                    return Ok(None);
                }
                None => return Err(error),
            }
            retry += 1;
            self.failed = Some(error);
        }
    }

    /// Waits for the next call of `candidate`; `None`: there is none.
    async fn again(
        &self,
        candidate: &Candidate,
        others: &[Candidate],
        retry: u32,
        error: &Error,
    ) -> Option<(Duration, Permit)> {
        let Engine { health, settings, .. } = self.engine;
        if self.calls >= settings.resilience.max_calls {
            return None;
        }
        let others_left = others.iter().any(|other| health.is_free(&other.model));
        let wait = settings.resilience.retry.wait(error, retry, others_left)?;
        let in_time = self.deadline.is_none_or(|deadline| later(Moment::now(), wait) < deadline.at);
        if !in_time || !health.pay_for_retry(&candidate.provider) {
            return None;
        }
        let (provider, model) = (&candidate.provider, &candidate.model);
        tracing::debug!(%provider, %model, ?wait, %error, "calling again");
        sleep(wait).await;
        // It may have been left alone meanwhile, because of this call or others.
        Some((wait, health.admit(provider, model).ok()?))
    }

    /// Notes that `candidate` was not called.
    fn pass_over(&mut self, candidate: &Candidate, why: PassedOver, kind: &'static str) {
        let Candidate { provider, model, .. } = candidate;
        let message = format!("{provider}/{model} was passed over: {why}");
        self.attempts.push(Attempt::of(candidate, Some(kind), Some(message)));
    }

    /// Records what the failed call may cost.
    async fn write_off(&self, candidate: &Candidate, failed: Failed) -> Error {
        let Failed { error, billed } = failed;
        let (ended, outcome) = match billed {
            Some(billed) => *billed,
            None if error.may_be_billed() => {
                let latency = self.attempts.last().map_or(Duration::ZERO, |last| last.latency);
                (Ended::unseen(candidate, error.is_simulated(), latency), Outcome::Failed)
            }
            None => return error,
        };
        self.engine.write_off(self.decision, self.attempts.len(), &ended, outcome).await;
        error
    }

    /// Whether the request has no more calls or no more time.
    fn is_over(&self) -> bool {
        self.calls >= self.engine.settings.resilience.max_calls
            || self.deadline.is_some_and(|deadline| deadline.at <= Moment::now())
    }

    /// A key that one model's provider refused is refused for its other models too; a 403 may concern one model.
    fn is_hopeless(&self, next: &Candidate) -> bool {
        self.failed.as_ref().is_some_and(|error| {
            error.provider() == Some(next.provider.as_str())
                && *error.kind() == ErrorKind::Unauthenticated
                && error.status() != Some(403)
        })
    }
}

impl Attempt {
    /// One at `candidate` that has not been made.
    fn of(candidate: &Candidate, error: Option<&'static str>, message: Option<String>) -> Self {
        Self {
            model: candidate.model.clone(),
            provider: candidate.provider.clone(),
            retry: 0,
            waited: Duration::ZERO,
            called: false,
            error: error.map(str::to_owned),
            message,
            latency: Duration::ZERO,
        }
    }
}

impl Deadline {
    fn missed(&self, before: Option<Error>) -> Error {
        let before = before.map(|error| format!("; before that, {error}")).unwrap_or_default();
        let limit = self.limit.as_secs_f64();
        let message =
            format!("the request was not done within {limit} s (its own deadline){before}");
        Error::new(ErrorKind::Timeout, message).whatever_the_model()
    }
}

/// Of models none of which is free, the one whose failure is the longest ago.
fn longest_ago<'a>(health: &Health, candidates: &'a [Candidate]) -> Option<&'a Candidate> {
    candidates.iter().min_by_key(|candidate| health.last_failed(&candidate.model))
}

/// `rest` to its end or the caller's deadline; tells `permit` what became of it.
pub(super) fn watched(
    mut rest: ChunkStream,
    permit: Permit,
    deadline: Option<Deadline>,
) -> ChunkStream {
    let mut permit = Some(permit);
    async_stream::stream! {
        loop {
            let next = match deadline {
                None => rest.next().await,
                Some(deadline) => match timeout_at(deadline.at, rest.next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        // Closes the connection; says nothing of the model.
                        drop((rest, permit));
                        yield Err(deadline.missed(None));
                        return;
                    }
                },
            };
            match (&next, permit.take()) {
                (Some(Ok(Chunk::End(_))), Some(permit)) => permit.succeeded(),
                (Some(Err(error)), Some(permit)) => permit.failed(error),
                (None, Some(permit)) => permit.failed(&Error::new(ErrorKind::Unavailable, "no end")),
                (Some(Ok(_)), taken) => permit = taken,
                _ => {}
            }
            let Some(next) = next else { return };
            yield next;
        }
    }
    .boxed()
}
