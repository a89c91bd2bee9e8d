//! Gemini `generateContent` and `streamGenerateContent`.
//!
//! <https://ai.google.dev/api/generate-content>

mod contents_read;
mod contents_write;
mod errors;
mod finish;
mod part_read;
mod part_write;
mod reply_read;
mod reply_write;
mod request_read;
mod request_write;
mod schema;
mod stream_read;
mod stream_write;
mod usage;
mod warnings;

use serde_json::Value;

use super::{Asked, Call, Caption, Dialect, Encoded, Failure, StreamDecoder, StreamEncoder};
use crate::{
    catalogue::Model,
    chat::{DialectName, Reply, Request},
    error::{Error, Result},
};

/// `POST /v1beta/models/{model}:generateContent` below the API's origin.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

impl Dialect for Gemini {
    fn name(&self) -> DialectName {
        DialectName::Gemini
    }

    /// In a header: the API takes keys in its URL too, but URLs end up in logs.
    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn request_id_header(&self) -> &'static str {
        "x-goog-request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let path = format!("/v1beta/models/{}:{method}", model.upstream_id);
        let (body, warnings) = request_write::body(request, model);
        Encoded { path, headers: Vec::new(), body, warnings }
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        reply_read::reply(body)
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(stream_read::StreamReader::default())
    }

    fn error(&self, failure: &Failure<'_>) -> Error {
        errors::failure(failure)
    }

    fn read_request(&self, call: &Call<'_>) -> Result<Asked> {
        request_read::asked(call)
    }

    fn write_reply(&self, reply: &Reply, caption: &Caption) -> Value {
        reply_write::reply(reply, caption)
    }

    fn stream_encoder(&self, caption: &Caption) -> Box<dyn StreamEncoder> {
        Box::new(stream_write::StreamWriter::new(caption))
    }

    fn write_error(&self, error: &Error) -> Value {
        errors::body(error)
    }

    fn status_of(&self, error: &Error) -> u16 {
        errors::status(error)
    }
}
