//! One call of one model: what is kept of it while it lasts, and what it is billed as when it comes to nothing.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures::FutureExt;
use serde::Serialize;

use super::{Decision, Engine, fallback::watched, hold::Beginning, response::seconds};
use crate::{
    catalogue::ModelId,
    chat::{Chunk, FinishReason, Reply, Request, Usage},
    error::Result,
    ledger::Outcome,
    provider::{Answer, ChunkStream},
    strategy::Candidate,
};

/// One call of one model, or the reason why there was none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// The model.
    pub model: ModelId,
    /// Its provider.
    pub provider: String,
    /// 0 for the first call of this model, one more for each time that it was called again.
    pub retry: u32,
    /// How long the call was put off after the one before it failed, in seconds as JSON.
    #[serde(rename = "waited_seconds", serialize_with = "seconds")]
    pub waited: Duration,
    /// False: the model was passed over, since it had failed before; `message` says why.
    pub called: bool,
    /// The error's kind by name when it failed; something else was tried because of it.
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
    /// The pieces up to the first of the answer itself.
    pub(super) first: VecDeque<Chunk>,
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
    pub(super) reply: Reply,
    /// Whether it came to its end; else it was cut.
    pub(super) finished: bool,
    pub(super) warnings: Vec<String>,
    pub(super) simulated: bool,
    pub(super) latency: Duration,
    /// `None`: it was not streamed.
    pub(super) first_token: Option<Duration>,
}

impl Answered {
    pub(super) fn outcome(self) -> Ended {
        let Answer { reply, warnings, simulated } = self.answer;
        Ended {
            candidate: self.candidate,
            reply,
            finished: true,
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
        let call = |candidate: &'a Candidate, _attempt| {
            let started = Instant::now();
            async move {
                let (upstream, model) = self.upstream(candidate)?;
                let answer = upstream.complete(request, model).await?;
                Ok(Answered { candidate: candidate.clone(), answer, started })
            }
            .boxed()
        };
        let success = self.first_success(decision, self.deadline(), call).await?;
        success.permit.succeeded();
        Ok((success.attempts, success.value))
    }

    /// The first stream along the plan that gives a piece, and every attempt made for it.
    pub(super) async fn first_stream<'a>(
        &'a self,
        request: &'a Request,
        decision: &'a Decision,
    ) -> Result<(Vec<Attempt>, Opened)> {
        let call = |candidate: &'a Candidate, attempt| {
            let beginning = Beginning::of(self, decision, candidate, attempt);
            async move {
                let (upstream, model) = self.upstream(candidate)?;
                let streaming = upstream.stream(request, model).await?;
                beginning.read(streaming, self.settings.resilience.hold).await
            }
            .boxed()
        };
        let deadline = self.deadline();
        let success = self.first_success(decision, deadline, call).await?;
        let (mut opened, mut permit) = (success.value, success.permit);
        if matches!(opened.first.back(), Some(Chunk::End(_))) {
            permit.succeeded();
        } else {
            permit.answering();
            opened.rest = watched(opened.rest, permit, deadline);
        }
        Ok((success.attempts, opened))
    }

    /// Records a failed attempt that the provider may charge for.
    pub(super) async fn write_off(
        &self,
        decision: &Decision,
        attempt: usize,
        ended: &Ended,
        outcome: Outcome,
    ) {
        match self.entry(decision, attempt, ended, outcome) {
            Ok(entry) => {
                if let Some(warning) = self.settings.recorder.record(entry).await {
                    tracing::warn!(warning, "the entry of a failed attempt");
                }
            }
            Err(error) => tracing::error!(%error, "a failed attempt could not be billed"),
        }
    }

    /// [`write_off`](Self::write_off) for code that cannot be asynchronous, such as a destructor.
    pub(super) fn write_off_blocking(
        &self,
        decision: &Decision,
        attempt: usize,
        ended: &Ended,
        outcome: Outcome,
    ) {
        let entry = self.entry(decision, attempt, ended, outcome);
        match entry.map(|entry| self.settings.recorder.record_blocking(entry)) {
            Ok(None) => {}
            Ok(Some(warning)) => tracing::warn!(warning, "the entry of a broken stream"),
            Err(error) => tracing::error!(%error, "a broken stream could not be billed"),
        }
    }
}

impl Ended {
    /// An attempt of which nothing arrived, and which may cost what was expected of it.
    pub(super) fn unseen(candidate: &Candidate, simulated: bool, latency: Duration) -> Self {
        let expected =
            Usage::plain(candidate.expected_input_tokens, candidate.expected_output_tokens);
        Self {
            candidate: candidate.clone(),
            reply: Reply {
                usage: Some(Usage { estimated: true, ..expected }),
                ..Reply::new(Vec::new(), FinishReason::Length)
            },
            finished: false,
            warnings: Vec::new(),
            simulated,
            latency,
            first_token: None,
        }
    }
}
