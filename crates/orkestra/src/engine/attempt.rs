//! Trying the plan's models until one answers.

use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use serde::Serialize;

use super::{Decision, Engine, response::seconds};
use crate::{
    catalogue::ModelId,
    chat::{Chunk, FinishReason, Reply, Request, Usage},
    error::{Error, ErrorKind, Result},
    ledger::Outcome,
    provider::{Answer, ChunkStream, Streaming},
    strategy::Candidate,
};

/// One call of one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// The model that was called.
    pub model: ModelId,
    /// Its provider.
    pub provider: String,
    /// The error's kind by name when it failed; the next model was tried because of it.
    pub error: Option<String>,
    /// The error in words.
    pub message: Option<String>,
    /// How long it took, in seconds as JSON.
    #[serde(rename = "latency_seconds", serialize_with = "seconds")]
    pub latency: Duration,
}

/// The attempt that answered, whole.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) candidate: Candidate,
    answer: Answer,
    started: Instant,
}

/// The attempt that answers, piece by piece; its first piece is there.
pub(super) struct Opened {
    pub(super) candidate: Candidate,
    pub(super) first: Chunk,
    pub(super) rest: ChunkStream,
    pub(super) warnings: Vec<String>,
    pub(super) simulated: bool,
    pub(super) started: Instant,
    pub(super) first_token: Duration,
}

/// What is known of the answering attempt when it is over; enough to make out the bill.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) candidate: Candidate,
    pub(super) text: String,
    /// `None`: it was cut.
    pub(super) finish_reason: Option<FinishReason>,
    pub(super) usage: Option<Usage>,
    pub(super) reported_model: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) simulated: bool,
    pub(super) latency: Duration,
    /// `None`: it was not streamed.
    pub(super) first_token: Option<Duration>,
}

impl Answered {
    pub(super) fn outcome(self) -> Ended {
        let Answer { reply, warnings, simulated } = self.answer;
        let Reply { text, finish_reason, usage, model, request_id } = reply;
        Ended {
            candidate: self.candidate,
            text,
            finish_reason: Some(finish_reason),
            usage,
            reported_model: model,
            request_id,
            warnings,
            simulated,
            latency: self.started.elapsed(),
            first_token: None,
        }
    }
}

impl Engine {
    /// The first whole answer along the plan, and every attempt made for it.
    pub(super) async fn first_answer<'a>(
        &'a self,
        request: &'a Request,
        decision: &'a Decision,
    ) -> Result<(Vec<Attempt>, Answered)> {
        let call = |candidate: &'a Candidate, started| {
            async move {
                let (upstream, model) = self.upstream(candidate)?;
                let answer = upstream.complete(request, model).await?;
                Ok(Answered { candidate: candidate.clone(), answer, started })
            }
            .boxed()
        };
        self.first_success(decision, call).await
    }

    /// The first stream along the plan that gives a piece, and every attempt made for it.
    pub(super) async fn first_stream<'a>(
        &'a self,
        request: &'a Request,
        decision: &'a Decision,
    ) -> Result<(Vec<Attempt>, Opened)> {
        let call = |candidate: &'a Candidate, started: Instant| {
            async move {
                let (upstream, model) = self.upstream(candidate)?;
                let Streaming { chunks: mut rest, warnings, simulated } =
                    upstream.stream(request, model).await?;
                let first = rest.next().await.unwrap_or_else(|| {
                    Err(Error::new(ErrorKind::Unavailable, "the provider's stream was empty")
                        .at(&candidate.provider, &candidate.model))
                })?;
                let candidate = candidate.clone();
                let first_token = started.elapsed();
                Ok(Opened { candidate, first, rest, warnings, simulated, started, first_token })
            }
            .boxed()
        };
        self.first_success(decision, call).await
    }

    /// Calls the plan's models in turn. The next one is tried only where the error says that it may help.
    async fn first_success<'a, T>(
        &'a self,
        decision: &'a Decision,
        // Boxed: callers must be able to await this on any thread, which an async closure cannot promise yet.
        call: impl Fn(&'a Candidate, Instant) -> BoxFuture<'a, Result<T>>,
    ) -> Result<(Vec<Attempt>, T)> {
        let mut attempts = Vec::new();
        let mut failed: Option<Error> = None;
        for candidate in &decision.plan.candidates {
            // A key that one model's provider refused is refused for its other models too.
            if failed.as_ref().is_some_and(|error| is_hopeless(error, candidate)) {
                continue;
            }
            let started = Instant::now();
            let outcome = call(candidate, started).await;
            attempts.push(Attempt {
                model: candidate.model.clone(),
                provider: candidate.provider.clone(),
                error: outcome.as_ref().err().map(|error| error.kind().name().to_owned()),
                message: outcome.as_ref().err().map(ToString::to_string),
                latency: started.elapsed(),
            });
            if let Err(error) = &outcome
                && error.may_be_billed()
            {
                let simulated = error.is_simulated();
                self.write_off(decision, &attempts, candidate, simulated).await;
            }
            match outcome {
                Ok(success) => return Ok((attempts, success)),
                Err(error) if error.other_model_may_help() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| Error::invalid("the plan has no model to try")))
    }

    /// Records a failed attempt that the provider may charge for, with the tokens that were expected of it.
    async fn write_off(
        &self,
        decision: &Decision,
        attempts: &[Attempt],
        candidate: &Candidate,
        simulated: bool,
    ) {
        let ended = Ended {
            candidate: candidate.clone(),
            text: String::new(),
            finish_reason: None,
            usage: Some(Usage {
                estimated: true,
                ..Usage::plain(candidate.expected_input_tokens, candidate.expected_output_tokens)
            }),
            reported_model: None,
            request_id: None,
            warnings: Vec::new(),
            simulated,
            latency: attempts.last().map_or(Duration::ZERO, |attempt| attempt.latency),
            first_token: None,
        };
        match self.entry(decision, attempts.len(), &ended, Outcome::Failed) {
            Ok(entry) => {
                if let Some(warning) = self.settings.recorder.record(entry).await {
                    tracing::warn!(warning, "the entry of a failed attempt");
                }
            }
            Err(error) => tracing::error!(%error, "a failed attempt could not be billed"),
        }
    }
}

/// A 403 may concern one model; any other refusal of a key concerns all of its provider.
fn is_hopeless(error: &Error, next: &Candidate) -> bool {
    let same_provider = error.provider() == Some(next.provider.as_str());
    same_provider && *error.kind() == ErrorKind::Unauthenticated && error.status() != Some(403)
}
