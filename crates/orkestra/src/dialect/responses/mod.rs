//! OpenAI Responses.
//!
//! A conversation is a flat list of items here: messages, thoughts, calls and results stand side by side. Whatever the
//! neutral form does not know travels as an item of its own, whole or not at all.

mod error;
mod input_read;
mod input_write;
mod item;
mod output;
mod place;
mod reply_read;
mod reply_write;
mod request_read;
mod request_write;
mod stream_read;
mod stream_write;

use serde_json::Value;

use super::{
    Asked, Call, Caption, Dialect, Encoded, Failure, StreamDecoder, StreamEncoder, fields,
};
use crate::{
    catalogue::Model,
    chat::{DialectName, Reply, Request},
    error::{Error, Result},
};

/// `POST /responses` below a base URL that ends in `/v1`. Nothing is left at the provider: every call brings the whole
/// conversation, unless the caller says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Responses;

impl Dialect for Responses {
    fn name(&self) -> DialectName {
        DialectName::Responses
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        request_write::write(request, model, stream)
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        reply_read::read(&fields::json(body)?)
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(stream_read::Decoder::default())
    }

    fn error(&self, failure: &Failure<'_>) -> Error {
        error::read(failure)
    }

    fn read_request(&self, call: &Call<'_>) -> Result<Asked> {
        request_read::read(call)
    }

    fn write_reply(&self, reply: &Reply, caption: &Caption) -> Value {
        reply_write::write(reply, caption)
    }

    fn stream_encoder(&self, caption: &Caption) -> Box<dyn StreamEncoder> {
        Box::new(stream_write::Encoder::new(caption))
    }

    fn write_error(&self, error: &Error) -> Value {
        error::write(error)
    }

    fn status_of(&self, error: &Error) -> u16 {
        error::status_of(error)
    }
}
