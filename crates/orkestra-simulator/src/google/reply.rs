//! Writing a `generateContent` answer, whole or streamed.

use serde_json::{Value, json};

use crate::answer::{Answer, Ending, compose};
use crate::delivery::{Frame, Reply};
use crate::exchange::{Call, Outcome, Twist};
use crate::rules::Model;
use crate::tokens;

use super::{Asked, Family};

/// Words per chunk of a stream: this API sends larger pieces than the others.
const WORDS: usize = 8;

pub(super) fn reply(
    call: &Call,
    model: &Model<Family>,
    asked: &Asked,
    twist: Twist,
    streams: bool,
) -> Reply {
    let answer = compose(&asked.prompt);
    let writer = Writer {
        id: call.id(),
        model: model.answers_as(),
        // Models with levels sign their answers.
        signs: !model.family.levels.is_empty(),
        answer: &answer,
        asked,
        twist,
    };
    if !streams {
        return Reply::Whole {
            body: writer.whole(),
            tokens: answer.text_tokens + answer.thinking_tokens,
        };
    }
    let chunks = writer.chunks();
    if as_events(call) {
        let event =
            |(chunk, tokens): (Value, f64)| Frame::raw(format!("data: {chunk}\r\n\r\n"), tokens);
        Reply::Stream { frames: chunks.into_iter().map(event).collect(), json: false }
    } else {
        Reply::Stream { frames: array(&chunks), json: true }
    }
}

/// Whether a stream is sent as events (`alt=sse`) or as the elements of one array.
pub(super) fn as_events(call: &Call) -> bool {
    call.parameter("alt") == Some("sse")
}

fn array(chunks: &[(Value, f64)]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for (index, (chunk, tokens)) in chunks.iter().enumerate() {
        let before = if index == 0 { "[" } else { ",\r\n" };
        frames.push(Frame::raw(format!("{before}{chunk}"), *tokens));
    }
    frames.push(Frame::raw("]", 0.0));
    frames
}

struct Writer<'a> {
    id: String,
    model: &'a str,
    signs: bool,
    answer: &'a Answer,
    asked: &'a Asked,
    twist: Twist,
}

impl Writer<'_> {
    fn whole(&self) -> Value {
        match self.twist.outcome {
            Outcome::Blocked => self.blocked(),
            Outcome::Refused => self.response(Some(json!([self.declined()])), 0),
            Outcome::Answered => {
                let mut parts = self.thoughts();
                if !self.answer.text.is_empty() {
                    parts.push(self.last_part(&self.answer.text));
                }
                let one = |index| self.candidate(index, &parts, Some(self.finish_reason()));
                let candidates: Vec<Value> = (0..self.asked.candidates).map(one).collect();
                self.response(Some(json!(candidates)), self.answer.text_tokens)
            }
        }
    }

    fn chunks(&self) -> Vec<(Value, f64)> {
        if self.twist.outcome != Outcome::Answered {
            return vec![(self.whole(), 0.0)];
        }
        let mut chunks = Vec::new();
        let mut push = |parts: &[Value], finish: Option<&str>, so_far: u64, tokens: f64| {
            let one = |index| self.candidate(index, parts, finish);
            let candidates: Vec<Value> = (0..self.asked.candidates).map(one).collect();
            chunks.push((self.response(Some(json!(candidates)), so_far), tokens));
        };
        let thoughts = self.thoughts();
        if !thoughts.is_empty() {
            push(&thoughts, None, 0, 0.0);
        }
        let pieces = self.answer.pieces();
        let groups: Vec<&[(&str, f64)]> = pieces.chunks(WORDS).collect();
        let mut weight = 0.0;
        for (index, group) in groups.iter().enumerate() {
            let text: String = group.iter().map(|(piece, _)| *piece).collect();
            let tokens: f64 = group.iter().map(|(_, tokens)| tokens).sum();
            weight += tokens;
            if index + 1 == groups.len() {
                push(
                    &[self.last_part(&text)],
                    Some(self.finish_reason()),
                    self.answer.text_tokens,
                    tokens,
                );
            } else {
                push(&[json!({"text": text})], None, tokens::whole(weight), tokens);
            }
        }
        if groups.is_empty() {
            push(&[], Some(self.finish_reason()), 0, 0.0);
        }
        chunks
    }

    fn thoughts(&self) -> Vec<Value> {
        let shown = self.asked.thoughts_shown && self.answer.thinking_tokens > 0;
        if shown {
            vec![json!({"text": self.answer.thoughts, "thought": true})]
        } else {
            Vec::new()
        }
    }

    fn last_part(&self, text: &str) -> Value {
        let mut part = json!({"text": text});
        if self.signs {
            // Base64 by its alphabet and length.
            part["thoughtSignature"] = json!(format!("c2lt{}", self.id));
        }
        part
    }

    fn finish_reason(&self) -> &'static str {
        if self.answer.ending == Ending::Length { "MAX_TOKENS" } else { "STOP" }
    }

    fn candidate(&self, index: u64, parts: &[Value], finish: Option<&str>) -> Value {
        let mut content = json!({"role": "model"});
        if !parts.is_empty() {
            content["parts"] = json!(parts);
        }
        let mut candidate = json!({"content": content, "index": index});
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        candidate
    }

    fn declined(&self) -> Value {
        let message = "[simulated] The answer was stopped for safety.";
        json!({"finishReason": "SAFETY", "index": 0, "finishMessage": message, "safetyRatings": [
            {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true}
        ]})
    }

    fn blocked(&self) -> Value {
        let mut body = self.response(None, 0);
        body["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
        body
    }

    fn response(&self, candidates: Option<Value>, text_tokens: u64) -> Value {
        let mut body = json!({});
        if let Some(candidates) = candidates {
            body["candidates"] = candidates;
        }
        if self.twist.usage {
            body["usageMetadata"] = self.usage(text_tokens);
        }
        body["modelVersion"] = json!(self.model);
        body["responseId"] = json!(format!("sim{}", self.id));
        body
    }

    /// The prompt includes what was cached, the candidates exclude the thoughts. Counters of 0 are left out.
    fn usage(&self, text_tokens: u64) -> Value {
        let answered = self.twist.outcome == Outcome::Answered;
        let thoughts = if answered { self.answer.thinking_tokens } else { 0 };
        let (prompt, cached) = (self.asked.input, self.asked.cached);
        let text = text_tokens * self.asked.candidates;
        let mut usage = json!({
            "promptTokenCount": prompt, "totalTokenCount": prompt + text + thoughts,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        });
        let counters = [
            ("candidatesTokenCount", text),
            ("thoughtsTokenCount", thoughts),
            ("cachedContentTokenCount", cached),
        ];
        for (name, count) in counters.into_iter().filter(|(_, count)| *count > 0) {
            usage[name] = json!(count);
        }
        usage
    }
}
