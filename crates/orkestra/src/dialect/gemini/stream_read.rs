//! A streamed answer → chunks.

use serde_json::Value;

use super::reply_read::Reader;
use crate::{
    chat::{Chunk, Content, Part, ToolCall},
    dialect::{StreamDecoder, fields, sse},
    error::Result,
};

/// What the last part was, as far as it matters for a proof that follows alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    /// Text without a proof so far.
    Text,
    /// Thoughts without a proof so far.
    Thoughts,
    /// Something that takes no proof any more.
    #[default]
    Closed,
}

/// Reads the events of one stream. Text comes in increments, calls of functions come whole.
#[derive(Debug, Default)]
pub(super) struct StreamReader {
    reader: Reader,
    last: Last,
    calls: usize,
}

impl StreamReader {
    /// Reads one event's JSON; a stream that was not asked to come as events is one array of them.
    pub(super) fn read(&mut self, data: Value) -> Result<Vec<Chunk>> {
        match data {
            Value::Array(pieces) => {
                let mut chunks = Vec::new();
                for piece in pieces {
                    chunks.extend(self.piece(piece)?);
                }
                Ok(chunks)
            }
            piece => self.piece(piece),
        }
    }

    fn piece(&mut self, data: Value) -> Result<Vec<Chunk>> {
        let known = self.reader.usage();
        let parts = self.reader.read(data)?;
        let mut chunks = Vec::new();
        for part in parts {
            self.part(part, &mut chunks);
        }
        // The counts grow with every piece; the last ones count.
        let told = self.reader.usage().filter(|usage| Some(*usage) != known);
        chunks.extend(told.map(Chunk::Usage));
        Ok(chunks)
    }

    fn part(&mut self, part: Part, chunks: &mut Vec<Chunk>) {
        let kind = match &part.content {
            Content::Text(_) => Last::Text,
            Content::Reasoning { .. } => Last::Thoughts,
            _ => Last::Closed,
        };
        let signature = part.signature.clone();
        match part.content {
            Content::Text(text) | Content::Reasoning { text, redacted: None }
                if text.is_empty() =>
            {
                // A proof may come in an empty part after what it proves.
                return self.proof(kind, text, signature, chunks);
            }
            Content::Text(text) => chunks.push(Chunk::Text(text)),
            Content::Reasoning { text, redacted: None } => chunks.push(Chunk::Reasoning(text)),
            Content::ToolCall(ToolCall { id, name, arguments }) => {
                let index = self.calls;
                self.calls += 1;
                chunks.push(Chunk::ToolCall { index, id, name });
                chunks.push(Chunk::ToolArguments { index, piece: arguments });
            }
            content => {
                chunks.push(Chunk::Part(Part { content, ..part }));
                self.last = Last::Closed;
                return;
            }
        }
        self.last = if signature.is_some() { Last::Closed } else { kind };
        chunks.extend(signature.map(Chunk::Signature));
    }

    fn proof(
        &mut self,
        kind: Last,
        text: String,
        signature: Option<String>,
        chunks: &mut Vec<Chunk>,
    ) {
        let Some(signature) = signature else { return };
        chunks.push(if self.last == kind {
            Chunk::Signature(signature)
        } else if kind == Last::Thoughts {
            Chunk::Part(Part::from(Content::Reasoning { text, redacted: None }).signed(signature))
        } else {
            Chunk::Part(Part::text(text).signed(signature))
        });
        self.last = Last::Closed;
    }

    /// The end of the stream. The API has no marker for it: it is the end where the model's reason to stop was told.
    pub(super) fn finish(&mut self) -> Result<Vec<Chunk>> {
        let reason = self.reader.finish_reason().ok_or_else(fields::cut)?;
        Ok(vec![Chunk::End(std::mem::take(&mut self.reader).end(reason))])
    }
}

impl StreamDecoder for StreamReader {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        // Proxies add keep-alives and the end marker of another API.
        if matches!(event.data.trim(), "" | "[DONE]") {
            return Ok(Vec::new());
        }
        self.read(fields::event_json(&event.data)?)
    }

    fn end(&mut self) -> Result<Vec<Chunk>> {
        self.finish()
    }
}
