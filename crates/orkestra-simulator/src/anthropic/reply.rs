//! Writing a Messages answer, whole or streamed.

use serde_json::{Value, json};

use crate::answer::{Answer, Ending, compose};
use crate::delivery::{Frame, Reply};
use crate::exchange::{Call, Outcome, Twist};
use crate::rules::Model;

use super::{Asked, Family, Input};

/// How the simulator's own thinking signatures start.
pub(super) const SIGNATURE: &str = "simulated-signature-";

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
    fn thinking(&self) -> Option<(&str, String)> {
        let thinks = self.answer.thinking_tokens > 0 && !self.refused;
        let text = if self.asked.thinking_shown { self.answer.thoughts.as_str() } else { "" };
        thinks.then(|| (text, format!("{SIGNATURE}{}", self.id)))
    }

    fn whole(&self) -> Value {
        let mut content = Vec::new();
        if let Some((thinking, signature)) = self.thinking() {
            content.push(json!({"type": "thinking", "thinking": thinking, "signature": signature}));
        }
        if !self.refused && !self.answer.text.is_empty() {
            content.push(json!({"type": "text", "text": self.answer.text, "citations": null}));
        }
        let (input, output) = (self.input_counts(), self.output_counts());
        let mut message = self.message(&content, &input);
        self.end_of(&mut message);
        if self.usage {
            extend(&mut message["usage"], output);
        } else if let Some(message) = message.as_object_mut() {
            message.remove("usage");
        }
        message
    }

    fn message(&self, content: &[Value], usage: &Value) -> Value {
        json!({
            "id": format!("msg_sim{}", self.id), "type": "message", "role": "assistant", "model": self.model,
            "content": content, "stop_reason": null, "stop_sequence": null, "stop_details": null, "usage": usage,
        })
    }

    /// Sets how the message ends.
    fn end_of(&self, target: &mut Value) {
        let (reason, sequence) = match &self.answer.ending {
            _ if self.refused => ("refusal", None),
            Ending::Done => ("end_turn", None),
            Ending::Length => ("max_tokens", None),
            Ending::Stop(sequence) => ("stop_sequence", Some(sequence)),
        };
        target["stop_reason"] = json!(reason);
        target["stop_sequence"] = json!(sequence);
        target["stop_details"] = Value::Null;
        if self.refused {
            let explanation = "[simulated] The model declined to answer.";
            target["stop_details"] =
                json!({"type": "refusal", "category": "general_harms", "explanation": explanation});
        }
    }

    fn input_counts(&self) -> Value {
        let Input { plain, read, written_5m, written_1h } = self.asked.input;
        json!({
            "input_tokens": plain, "cache_creation_input_tokens": written_5m + written_1h,
            "cache_read_input_tokens": read,
            "cache_creation":
                {"ephemeral_5m_input_tokens": written_5m, "ephemeral_1h_input_tokens": written_1h},
            "output_tokens": 1, "service_tier": "standard", "server_tool_use": null,
        })
    }

    fn output_counts(&self) -> Value {
        let (text, thinking) = if self.refused {
            (1, 0)
        } else {
            (self.answer.text_tokens, self.answer.thinking_tokens)
        };
        json!({"output_tokens": text + thinking, "output_tokens_details": {"thinking_tokens": thinking}})
    }

    fn stream(&self) -> Vec<Frame> {
        let mut start = self.message(&[], &self.input_counts());
        if !self.usage
            && let Some(start) = start.as_object_mut()
        {
            start.remove("usage");
        }
        let mut frames = vec![
            event("message_start", json!({"message": start}), 0.0),
            event("ping", json!({}), 0.0),
        ];
        let mut index = 0;
        if let Some((thinking, signature)) = self.thinking() {
            let block = json!({"type": "thinking", "thinking": "", "signature": ""});
            let mut deltas = Vec::new();
            if !thinking.is_empty() {
                deltas.push((json!({"type": "thinking_delta", "thinking": thinking}), 0.0));
            }
            deltas.push((json!({"type": "signature_delta", "signature": signature}), 0.0));
            frames.extend(block_events(index, &block, deltas));
            index += 1;
        }
        if !self.refused && !self.answer.text.is_empty() {
            let block = json!({"type": "text", "text": "", "citations": null});
            let delta = |(piece, tokens)| (json!({"type": "text_delta", "text": piece}), tokens);
            frames.extend(block_events(index, &block, self.answer.pieces().into_iter().map(delta)));
        }
        let mut delta = json!({});
        self.end_of(&mut delta);
        let mut end = json!({"delta": delta});
        if self.usage {
            // Cumulative over the whole message, input included; what cannot change is not repeated.
            let mut usage = self.input_counts();
            extend(&mut usage, self.output_counts());
            if let Some(usage) = usage.as_object_mut() {
                usage.retain(|name, _| name != "cache_creation" && name != "service_tier");
            }
            end["usage"] = usage;
        }
        frames.push(event("message_delta", end, 0.0));
        frames.push(event("message_stop", json!({}), 0.0));
        frames
    }
}

fn block_events(
    index: u64,
    block: &Value,
    deltas: impl IntoIterator<Item = (Value, f64)>,
) -> Vec<Frame> {
    let mut frames =
        vec![event("content_block_start", json!({"index": index, "content_block": block}), 0.0)];
    for (delta, tokens) in deltas {
        frames.push(event("content_block_delta", json!({"index": index, "delta": delta}), tokens));
    }
    frames.push(event("content_block_stop", json!({"index": index}), 0.0));
    frames
}

fn event(kind: &str, fields: Value, tokens: f64) -> Frame {
    let mut event = json!({"type": kind});
    extend(&mut event, fields);
    Frame::event(Some(kind), &event, tokens)
}

fn extend(target: &mut Value, fields: Value) {
    if let (Some(target), Value::Object(fields)) = (target.as_object_mut(), fields) {
        target.extend(fields);
    }
}
