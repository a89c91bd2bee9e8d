//! Chunks → a streamed answer for a caller.

use serde_json::{Map, Value, json};

use super::{
    super::{Caption, StreamEncoder, sse::Event},
    errors, object,
    reply_read::MESSAGE,
    reply_write::{call_id, finish_reason, id, tool_call, usage},
};
use crate::{
    chat::{Chunk, Content, DialectName, End, Extra, Part, ToolCall, Usage},
    error::Error,
};

/// Writes one streamed answer.
#[derive(Debug)]
pub(super) struct Encoder {
    id: String,
    model: String,
    created: i64,
    with_usage: bool,
    begun: bool,
    ended: bool,
    refused: bool,
    usage: Option<Usage>,
    /// The number of each streamed call among all calls: some come whole, and have no number of their own.
    calls: Vec<usize>,
    /// How many calls were written.
    written: usize,
    /// The number of the call that was begun last, while it is the last part.
    open: Option<usize>,
}

impl Encoder {
    pub(super) fn new(caption: &Caption) -> Self {
        Self {
            id: id(caption),
            model: caption.model.clone(),
            created: caption.created,
            with_usage: caption.stream_usage,
            begun: false,
            ended: false,
            refused: false,
            usage: None,
            calls: Vec::new(),
            written: 0,
            open: None,
        }
    }

    fn frame(&self, choices: Value, usage: Value) -> Map<String, Value> {
        let mut frame = Map::new();
        frame.insert("id".into(), self.id.as_str().into());
        frame.insert("object".into(), "chat.completion.chunk".into());
        frame.insert("created".into(), self.created.into());
        frame.insert("model".into(), self.model.as_str().into());
        frame.insert("choices".into(), choices);
        // Only callers that asked for the usage see the field at all.
        if self.with_usage {
            frame.insert("usage".into(), usage);
        }
        frame
    }

    fn delta(&self, delta: Value) -> Event {
        let choice = object([
            ("index", 0.into()),
            ("delta", delta),
            ("logprobs", Value::Null),
            ("finish_reason", Value::Null),
        ]);
        event(self.frame(vec![choice].into(), Value::Null))
    }

    fn call(&self, call: Value) -> Event {
        self.delta(object([("tool_calls", vec![call].into())]))
    }

    /// The number of the next call.
    fn next(&mut self) -> usize {
        let number = self.written;
        self.written += 1;
        self.open = Some(number);
        number
    }

    fn text(&mut self, field: &str, text: &str) -> Option<Event> {
        self.open = None;
        // Empty pieces tell nothing.
        (!text.is_empty()).then(|| self.delta(json!({field: text})))
    }

    fn begin_call(&mut self, index: usize, id: &str, name: &str) -> Event {
        let number = self.next();
        self.calls.resize(self.calls.len().max(index + 1), number);
        self.call(json!({
            "index": number,
            "id": call_id(id, number),
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }))
    }

    fn arguments(&self, index: usize, piece: &str) -> Option<Event> {
        let number = *self.calls.get(index)?;
        let call = json!({"index": number, "function": {"arguments": piece}});
        (!piece.is_empty()).then(|| self.call(call))
    }

    /// The proof of a call. Proofs of other parts have no place in this API.
    fn signature(&self, signature: &str) -> Option<Event> {
        let number = self.open?;
        let function = json!({"arguments": ""});
        let extra = super::signed(signature);
        Some(self.call(json!({"index": number, "function": function, "extra_content": extra})))
    }

    fn part(&mut self, part: &Part) -> Vec<Event> {
        let one = match &part.content {
            Content::Text(text) => self.text("content", text),
            Content::Refusal(text) => {
                self.refused = true;
                self.text("refusal", text)
            }
            Content::Reasoning { text, .. } => self.text("reasoning_content", text),
            Content::ToolCall(call) => return self.whole_call(part, call),
            _ => None,
        };
        one.into_iter().collect()
    }

    /// A call that came whole.
    fn whole_call(&mut self, part: &Part, call: &ToolCall) -> Vec<Event> {
        let number = self.next();
        // Which dialect it came from is not known yet; no other's parts look like a free-text call.
        let free_text = part.extra.contains_key("custom");
        let mut call = tool_call(part, call, free_text, number);
        call["index"] = number.into();
        vec![self.call(call)]
    }

    fn end(&mut self, end: &End) -> Vec<Event> {
        self.ended = true;
        let own = end.dialect == Some(DialectName::Openai);
        let mut extra = if own { end.extra.clone() } else { Extra::new() };
        let choice = object([
            ("index", 0.into()),
            ("delta", extra.shift_remove(MESSAGE).unwrap_or_else(|| json!({}))),
            ("logprobs", extra.shift_remove("logprobs").unwrap_or_default()),
            ("finish_reason", finish_reason(end.finish_reason, self.refused).into()),
        ]);
        let framed = |mut frame: Map<String, Value>| {
            for (name, value) in &extra {
                frame.entry(name.as_str()).or_insert_with(|| value.clone());
            }
            event(frame)
        };
        let mut events = vec![framed(self.frame(vec![choice].into(), Value::Null))];
        if let Some(known) = end.usage.or(self.usage).filter(|_| self.with_usage) {
            events.push(framed(self.frame(json!([]), usage(&known))));
        }
        events.push(Event::of("[DONE]"));
        events
    }
}

impl StreamEncoder for Encoder {
    fn chunk(&mut self, chunk: &Chunk) -> Vec<Event> {
        if self.ended {
            return Vec::new();
        }
        let mut events = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            events.push(self.delta(json!({"role": "assistant", "content": ""})));
        }
        match chunk {
            Chunk::Text(piece) => events.extend(self.text("content", piece)),
            Chunk::Refusal(piece) => {
                self.refused = true;
                events.extend(self.text("refusal", piece));
            }
            Chunk::Reasoning(piece) => events.extend(self.text("reasoning_content", piece)),
            Chunk::Signature(signature) => events.extend(self.signature(signature)),
            Chunk::ToolCall { index, id, name } => events.push(self.begin_call(*index, id, name)),
            Chunk::ToolArguments { index, piece } => events.extend(self.arguments(*index, piece)),
            // It only says that the next pieces belong together, which they do anyway.
            Chunk::Part(part) if part.only_begins() => {}
            Chunk::Part(part) => events.extend(self.part(part)),
            // This API has its own at the end of an answer.
            Chunk::Extra(_) => {}
            Chunk::Usage(usage) => self.usage = Some(*usage),
            Chunk::End(end) => events.extend(self.end(end)),
        }
        events
    }

    fn error(&mut self, error: &Error) -> Vec<Event> {
        self.ended = true;
        vec![Event::of(errors::write(error).to_string())]
    }
}

fn event(frame: Map<String, Value>) -> Event {
    Event::of(Value::from(frame).to_string())
}
