//! Gemini generateContent.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Dialect, Encoded, Failure, StreamDecoder,
    fields::{self, Said, count, owned, text},
    sse,
};
use crate::{
    catalogue::Model,
    chat::{Chunk, FinishReason, Message, Reply, Request, Role, Usage},
    error::{Error, ErrorKind, Result},
};

/// `POST /v1beta/models/{model}:generateContent` below the API's origin.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

impl Dialect for Gemini {
    /// In a header: the API takes keys in its URL too, but URLs end up in logs.
    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn request_id_header(&self) -> &'static str {
        "x-goog-request-id"
    }

    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Encoded {
        let mut warnings = Vec::new();
        let mut generation = Map::new();
        if let Some(temperature) = fields::temperature(request, model, &mut warnings) {
            generation.insert("temperature".into(), temperature.into());
        }
        generation.insert("maxOutputTokens".into(), request.max_tokens.into());
        let mut body = Map::new();
        body.insert("contents".into(), request.messages.iter().map(message).collect());
        if let Some(system) = &request.system {
            body.insert(
                "systemInstruction".into(),
                json!({"parts": [{"text": system}], "role": "user"}),
            );
        }
        body.insert("generationConfig".into(), generation.into());
        let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let path = format!("/v1beta/models/{}:{method}", model.upstream_id);
        Encoded { path, headers: Vec::new(), body: body.into(), warnings }
    }

    fn decode(&self, body: &[u8]) -> Result<Reply> {
        let body = fields::json(body)?;
        let mut reader = Reader::default();
        let text: String = reader.read(&body)?.unwrap_or_default();
        let finish_reason = reader.finish_reason.unwrap_or(FinishReason::Stop);
        Ok(Reply {
            text,
            finish_reason,
            usage: reader.usage,
            model: reader.model,
            request_id: reader.id,
        })
    }

    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(Reader::default())
    }

    fn error(&self, failure: &Failure<'_>) -> Error {
        let body = fields::json(failure.body).unwrap_or_default();
        let error = error_in(&body).unwrap_or(&Value::Null);
        let said = Said {
            message: text(error, "message"),
            kind: kind(error),
            retry_after: retry_delay(error),
        };
        fields::failure(failure, said)
    }
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "model",
    };
    json!({"role": role, "parts": [{"text": message.joined_text()}]})
}

/// Errors come as an object or, from the streaming method, as an array of one.
fn error_in(body: &Value) -> Option<&Value> {
    body.get("error").or_else(|| body.pointer("/0/error"))
}

fn kind(error: &Value) -> Option<ErrorKind> {
    let details = || error.get("details").and_then(Value::as_array).into_iter().flatten();
    // A wrong key is a 400 here.
    if details().any(|detail| text(detail, "reason") == Some("API_KEY_INVALID")) {
        return Some(ErrorKind::Unauthenticated);
    }
    let message = text(error, "message").unwrap_or_default();
    match text(error, "status")? {
        "RESOURCE_EXHAUSTED" => {
            let violations =
                details().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
            let mut quotas = violations.filter_map(|violation| text(violation, "quotaId"));
            let lasting =
                quotas.any(|quota| quota.contains("PerDay")) || message.contains("limit: 0");
            lasting.then_some(ErrorKind::BudgetSpent)
        }
        "INVALID_ARGUMENT" if message.contains("token count") => Some(ErrorKind::TooLong),
        _ => None,
    }
}

/// `RetryInfo.retryDelay`, such as `"46s"`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| text(detail, "retryDelay"))?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "MAX_TOKENS" | "CONTINUATION" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "OTHER" | "BLOCKLIST" | "PROHIBITED_CONTENT"
        | "SPII" => FinishReason::ContentFilter,
        image if image.starts_with("IMAGE_") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// Thoughts stand beside the candidates' tokens, unless the total says that they are inside.
fn usage(reported: &Value) -> Usage {
    let prompt = count(reported, "promptTokenCount");
    let cache_read = count(reported, "cachedContentTokenCount").min(prompt);
    let tool_prompt = count(reported, "toolUsePromptTokenCount");
    let candidates = count(reported, "candidatesTokenCount");
    let thoughts = count(reported, "thoughtsTokenCount");
    let inclusive =
        thoughts > 0 && prompt + tool_prompt + candidates == count(reported, "totalTokenCount");
    Usage {
        input: prompt - cache_read + tool_prompt,
        cache_read,
        output: if inclusive { candidates } else { candidates + thoughts },
        reasoning: thoughts,
        ..Usage::default()
    }
}

/// Reads a whole answer or, one after the other, the pieces of a streamed one: both have the same form.
#[derive(Debug, Default)]
struct Reader {
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    model: Option<String>,
    id: Option<String>,
}

impl Reader {
    /// Gives the piece's text; `None` where the prompt was blocked or the piece has no candidate.
    fn read(&mut self, body: &Value) -> Result<Option<String>> {
        if let Some(error) = error_in(body) {
            return Err(in_band(error));
        }
        if let Some(reported) = body.get("usageMetadata") {
            self.usage = Some(usage(reported));
        }
        self.model = self.model.take().or_else(|| owned(body, "modelVersion"));
        self.id = self.id.take().or_else(|| owned(body, "responseId"));
        let Some(candidate) = body.pointer("/candidates/0") else {
            if body.pointer("/promptFeedback/blockReason").is_some() {
                self.finish_reason = Some(FinishReason::ContentFilter);
            } else if body.get("usageMetadata").is_none() {
                return Err(fields::missing("candidates", body));
            }
            return Ok(None);
        };
        if let Some(reason) = text(candidate, "finishReason") {
            self.finish_reason = Some(finish_reason(reason));
        }
        let parts =
            candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten();
        let answer =
            parts.filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true));
        Ok(Some(answer.filter_map(|part| text(part, "text")).collect()))
    }
}

/// An error that arrived where an answer was expected.
fn in_band(error: &Value) -> Error {
    let kind = kind(error).unwrap_or_else(|| match text(error, "status") {
        Some("RESOURCE_EXHAUSTED") => ErrorKind::RateLimited { retry_after: retry_delay(error) },
        Some("INVALID_ARGUMENT" | "FAILED_PRECONDITION") => ErrorKind::InvalidRequest,
        Some("PERMISSION_DENIED" | "UNAUTHENTICATED") => ErrorKind::Unauthenticated,
        Some("NOT_FOUND") => ErrorKind::UnknownModel,
        Some("DEADLINE_EXCEEDED") => ErrorKind::Timeout,
        _ => ErrorKind::Unavailable,
    });
    fields::in_band(kind, error)
}

impl StreamDecoder for Reader {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        let data = fields::event_json(&event.data)?;
        let piece = self.read(&data)?.filter(|piece| !piece.is_empty());
        Ok(piece.map(Chunk::Text).into_iter().collect())
    }

    /// The API has no end marker: a finish reason before the connection closes is the end.
    fn end(&mut self) -> Result<Vec<Chunk>> {
        let finish_reason = self.finish_reason.take().ok_or_else(fields::cut)?;
        let (model, request_id) = (self.model.take(), self.id.take());
        Ok(vec![Chunk::End { finish_reason, usage: self.usage.take(), model, request_id }])
    }
}
