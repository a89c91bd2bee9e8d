//! Anthropic Messages.

use serde_json::{Map, Value};

use super::{
    Dialect, Encoded, Failure, StreamDecoder,
    fields::{self, Said, count, owned, text},
    sse,
};
use crate::{
    catalogue::Model,
    chat::{Chunk, FinishReason, Reply, Request, Usage},
    error::{Error, ErrorKind, Result},
};

/// `POST /v1/messages` below a base URL that does not end in `/v1`.
#[derive(Clone, Copy, Debug)]
pub struct Anthropic;

impl Dialect for Anthropic {
    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        let mut warnings = Vec::new();
        let mut body = Map::new();
        body.insert("model".into(), model.upstream_id.as_str().into());
        body.insert("max_tokens".into(), request.max_tokens.into());
        body.insert("messages".into(), request.messages.iter().map(fields::message).collect());
        if let Some(system) = request.system.as_deref().filter(|text| !text.trim().is_empty()) {
            body.insert("system".into(), system.into());
        }
        if let Some(temperature) = fields::temperature(request, model, &mut warnings) {
            body.insert("temperature".into(), temperature.into());
        }
        if stream {
            body.insert("stream".into(), true.into());
        }
        let headers = vec![("anthropic-version", "2023-06-01")];
        Encoded { path: "/v1/messages".into(), headers, body: body.into(), warnings }
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        let body = fields::json(body)?;
        if text(&body, "type") == Some("error") {
            return Err(in_band(&body["error"]));
        }
        let blocks = body
            .get("content")
            .and_then(Value::as_array)
            .ok_or_else(|| fields::missing("content", &body))?;
        // Newer models put a thinking block first: the answer is chosen by type, never by position.
        let texts = blocks.iter().filter(|block| text(block, "type") == Some("text"));
        let reason = text(&body, "stop_reason").unwrap_or("end_turn");
        Ok(Reply {
            text: texts.filter_map(|block| text(block, "text")).collect(),
            finish_reason: finish_reason(reason),
            usage: body.get("usage").map(|reported| usage(reported, Usage::default())),
            model: owned(&body, "model"),
            request_id: None,
        })
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(Decoder::default())
    }

    fn error(&self, failure: &Failure<'_>) -> Error {
        let body = fields::json(failure.body).unwrap_or_default();
        let error = body.get("error").unwrap_or(&Value::Null);
        let mut failure = failure.clone();
        failure.request_id = failure.request_id.or_else(|| owned(&body, "request_id"));
        let said = Said { message: text(error, "message"), kind: kind(error), retry_after: None };
        fields::failure(&failure, said)
    }
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" | "compaction" => {
            FinishReason::Length
        }
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// The buckets are disjoint already. Counts that `reported` leaves out keep what `before` had: a stream's
/// last event repeats only some, and its counts are of the whole message, not additions.
fn usage(reported: &Value, before: Usage) -> Usage {
    let or = |field: &str, before: u64| fields::maybe_count(reported.get(field)).unwrap_or(before);
    let writes = or("cache_creation_input_tokens", before.cache_write_5m + before.cache_write_1h);
    let hour = reported.pointer("/cache_creation/ephemeral_1h_input_tokens");
    let cache_write_1h = fields::maybe_count(hour).unwrap_or(before.cache_write_1h).min(writes);
    let reasoning =
        reported.get("output_tokens_details").map(|details| count(details, "thinking_tokens"));
    Usage {
        input: or("input_tokens", before.input),
        cache_read: or("cache_read_input_tokens", before.cache_read),
        cache_write_5m: writes - cache_write_1h,
        cache_write_1h,
        output: or("output_tokens", before.output),
        reasoning: reasoning.unwrap_or(before.reasoning),
        estimated: false,
    }
}

fn kind(error: &Value) -> Option<ErrorKind> {
    let message = text(error, "message").unwrap_or_default();
    match text(error, "type")? {
        "enforced_spend_limit_reached" | "billing_error" => Some(ErrorKind::BudgetSpent),
        // The API has no code for these; the messages are all there is.
        "invalid_request_error" if message.starts_with("prompt is too long") => {
            Some(ErrorKind::TooLong)
        }
        "invalid_request_error" if message.contains("credit balance is too low") => {
            Some(ErrorKind::BudgetSpent)
        }
        "rate_limit_error" if message.contains("enforced_spend_limit_reached") => {
            Some(ErrorKind::BudgetSpent)
        }
        _ => None,
    }
}

/// An error that arrived where an answer was expected, on an HTTP 200.
fn in_band(error: &Value) -> Error {
    let kind = kind(error).unwrap_or_else(|| match text(error, "type") {
        Some("rate_limit_error") => ErrorKind::RateLimited { retry_after: None },
        Some("authentication_error" | "permission_error") => ErrorKind::Unauthenticated,
        Some("invalid_request_error") => ErrorKind::InvalidRequest,
        Some("not_found_error") => ErrorKind::UnknownModel,
        Some("timeout_error") => ErrorKind::Timeout,
        _ => ErrorKind::Unavailable,
    });
    fields::in_band(kind, error)
}

#[derive(Debug, Default)]
struct Decoder {
    usage: Option<Usage>,
    model: Option<String>,
    finish_reason: Option<FinishReason>,
    done: bool,
}

impl StreamDecoder for Decoder {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        let data = fields::event_json(&event.data)?;
        match text(&data, "type").unwrap_or(&event.name) {
            "error" => return Err(in_band(data.get("error").unwrap_or(&Value::Null))),
            "message_start" => {
                let message =
                    data.get("message").ok_or_else(|| fields::missing("message", &data))?;
                self.model = owned(message, "model");
                self.usage = message.get("usage").map(|reported| usage(reported, Usage::default()));
            }
            "content_block_start" | "content_block_delta" => {
                let text_block =
                    data.pointer("/content_block/text").or_else(|| data.pointer("/delta/text"));
                let piece = text_block.and_then(Value::as_str).filter(|piece| !piece.is_empty());
                return Ok(piece.map(|piece| Chunk::Text(piece.to_owned())).into_iter().collect());
            }
            "message_delta" => {
                if let Some(reported) = data.get("usage") {
                    self.usage = Some(usage(reported, self.usage.unwrap_or_default()));
                }
                if let Some(reason) = data.pointer("/delta/stop_reason").and_then(Value::as_str) {
                    self.finish_reason = Some(finish_reason(reason));
                }
            }
            "message_stop" => {
                self.done = true;
                return Ok(vec![Chunk::End {
                    finish_reason: self.finish_reason.unwrap_or(FinishReason::Stop),
                    usage: self.usage,
                    model: self.model.take(),
                    request_id: None,
                }]);
            }
            _ => {}
        }
        Ok(Vec::new())
    }

    fn end(&mut self) -> Result<Vec<Chunk>> {
        if self.done { Ok(Vec::new()) } else { Err(fields::cut()) }
    }
}
