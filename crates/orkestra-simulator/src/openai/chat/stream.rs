//! The chunks of a streamed Chat Completions answer.

use serde_json::{Value, json};

use crate::answer::pieces_of;
use crate::delivery::{Frame, Part, Template};
use crate::openai::{CREATED, REFUSAL};
use crate::tokens;
use crate::vendor::Shown;

use super::reply::{Writer, kind_of};

impl Writer<'_> {
    pub(super) fn stream(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        for index in 0..self.asked.choices {
            self.open(&mut frames, index);
            if let Some((field, thoughts)) = self.thoughts() {
                self.pieces(&mut frames, index, field, thoughts, false);
            }
            if self.refused {
                self.pieces(&mut frames, index, "refusal", REFUSAL, true);
            } else {
                self.pieces(&mut frames, index, "content", &self.answer.text, true);
            }
            for at in 0..self.calls().len() {
                self.stream_call(&mut frames, index, at);
            }
            self.close(&mut frames, index);
        }
        let asked = self.asked.include_usage;
        if self.twist.usage == Shown::AsAlways && asked && !self.manners.usage_always {
            let mut last = self.frame(&[]);
            last["usage"] = self.usage_counts();
            frames.push(Frame::event(None, &last, Part::Closing));
        }
        frames.push(Frame::written(None, "[DONE]".to_owned(), Part::Closing));
        frames
    }

    fn open(&self, frames: &mut Vec<Frame>, index: u64) {
        let silent = self.refused || (self.answer.text.is_empty() && !self.calls().is_empty());
        let content = if silent { Value::Null } else { json!("") };
        let mut delta = json!({"role": "assistant", "content": content, "refusal": null});
        if self.manners.null_calls {
            delta["tool_calls"] = Value::Null;
        }
        let mut chunk = self.chunk(index, &delta, None);
        if index == 0 && self.twist.usage == Shown::AtTheStart {
            chunk["usage"] = self.usage_counts();
        }
        frames.push(Frame::event(None, &chunk, Part::Opening));
    }

    fn pieces(&self, frames: &mut Vec<Frame>, index: u64, field: &str, text: &str, weighs: bool) {
        if self.asked.logprobs.is_some() && field == "content" {
            for (piece, tokens) in pieces_of(text) {
                let mut chunk = self.chunk(index, &json!({field: piece}), None);
                chunk["choices"][0]["logprobs"] = self.logprobs(piece);
                frames.push(Frame::event(None, &chunk, Part::Content).weighing(tokens));
            }
            return;
        }
        let template = Template::of(&self.chunk(index, &json!({field: Template::HOLE}), None));
        for (piece, tokens) in pieces_of(text) {
            let frame = Frame::written(None, template.with(piece), Part::Content);
            frames.push(frame.weighing(if weighs { tokens } else { 0.0 }));
        }
    }

    fn stream_call(&self, frames: &mut Vec<Frame>, index: u64, at: usize) {
        let call = &self.calls()[at];
        let kind = kind_of(call);
        let field = if call.custom { "input" } else { "arguments" };
        let mut begun = json!({"index": at});
        if let (Some(begun), Value::Object(call)) =
            (begun.as_object_mut(), self.call(index, at, call))
        {
            begun.extend(call);
        }
        let weight = tokens::PER_MESSAGE + tokens::weight(&call.name);
        let chunk = self.chunk(index, &json!({"tool_calls": [begun]}), None);
        frames.push(Frame::event(None, &chunk, Part::Call).weighing(weight));
        for piece in call.pieces() {
            let more = json!({"index": at, kind: {field: piece}});
            let chunk = self.chunk(index, &json!({"tool_calls": [more]}), None);
            let frame = Frame::event(None, &chunk, Part::Call);
            frames.push(frame.weighing(tokens::weight(piece)));
        }
    }

    fn close(&self, frames: &mut Vec<Frame>, index: u64) {
        let mut chunk = self.chunk(index, &json!({}), Some(self.finish_reason()));
        let last = index + 1 == self.asked.choices;
        if last && self.manners.usage_always && self.twist.usage == Shown::AsAlways {
            chunk["usage"] = self.usage_counts();
        }
        frames.push(Frame::event(None, &chunk, Part::Closing));
    }

    fn chunk(&self, index: u64, delta: &Value, finish: Option<&str>) -> Value {
        let choice =
            json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.frame(&[choice])
    }

    fn frame(&self, choices: &[Value]) -> Value {
        let mut frame = json!({
            "id": format!("chatcmpl-sim{}", self.id), "object": "chat.completion.chunk", "created": CREATED,
            "model": self.asked.prompt.model, "service_tier": "default", "system_fingerprint": "fp_simulated",
            "choices": choices,
        });
        // Only requests that ask for the usage see the field at all.
        if self.asked.include_usage && self.twist.usage != Shown::Never {
            frame["usage"] = Value::Null;
        }
        frame
    }
}
