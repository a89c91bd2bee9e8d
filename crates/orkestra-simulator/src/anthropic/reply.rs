//! Writing a Messages answer.

use serde_json::{Value, json};

use crate::answer::{Answer, Call as ToolCall, Ending, compose};
use crate::delivery::{Bill, Framing, Reply};
use crate::rules::Model;
use crate::seal;
use crate::usage::Usage;
use crate::vendor::{Call, Outcome, Shown, Twist};

use super::blocks::{REDACTED, THINKING};
use super::{Asked, Family};

pub(super) fn reply(call: &Call, model: &Model<Family>, asked: &Asked, twist: &Twist) -> Reply {
    let answer = compose(&asked.prompt, twist);
    let declined = match twist.outcome {
        Outcome::Refused | Outcome::Blocked => Some("general_harms"),
        _ => asked.declined,
    };
    let writer = Writer { id: call.id(), model, answer: &answer, asked, declined, twist };
    let bill = Bill { model: model.answers_as().to_owned(), usage: writer.usage() };
    if asked.stream {
        Reply::stream(writer.stream(), Framing::Events, bill)
    } else {
        Reply::whole(writer.whole(), bill)
    }
}

pub(super) struct Writer<'a> {
    pub(super) id: String,
    pub(super) model: &'a Model<Family>,
    pub(super) answer: &'a Answer,
    pub(super) asked: &'a Asked,
    /// The category in which the model declines.
    pub(super) declined: Option<&'static str>,
    pub(super) twist: &'a Twist,
}

impl Writer<'_> {
    /// The blocks of thinking, whole.
    pub(super) fn thinking(&self) -> Vec<Value> {
        if self.answer.thinking_tokens == 0 || self.declined.is_some() {
            return Vec::new();
        }
        let (model, prefix) = (&self.model.id, self.asked.prefix);
        let text = if self.asked.thinking_shown { self.answer.thoughts.as_str() } else { "" };
        let signature = seal::seal(THINKING, model, prefix, text);
        let mut blocks =
            vec![json!({"type": "thinking", "thinking": text, "signature": signature})];
        if self.answer.redacted {
            let data = seal::seal(REDACTED, model, prefix, "");
            blocks.push(json!({"type": "redacted_thinking", "data": data}));
        }
        blocks
    }

    pub(super) fn text(&self) -> Option<&str> {
        Some(self.answer.text.as_str()).filter(|text| !text.is_empty() && self.declined.is_none())
    }

    pub(super) fn calls(&self) -> &[ToolCall] {
        if self.declined.is_some() { &[] } else { &self.answer.calls }
    }

    /// A call without its arguments.
    pub(super) fn call_block(&self, index: usize, call: &ToolCall) -> Value {
        let id = format!("toolu_sim{}{index:02}", self.id);
        json!({"type": "tool_use", "id": id, "name": call.name, "input": {}})
    }

    fn whole(&self) -> Value {
        let mut content = self.thinking();
        if let Some(text) = self.text() {
            content.push(json!({"type": "text", "text": text, "citations": null}));
        }
        for (index, call) in self.calls().iter().enumerate() {
            let mut block = self.call_block(index, call);
            block["input"] = call.object();
            content.push(block);
        }
        let mut message = self.message(&content);
        self.end_of(&mut message);
        match message.as_object_mut() {
            Some(message) if self.twist.usage == Shown::Never => drop(message.remove("usage")),
            _ => extend(&mut message["usage"], self.output_counts()),
        }
        message
    }

    /// A message whose end is still open.
    pub(super) fn message(&self, content: &[Value]) -> Value {
        json!({
            "id": format!("msg_sim{}", self.id), "type": "message", "role": "assistant",
            "model": self.model.answers_as(), "content": content, "stop_reason": null, "stop_sequence": null,
            "stop_details": null, "usage": self.input_counts(),
        })
    }

    /// Sets how the message ends.
    pub(super) fn end_of(&self, target: &mut Value) {
        let (reason, sequence) = match &self.answer.ending {
            _ if self.declined.is_some() => ("refusal", None),
            Ending::Done => ("end_turn", None),
            Ending::Calls => ("tool_use", None),
            Ending::Length => ("max_tokens", None),
            Ending::Stop(sequence) => ("stop_sequence", Some(sequence)),
            Ending::Named(reason) => (reason.as_str(), None),
        };
        target["stop_reason"] = json!(reason);
        target["stop_sequence"] = json!(sequence);
        target["stop_details"] = Value::Null;
        if let Some(category) = self.declined {
            let explanation = "[simulated] The model declined to answer.";
            target["stop_details"] =
                json!({"type": "refusal", "category": category, "explanation": explanation});
        }
    }

    pub(super) fn input_counts(&self) -> Value {
        let (plain, cached) = (self.asked.input.plain, self.asked.input.cached);
        json!({
            "input_tokens": plain, "cache_creation_input_tokens": cached.written_5m + cached.written_1h,
            "cache_read_input_tokens": cached.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": cached.written_5m,
                "ephemeral_1h_input_tokens": cached.written_1h
            },
            "output_tokens": 1, "service_tier": "standard", "server_tool_use": null,
        })
    }

    pub(super) fn output_counts(&self) -> Value {
        let (text, thinking) = self.output();
        json!({"output_tokens": text + thinking, "output_tokens_details": {"thinking_tokens": thinking}})
    }

    /// Tokens of the answer's text, and of its thinking.
    fn output(&self) -> (u64, u64) {
        if self.declined.is_some() {
            (1, 0)
        } else {
            (self.answer.text_tokens, self.answer.thinking_tokens)
        }
    }

    fn usage(&self) -> Usage {
        let (text, thinking) = self.output();
        let cached = self.asked.input.cached;
        Usage {
            input: self.asked.input.plain,
            cache_read: cached.read,
            cache_write_5m: cached.written_5m,
            cache_write_1h: cached.written_1h,
            output: text + thinking,
            reasoning: thinking,
        }
    }
}

pub(super) fn extend(target: &mut Value, fields: Value) {
    if let (Some(target), Value::Object(fields)) = (target.as_object_mut(), fields) {
        target.extend(fields);
    }
}
