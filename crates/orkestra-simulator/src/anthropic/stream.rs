//! The events of a streamed Messages answer.

use serde_json::{Value, json};

use crate::delivery::{Frame, Part, Template};
use crate::tokens;
use crate::vendor::Shown;

use super::reply::{Writer, extend};

impl Writer<'_> {
    pub(super) fn stream(&self) -> Vec<Frame> {
        let mut start = self.message(&[]);
        if let Some(start) = start.as_object_mut().filter(|_| self.twist.usage == Shown::Never) {
            start.remove("usage");
        }
        let mut frames = vec![
            event("message_start", json!({"message": start}), Part::Opening),
            event("ping", json!({}), Part::Opening),
        ];
        let mut index = 0;
        for block in self.thinking() {
            thinking(&mut frames, index, block);
            index += 1;
        }
        if let Some(text) = self.text() {
            self.text_block(&mut frames, index, text);
            index += 1;
        }
        for at in 0..self.calls().len() {
            self.call(&mut frames, index, at);
            index += 1;
        }
        frames.push(self.end());
        frames.push(event("message_stop", json!({}), Part::Closing));
        frames
    }

    fn text_block(&self, frames: &mut Vec<Frame>, index: usize, text: &str) {
        let block = json!({"type": "text", "text": "", "citations": null});
        begin(frames, index, &block, Part::Content);
        let delta = json!({"type": "text_delta", "text": Template::HOLE});
        let event = json!({"type": "content_block_delta", "index": index, "delta": delta});
        let template = Template::of(&event);
        for (piece, tokens) in crate::answer::pieces_of(text) {
            let data = template.with(piece);
            let frame = Frame::written(Some("content_block_delta"), data, Part::Content);
            frames.push(frame.weighing(tokens));
        }
        finish(frames, index, Part::Content);
    }

    fn call(&self, frames: &mut Vec<Frame>, index: usize, at: usize) {
        let call = &self.calls()[at];
        begin(frames, index, &self.call_block(at, call), Part::Call);
        // The first piece is empty.
        for piece in std::iter::once("").chain(call.pieces()) {
            let delta = json!({"type": "input_json_delta", "partial_json": piece});
            let frame =
                event("content_block_delta", json!({"index": index, "delta": delta}), Part::Call);
            frames.push(frame.weighing(tokens::weight(piece)));
        }
        finish(frames, index, Part::Call);
    }

    fn end(&self) -> Frame {
        let mut delta = json!({});
        self.end_of(&mut delta);
        let mut end = json!({"delta": delta});
        if self.twist.usage == Shown::AsAlways {
            // Cumulative over the whole message, input included; what cannot change is not repeated.
            let mut usage = self.input_counts();
            extend(&mut usage, self.output_counts());
            if let Some(usage) = usage.as_object_mut() {
                usage.retain(|name, _| name != "cache_creation" && name != "service_tier");
            }
            end["usage"] = usage;
        }
        event("message_delta", end, Part::Closing)
    }
}

/// The events of a block of thinking that is whole.
fn thinking(frames: &mut Vec<Frame>, index: usize, mut block: Value) {
    let whole = block.clone();
    let field = |name: &str| whole.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut deltas = Vec::new();
    if block["type"] == "thinking" {
        block["thinking"] = json!("");
        block["signature"] = json!("");
        for (piece, _) in crate::answer::pieces_of(field("thinking")) {
            deltas.push(json!({"type": "thinking_delta", "thinking": piece}));
        }
        deltas.push(json!({"type": "signature_delta", "signature": field("signature")}));
    }
    begin(frames, index, &block, Part::Content);
    for delta in deltas {
        let fields = json!({"index": index, "delta": delta});
        frames.push(event("content_block_delta", fields, Part::Content));
    }
    finish(frames, index, Part::Content);
}

fn begin(frames: &mut Vec<Frame>, index: usize, block: &Value, part: Part) {
    let fields = json!({"index": index, "content_block": block});
    frames.push(event("content_block_start", fields, part));
}

fn finish(frames: &mut Vec<Frame>, index: usize, part: Part) {
    frames.push(event("content_block_stop", json!({"index": index}), part));
}

fn event(kind: &'static str, fields: Value, part: Part) -> Frame {
    let mut event = json!({"type": kind});
    extend(&mut event, fields);
    Frame::event(Some(kind), &event, part)
}
