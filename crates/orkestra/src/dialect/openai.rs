//! OpenAI Chat Completions.

use serde_json::{Map, Value, json};

use super::{
    Dialect, Encoded, Failure, StreamDecoder,
    fields::{self, Said, count, owned, text},
    sse,
};
use crate::{
    catalogue::{MaxTokensField, Model},
    chat::{Chunk, FinishReason, Reply, Request, Usage},
    error::{Error, ErrorKind, Result},
};

/// `POST /chat/completions` below a base URL that ends in `/v1`.
#[derive(Clone, Copy, Debug)]
pub struct OpenAi;

impl Dialect for OpenAi {
    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        let mut warnings = Vec::new();
        let system =
            request.system.as_deref().map(|text| json!({"role": "system", "content": text}));
        let messages: Vec<Value> =
            system.into_iter().chain(request.messages.iter().map(fields::message)).collect();
        let mut body = Map::new();
        body.insert("model".into(), model.upstream_id.as_str().into());
        body.insert("messages".into(), messages.into());
        let limit = match model.parameters.max_tokens {
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
            MaxTokensField::MaxTokens => "max_tokens",
        };
        body.insert(limit.into(), request.max_tokens.into());
        if let Some(temperature) = fields::temperature(request, model, &mut warnings) {
            body.insert("temperature".into(), temperature.into());
        }
        if stream {
            body.insert("stream".into(), true.into());
            // Without it a stream says nothing of what it cost.
            body.insert("stream_options".into(), json!({"include_usage": true}));
        }
        Encoded {
            path: "/chat/completions".into(),
            headers: Vec::new(),
            body: body.into(),
            warnings,
        }
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        let body = fields::json(body)?;
        // Some compatible servers report a failure inside a 200.
        if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
            return Err(in_band(error));
        }
        let choice = body.pointer("/choices/0").ok_or_else(|| fields::missing("choices", &body))?;
        let message = choice.get("message").ok_or_else(|| fields::missing("message", &body))?;
        let refusal = text(message, "refusal");
        let finish_reason = if refusal.is_some() {
            FinishReason::ContentFilter
        } else {
            finish_reason(text(choice, "finish_reason").unwrap_or("stop"))
        };
        Ok(Reply {
            text: text(message, "content").or(refusal).unwrap_or_default().to_owned(),
            finish_reason,
            usage: body.get("usage").and_then(usage),
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
        let said = Said {
            message: text(error, "message").or_else(|| error.as_str()),
            kind: kind(error),
            retry_after: None,
        };
        fields::failure(failure, said)
    }
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// `prompt_tokens` includes what was read from and written to the cache; `completion_tokens` includes reasoning.
fn usage(usage: &Value) -> Option<Usage> {
    let prompt = fields::maybe_count(usage.get("prompt_tokens"))?;
    let none = Value::Null;
    let input = usage.get("prompt_tokens_details").unwrap_or(&none);
    let output = usage.get("completion_tokens_details").unwrap_or(&none);
    let cache_read = count(input, "cached_tokens").min(prompt);
    let cache_write = count(input, "cache_write_tokens").min(prompt - cache_read);
    Some(Usage {
        input: prompt - cache_read - cache_write,
        cache_read,
        cache_write_5m: cache_write,
        cache_write_1h: 0,
        output: count(usage, "completion_tokens"),
        reasoning: count(output, "reasoning_tokens"),
        estimated: false,
    })
}

/// What the error's code and type say where the status alone would mislead.
fn kind(error: &Value) -> Option<ErrorKind> {
    let code = text(error, "code").unwrap_or_default();
    let type_ = text(error, "type").unwrap_or_default();
    // A used-up quota is a 429 like any rate limit, but waiting does not help.
    let spent = type_ == "insufficient_quota"
        || code == "credit_balance_exhausted"
        || code.ends_with("_spend_limit_exceeded")
        || code == "organization_usage_limit_exceeded";
    match code {
        _ if spent => Some(ErrorKind::BudgetSpent),
        "context_length_exceeded" => Some(ErrorKind::TooLong),
        "invalid_api_key" => Some(ErrorKind::Unauthenticated),
        "model_not_found" => Some(ErrorKind::UnknownModel),
        _ => None,
    }
}

/// An error that arrived where an answer was expected, on an HTTP 200.
fn in_band(error: &Value) -> Error {
    let kind = kind(error).unwrap_or_else(|| match text(error, "type") {
        Some("rate_limit_exceeded" | "rate_limit_error") => {
            ErrorKind::RateLimited { retry_after: None }
        }
        Some("invalid_request_error") => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    });
    fields::in_band(kind, error)
}

#[derive(Debug, Default)]
struct Decoder {
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    model: Option<String>,
    done: bool,
}

impl Decoder {
    fn finish(&mut self) -> Vec<Chunk> {
        let Some(finish_reason) = self.finish_reason else { return Vec::new() };
        if std::mem::replace(&mut self.done, true) {
            return Vec::new();
        }
        let (usage, model) = (self.usage.take(), self.model.take());
        vec![Chunk::End { finish_reason, usage, model, request_id: None }]
    }
}

impl StreamDecoder for Decoder {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        if event.data.trim() == "[DONE]" {
            return if self.finish_reason.is_some() {
                Ok(self.finish())
            } else {
                Err(fields::cut())
            };
        }
        let data = fields::event_json(&event.data)?;
        if let Some(error) = data.get("error").filter(|error| !error.is_null()) {
            return Err(in_band(error));
        }
        if let Some(found) = data.get("usage").and_then(usage) {
            self.usage = Some(found);
        }
        if self.model.is_none() {
            self.model = owned(&data, "model");
        }
        let Some(choice) = data.pointer("/choices/0") else { return Ok(Vec::new()) };
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        let refusal = text(delta, "refusal");
        if refusal.is_some() {
            self.finish_reason = Some(FinishReason::ContentFilter);
        } else if let Some(reason) = text(choice, "finish_reason") {
            self.finish_reason.get_or_insert(finish_reason(reason));
        }
        let piece = text(delta, "content").or(refusal).filter(|piece| !piece.is_empty());
        Ok(piece.map(|piece| Chunk::Text(piece.to_owned())).into_iter().collect())
    }

    /// Some compatible servers close without `[DONE]`; a finish reason is enough, its lack is a cut.
    fn end(&mut self) -> Result<Vec<Chunk>> {
        if self.done || self.finish_reason.is_some() {
            Ok(self.finish())
        } else {
            Err(fields::cut())
        }
    }
}
