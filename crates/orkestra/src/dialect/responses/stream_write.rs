//! Chunks → a stream's events.

use serde_json::{Map, Value, json};

use super::{
    error,
    output::Output,
    place::object,
    reply_write::{Ending, ended, response},
};
use crate::{
    chat::{Chunk, DialectName, End, Extra, Usage},
    dialect::{Caption, StreamEncoder, sse},
    error::Error,
};

/// Writes one streamed answer.
#[derive(Debug)]
pub(super) struct Encoder {
    caption: Caption,
    output: Output,
    usage: Option<Usage>,
    /// The number of the next event.
    next: u64,
    done: bool,
}

impl Encoder {
    pub(super) fn new(caption: &Caption) -> Self {
        Self {
            caption: caption.clone(),
            // Only the end says where an answer came from.
            output: Output::new(caption, None),
            usage: None,
            next: 0,
            done: false,
        }
    }

    /// The events that begin every answer.
    fn begin(&mut self) -> Vec<sse::Event> {
        if self.next > 0 {
            return Vec::new();
        }
        let mut event = |kind| {
            let response = response(&self.caption, "in_progress", Vec::new());
            self.next += 1;
            numbered(kind, self.next - 1, object([("response", response.into())]))
        };
        vec![event("response.created"), event("response.in_progress")]
    }

    fn event(&mut self, kind: &str, fields: Map<String, Value>) -> sse::Event {
        self.next += 1;
        numbered(kind, self.next - 1, fields)
    }

    fn written(&mut self) -> Vec<sse::Event> {
        let events = self.output.take_events();
        events.into_iter().map(|(kind, fields)| self.event(kind, fields)).collect()
    }

    fn end(&mut self, end: &End) -> Vec<sse::Event> {
        self.done = true;
        self.output.end(end.finish_reason);
        let mut events = self.written();
        let own = end.dialect == Some(DialectName::Responses);
        let ending = Ending {
            finish_reason: end.finish_reason,
            refused: self.output.is_refused(),
            output: self.output.items(),
            usage: end.usage.or(self.usage),
            extra: if own { end.extra.clone() } else { Extra::new() },
        };
        let response = ended(&self.caption, ending);
        let kind = match response.get("status").and_then(Value::as_str) {
            Some("incomplete") => "response.incomplete",
            _ => "response.completed",
        };
        events.push(self.event(kind, object([("response", response)])));
        events
    }
}

fn numbered(kind: &str, number: u64, fields: Map<String, Value>) -> sse::Event {
    let mut data = object([("type", kind.into()), ("sequence_number", number.into())]);
    data.extend(fields);
    sse::Event { name: kind.to_owned(), data: Value::from(data).to_string() }
}

impl StreamEncoder for Encoder {
    fn chunk(&mut self, chunk: &Chunk) -> Vec<sse::Event> {
        if self.done {
            return Vec::new();
        }
        let mut events = self.begin();
        match chunk {
            Chunk::Text(piece) => self.output.text(piece),
            Chunk::Refusal(piece) => self.output.refusal(piece),
            Chunk::Reasoning(piece) => self.output.thoughts(piece),
            Chunk::Signature(proof) => self.output.proof(proof),
            Chunk::ToolCall { index, id, name } => self.output.call(*index, id, name),
            Chunk::ToolArguments { index, piece } => self.output.arguments(*index, piece),
            Chunk::Part(part) => self.output.part(part),
            Chunk::Extra(extra) => self.output.annotations(extra),
            Chunk::Usage(usage) => self.usage = Some(*usage),
            Chunk::End(end) => {
                events.extend(self.end(end));
                return events;
            }
        }
        events.extend(self.written());
        events
    }

    fn error(&mut self, error: &Error) -> Vec<sse::Event> {
        if self.done {
            return Vec::new();
        }
        self.done = true;
        let mut events = self.begin();
        let (code, message) = (error::code(error), error.to_string());
        let said = json!({"code": code, "message": message});
        // Some clients look for the one, some for the other.
        let fields =
            object([("code", code.into()), ("message", message.into()), ("param", Value::Null)]);
        events.push(self.event("error", fields));
        let mut response = response(&self.caption, "failed", self.output.items());
        response.insert("error".into(), said);
        events.push(self.event("response.failed", object([("response", response.into())])));
        events
    }
}
