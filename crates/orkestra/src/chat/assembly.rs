//! Pieces → the whole answer.

use serde_json::Value;

use super::{Chunk, Content, End, Extra, Part, Reply, ToolCall, Usage};

/// Puts a streamed answer together.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    parts: Vec<Part>,
    /// Where each call of a tool stands in `parts`.
    calls: Vec<usize>,
    /// Whether the last part takes no more pieces.
    closed: bool,
    usage: Option<Usage>,
}

impl Assembly {
    /// Adds the next piece; an [`End`] adds nothing.
    pub fn add(&mut self, chunk: &Chunk) {
        match chunk {
            Chunk::Text(piece) => match self.open() {
                Some(Content::Text(text)) => text.push_str(piece),
                _ => self.begin(Content::Text(piece.clone()).into()),
            },
            Chunk::Refusal(piece) => match self.open() {
                Some(Content::Refusal(text)) => text.push_str(piece),
                _ => self.begin(Content::Refusal(piece.clone()).into()),
            },
            Chunk::Reasoning(piece) => match self.open() {
                Some(Content::Reasoning { text, redacted: None }) => text.push_str(piece),
                _ => self.begin(Content::Reasoning { text: piece.clone(), redacted: None }.into()),
            },
            Chunk::Signature(signature) => {
                if let Some(last) = self.parts.last_mut() {
                    last.signature = Some(signature.clone());
                }
                self.closed = true;
            }
            Chunk::ToolCall { index, id, name } => {
                let call = ToolCall { id: id.clone(), name: name.clone(), ..ToolCall::default() };
                self.begin(call.into());
                self.calls.resize(self.calls.len().max(index + 1), self.parts.len() - 1);
            }
            Chunk::ToolArguments { index, piece } => {
                let place = self.calls.get(*index).copied();
                if let Some(Content::ToolCall(call)) =
                    place.and_then(|place| self.parts.get_mut(place)).map(|part| &mut part.content)
                {
                    call.arguments.push_str(piece);
                }
            }
            Chunk::Part(part) => {
                self.begin(part.clone());
                self.closed = !part.only_begins();
            }
            Chunk::Extra(extra) => {
                if let Some(last) = self.parts.last_mut() {
                    extra.iter().for_each(|(name, value)| add_extra(&mut last.extra, name, value));
                }
            }
            Chunk::Usage(usage) => self.usage = Some(*usage),
            Chunk::End(_) => {}
        }
    }

    fn open(&mut self) -> Option<&mut Content> {
        if self.closed { None } else { self.parts.last_mut().map(|part| &mut part.content) }
    }

    fn begin(&mut self, part: Part) {
        self.parts.push(part);
        self.closed = false;
    }

    /// What arrived so far.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The usage that was last reported before the end.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// All that arrived, and how it ended.
    #[must_use]
    pub fn finish(self, end: End) -> Reply {
        let End { finish_reason, stop_sequence, usage, model, id, request_id, dialect, extra } =
            end;
        Reply {
            content: self.parts,
            finish_reason,
            stop_sequence,
            usage: usage.or(self.usage),
            model,
            id,
            request_id,
            dialect,
            extra,
        }
    }
}

fn add_extra(known: &mut Extra, name: &str, value: &Value) {
    match (known.get_mut(name), value) {
        (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
        _ => {
            known.insert(name.to_owned(), value.clone());
        }
    }
}

impl Reply {
    /// The pieces that [`Assembly`] makes the same answer of, each part one piece.
    #[must_use]
    pub fn chunks(&self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut calls = 0;
        for part in &self.content {
            match &part.content {
                Content::Text(text) if part.extra.is_empty() => {
                    chunks.push(Chunk::Text(text.clone()));
                }
                Content::Refusal(text) => chunks.push(Chunk::Refusal(text.clone())),
                Content::Reasoning { text, redacted: None } if part.extra.is_empty() => {
                    chunks.push(Chunk::Reasoning(text.clone()));
                }
                Content::ToolCall(call) if part.extra.is_empty() => {
                    let (id, name) = (call.id.clone(), call.name.clone());
                    chunks.push(Chunk::ToolCall { index: calls, id, name });
                    let piece = call.arguments.clone();
                    chunks.push(Chunk::ToolArguments { index: calls, piece });
                    calls += 1;
                }
                _ => {
                    chunks.push(Chunk::Part(part.clone()));
                    continue;
                }
            }
            chunks.extend(part.signature.clone().map(Chunk::Signature));
        }
        let extra: Extra = self.extra.clone();
        chunks.push(Chunk::End(End {
            finish_reason: self.finish_reason,
            stop_sequence: self.stop_sequence.clone(),
            usage: self.usage,
            model: self.model.clone(),
            id: self.id.clone(),
            request_id: self.request_id.clone(),
            dialect: self.dialect,
            extra,
        }));
        chunks
    }
}
