//! A streamed answer → chunks.

use serde_json::{Value, json};

use super::{
    super::{
        StreamDecoder,
        fields::{self, owned, text},
        sse,
    },
    errors, reply_read,
    stream_calls::Calls,
};
use crate::{
    chat::{Chunk, Content, DialectName, End, Extra, FinishReason, Usage},
    error::Result,
};

/// Reads one streamed answer.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    calls: Calls,
    finish_reason: Option<FinishReason>,
    refused: bool,
    usage: Option<Usage>,
    model: Option<String>,
    id: Option<String>,
    extra: Extra,
    of_message: Extra,
    done: bool,
}

impl Decoder {
    fn finish(&mut self) -> Result<Vec<Chunk>> {
        let Some(reason) = self.finish_reason.filter(|_| !self.done) else {
            return if self.done { Ok(Vec::new()) } else { Err(fields::cut()) };
        };
        self.done = true;
        let mut chunks = Vec::new();
        let called = !self.calls.is_empty();
        self.calls.end(self.id.as_deref(), &mut chunks)?;
        if !self.of_message.is_empty() {
            let of_message = std::mem::take(&mut self.of_message);
            self.extra.insert(reply_read::MESSAGE.into(), of_message.into());
        }
        let finish_reason = reply_read::settled(reason, called, self.refused);
        chunks.push(Chunk::End(End {
            usage: self.usage,
            model: self.model.take(),
            id: self.id.take(),
            dialect: Some(DialectName::Openai),
            extra: std::mem::take(&mut self.extra),
            ..End::new(finish_reason)
        }));
        Ok(chunks)
    }

    /// Takes what stands beside the choices.
    fn note(&mut self, data: &Value, chunks: &mut Vec<Chunk>) {
        if self.model.is_none() {
            self.model = owned(data, "model").filter(|model| !model.is_empty());
        }
        if self.id.is_none() {
            self.id = owned(data, "id").filter(|id| !id.is_empty());
        }
        reply_read::unknown_of_piece(data, &mut self.extra);
        let usage = reply_read::usage_of(data).filter(|usage| self.usage != Some(*usage));
        if let Some(usage) = usage {
            self.usage = Some(usage);
            chunks.push(Chunk::Usage(usage));
        }
    }

    fn delta(&mut self, delta: &Value, chunks: &mut Vec<Chunk>) {
        chunks.extend(reply_read::thoughts(delta).map(|text| Chunk::Reasoning(text.to_owned())));
        for content in reply_read::said(delta.get("content")) {
            chunks.push(match content {
                Content::Text(text) => Chunk::Text(text),
                Content::Reasoning { text, .. } => Chunk::Reasoning(text),
                Content::Refusal(text) => {
                    self.refused = true;
                    Chunk::Refusal(text)
                }
                other => Chunk::Part(other.into()),
            });
        }
        if let Some(refusal) = text(delta, "refusal").filter(|text| !text.is_empty()) {
            self.refused = true;
            chunks.push(Chunk::Refusal(refusal.to_owned()));
        }
        let id = self.id.as_deref();
        for piece in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.calls.piece(piece, id, chunks);
        }
        // The API's older form, which knows one call.
        if let Some(function) = delta.get("function_call").filter(|value| value.is_object()) {
            self.calls.piece(&json!({"index": 0, "function": function}), id, chunks);
        }
        reply_read::unknown_of_delta(delta, &mut self.of_message);
    }

    /// Probabilities come with the pieces of text that they belong to, and are one list in the end.
    fn logprobs(&mut self, logprobs: &Value) {
        let Some(found) = logprobs.as_object() else { return };
        let all = self.extra.entry("logprobs").or_insert_with(|| json!({}));
        for (name, value) in found {
            match (all.get_mut(name), value) {
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
                (None | Some(Value::Null), value) => all[name.as_str()] = value.clone(),
                _ => {}
            }
        }
    }
}

impl StreamDecoder for Decoder {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        let data = event.data.trim();
        if data == "[DONE]" {
            return self.finish();
        }
        if self.done || data.is_empty() {
            return Ok(Vec::new());
        }
        let data = fields::event_json(data)?;
        if let Some(error) = errors::within(&data) {
            return Err(error);
        }
        if event.name == "error" {
            return Err(errors::in_band(&data));
        }
        let choice = data.pointer("/choices/0");
        // A server that does not stream answers whole.
        if choice
            .is_some_and(|choice| choice.get("delta").is_none() && choice.get("message").is_some())
        {
            self.done = true;
            return Ok(reply_read::reply(&data)?.chunks());
        }
        let mut chunks = Vec::new();
        self.note(&data, &mut chunks);
        let Some(choice) = choice else { return Ok(chunks) };
        self.delta(choice.get("delta").unwrap_or(&Value::Null), &mut chunks);
        self.logprobs(choice.get("logprobs").unwrap_or(&Value::Null));
        if let Some(reason) = text(choice, "finish_reason").filter(|reason| !reason.is_empty()) {
            let reason = reply_read::finish_reason(reason)?;
            self.finish_reason.get_or_insert(reason);
        }
        Ok(chunks)
    }

    /// Some compatible servers close without `[DONE]`; a finish reason is enough, its lack is a cut.
    fn end(&mut self) -> Result<Vec<Chunk>> {
        self.finish()
    }
}
