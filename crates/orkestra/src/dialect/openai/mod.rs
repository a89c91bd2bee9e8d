//! OpenAI Chat Completions, and what servers that call themselves compatible make of it.

pub(super) mod errors;
mod messages_read;
mod messages_write;
mod parts;
mod reply_read;
mod reply_write;
mod request_read;
mod request_write;
mod stream_calls;
mod stream_read;
mod stream_write;
mod tools;

use serde_json::{Value, json};

use super::{
    Asked, Call, Caption, Dialect, Encoded, Failure, StreamDecoder, StreamEncoder, fields,
};
use crate::{
    catalogue::Model,
    chat::{DialectName, Reply, Request, ToolCall},
    error::{Error, Result},
};

/// `POST /chat/completions` below a base URL that ends in `/v1`.
#[derive(Clone, Copy, Debug)]
pub struct OpenAi;

impl Dialect for OpenAi {
    fn name(&self) -> DialectName {
        DialectName::Openai
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        request_write::encode(request, model, stream)
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        reply_read::reply(&fields::json(body)?)
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
        reply_write::reply(reply, caption)
    }

    fn stream_encoder(&self, caption: &Caption) -> Box<dyn StreamEncoder> {
        Box::new(stream_write::Encoder::new(caption))
    }

    fn write_error(&self, error: &Error) -> Value {
        errors::write(error)
    }

    fn status_of(&self, error: &Error) -> u16 {
        errors::status_of(error)
    }
}

/// Whether the header belongs to a request of one of OpenAI's APIs. The organisation and the project belong to a key, and the
/// caller's key is not ours.
pub(super) fn is_request_header(name: &str) -> bool {
    name.starts_with("openai-") && !["openai-organization", "openai-project"].contains(&name)
}

/// An object of `fields`, which are moved into it.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    fields.into_iter().collect()
}

/// The proof of a call, where Google's compatible endpoint carries it: `extra_content` of the call.
fn signed(signature: &str) -> Value {
    json!({"google": {"thought_signature": signature}})
}

/// The proof in a call's `extra_content`.
fn signature(extra_content: Option<&Value>) -> Option<String> {
    let signature = extra_content?.pointer("/google/thought_signature")?.as_str()?;
    Some(signature.to_owned())
}

/// Whether a call's `extra_content` says nothing but its proof.
fn is_only_signature(extra_content: &Value) -> bool {
    signature(Some(extra_content)).is_some_and(|found| signed(&found) == *extra_content)
}

/// The call of a free-text tool in the words of other APIs, whose tools take JSON.
fn free_text_call(id: String, name: String, input: Option<&str>) -> ToolCall {
    let arguments = json!({"input": input.unwrap_or_default()}).to_string();
    ToolCall { id, name, arguments }
}
