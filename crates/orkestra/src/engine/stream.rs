//! An answer that arrives in pieces, and is billed once: at its end, at its failure, or when it is dropped.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{FutureExt, Stream, StreamExt, future::BoxFuture};

use super::{
    Attempt, Decision, Engine, Response,
    attempt::{Ended, Opened},
};
use crate::{
    chat::{Chunk, Request},
    error::{Error, ErrorKind, Result},
    ledger::Outcome,
    provider::ChunkStream,
    strategy::{Candidate, Plan},
};

/// Gives the answer's text piece by piece, and at its end the [`Response`].
///
/// A stream that breaks ends with an error, never as if it were complete; what had arrived is billed as
/// an estimate. Dropping it ends the call.
#[must_use = "a stream does nothing unless it is read"]
pub struct ResponseStream {
    state: State,
    plan: Plan,
}

enum State {
    /// Pieces are arriving.
    Open(Box<Arriving>),
    /// The last piece is there; the entry is being written.
    Settling(BoxFuture<'static, Result<Response>>),
    /// All is done; the response waits to be taken.
    Done(Option<Box<Response>>),
    /// An error was given.
    Failed,
}

struct Arriving {
    engine: Engine,
    request: Request,
    decision: Decision,
    attempts: Vec<Attempt>,
    candidate: Candidate,
    first: Option<Chunk>,
    rest: ChunkStream,
    text: String,
    warnings: Vec<String>,
    simulated: bool,
    started: Instant,
    first_token: Duration,
}

impl ResponseStream {
    pub(super) fn new(
        engine: Engine,
        request: &Request,
        decision: Decision,
        attempts: Vec<Attempt>,
        opened: Opened,
    ) -> Self {
        let plan = decision.plan.clone();
        let Opened { candidate, first, rest, warnings, simulated, started, first_token } = opened;
        let arriving = Arriving {
            engine,
            request: request.clone(),
            decision,
            attempts,
            candidate,
            first: Some(first),
            rest,
            text: String::new(),
            warnings,
            simulated,
            started,
            first_token,
        };
        Self { state: State::Open(Box::new(arriving)), plan }
    }

    /// What was decided and why; known before the first piece.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Reads what is left and gives the whole response.
    ///
    /// # Errors
    /// The stream's error, when it broke.
    pub async fn response(mut self) -> Result<Response> {
        while let Some(piece) = self.next().await {
            piece?;
        }
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Done(Some(response)) => Ok(*response),
            _ => Err(Error::new(
                ErrorKind::Unavailable,
                "the stream had failed before; there is no response",
            )),
        }
    }
}

impl Arriving {
    fn ended(&mut self, end: Option<Chunk>) -> Ended {
        let (finish_reason, usage, reported_model, request_id) = match end {
            Some(Chunk::End { finish_reason, usage, model, request_id }) => {
                (Some(finish_reason), usage, model, request_id)
            }
            _ => (None, None, None, None),
        };
        Ended {
            candidate: self.candidate.clone(),
            text: std::mem::take(&mut self.text),
            finish_reason,
            usage,
            reported_model,
            request_id,
            warnings: std::mem::take(&mut self.warnings),
            simulated: self.simulated,
            latency: self.started.elapsed(),
            first_token: Some(self.first_token),
        }
    }

    async fn settle(mut self: Box<Self>, end: Chunk) -> Result<Response> {
        let ended = self.ended(Some(end));
        let Self { engine, request, decision, attempts, .. } = *self;
        engine.settle(&request, &decision, attempts, ended).await
    }

    /// Bills what arrived of an answer that has no end.
    fn write_off(mut self: Box<Self>, outcome: Outcome) {
        let ended = self.ended(None);
        let entry = self.engine.entry(&self.decision, self.attempts.len(), &ended, outcome);
        let recorder = &self.engine.settings.recorder;
        match entry.map(|entry| recorder.record_blocking(entry)) {
            Ok(None) => {}
            Ok(Some(warning)) => tracing::warn!(warning, "the entry of a broken stream"),
            Err(error) => tracing::error!(%error, "a broken stream could not be billed"),
        }
    }
}

impl Stream for ResponseStream {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Done(_) | State::Failed => return Poll::Ready(None),
                State::Settling(settling) => {
                    let settled = std::task::ready!(settling.poll_unpin(context));
                    match settled {
                        Ok(response) => self.state = State::Done(Some(Box::new(response))),
                        Err(error) => {
                            self.state = State::Failed;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
                State::Open(arriving) => {
                    let chunk = match arriving.first.take() {
                        Some(first) => Some(Ok(first)),
                        None => std::task::ready!(arriving.rest.poll_next_unpin(context)),
                    };
                    match chunk {
                        Some(Ok(Chunk::Text(piece))) => {
                            arriving.text.push_str(&piece);
                            return Poll::Ready(Some(Ok(piece)));
                        }
                        Some(Ok(end @ Chunk::End { .. })) => {
                            if let State::Open(arriving) =
                                std::mem::replace(&mut self.state, State::Failed)
                            {
                                self.state = State::Settling(arriving.settle(end).boxed());
                            }
                        }
                        broken => {
                            return Poll::Ready(Some(Err(
                                self.break_off(broken.and_then(Result::err))
                            )));
                        }
                    }
                }
            }
        }
    }
}

impl ResponseStream {
    fn break_off(&mut self, error: Option<Error>) -> Error {
        let state = std::mem::replace(&mut self.state, State::Failed);
        let candidate = self.plan.choice().clone();
        if let State::Open(arriving) = state {
            arriving.write_off(Outcome::Cut);
        }
        error.unwrap_or_else(|| {
            Error::new(ErrorKind::Unavailable, "the provider's stream ended without an end")
                .at(&candidate.provider, &candidate.model)
        })
    }
}

impl Drop for ResponseStream {
    fn drop(&mut self) {
        if let State::Open(arriving) = std::mem::replace(&mut self.state, State::Failed) {
            arriving.write_off(Outcome::Dropped);
        }
    }
}

impl fmt::Debug for ResponseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Open(_) => "open",
            State::Settling(_) => "settling",
            State::Done(_) => "done",
            State::Failed => "failed",
        };
        f.debug_struct("ResponseStream").field("state", &state).finish_non_exhaustive()
    }
}
