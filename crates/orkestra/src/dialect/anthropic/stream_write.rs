//! Chunks → a streamed answer for a caller.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::{
    super::{Caption, StreamEncoder, sse::Event},
    blocks_write::{self, Block},
    errors,
    reply_write::{block, call_id, counts, message, stop_reason},
    stream_read::CITATIONS,
};
use crate::{
    chat::{Chunk, Content, DialectName, End, Extra, Part, Usage},
    error::Error,
};

/// Writes one streamed answer. Blocks do not interleave: what comes while the arguments of a call are not complete
/// waits until they are.
#[derive(Debug)]
pub(super) struct Encoder {
    caption: Caption,
    begun: bool,
    ended: bool,
    refused: bool,
    usage: Option<Usage>,
    /// How many blocks have ended: the index of the open one.
    blocks: usize,
    open: Option<Open>,
    /// What waits for the open call.
    later: VecDeque<Chunk>,
}

/// The block that has begun.
#[derive(Debug)]
enum Open {
    Text,
    Thinking,
    Call { index: usize, arguments: String },
}

impl StreamEncoder for Encoder {
    fn chunk(&mut self, chunk: &Chunk) -> Vec<Event> {
        if self.ended {
            return Vec::new();
        }
        if let Chunk::Usage(usage) = chunk {
            self.usage = Some(*usage);
        }
        let mut events = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            events.push(self.message_start());
        }
        match chunk {
            Chunk::Usage(_) => {}
            Chunk::End(end) => self.end(end, &mut events),
            piece => self.pieces(piece, &mut events),
        }
        events
    }

    fn error(&mut self, error: &Error) -> Vec<Event> {
        if std::mem::replace(&mut self.ended, true) {
            return Vec::new();
        }
        vec![event(&errors::write(error))]
    }
}

impl Encoder {
    pub(super) fn new(caption: &Caption) -> Self {
        Self {
            caption: caption.clone(),
            begun: false,
            ended: false,
            refused: false,
            usage: None,
            blocks: 0,
            open: None,
            later: VecDeque::new(),
        }
    }

    fn message_start(&self) -> Event {
        let mut message = message(&self.caption);
        message.insert("content".into(), json!([]));
        message.insert("stop_reason".into(), Value::Null);
        message.insert("stop_sequence".into(), Value::Null);
        message.insert("usage".into(), counts(self.usage.as_ref(), &self.caption).into());
        event(&json!({"type": "message_start", "message": message}))
    }

    /// Writes a piece, and whatever waited for it.
    fn pieces(&mut self, first: &Chunk, events: &mut Vec<Event>) {
        let mut ready = self.piece(first, events);
        while let Some(chunk) = ready.pop_front() {
            let mut sooner = self.piece(&chunk, events);
            if !sooner.is_empty() {
                sooner.append(&mut ready);
                ready = sooner;
            }
        }
    }

    /// Writes a piece or lets it wait; gives what need not wait any more.
    fn piece(&mut self, chunk: &Chunk, events: &mut Vec<Event>) -> VecDeque<Chunk> {
        if self.must_wait(chunk) {
            self.later.push_back(chunk.clone());
            return VecDeque::new();
        }
        match chunk {
            Chunk::Text(piece) => self.text(piece, events),
            Chunk::Refusal(piece) => {
                self.refused = true;
                self.text(piece, events);
            }
            Chunk::Reasoning(piece) => self.reasoning(piece, events),
            Chunk::Signature(signature) => self.signature(signature, events),
            Chunk::ToolCall { index, id, name } => {
                let id = call_id(id, &self.caption, self.blocks);
                let block = [("id", id.into()), ("name", name.as_str().into())];
                let mut block = blocks_write::block("tool_use", block);
                block.insert("input".into(), json!({}));
                self.begin(&block, Open::Call { index: *index, arguments: String::new() }, events);
            }
            Chunk::ToolArguments { index, piece } => {
                self.arguments(*index, piece, events);
                if !self.later.is_empty() && self.is_complete() {
                    return std::mem::take(&mut self.later);
                }
            }
            Chunk::Part(part) if part.only_begins() => self.close_text(events),
            Chunk::Extra(extra) => self.citations(extra, events),
            Chunk::Part(part) => self.part(part, events),
            Chunk::Usage(_) | Chunk::End(_) => {}
        }
        VecDeque::new()
    }

    fn must_wait(&self, chunk: &Chunk) -> bool {
        match (&self.open, chunk) {
            (Some(Open::Call { index, .. }), Chunk::ToolArguments { index: other, .. })
                if index == other =>
            {
                false
            }
            (Some(Open::Call { .. }), _) => !self.is_complete(),
            _ => false,
        }
    }

    /// Whether the arguments of the open call are whole.
    fn is_complete(&self) -> bool {
        let Some(Open::Call { arguments, .. }) = &self.open else { return true };
        arguments.trim_end().ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok()
    }

    fn begin(&mut self, block: &Block, open: Open, events: &mut Vec<Event>) {
        self.close(events);
        let index = self.blocks;
        events.push(event(
            &json!({"type": "content_block_start", "index": index, "content_block": block}),
        ));
        self.open = Some(open);
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        if self.open.take().is_some() {
            events.push(event(&json!({"type": "content_block_stop", "index": self.blocks})));
            self.blocks += 1;
        }
    }

    /// The next text is a block of its own.
    fn close_text(&mut self, events: &mut Vec<Event>) {
        if matches!(self.open, Some(Open::Text)) {
            self.close(events);
        }
    }

    /// What the open text cites.
    fn citations(&mut self, extra: &Extra, events: &mut Vec<Event>) {
        if let (Some(Open::Text), Some(Value::Array(list))) = (&self.open, extra.get(CITATIONS)) {
            events.extend(
                list.iter().map(|one| self.delta("citations_delta", "citation", one.clone())),
            );
        }
    }

    fn delta(&self, kind: &str, field: &str, piece: impl Into<Value>) -> Event {
        let delta = json!({"type": kind, field: piece.into()});
        event(&json!({"type": "content_block_delta", "index": self.blocks, "delta": delta}))
    }

    fn text(&mut self, piece: &str, events: &mut Vec<Event>) {
        if piece.is_empty() {
            return;
        }
        if !matches!(self.open, Some(Open::Text)) {
            self.begin(&blocks_write::text(""), Open::Text, events);
        }
        events.push(self.delta("text_delta", "text", piece));
    }

    fn reasoning(&mut self, piece: &str, events: &mut Vec<Event>) {
        // Thoughts that are not shown are empty; their proof follows.
        if !matches!(self.open, Some(Open::Thinking)) {
            self.begin(&blocks_write::reasoning("", None, None), Open::Thinking, events);
        }
        if !piece.is_empty() {
            events.push(self.delta("thinking_delta", "thinking", piece));
        }
    }

    /// The proof of thoughts. Other parts have no place for theirs in this API.
    fn signature(&mut self, signature: &str, events: &mut Vec<Event>) {
        if matches!(self.open, Some(Open::Thinking)) {
            events.push(self.delta("signature_delta", "signature", signature));
            self.close(events);
        }
    }

    fn arguments(&mut self, at: usize, piece: &str, events: &mut Vec<Event>) {
        match &mut self.open {
            Some(Open::Call { index, arguments }) if *index == at && !piece.is_empty() => {
                arguments.push_str(piece);
                events.push(self.delta("input_json_delta", "partial_json", piece));
            }
            _ => {}
        }
    }

    /// A part that came whole.
    fn part(&mut self, part: &Part, events: &mut Vec<Event>) {
        match &part.content {
            Content::Text(text) if part.extra.is_empty() => return self.text(text, events),
            Content::Refusal(text) => {
                self.refused = true;
                return self.text(text, events);
            }
            Content::Other(value) if !is_ours(value) => return,
            _ => {}
        }
        let Some(mut block) = block(part, &self.caption, self.blocks) else { return };
        // Which dialect the part is of is not known before the end.
        for field in ["citations", "caller", "toolset_name"] {
            if let Some(value) = part.extra.get(field) {
                block.entry(field).or_insert_with(|| value.clone());
            }
        }
        let pieces = emptied(&mut block);
        self.begin(&block, Open::Text, events);
        events
            .extend(pieces.into_iter().map(|(kind, field, piece)| self.delta(kind, field, piece)));
        self.close(events);
    }

    fn end(&mut self, end: &End, events: &mut Vec<Event>) {
        self.ended = true;
        self.close(events);
        while !self.later.is_empty() {
            for chunk in std::mem::take(&mut self.later) {
                self.pieces(&chunk, events);
            }
            self.close(events);
        }
        let own = end.dialect == Some(DialectName::Anthropic);
        let mut extra = if own { end.extra.clone() } else { Extra::new() };
        let stop_sequence = end.stop_sequence.as_deref();
        let reason = stop_reason(end.finish_reason, stop_sequence, self.refused);
        let reason = extra.shift_remove("stop_reason").unwrap_or_else(|| reason.into());
        let mut usage = counts(end.usage.or(self.usage).as_ref(), &self.caption);
        if let Some(Value::Object(more)) = extra.shift_remove("usage") {
            blocks_write::put_extra(&mut usage, &more);
        }
        let mut delta = Map::new();
        delta.insert("stop_reason".into(), reason);
        delta.insert("stop_sequence".into(), stop_sequence.into());
        let mut data = Block::new();
        data.insert("type".into(), "message_delta".into());
        for (name, value) in extra {
            // The API has these in the delta, all else beside it.
            let inside = matches!(name.as_str(), "stop_details" | "container");
            if inside { &mut delta } else { &mut data }.entry(name).or_insert(value);
        }
        data.insert("delta".into(), delta.into());
        data.insert("usage".into(), usage.into());
        events.push(event(&data.into()));
        events.push(event(&json!({"type": "message_stop"})));
    }
}

/// Takes out of `block` what follows its beginning in pieces: the kind of the piece, its field, its text.
fn emptied(block: &mut Block) -> Vec<(&'static str, &'static str, String)> {
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut taken = |field: &str, empty: Value| {
        let value = block.insert(field.to_owned(), empty).unwrap_or_default();
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    let mut pieces = match kind.as_str() {
        "text" => vec![("text_delta", "text", taken("text", "".into()))],
        "thinking" => vec![
            ("thinking_delta", "thinking", taken("thinking", "".into())),
            ("signature_delta", "signature", taken("signature", "".into())),
        ],
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            vec![("input_json_delta", "partial_json", taken("input", json!({})))]
        }
        _ => Vec::new(),
    };
    pieces.retain(|(_, _, piece)| !piece.is_empty());
    pieces
}

/// Whether a part that only one API knows looks like a block of this one.
fn is_ours(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("_tool_use")
        || kind.ends_with("_tool_result")
        || matches!(kind, "container_upload" | "mcp_tool_listing" | "fallback")
        // OpenAI has an item of the same name, with an id.
        || (kind == "compaction" && value.get("id").is_none())
}

fn event(data: &Value) -> Event {
    let name = data.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    Event { name, data: data.to_string() }
}
