//! Anthropic Messages.

mod blocks_read;
mod blocks_write;
mod errors;
mod ids;
mod media;
mod messages_write;
mod options;
mod reply_read;
mod reply_write;
mod request_read;
mod request_write;
mod stream_read;
mod stream_write;
mod tools;
mod usage;

use serde_json::Value;

use super::{Asked, Call, Caption, Dialect, Encoded, Failure, StreamDecoder, StreamEncoder};
use crate::{
    catalogue::Model,
    chat::{DialectName, Reply, Request},
    error::{Error, Result},
};

/// `POST /v1/messages` below a base URL that does not end in `/v1`.
#[derive(Clone, Copy, Debug)]
pub struct Anthropic;

impl Dialect for Anthropic {
    fn name(&self) -> DialectName {
        DialectName::Anthropic
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        request_write::encode(request, model, stream)
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        reply_read::read(body)
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(stream_read::Decoder::default())
    }

    fn error(&self, failure: &Failure<'_>) -> Error {
        errors::read(failure)
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
        errors::write(error)
    }

    fn status_of(&self, error: &Error) -> u16 {
        errors::status(error)
    }
}
