//! A provider that does what the test says, on a clock that the test turns.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt;
use orkestra::{
    Error, ErrorKind, Provider, Result, Settings,
    catalogue::{Model, ModelId},
    chat::{Chunk, End, FinishReason, Part, Reply, Request, Usage},
    engine::Resilience,
    ledger::Recorder,
    provider::{Answer, RetryPolicy, Streaming, Upstream},
};
use tokio::time::{Instant, sleep};

use crate::support::{TODAY, easy, on};

/// A model that is not in any plan with others.
pub(crate) const PINNED: &str = "claude-opus-5-5";

/// What a call comes to.
pub(crate) enum Step {
    Answer,
    Fail(Error),
    /// Takes so long, then comes to the other.
    After(Duration, Box<Self>),
    /// Never comes to anything.
    Hang,
    /// For streams: each piece after its pause.
    Pieces(Vec<(Duration, Result<Chunk>)>),
    /// For streams: a piece of text whenever one is asked for.
    Endless,
}

/// One call that was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    pub(crate) model: ModelId,
    /// Since the script was written.
    pub(crate) at: Duration,
}

type Plot = dyn Fn(&Made, usize) -> Step + Send + Sync;

pub(crate) struct Scripted {
    plot: Box<Plot>,
    begun: Instant,
    made: Mutex<Vec<Made>>,
    /// Pieces that were asked for.
    pub(crate) pulled: Arc<AtomicUsize>,
}

impl Scripted {
    /// Each call, with its number from 0, comes to what `plot` says.
    pub(crate) fn new(plot: impl Fn(&Made, usize) -> Step + Send + Sync + 'static) -> Arc<Self> {
        let plot = Box::new(plot);
        Arc::new(Self {
            plot,
            begun: Instant::now(),
            made: Mutex::default(),
            pulled: Arc::default(),
        })
    }

    pub(crate) fn calls(&self) -> Vec<Made> {
        self.made.lock().unwrap().clone()
    }

    /// The moments of the calls, in milliseconds.
    pub(crate) fn moments(&self) -> Vec<u128> {
        self.calls().iter().map(|made| made.at.as_millis()).collect()
    }

    pub(crate) fn models(&self) -> Vec<String> {
        self.calls().iter().map(|made| made.model.as_str().to_owned()).collect()
    }

    fn next(&self, model: &Model) -> Step {
        let made = Made { model: model.id.clone(), at: self.begun.elapsed() };
        let mut all = self.made.lock().unwrap();
        all.push(made.clone());
        (self.plot)(&made, all.len() - 1)
    }

    async fn unfold(&self, model: &Model) -> Result<Step> {
        let mut step = self.next(model);
        loop {
            match step {
                Step::After(pause, then) => {
                    sleep(pause).await;
                    step = *then;
                }
                Step::Hang => std::future::pending().await,
                Step::Fail(error) => return Err(error.at("anthropic", &model.id)),
                other => return Ok(other),
            }
        }
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("made", &self.made).finish_non_exhaustive()
    }
}

#[async_trait]
impl Upstream for Scripted {
    fn name(&self) -> &str {
        "anthropic"
    }

    async fn complete(&self, _: &Request, model: &Model) -> Result<Answer> {
        self.unfold(model).await?;
        let done = Reply::new(vec![Part::text("Done.")], FinishReason::Stop);
        let reply = Reply { usage: Some(Usage::plain(10, 5)), ..done };
        Ok(Answer { reply, warnings: Vec::new(), simulated: false })
    }

    async fn stream(&self, _: &Request, model: &Model) -> Result<Streaming> {
        let pieces = match self.unfold(model).await? {
            Step::Pieces(pieces) => pieces,
            Step::Endless => {
                let pulled = Arc::clone(&self.pulled);
                let endless = futures::stream::repeat_with(move || {
                    pulled.fetch_add(1, Ordering::Relaxed);
                    Ok(Chunk::Text("more ".into()))
                });
                return Ok(streaming(endless.boxed()));
            }
            _ => vec![(Duration::ZERO, Ok(text("Done."))), (Duration::ZERO, Ok(end()))],
        };
        let (pulled, place) = (Arc::clone(&self.pulled), model.id.clone());
        let timed = futures::stream::iter(pieces).then(move |(pause, piece)| {
            pulled.fetch_add(1, Ordering::Relaxed);
            let place = place.clone();
            async move {
                if !pause.is_zero() {
                    sleep(pause).await;
                }
                piece.map_err(|error| error.at("anthropic", &place))
            }
        });
        Ok(streaming(timed.boxed()))
    }
}

fn streaming(chunks: orkestra::provider::ChunkStream) -> Streaming {
    Streaming { chunks, warnings: Vec::new(), simulated: false }
}

pub(crate) fn text(words: &str) -> Chunk {
    Chunk::Text(words.to_owned())
}

pub(crate) fn end() -> Chunk {
    Chunk::End(End { usage: Some(Usage::plain(10, 5)), ..End::new(FinishReason::Stop) })
}

/// The error that an HTTP status stands for.
pub(crate) fn status(status: u16) -> Error {
    let kind = match status {
        401 | 403 => ErrorKind::Unauthenticated,
        402 => ErrorKind::BudgetSpent,
        404 => ErrorKind::UnknownModel,
        408 | 504 => ErrorKind::Timeout,
        413 => ErrorKind::TooLong,
        429 => ErrorKind::RateLimited { retry_after: None },
        400..=499 if status != 409 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("the provider answered {status}")).with_status(status)
}

/// The error of a provider that asks to come back after `wait`.
pub(crate) fn come_back_after(wait: Duration) -> Error {
    status(429).with_retry_after(Some(wait))
}

/// Waits are as long as they can be.
pub(crate) fn steady() -> Resilience {
    let retry = RetryPolicy { random: Arc::new(|| 1.0), ..RetryPolicy::default() };
    Resilience { retry, ..Resilience::default() }
}

/// A provider over `script`. It keeps no ledger: waiting for one would turn the clock.
pub(crate) fn provider(script: &Arc<Scripted>, resilience: Resilience) -> Provider {
    let settings = Settings {
        embedder: easy(),
        router: easy(),
        recorder: Recorder::off(),
        clock: on(TODAY),
        resilience,
        ..Settings::new().unwrap()
    };
    Provider::over(script.clone(), settings).unwrap()
}

/// A request whose plan has one model.
pub(crate) fn pinned() -> Request {
    Request::from("Say hello.").model(PINNED)
}
