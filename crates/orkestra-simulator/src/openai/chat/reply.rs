//! Writing a Chat Completions answer.

use serde_json::{Value, json};

use crate::answer::{Answer, Call as ToolCall, Ending, compose};
use crate::delivery::{Bill, Framing, Reply};
use crate::openai::{Asked, CREATED, House, Manners, REFUSAL};
use crate::vendor::{Call, Outcome, Shown, Twist};

/// Tokens of a refusal.
const REFUSAL_TOKENS: u64 = 12;

/// Answers `asked`.
pub(super) fn reply(call: &Call, asked: &Asked, twist: &Twist, house: House<'_>) -> Reply {
    let answer = compose(&asked.prompt, twist);
    let refused = matches!(twist.outcome, Outcome::Refused | Outcome::Blocked);
    let id = call.id();
    let writer = Writer { id, answer: &answer, asked, refused, twist, manners: house.manners };
    let (output, reasoning) = writer.output();
    let usage = asked.input.usage(output, reasoning);
    let bill = Bill { model: asked.prompt.model.clone(), usage };
    if asked.stream {
        Reply::stream(writer.stream(), Framing::Events, bill)
    } else {
        Reply::whole(writer.whole(), bill)
    }
}

pub(super) struct Writer<'a> {
    pub(super) id: String,
    pub(super) answer: &'a Answer,
    pub(super) asked: &'a Asked,
    pub(super) refused: bool,
    pub(super) twist: &'a Twist,
    pub(super) manners: &'a Manners,
}

impl Writer<'_> {
    fn whole(&self) -> Value {
        let choices: Vec<Value> = (0..self.asked.choices).map(|index| self.choice(index)).collect();
        let mut body = json!({
            "id": format!("chatcmpl-sim{}", self.id), "object": "chat.completion", "created": CREATED,
            "model": self.asked.prompt.model, "choices": choices, "usage": self.usage_counts(),
            "service_tier": "default", "system_fingerprint": "fp_simulated",
        });
        if let Some(body) = body.as_object_mut().filter(|_| self.twist.usage == Shown::Never) {
            body.remove("usage");
        }
        body
    }

    fn choice(&self, index: u64) -> Value {
        let content = match self.answer.text.as_str() {
            _ if self.refused => Value::Null,
            "" if !self.calls().is_empty() => Value::Null,
            text => json!(text),
        };
        let refusal = if self.refused { json!(REFUSAL) } else { Value::Null };
        let mut message =
            json!({"role": "assistant", "content": content, "refusal": refusal, "annotations": []});
        if let Some((field, thoughts)) = self.thoughts() {
            message[field] = json!(thoughts);
        }
        let calls: Vec<Value> = (0..)
            .zip(self.calls())
            .map(|(at, call)| {
                let mut begun = self.call(index, at, call);
                let field = if call.custom { "input" } else { "arguments" };
                begun[kind_of(call)][field] = json!(call.arguments);
                begun
            })
            .collect();
        if !calls.is_empty() {
            message["tool_calls"] = json!(calls);
        } else if self.manners.null_calls {
            message["tool_calls"] = Value::Null;
        }
        json!({
            "index": index, "message": message, "logprobs": self.logprobs(&self.answer.text),
            "finish_reason": self.finish_reason(),
        })
    }

    /// A call that has begun, its arguments still to come.
    pub(super) fn call(&self, choice: u64, at: usize, call: &ToolCall) -> Value {
        let kind = kind_of(call);
        let field = if call.custom { "input" } else { "arguments" };
        let id = format!("call_sim{}{choice}{at:02}", self.id);
        json!({"id": id, "type": kind, kind: {"name": call.name, field: ""}})
    }

    pub(super) fn calls(&self) -> &[ToolCall] {
        if self.refused { &[] } else { &self.answer.calls }
    }

    /// The reasoning and the field that carries it, where the provider shows it.
    pub(super) fn thoughts(&self) -> Option<(&str, &str)> {
        let field = self.manners.reasoning_field.as_deref()?;
        let thoughts = Some(self.answer.thoughts.as_str());
        thoughts.filter(|text| !text.is_empty() && !self.refused).map(|text| (field, text))
    }

    pub(super) fn finish_reason(&self) -> &str {
        match &self.answer.ending {
            Ending::Named(reason) => reason,
            _ if self.refused => "stop",
            Ending::Length => "length",
            Ending::Calls => "tool_calls",
            Ending::Done | Ending::Stop(_) => "stop",
        }
    }

    /// The probabilities of the pieces of `text`.
    pub(super) fn logprobs(&self, text: &str) -> Value {
        let Some(alternatives) = self.asked.logprobs.filter(|_| !self.refused) else {
            return Value::Null;
        };
        let one = |(piece, _): (&str, f64)| {
            let token = json!({"token": piece, "logprob": -0.01, "bytes": piece.as_bytes()});
            let mut with_alternatives = token.clone();
            with_alternatives["top_logprobs"] = json!(vec![token; alternatives.min(1)]);
            with_alternatives
        };
        let content: Vec<Value> = crate::answer::pieces_of(text).into_iter().map(one).collect();
        json!({"content": content, "refusal": null})
    }

    /// Tokens of the whole output, and of the reasoning in it.
    fn output(&self) -> (u64, u64) {
        let text = if self.refused { REFUSAL_TOKENS } else { self.answer.text_tokens };
        let thinking = self.answer.thinking_tokens * self.asked.choices;
        (text * self.asked.choices + thinking, thinking)
    }

    pub(super) fn usage_counts(&self) -> Value {
        let input = self.asked.input;
        let (output, reasoning) = self.output();
        let mut usage = json!({
            "prompt_tokens": input.total, "completion_tokens": output, "total_tokens": input.total + output,
            "prompt_tokens_details":
                {"cached_tokens": input.cached, "cache_write_tokens": input.written, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0
            },
        });
        if self.manners.hits_and_misses {
            usage["prompt_cache_hit_tokens"] = json!(input.cached);
            usage["prompt_cache_miss_tokens"] = json!(input.total - input.cached);
        }
        if self.manners.costs {
            usage["cost"] = json!(0.0001);
        }
        usage
    }
}

pub(super) const fn kind_of(call: &ToolCall) -> &'static str {
    if call.custom { "custom" } else { "function" }
}
