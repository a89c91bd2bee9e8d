//! Writing a Chat Completions answer, whole or streamed.

use serde_json::{Value, json};

use crate::answer::{Answer, Ending, compose};
use crate::delivery::{Frame, Reply};
use crate::exchange::{Call, Outcome, Twist};
use crate::rules::Model;

use super::{Asked, CREATED, Family, REFUSAL};

pub(super) fn reply(call: &Call, model: &Model<Family>, asked: &Asked, twist: Twist) -> Reply {
    let answer = compose(&asked.prompt);
    let writer = Writer {
        id: format!("chatcmpl-sim{}", call.id()),
        model: model.answers_as(),
        answer: &answer,
        asked,
        refused: twist.outcome != Outcome::Answered,
        usage: twist.usage,
    };
    if asked.stream {
        Reply::Stream { frames: writer.stream(), json: false }
    } else {
        Reply::Whole { body: writer.whole(), tokens: answer.text_tokens + answer.thinking_tokens }
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
    fn whole(&self) -> Value {
        let (content, refusal) = if self.refused {
            (Value::Null, json!(REFUSAL))
        } else {
            (json!(self.answer.text), Value::Null)
        };
        let choice = |index| {
            json!({
                "index": index,
                "message": {"role": "assistant", "content": content, "refusal": refusal, "annotations": []},
                "logprobs": null,
                "finish_reason": self.finish_reason(),
            })
        };
        let choices: Vec<Value> = (0..self.asked.choices).map(choice).collect();
        let mut body = json!({
            "id": self.id, "object": "chat.completion", "created": CREATED, "model": self.model, "choices": choices,
            "usage": self.usage_counts(), "service_tier": "default", "system_fingerprint": "fp_simulated",
        });
        if !self.usage
            && let Some(body) = body.as_object_mut()
        {
            body.remove("usage");
        }
        body
    }

    fn stream(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        for index in 0..self.asked.choices {
            let (field, pieces) = if self.refused {
                ("refusal", vec![(REFUSAL, 1.0)])
            } else {
                ("content", self.answer.pieces())
            };
            let mut first = json!({"role": "assistant", "content": "", "refusal": null});
            if self.refused {
                first["content"] = Value::Null;
            }
            frames.push(self.chunk(index, &first, None, 0.0));
            for (piece, tokens) in pieces {
                frames.push(self.chunk(index, &json!({field: piece}), None, tokens));
            }
            frames.push(self.chunk(index, &json!({}), Some(self.finish_reason()), 0.0));
        }
        if self.asked.include_usage && self.usage {
            let mut last = self.frame(&[]);
            last["usage"] = self.usage_counts();
            frames.push(Frame::event(None, &last, 0.0));
        }
        frames.push(Frame::raw("data: [DONE]\n\n", 0.0));
        frames
    }

    fn chunk(&self, index: u64, delta: &Value, finish: Option<&str>, tokens: f64) -> Frame {
        let choice =
            json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
        Frame::event(None, &self.frame(&[choice]), tokens)
    }

    fn frame(&self, choices: &[Value]) -> Value {
        let mut frame = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.model,
            "service_tier": "default", "system_fingerprint": "fp_simulated", "choices": choices,
        });
        // Only requests that ask for the usage see the field at all.
        if self.asked.include_usage {
            frame["usage"] = Value::Null;
        }
        frame
    }

    fn finish_reason(&self) -> &'static str {
        if self.answer.ending == Ending::Length && !self.refused { "length" } else { "stop" }
    }

    fn usage_counts(&self) -> Value {
        let input = self.asked.input;
        let text = if self.refused { 12 } else { self.answer.text_tokens };
        let thinking = self.answer.thinking_tokens * self.asked.choices;
        let completion = text * self.asked.choices + thinking;
        json!({
            "prompt_tokens": input.total, "completion_tokens": completion, "total_tokens": input.total + completion,
            "prompt_tokens_details":
                {"cached_tokens": input.cached, "cache_write_tokens": input.written, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": thinking, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0
            },
        })
    }
}
