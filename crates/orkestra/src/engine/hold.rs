//! The beginning of a stream, while another model can still take over.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures::StreamExt;
use tokio::time::timeout_at;

use super::{
    Decision, Engine,
    attempt::{Ended, Opened},
    fallback::Failed,
};
use crate::{
    chat::{Assembly, Chunk, Content, End, FinishReason},
    error::{Error, ErrorKind},
    ledger::Outcome,
    provider::{Streaming, later},
    strategy::Candidate,
};

/// No more than this is held back, however long the hold.
const MOST_CHUNKS: usize = 1024;
const MOST_BYTES: usize = 256 * 1024;

/// What arrived of a stream that nobody has seen yet. It is billed if the caller gives up before somebody does.
pub(super) struct Beginning<'a> {
    engine: &'a Engine,
    decision: &'a Decision,
    candidate: &'a Candidate,
    attempt: usize,
    started: Instant,
    chunks: VecDeque<Chunk>,
    bytes: usize,
    first_token: Option<Duration>,
    simulated: bool,
}

impl<'a> Beginning<'a> {
    pub(super) fn of(
        engine: &'a Engine,
        decision: &'a Decision,
        candidate: &'a Candidate,
        attempt: usize,
    ) -> Self {
        Self {
            engine,
            decision,
            candidate,
            attempt,
            started: Instant::now(),
            chunks: VecDeque::new(),
            bytes: 0,
            first_token: None,
            simulated: false,
        }
    }

    /// Reads up to the first piece of the answer itself, and for `hold` longer.
    pub(super) async fn read(
        mut self,
        streaming: Streaming,
        hold: Duration,
    ) -> Result<Opened, Failed> {
        let Streaming { chunks: mut rest, warnings, simulated } = streaming;
        self.simulated = simulated;
        let mut until = None;
        loop {
            let next = match until {
                None => rest.next().await,
                Some(until) => match timeout_at(until, rest.next()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            match next {
                Some(Ok(chunk)) => {
                    if self.take(chunk) {
                        break;
                    }
                }
                Some(Err(error)) => return Err(self.failed(error)),
                None => return Err(self.failed_without_end()),
            }
            if self.first_token.is_some() && until.is_none() {
                if hold.is_zero() {
                    break;
                }
                until = Some(later(tokio::time::Instant::now(), hold));
            }
        }
        Ok(Opened {
            candidate: self.candidate.clone(),
            first: std::mem::take(&mut self.chunks),
            rest,
            warnings,
            simulated,
            started: self.started,
            first_token: self.first_token.unwrap_or_else(|| self.started.elapsed()),
        })
    }

    /// Keeps `chunk`; true when no more is held back.
    fn take(&mut self, chunk: Chunk) -> bool {
        // Counts come before the first word; until there is one, nothing is lost.
        if !matches!(chunk, Chunk::Usage(_)) && self.first_token.is_none() {
            self.first_token = Some(self.started.elapsed());
        }
        self.bytes += size(&chunk);
        let ended = matches!(chunk, Chunk::End(_));
        self.chunks.push_back(chunk);
        ended || self.chunks.len() >= MOST_CHUNKS || self.bytes >= MOST_BYTES
    }

    fn failed_without_end(self) -> Failed {
        let what = if self.chunks.is_empty() { "was empty" } else { "ended without an end" };
        let error = Error::new(ErrorKind::Unavailable, format!("the provider's stream {what}"));
        let error = error.at(&self.candidate.provider, &self.candidate.model);
        self.failed(error)
    }

    fn failed(mut self, error: Error) -> Failed {
        let billed = self.ended();
        Failed { error, billed: billed.map(Box::new) }
    }

    /// What arrived, if anything did; the model has worked for it.
    fn ended(&mut self) -> Option<(Ended, Outcome)> {
        if self.chunks.is_empty() {
            return None;
        }
        let mut arrived = Assembly::default();
        self.chunks.drain(..).for_each(|chunk| arrived.add(&chunk));
        let outcome = if self.first_token.is_some() { Outcome::Cut } else { Outcome::Failed };
        let ended = Ended {
            candidate: self.candidate.clone(),
            reply: arrived.finish(End::new(FinishReason::Length)),
            finished: false,
            warnings: Vec::new(),
            simulated: self.simulated,
            latency: self.started.elapsed(),
            first_token: self.first_token,
        };
        Some((ended, outcome))
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        if let Some((ended, _)) = self.ended() {
            self.engine.write_off_blocking(self.decision, self.attempt, &ended, Outcome::Dropped);
        }
    }
}

fn size(chunk: &Chunk) -> usize {
    match chunk {
        Chunk::Text(text)
        | Chunk::Refusal(text)
        | Chunk::Reasoning(text)
        | Chunk::Signature(text)
        | Chunk::ToolArguments { piece: text, .. } => text.len(),
        Chunk::Part(part) => match &part.content {
            Content::Reasoning { text, redacted } => {
                text.len() + redacted.as_ref().map_or(0, String::len)
            }
            // Of any form and size: nothing is held behind it.
            _ => MOST_BYTES,
        },
        Chunk::ToolCall { id, name, .. } => id.len() + name.len(),
        // Of any size, too.
        Chunk::Extra(_) => MOST_BYTES,
        Chunk::Usage(_) | Chunk::End(_) => 0,
    }
}
