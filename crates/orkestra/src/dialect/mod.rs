//! One API's JSON ⇄ the neutral form of [`chat`](crate::chat).
//!
//! Each dialect converts to and from the neutral form only, never to another dialect. Nothing here
//! opens a connection: `provider/` sends what [`Dialect::encode`] made and hands back the bytes.

mod anthropic;
mod fields;
mod gemini;
mod openai;
pub mod sse;

use std::{fmt, time::Duration};

use serde_json::Value;

pub use anthropic::Anthropic;
pub use gemini::Gemini;
pub use openai::OpenAi;

use crate::{
    catalogue::{DialectName, Model},
    chat::{Chunk, Reply, Request},
    error::{Error, Result},
};

/// A request in a provider's own words, ready to be sent below its base URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The path below the base URL, with a query where the API wants one.
    pub path: String,
    /// Headers that the API demands, besides the key's.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The JSON body.
    pub body: Value,
    /// What of the request could not be said to this model, in words for the user.
    pub warnings: Vec<String>,
}

/// The parts of a failed HTTP answer that say what kind of failure it is.
#[derive(Clone, Debug)]
pub struct Failure<'a> {
    /// The HTTP status, or what a mid-stream error stands for.
    pub status: u16,
    /// The provider's id of the call.
    pub request_id: Option<String>,
    /// How long the answer's headers ask to wait.
    pub retry_after: Option<Duration>,
    /// The body as it came.
    pub body: &'a [u8],
}

/// One provider's API.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// The header that carries the key, and its value.
    fn key_header(&self, key: &str) -> (&'static str, String);
    /// The answer's header that names the call.
    fn request_id_header(&self) -> &'static str;
    /// Writes `request` the way `model` takes it.
    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded;
    /// Reads a whole answer.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when `body` is not this API's answer.
    fn decode(&self, body: &[u8]) -> Result<Reply>;
    /// A reader for one streamed answer.
    fn stream_decoder(&self) -> Box<dyn StreamDecoder>;
    /// What a failed answer means.
    fn error(&self, failure: &Failure<'_>) -> Error;
}

/// Reads one streamed answer, event by event.
pub trait StreamDecoder: fmt::Debug + Send {
    /// Takes the next event and gives the chunks it completes, in order.
    ///
    /// # Errors
    /// The provider's own error when the event is one; [`Unavailable`](crate::ErrorKind::Unavailable)
    /// when it is not this API's event.
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>>;

    /// Says that the connection ended.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the answer was not complete: a cut stream
    /// is never a clean end.
    fn end(&mut self) -> Result<Vec<Chunk>>;
}

/// The dialect called `name`.
#[must_use]
pub fn named(name: DialectName) -> &'static dyn Dialect {
    match name {
        DialectName::Openai => &OpenAi,
        DialectName::Anthropic => &Anthropic,
        DialectName::Gemini => &Gemini,
    }
}
