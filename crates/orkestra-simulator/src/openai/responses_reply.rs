//! Writing a Responses answer, whole or streamed.

use serde_json::{Value, json};

use crate::answer::{Answer, Ending, compose};
use crate::delivery::{Frame, Reply};
use crate::exchange::{Call, Outcome, Twist};
use crate::rules::Model;

use super::{Asked, CREATED, Family, REFUSAL};

pub(super) fn reply(call: &Call, model: &Model<Family>, asked: &Asked, twist: Twist) -> Reply {
    let answer = compose(&asked.prompt);
    let writer = Writer {
        id: call.id(),
        model: model.answers_as(),
        answer: &answer,
        asked,
        refused: twist.outcome != Outcome::Answered,
        usage: twist.usage,
    };
    if asked.stream {
        Reply::Stream { frames: writer.stream(), json: false }
    } else {
        let body = writer.response(writer.final_status(), &writer.output());
        Reply::Whole { body, tokens: answer.text_tokens + answer.thinking_tokens }
    }
}

struct Writer<'a> {
    id: String,
    model: &'a str,
    answer: &'a Answer,
    asked: &'a Asked,
    refused: bool,
    usage: bool,
}

impl Writer<'_> {
    fn final_status(&self) -> &'static str {
        if self.answer.ending == Ending::Length && !self.refused {
            "incomplete"
        } else {
            "completed"
        }
    }

    fn response(&self, status: &str, output: &[Value]) -> Value {
        let finished = status == "completed" || status == "incomplete";
        let incomplete = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
        json!({
            "id": format!("resp_sim{}", self.id), "object": "response", "created_at": CREATED, "status": status,
            "background": false, "error": null, "incomplete_details": incomplete, "instructions": null,
            "max_output_tokens": null, "model": self.model, "output": output, "parallel_tool_calls": true,
            "previous_response_id": null, "reasoning": {"effort": null, "summary": null}, "service_tier": "default",
            "store": false, "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto",
            "tools": [], "top_p": 1.0, "truncation": "disabled", "metadata": {},
            "usage": if finished && self.usage { self.usage_counts() } else { Value::Null },
        })
    }

    fn reasoning(&self) -> Value {
        json!({"id": format!("rs_sim{}", self.id), "type": "reasoning", "summary": []})
    }

    fn message(&self, status: &str, content: &[Value]) -> Value {
        let id = format!("msg_sim{}", self.id);
        json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})
    }

    fn part(&self, text: &str) -> Value {
        if self.refused {
            json!({"type": "refusal", "refusal": text})
        } else {
            json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
        }
    }

    fn text(&self) -> &str {
        if self.refused { REFUSAL } else { &self.answer.text }
    }

    fn output(&self) -> Vec<Value> {
        let mut output = Vec::new();
        if self.answer.thinking_tokens > 0 {
            output.push(self.reasoning());
        }
        // A model that ran out of tokens while thinking says nothing at all.
        if !self.text().is_empty() {
            output.push(self.message(self.final_status(), &[self.part(self.text())]));
        }
        output
    }

    fn stream(&self) -> Vec<Frame> {
        let mut events = Events::default();
        let begun = self.response("in_progress", &[]);
        events.push("response.created", json!({"response": begun}), 0.0);
        events.push("response.in_progress", json!({"response": begun}), 0.0);
        let mut index = 0;
        if self.answer.thinking_tokens > 0 {
            let item = self.reasoning();
            events.push(
                "response.output_item.added",
                json!({"output_index": index, "item": item}),
                0.0,
            );
            events.push(
                "response.output_item.done",
                json!({"output_index": index, "item": item}),
                0.0,
            );
            index += 1;
        }
        if !self.text().is_empty() {
            self.stream_message(&mut events, index);
        }
        let status = self.final_status();
        let end = json!({"response": self.response(status, &self.output())});
        events.push(&format!("response.{status}"), end, 0.0);
        events.frames
    }

    fn stream_message(&self, events: &mut Events, index: u64) {
        let (kind, field, pieces) = if self.refused {
            ("response.refusal", "refusal", vec![(REFUSAL, 1.0)])
        } else {
            ("response.output_text", "text", self.answer.pieces())
        };
        let id = format!("msg_sim{}", self.id);
        let item = self.message("in_progress", &[]);
        events.push(
            "response.output_item.added",
            json!({"output_index": index, "item": item}),
            0.0,
        );
        let at = |more: Value| {
            let mut event = json!({"item_id": id, "output_index": index, "content_index": 0});
            if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
                event.extend(more);
            }
            event
        };
        events.push("response.content_part.added", at(json!({"part": self.part("")})), 0.0);
        for (piece, tokens) in pieces {
            let delta = if self.refused {
                json!({"delta": piece})
            } else {
                json!({"delta": piece, "logprobs": []})
            };
            events.push(&format!("{kind}.delta"), at(delta), tokens);
        }
        let mut done = json!({field: self.text()});
        if !self.refused {
            done["logprobs"] = json!([]);
        }
        events.push(&format!("{kind}.done"), at(done), 0.0);
        events.push("response.content_part.done", at(json!({"part": self.part(self.text())})), 0.0);
        let item = self.message(self.final_status(), &[self.part(self.text())]);
        events.push("response.output_item.done", json!({"output_index": index, "item": item}), 0.0);
    }

    fn usage_counts(&self) -> Value {
        let input = self.asked.input;
        let thinking = self.answer.thinking_tokens;
        let output = thinking + if self.refused { 12 } else { self.answer.text_tokens };
        json!({
            "input_tokens": input.total,
            "input_tokens_details": {"cached_tokens": input.cached, "cache_write_tokens": input.written},
            "output_tokens": output, "output_tokens_details": {"reasoning_tokens": thinking},
            "total_tokens": input.total + output,
        })
    }
}

/// Events under one running number.
#[derive(Default)]
struct Events {
    frames: Vec<Frame>,
}

impl Events {
    fn push(&mut self, kind: &str, fields: Value, tokens: f64) {
        let mut event = json!({"type": kind, "sequence_number": self.frames.len()});
        if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
            event.extend(fields);
        }
        self.frames.push(Frame::event(Some(kind), &event, tokens));
    }
}
