//! Chunks → a streamed answer for a caller.

use serde_json::{Value, json};

use super::{
    errors,
    part_write::of,
    reply_write::{answer_part, is_proof, last_piece, response},
};
use crate::{
    chat::{Chunk, Content, Extra, Part, ToolCall, Usage},
    dialect::{Caption, StreamEncoder, sse},
    error::Error,
};

/// Writes one stream. Each event is an answer of its own that adds to those before; a call of a function is sent whole.
#[derive(Debug)]
pub(super) struct StreamWriter {
    caption: Caption,
    usage: Option<Usage>,
    /// Calls whose arguments are still arriving, by their number.
    calls: Vec<(usize, Part)>,
    /// Where a proof belongs.
    last: Last,
    begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Text,
    Thoughts,
    /// The call of this number, which was not sent yet.
    Call(usize),
}

impl StreamWriter {
    pub(super) fn new(caption: &Caption) -> Self {
        let (calls, last) = (Vec::new(), Last::Text);
        Self { caption: caption.clone(), usage: None, calls, last, begun: false }
    }

    fn event(&mut self, parts: Vec<Extra>) -> sse::Event {
        self.begun = true;
        event(&response(parts, None, None, None, &self.caption))
    }

    /// The calls that are complete, in their order, before something else is sent.
    fn complete_calls(&mut self) -> Vec<Extra> {
        let complete = |(_, part): &&(usize, Part)| match &part.content {
            // Nothing is no arguments only once nothing more comes.
            Content::ToolCall(call) => !call.arguments.trim().is_empty() && call.parsed().is_some(),
            _ => true,
        };
        let count = self.calls.iter().take_while(complete).count();
        self.take_calls(count)
    }

    fn take_calls(&mut self, count: usize) -> Vec<Extra> {
        let calls = self.calls.drain(..count);
        calls.filter_map(|(_, part)| answer_part(&part, false)).collect()
    }

    /// Sends `fields` after the calls that are complete.
    fn send(&mut self, fields: Extra, last: Last) -> Vec<sse::Event> {
        self.last = last;
        let mut events = Vec::new();
        let calls = self.complete_calls();
        if !calls.is_empty() {
            events.push(self.event(calls));
        }
        events.push(self.event(vec![fields]));
        events
    }

    fn sign(&mut self, signature: &str) -> Vec<sse::Event> {
        if let Last::Call(number) = self.last
            && let Some((_, part)) = self.calls.iter_mut().find(|(known, _)| *known == number)
        {
            part.signature = Some(signature.to_owned());
            return Vec::new();
        }
        if !is_proof(signature) {
            return Vec::new();
        }
        // What it proves is already sent; an empty part after it carries the proof, as in the API's own streams.
        let mut fields = of(json!({"text": "", "thoughtSignature": signature}));
        if self.last == Last::Thoughts {
            fields.insert("thought".into(), true.into());
        }
        vec![self.event(vec![fields])]
    }
}

impl StreamEncoder for StreamWriter {
    fn chunk(&mut self, chunk: &Chunk) -> Vec<sse::Event> {
        match chunk {
            Chunk::Text(piece) | Chunk::Refusal(piece) | Chunk::Reasoning(piece)
                if piece.is_empty() =>
            {
                Vec::new()
            }
            Chunk::Text(piece) | Chunk::Refusal(piece) => {
                self.send(of(json!({"text": piece})), Last::Text)
            }
            Chunk::Reasoning(piece) => {
                self.send(of(json!({"text": piece, "thought": true})), Last::Thoughts)
            }
            Chunk::Signature(signature) => self.sign(signature),
            Chunk::ToolCall { index, id, name } => {
                let call = ToolCall { id: id.clone(), name: name.clone(), ..ToolCall::default() };
                self.calls.push((*index, call.into()));
                self.last = Last::Call(*index);
                Vec::new()
            }
            Chunk::ToolArguments { index, piece } => {
                let call = self.calls.iter_mut().find(|(known, _)| known == index);
                if let Some((_, part)) = call
                    && let Content::ToolCall(call) = &mut part.content
                {
                    call.arguments.push_str(piece);
                    self.last = Last::Call(*index);
                }
                Vec::new()
            }
            // Its sources stand at the end of an answer here.
            Chunk::Extra(_) => Vec::new(),
            Chunk::Part(part) if part.only_begins() => Vec::new(),
            Chunk::Part(part) => {
                // Whose answer it is shows only at the end. What only this API knows names itself by its one field,
                // what only another one knows has a type.
                let own =
                    matches!(&part.content, Content::Other(value) if value.get("type").is_none());
                answer_part(part, own).map_or_else(Vec::new, |fields| self.send(fields, Last::Text))
            }
            Chunk::Usage(usage) => {
                self.usage = Some(*usage);
                Vec::new()
            }
            Chunk::End(end) => {
                let parts = self.take_calls(self.calls.len());
                let usage = end.usage.or(self.usage);
                vec![event(&last_piece(parts, self.begun, end, usage, &self.caption))]
            }
        }
    }

    fn error(&mut self, error: &Error) -> Vec<sse::Event> {
        vec![event(&errors::body(error))]
    }
}

fn event(data: &Value) -> sse::Event {
    sse::Event { name: String::new(), data: data.to_string() }
}
