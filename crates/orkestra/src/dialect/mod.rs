//! One API's JSON ⇄ the neutral form of [`chat`](crate::chat).
//!
//! Each dialect converts to and from the neutral form only, never to another dialect, and in both directions: we call
//! providers in it ([`Dialect::encode`] … [`Dialect::stream_decoder`]) and callers may call us in it
//! ([`Dialect::read_request`] … [`Dialect::stream_encoder`]). Nothing here opens a connection: `provider/` sends what
//! was encoded and hands back the bytes.

mod anthropic;
mod fields;
mod fit;
mod gemini;
mod openai;
mod responses;
pub mod sse;
mod untold;

use std::{fmt, time::Duration};

use serde_json::Value;

pub use anthropic::Anthropic;
pub use fit::{Fitted, fit};
pub use gemini::Gemini;
pub use openai::OpenAi;
pub use responses::Responses;
pub use untold::untold;

use crate::{
    catalogue::{MaxTokensField, Model},
    chat::{Chunk, DialectName, Effort, Reply, Request, ToolChoice},
    error::{Error, Result},
};

/// A request in a provider's own words, ready to be sent below its base URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The path below the base URL, with a query where the API wants one.
    pub path: String,
    /// Headers that the API demands or the request brought along, besides the key's.
    pub headers: Vec<(String, String)>,
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

/// A call that somebody makes in a dialect, as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The path, without a query: Gemini names the model and the method there.
    pub path: &'a str,
    /// The query, without the question mark; empty where there is none.
    pub query: &'a str,
    /// The headers, names in lower case. Keys are not among what is read.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// What a caller asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// Whether the answer shall come in pieces.
    pub stream: bool,
    /// Whether a stream shall report its usage. Only OpenAI's callers can do without.
    pub stream_usage: bool,
    /// Whether a stream shall come as one JSON array instead of events. Only Gemini's callers can want that.
    pub stream_array: bool,
}

/// What an answer to a caller says besides the model's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// The answer's id; each dialect adds the prefix that its clients expect, where it is missing.
    pub id: String,
    /// The model to name.
    pub model: String,
    /// When the answer was begun, in seconds since 1970.
    pub created: i64,
    /// Expected input tokens: Anthropic's streams begin with a count that nobody knows yet.
    pub expected_input_tokens: u64,
    /// As [`Asked::stream_usage`].
    pub stream_usage: bool,
}

/// One API's way of saying things.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> DialectName;

    /// The header that carries the key, and its value.
    fn key_header(&self, key: &str) -> (&'static str, String);
    /// The answer's header that names the call.
    fn request_id_header(&self) -> &'static str;
    /// Writes `request` the way `model` takes it. The request was [fitted](fit) to the model before.
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

    /// Reads what a caller asks.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), naming the field, its value and what was expected.
    fn read_request(&self, call: &Call<'_>) -> Result<Asked>;
    /// Writes a whole answer for a caller.
    fn write_reply(&self, reply: &Reply, caption: &Caption) -> Value;
    /// A writer for one streamed answer.
    fn stream_encoder(&self, caption: &Caption) -> Box<dyn StreamEncoder>;
    /// Writes an error for a caller: the body, in the vendor's form. Its status is [`status_of`](Self::status_of).
    fn write_error(&self, error: &Error) -> Value;
    /// The HTTP status that the vendor has for such an error.
    fn status_of(&self, error: &Error) -> u16;
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

/// Writes one streamed answer, chunk by chunk.
pub trait StreamEncoder: fmt::Debug + Send {
    /// The events that `chunk` becomes, in order; [`Chunk::End`] becomes those that end the stream.
    fn chunk(&mut self, chunk: &Chunk) -> Vec<sse::Event>;

    /// The events that tell the caller of an error in mid-stream. Nothing follows them.
    fn error(&mut self, error: &Error) -> Vec<sse::Event>;
}

/// The dialect that a provider which speaks `usual` shall be called in for `request`: the usual one, unless the model
/// takes such a request in OpenAI's newer API only.
#[must_use]
pub fn for_call(
    usual: &'static dyn Dialect,
    request: &Request,
    model: &Model,
) -> &'static dyn Dialect {
    // OpenAI's own models take both, so that a caller's own words need no translation.
    let own = request.dialect == Some(DialectName::Responses)
        && model.parameters.max_tokens == MaxTokensField::MaxCompletionTokens;
    let needed = own
        || model.parameters.responses_only
        || tools_while_thinking_need_responses(request, model);
    if usual.name() == DialectName::Openai && needed { &Responses } else { usual }
}

/// Whether `request` has tools and lets a model think that takes both together in the Responses API only.
fn tools_while_thinking_need_responses(request: &Request, model: &Model) -> bool {
    let may_call = !request.tools.is_empty() && request.tool_choice != Some(ToolChoice::None);
    if !model.parameters.tools_need_responses || !may_call {
        return false;
    }
    // What the model makes of the wish decides, not the wish.
    let wish = Request { thinking: request.thinking, ..Request::default() };
    let fitted = fit(&wish, model, DialectName::Responses).request.thinking;
    fitted.effort.or(model.parameters.default_effort) != Some(Effort::None)
}

/// The dialect called `name`.
#[must_use]
pub fn named(name: DialectName) -> &'static dyn Dialect {
    match name {
        DialectName::Openai => &OpenAi,
        DialectName::Responses => &Responses,
        DialectName::Anthropic => &Anthropic,
        DialectName::Gemini => &Gemini,
    }
}
