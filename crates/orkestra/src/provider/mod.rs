//! Where calls go: one trait, and its implementation over HTTP.
//!
//! What is said is `dialect/`'s affair, which model is asked is `strategy/`'s. Here are connections, deadlines and
//! keys, and the rules by which a model that fails is called again or left alone; `engine/` applies them.

mod base_url;
mod body;
mod breaker;
mod budget;
mod deadlines;
mod embeddings;
mod headers;
mod health;
mod http;
mod key;
mod keys;
mod retry;

use std::fmt;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use base_url::is_loopback;
pub use breaker::BreakerPolicy;
pub(crate) use breaker::PassedOver;
pub use deadlines::Timeouts;
pub(crate) use deadlines::later;
pub use embeddings::HttpEmbedder;
pub(crate) use health::{Health, Permit};
pub use health::{ModelHealth, ModelState};
pub use http::HttpUpstream;
pub use key::Key;
pub use retry::{Random, RetryPolicy};

use crate::{
    catalogue::Model,
    chat::{Chunk, Reply, Request},
    error::Result,
};

/// The pieces of an answer as they arrive; ends after [`Chunk::End`] or an error, never silently before.
pub type ChunkStream = BoxStream<'static, Result<Chunk>>;

/// A provider that can be called.
#[async_trait]
pub trait Upstream: fmt::Debug + Send + Sync {
    /// The provider's name in the catalogue.
    fn name(&self) -> &str;

    /// Asks `model` and waits for the whole answer.
    ///
    /// # Errors
    /// What the provider or the network reported, with the provider and the model named.
    async fn complete(&self, request: &Request, model: &Model) -> Result<Answer>;

    /// Asks `model` for an answer in pieces. Dropping the stream ends the call.
    ///
    /// # Errors
    /// What the provider or the network reported before the first piece.
    async fn stream(&self, request: &Request, model: &Model) -> Result<Streaming>;
}

/// A whole answer and how it came about.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer.
    pub reply: Reply,
    /// What of the request could not be said to this model.
    pub warnings: Vec<String>,
    /// True when a simulator answered.
    pub simulated: bool,
}

/// An answer that is arriving.
pub struct Streaming {
    /// Its pieces.
    pub chunks: ChunkStream,
    /// What of the request could not be said to this model.
    pub warnings: Vec<String>,
    /// True when a simulator answers.
    pub simulated: bool,
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chunks: _, warnings, simulated } = self;
        f.debug_struct("Streaming")
            .field("warnings", warnings)
            .field("simulated", simulated)
            .finish_non_exhaustive()
    }
}
