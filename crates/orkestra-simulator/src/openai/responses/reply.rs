//! Writing a Responses answer.

use serde_json::{Value, json};

use crate::answer::{Answer, Call as ToolCall, Ending, compose};
use crate::delivery::{Bill, Framing, Reply};
use crate::openai::{CREATED, REFUSAL};
use crate::seal;
use crate::usage::Usage;
use crate::vendor::{Call, Outcome, Shown, Twist};

use super::Asked;
use super::items::{NOT_STORED, REASONING, STORED};

/// Tokens of a refusal.
const REFUSAL_TOKENS: u64 = 12;

pub(in crate::openai) fn reply(call: &Call, asked: &Asked, twist: &Twist) -> Reply {
    let answer = compose(&asked.prompt, twist);
    let refused = matches!(twist.outcome, Outcome::Refused | Outcome::Blocked);
    let failed = twist.outcome == Outcome::Failed;
    let writer = Writer { id: call.id(), answer: &answer, asked, refused, failed, twist };
    let bill = Bill { model: asked.prompt.model.clone(), usage: writer.usage() };
    if asked.stream {
        Reply::stream(writer.stream(), Framing::Events, bill)
    } else {
        let body = writer.response(&writer.final_status(), &writer.output());
        Reply::whole(body, bill)
    }
}

pub(super) struct Writer<'a> {
    pub(super) id: String,
    pub(super) answer: &'a Answer,
    pub(super) asked: &'a Asked,
    pub(super) refused: bool,
    pub(super) failed: bool,
    pub(super) twist: &'a Twist,
}

impl Writer<'_> {
    pub(super) fn final_status(&self) -> String {
        match &self.answer.ending {
            _ if self.failed => "failed",
            Ending::Named(reason)
                if ["completed", "failed", "cancelled"].contains(&reason.as_str()) =>
            {
                reason
            }
            Ending::Named(_) => "incomplete",
            _ if self.refused => "completed",
            Ending::Length => "incomplete",
            _ => "completed",
        }
        .to_owned()
    }

    pub(super) fn response(&self, status: &str, output: &[Value]) -> Value {
        let finished = status == "completed" || status == "incomplete";
        let why = match &self.answer.ending {
            Ending::Named(reason) => reason.as_str(),
            _ => "max_output_tokens",
        };
        let incomplete = (status == "incomplete").then(|| json!({"reason": why}));
        let error = (status == "failed").then(|| {
            let message =
                "The server had an error while processing your request. Sorry about that!";
            json!({"code": "server_error", "message": message})
        });
        let begun = self.twist.usage == Shown::AtTheStart && status == "in_progress";
        let told = begun || (finished && self.twist.usage == Shown::AsAlways);
        let whole = finished && !self.asked.stream && self.twist.usage != Shown::Never;
        let mut response = json!({
            "id": format!("resp_sim{}", self.id), "object": "response", "created_at": CREATED, "status": status,
            "background": false, "error": error, "incomplete_details": incomplete,
            "model": self.asked.prompt.model, "output": output, "previous_response_id": null,
            "service_tier": "default",
            "usage": if told || whole { self.usage_counts() } else { Value::Null },
        });
        if let (Some(response), Some(echo)) =
            (response.as_object_mut(), self.asked.echo.as_object())
        {
            response.extend(echo.clone());
        }
        response
    }

    /// The reasoning item, if the model has thought.
    pub(super) fn reasoning(&self) -> Option<Value> {
        if self.answer.thinking_tokens == 0 {
            return None;
        }
        let shown = self.asked.reasoning;
        let start = if shown.stored { STORED } else { NOT_STORED };
        let mut item =
            json!({"id": format!("{start}{}", self.id), "type": "reasoning", "summary": []});
        if shown.summary {
            item["summary"] = json!([{"type": "summary_text", "text": self.answer.thoughts}]);
        }
        if shown.encrypted {
            item["encrypted_content"] =
                json!(seal::seal(REASONING, &self.asked.prompt.model, 0, ""));
        }
        Some(item)
    }

    pub(super) fn message(&self, status: &str, content: &[Value]) -> Value {
        let id = format!("msg_sim{}", self.id);
        json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})
    }

    pub(super) fn part(&self, text: &str) -> Value {
        if self.refused {
            json!({"type": "refusal", "refusal": text})
        } else {
            json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
        }
    }

    pub(super) fn text(&self) -> &str {
        if self.refused { REFUSAL } else { &self.answer.text }
    }

    pub(super) fn calls(&self) -> &[ToolCall] {
        if self.refused { &[] } else { &self.answer.calls }
    }

    /// A call with the arguments that were written so far.
    pub(super) fn call(&self, at: usize, call: &ToolCall, status: &str, arguments: &str) -> Value {
        let (kind, id, field) = if call.custom {
            ("custom_tool_call", "ctc", "input")
        } else {
            ("function_call", "fc", "arguments")
        };
        json!({
            "id": format!("{id}_sim{}{at:02}", self.id), "type": kind, "status": status,
            "call_id": format!("call_sim{}{at:02}", self.id), "name": call.name, field: arguments,
        })
    }

    /// Every item of the answer.
    pub(super) fn output(&self) -> Vec<Value> {
        let mut output: Vec<Value> = self.reasoning().into_iter().collect();
        let status = self.item_status();
        // A model that ran out of tokens while thinking says nothing at all.
        if !self.text().is_empty() {
            output.push(self.message(status, &[self.part(self.text())]));
        }
        for (at, call) in self.calls().iter().enumerate() {
            output.push(self.call(at, call, "completed", &call.arguments));
        }
        output
    }

    pub(super) fn item_status(&self) -> &'static str {
        if self.final_status() == "completed" { "completed" } else { "incomplete" }
    }

    fn usage(&self) -> Usage {
        let text = if self.refused { REFUSAL_TOKENS } else { self.answer.text_tokens };
        let reasoning = self.answer.thinking_tokens;
        if self.failed {
            return Usage::default();
        }
        self.asked.input.usage(text + reasoning, reasoning)
    }

    fn usage_counts(&self) -> Value {
        let (input, usage) = (self.asked.input, self.usage());
        json!({
            "input_tokens": input.total,
            "input_tokens_details": {"cached_tokens": input.cached, "cache_write_tokens": input.written},
            "output_tokens": usage.output, "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": input.total + usage.output,
        })
    }
}
