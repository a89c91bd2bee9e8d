//! The events of a streamed Responses answer.

use serde_json::{Value, json};

use crate::answer::pieces_of;
use crate::delivery::{Frame, Part};
use crate::tokens;

use super::reply::Writer;

/// The error that ends a stream.
pub(in crate::openai) fn error_event(body: &Value, sent: usize) -> Frame {
    let error = &body["error"];
    let event = json!({
        "type": "error", "code": error["type"], "message": error["message"], "param": null,
        "sequence_number": sent,
    });
    Frame::event(Some("error"), &event, Part::Closing)
}

impl Writer<'_> {
    pub(super) fn stream(&self) -> Vec<Frame> {
        let mut events = Events::default();
        let begun = self.response("in_progress", &[]);
        events.push("response.created", json!({"response": begun}), Part::Opening);
        events.push("response.in_progress", json!({"response": begun}), Part::Opening);
        let mut index = 0;
        if let Some(item) = self.reasoning() {
            self.stream_reasoning(&mut events, index, &item);
            index += 1;
        }
        if !self.text().is_empty() {
            self.stream_message(&mut events, index);
            index += 1;
        }
        for at in 0..self.calls().len() {
            self.stream_call(&mut events, index, at);
            index += 1;
        }
        if self.failed {
            events.frames.truncate(events.frames.len().div_ceil(2).max(3));
        }
        let (status, output) = match self.final_status() {
            status if self.failed => (status, Vec::new()),
            status => (status, self.output()),
        };
        let kind = match status.as_str() {
            "completed" => "response.completed",
            "failed" => "response.failed",
            _ => "response.incomplete",
        };
        events.push(kind, json!({"response": self.response(&status, &output)}), Part::Closing);
        events.frames
    }

    fn stream_reasoning(&self, events: &mut Events, index: usize, item: &Value) {
        let mut begun = item.clone();
        begun["summary"] = json!([]);
        events.item("response.output_item.added", index, &begun, Part::Opening);
        let at = |more: Value| {
            merged(json!({"item_id": item["id"], "output_index": index, "summary_index": 0}), more)
        };
        if self.asked.reasoning.summary {
            let part = |text: &str| json!({"part": {"type": "summary_text", "text": text}});
            let text = self.answer.thoughts.as_str();
            events.push("response.reasoning_summary_part.added", at(part("")), Part::Content);
            for (piece, _) in pieces_of(text) {
                let delta = at(json!({"delta": piece}));
                events.push("response.reasoning_summary_text.delta", delta, Part::Content);
            }
            let done = at(json!({"text": text}));
            events.push("response.reasoning_summary_text.done", done, Part::Content);
            events.push("response.reasoning_summary_part.done", at(part(text)), Part::Content);
        }
        events.item("response.output_item.done", index, item, Part::Opening);
    }

    fn stream_message(&self, events: &mut Events, index: usize) {
        let id = format!("msg_sim{}", self.id);
        let begun = self.message("in_progress", &[]);
        events.item("response.output_item.added", index, &begun, Part::Opening);
        let at = |more: Value| {
            merged(json!({"item_id": id, "output_index": index, "content_index": 0}), more)
        };
        let part = |text: &str| at(json!({"part": self.part(text)}));
        events.push("response.content_part.added", part(""), Part::Opening);
        let (delta, done, field) = if self.refused {
            ("response.refusal.delta", "response.refusal.done", "refusal")
        } else {
            ("response.output_text.delta", "response.output_text.done", "text")
        };
        for (piece, tokens) in pieces_of(self.text()) {
            let mut more = json!({"delta": piece});
            if !self.refused {
                more["logprobs"] = json!([]);
            }
            events.push(delta, at(more), Part::Content);
            events.weigh(tokens);
        }
        let mut more = json!({field: self.text()});
        if !self.refused {
            more["logprobs"] = json!([]);
        }
        events.push(done, at(more), Part::Content);
        events.push("response.content_part.done", part(self.text()), Part::Content);
        let whole = self.message(self.item_status(), &[self.part(self.text())]);
        events.item("response.output_item.done", index, &whole, Part::Content);
    }

    fn stream_call(&self, events: &mut Events, index: usize, at: usize) {
        let call = &self.calls()[at];
        let begun = self.call(at, call, "in_progress", "");
        events.item("response.output_item.added", index, &begun, Part::Call);
        events.weigh(tokens::PER_MESSAGE + tokens::weight(&call.name));
        let place =
            |more: Value| merged(json!({"item_id": begun["id"], "output_index": index}), more);
        let (delta, done, field) = if call.custom {
            (
                "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.done",
                "input",
            )
        } else {
            (
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
                "arguments",
            )
        };
        for piece in call.pieces() {
            events.push(delta, place(json!({"delta": piece})), Part::Call);
            events.weigh(tokens::weight(piece));
        }
        let mut whole = json!({field: call.arguments});
        if !call.custom {
            whole["name"] = json!(call.name);
        }
        events.push(done, place(whole), Part::Call);
        let item = self.call(at, call, "completed", &call.arguments);
        events.item("response.output_item.done", index, &item, Part::Call);
    }
}

fn merged(mut target: Value, more: Value) -> Value {
    if let (Some(target), Value::Object(more)) = (target.as_object_mut(), more) {
        target.extend(more);
    }
    target
}

/// Events under one running number.
#[derive(Default)]
struct Events {
    frames: Vec<Frame>,
}

impl Events {
    fn push(&mut self, kind: &'static str, fields: Value, part: Part) {
        let event = json!({"type": kind, "sequence_number": self.frames.len()});
        self.frames.push(Frame::event(Some(kind), &merged(event, fields), part));
    }

    fn item(&mut self, kind: &'static str, index: usize, item: &Value, part: Part) {
        self.push(kind, json!({"output_index": index, "item": item}), part);
    }

    /// Says what the last event took.
    fn weigh(&mut self, tokens: f64) {
        if let Some(last) = self.frames.pop() {
            self.frames.push(last.weighing(tokens));
        }
    }
}
