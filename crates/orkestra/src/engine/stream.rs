//! An answer that arrives in pieces, and is billed once: at its end, at its failure, or when it is dropped.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{FutureExt, Stream, StreamExt, future::BoxFuture};

use super::{
    Attempt, Decision, Engine, Response,
    attempt::{Ended, Opened},
    event::{Event, Hook, Moment, tell},
};
use crate::{
    chat::{Assembly, Chunk, End, FinishReason, Reply},
    error::{Error, ErrorKind, Result},
    ledger::{Entry, Outcome},
    provider::ChunkStream,
    strategy::{Candidate, Plan},
};

/// Gives the answer piece by piece, and at its end the [`Response`]. The pieces are [`Chunk`]s;
/// [`next_text`](Self::next_text) gives the text alone.
///
/// A stream that breaks ends with an error, never as if it were complete; what had arrived is billed as
/// an estimate. Pieces are read from the provider when they are asked for. Dropping it ends the call.
#[must_use = "a stream does nothing unless it is read"]
pub struct ResponseStream {
    state: State,
    plan: Plan,
    decision_id: String,
    watch: Option<Box<Watch>>,
}

/// Who is told of the pieces before the caller gets them.
struct Watch {
    hooks: Arc<[Arc<dyn Hook>]>,
    event: Event,
    /// A piece that they are being told of.
    telling: Option<(BoxFuture<'static, ()>, Option<Result<Chunk>>)>,
    completed: bool,
}

enum State {
    /// Pieces are arriving.
    Open(Box<Arriving>),
    /// Pieces that stand in for a model's.
    Replaced(Box<Replaced>),
    /// The last piece is there; the entry is being written.
    Settling(BoxFuture<'static, Result<Response>>),
    /// All is done; the response waits to be taken.
    Done(Option<Box<Response>>),
    /// An error was given.
    Failed,
}

struct Replaced {
    pieces: ChunkStream,
    arrived: Assembly,
    respond: Box<dyn FnOnce(Reply) -> Result<Response> + Send>,
}

struct Arriving {
    engine: Engine,
    output_limit: u32,
    decision: Decision,
    attempts: Vec<Attempt>,
    candidate: Candidate,
    first: VecDeque<Chunk>,
    rest: ChunkStream,
    arrived: Assembly,
    warnings: Vec<String>,
    simulated: bool,
    started: Instant,
    first_token: Duration,
}

impl ResponseStream {
    pub(super) fn new(
        engine: Engine,
        output_limit: u32,
        decision: Decision,
        attempts: Vec<Attempt>,
        opened: Opened,
    ) -> Self {
        let (plan, decision_id) = (decision.plan.clone(), decision.id.clone());
        let Opened { candidate, first, rest, warnings, simulated, started, first_token } = opened;
        let arriving = Arriving {
            engine,
            output_limit,
            decision,
            attempts,
            candidate,
            first,
            rest,
            arrived: Assembly::default(),
            warnings,
            simulated,
            started,
            first_token,
        };
        Self { state: State::Open(Box::new(arriving)), plan, decision_id, watch: None }
    }

    /// `pieces` instead of a model's, for a middleware that changes or replaces an answer. When they end, `respond` makes
    /// the response of all of them; a [`Chunk::End`] ends them early. Nothing is billed for them: what they are made
    /// of was, if it came from a model.
    pub fn replaced(
        plan: Plan,
        pieces: ChunkStream,
        respond: impl FnOnce(Reply) -> Result<Response> + Send + 'static,
    ) -> Self {
        let arrived = Assembly::default();
        let replaced = Replaced { pieces, arrived, respond: Box::new(respond) };
        let state = State::Replaced(Box::new(replaced));
        Self { state, plan, decision_id: Entry::new_id(), watch: None }
    }

    /// The same stream, but `hooks` are told of each piece and of the end, which happened to the call of `event`.
    pub(super) fn watched(mut self, hooks: Arc<[Arc<dyn Hook>]>, event: Event) -> Self {
        self.watch = Some(Box::new(Watch { hooks, event, telling: None, completed: false }));
        self
    }

    /// What was decided and why; known before the first piece.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The id under which the ledger keeps this request's attempts; known before the first piece, and where there will
    /// never be a [`Response`].
    #[must_use]
    pub fn decision_id(&self) -> &str {
        &self.decision_id
    }

    /// The answer's next words; thoughts and calls of tools are passed over. `None` at the end.
    pub async fn next_text(&mut self) -> Option<Result<String>> {
        loop {
            match self.next().await? {
                Ok(Chunk::Text(piece) | Chunk::Refusal(piece)) => return Some(Ok(piece)),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
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
    fn ended(&mut self, end: Option<End>) -> Ended {
        let finished = end.is_some();
        let end = end.unwrap_or_else(|| End::new(FinishReason::Length));
        Ended {
            candidate: self.candidate.clone(),
            reply: std::mem::take(&mut self.arrived).finish(end),
            finished,
            warnings: std::mem::take(&mut self.warnings),
            simulated: self.simulated,
            latency: self.started.elapsed(),
            first_token: Some(self.first_token),
        }
    }

    async fn settle(mut self: Box<Self>, end: End) -> Result<Response> {
        let ended = self.ended(Some(end));
        let Self { engine, output_limit, decision, attempts, rest, .. } = *self;
        // Its connection is free for others while the entry is written.
        drop(rest);
        engine.settle(output_limit, &decision, attempts, ended).await
    }

    /// Bills what arrived of an answer that has no end.
    fn write_off(mut self: Box<Self>, outcome: Outcome) {
        // The provider need not write on while the entry is written.
        drop(std::mem::replace(&mut self.rest, futures::stream::empty().boxed()));
        let ended = self.ended(None);
        self.engine.write_off_blocking(&self.decision, self.attempts.len(), &ended, outcome);
    }
}

impl Stream for ResponseStream {
    type Item = Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some((told, _)) = this.watch.as_mut().and_then(|watch| watch.telling.as_mut()) {
                std::task::ready!(told.poll_unpin(context));
                let told = this.watch.as_mut().and_then(|watch| watch.telling.take());
                return Poll::Ready(told.and_then(|(_, piece)| piece));
            }
            let piece = std::task::ready!(this.poll_piece(context));
            let Some(watch) = &mut this.watch else { return Poll::Ready(piece) };
            let moment = match (&piece, &this.state) {
                (Some(Ok(chunk)), _) => Moment::Chunk(Arc::new(chunk.clone())),
                (None, State::Done(Some(response))) if !watch.completed => {
                    watch.completed = true;
                    Moment::StreamComplete(Arc::new((**response).clone()))
                }
                _ => return Poll::Ready(piece),
            };
            let (hooks, event) =
                (Arc::clone(&watch.hooks), Event { moment, ..watch.event.clone() });
            watch.telling = Some((async move { tell(&hooks, event).await }.boxed(), piece));
        }
    }
}

impl ResponseStream {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Chunk>>> {
        loop {
            match &mut self.state {
                State::Done(_) | State::Failed => return Poll::Ready(None),
                State::Replaced(replaced) => {
                    match std::task::ready!(replaced.pieces.poll_next_unpin(context)) {
                        Some(Ok(Chunk::End(end))) => self.replacement_ends(end)?,
                        None => self.replacement_ends(End::new(FinishReason::Stop))?,
                        Some(Ok(piece)) => {
                            replaced.arrived.add(&piece);
                            return Poll::Ready(Some(Ok(piece)));
                        }
                        Some(Err(error)) => {
                            self.state = State::Failed;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
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
                    let chunk = match arriving.first.pop_front() {
                        Some(first) => Some(Ok(first)),
                        None => std::task::ready!(arriving.rest.poll_next_unpin(context)),
                    };
                    match chunk {
                        Some(Ok(Chunk::End(end))) => {
                            if let State::Open(arriving) =
                                std::mem::replace(&mut self.state, State::Failed)
                            {
                                self.state = State::Settling(arriving.settle(end).boxed());
                            }
                        }
                        Some(Ok(piece)) => {
                            arriving.arrived.add(&piece);
                            return Poll::Ready(Some(Ok(piece)));
                        }
                        Some(Err(error)) => {
                            return Poll::Ready(Some(Err(self.break_off(Some(error)))));
                        }
                        None => return Poll::Ready(Some(Err(self.break_off(None)))),
                    }
                }
            }
        }
    }

    fn replacement_ends(&mut self, end: End) -> Result<()> {
        if let State::Replaced(replaced) = std::mem::replace(&mut self.state, State::Failed) {
            let Replaced { arrived, respond, .. } = *replaced;
            self.state = State::Done(Some(Box::new(respond(arrived.finish(end))?)));
        }
        Ok(())
    }

    fn break_off(&mut self, error: Option<Error>) -> Error {
        let state = std::mem::replace(&mut self.state, State::Failed);
        let unended = "the provider's stream ended without an end";
        let mut fallback = Error::new(ErrorKind::Unavailable, unended);
        if let State::Open(arriving) = state {
            fallback = fallback.at(&arriving.candidate.provider, &arriving.candidate.model);
            arriving.write_off(Outcome::Cut);
        }
        error.unwrap_or(fallback)
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
            State::Replaced(_) => "replaced",
            State::Settling(_) => "settling",
            State::Done(_) => "done",
            State::Failed => "failed",
        };
        f.debug_struct("ResponseStream").field("state", &state).finish_non_exhaustive()
    }
}
