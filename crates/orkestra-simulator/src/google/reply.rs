//! Writing a `generateContent` answer, whole or streamed.

use serde_json::{Value, json};

use crate::answer::{Answer, Ending, compose};
use crate::delivery::{Bill, Frame, Framing, Part, Reply};
use crate::rules::Model;
use crate::tokens;
use crate::usage::Usage;
use crate::vendor::{Call, Outcome, Shown, Twist};

use super::{Asked, Family, signatures};

/// Words per chunk of a stream: this API sends larger pieces than the others.
const WORDS: usize = 8;

pub(super) fn reply(
    call: &Call,
    model: &Model<Family>,
    asked: &Asked,
    twist: &Twist,
    streams: bool,
) -> Reply {
    let answer = compose(&asked.prompt, twist);
    let writer = Writer { id: call.id(), model, answer: &answer, asked, twist };
    let bill = Bill { model: model.answers_as().to_owned(), usage: writer.billed() };
    if !streams {
        return Reply::whole(writer.whole(), bill);
    }
    let mut frames = writer.chunks();
    if as_events(call) {
        return Reply::stream(frames, Framing::EventsCrlf, bill);
    }
    frames.push(Frame::bare("]"));
    Reply::stream(frames, Framing::Array, bill)
}

/// Whether a stream is sent as events (`alt=sse`) or as the elements of one array.
pub(super) fn as_events(call: &Call) -> bool {
    call.parameter("alt") == Some("sse")
}

struct Writer<'a> {
    id: String,
    model: &'a Model<Family>,
    answer: &'a Answer,
    asked: &'a Asked,
    twist: &'a Twist,
}

impl Writer<'_> {
    fn whole(&self) -> Value {
        let usage = self.twist.usage != Shown::Never;
        match self.twist.outcome {
            Outcome::Blocked => {
                let mut body = self.response(None, 0, usage);
                body["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
                body
            }
            Outcome::Refused => self.response(Some(json!([declined()])), 0, usage),
            Outcome::MalformedCall => self.response(Some(json!([malformed()])), 0, usage),
            Outcome::Answered | Outcome::Failed => {
                let mut parts = self.thoughts();
                if !self.answer.text.is_empty() {
                    parts.push(self.text_part(&self.answer.text, self.answer.calls.is_empty()));
                }
                parts.extend(self.calls());
                let candidates = self.candidates(&parts, Some(&self.finish_reason()));
                self.response(Some(candidates), self.answer.text_tokens, usage)
            }
        }
    }

    fn chunks(&self) -> Vec<Frame> {
        if !matches!(self.twist.outcome, Outcome::Answered | Outcome::Failed) {
            return vec![Frame::event(None, &self.whole(), Part::Content)];
        }
        let mut chunks = Chunks { writer: self, frames: Vec::new(), weight: 0.0 };
        let thoughts = self.thoughts();
        if !thoughts.is_empty() {
            chunks.push(&thoughts, Part::Content, 0.0);
        }
        let pieces = self.answer.pieces();
        let size = WORDS.min(pieces.len().div_ceil(2)).max(1);
        let groups: Vec<&[(&str, f64)]> = pieces.chunks(size).collect();
        let calls = self.calls();
        for (index, group) in groups.iter().enumerate() {
            let text: String = group.iter().map(|(piece, _)| *piece).collect();
            let tokens: f64 = group.iter().map(|(_, tokens)| tokens).sum();
            if index + 1 == groups.len() && calls.is_empty() {
                chunks.finish(&[self.text_part(&text, true)], Part::Content, tokens);
            } else {
                chunks.push(&[self.text_part(&text, false)], Part::Content, tokens);
            }
        }
        if groups.is_empty() && calls.is_empty() {
            chunks.finish(&[], Part::Content, 0.0);
        }
        for call in &calls {
            let tokens = tokens::weight(&call.to_string());
            chunks.push(std::slice::from_ref(call), Part::Call, tokens);
        }
        if !calls.is_empty() {
            chunks.finish(&[json!({"text": ""})], Part::Closing, 0.0);
        }
        chunks.frames
    }

    fn thoughts(&self) -> Vec<Value> {
        let shown = self.asked.thoughts_shown && self.answer.thinking_tokens > 0;
        if shown {
            vec![json!({"text": self.answer.thoughts, "thought": true})]
        } else {
            Vec::new()
        }
    }

    fn text_part(&self, text: &str, last: bool) -> Value {
        let mut part = json!({"text": text});
        if last && self.model.family.signs && self.asked.prompt.effort > 0.0 {
            part["thoughtSignature"] = json!(signatures::sign(&self.model.id, &self.id));
        }
        part
    }

    /// The calls. Where there are signatures, the first alone has one.
    fn calls(&self) -> Vec<Value> {
        let one = |(at, call): (usize, &crate::answer::Call)| {
            let mut part = json!({"functionCall": {"name": call.name, "args": call.object()}});
            if self.model.family.signs {
                part["functionCall"]["id"] = json!(format!("sim{}{at:02}", self.id));
                if at == 0 {
                    let said = format!("{}{}", self.id, call.name);
                    part["thoughtSignature"] = json!(signatures::sign(&self.model.id, &said));
                }
            }
            part
        };
        self.answer.calls.iter().enumerate().map(one).collect()
    }

    /// A call ends a turn like any other answer.
    fn finish_reason(&self) -> String {
        match &self.answer.ending {
            Ending::Length => "MAX_TOKENS".to_owned(),
            Ending::Named(reason) => reason.to_ascii_uppercase(),
            Ending::Done | Ending::Calls | Ending::Stop(_) => "STOP".to_owned(),
        }
    }

    fn candidates(&self, parts: &[Value], finish: Option<&str>) -> Value {
        let one = |index: u64| {
            let mut content = json!({"role": "model"});
            if !parts.is_empty() {
                content["parts"] = json!(parts);
            }
            let mut candidate = json!({"content": content, "index": index});
            if let Some(finish) = finish {
                candidate["finishReason"] = json!(finish);
                if self.asked.logprobs {
                    candidate["avgLogprobs"] = json!(-0.01);
                    candidate["logprobsResult"] = self.logprobs();
                }
            }
            candidate
        };
        (0..self.asked.candidates).map(one).collect()
    }

    fn logprobs(&self) -> Value {
        let one = |(piece, _): (&str, f64)| json!({"token": piece, "logProbability": -0.01});
        let chosen: Vec<Value> = self.answer.pieces().into_iter().map(one).collect();
        json!({"chosenCandidates": chosen})
    }

    fn response(&self, candidates: Option<Value>, text_tokens: u64, usage: bool) -> Value {
        let mut body = json!({});
        if let Some(candidates) = candidates {
            body["candidates"] = candidates;
        }
        if usage {
            body["usageMetadata"] = self.usage(text_tokens);
        }
        body["modelVersion"] = json!(self.model.answers_as());
        body["responseId"] = json!(format!("sim{}", self.id));
        body
    }

    fn thinking_tokens(&self) -> u64 {
        let thought = matches!(
            self.twist.outcome,
            Outcome::Answered | Outcome::Failed | Outcome::MalformedCall
        );
        if thought { self.answer.thinking_tokens } else { 0 }
    }

    /// The prompt includes what was cached, the candidates exclude the thoughts. Counters of 0 are left out.
    fn usage(&self, text_tokens: u64) -> Value {
        let thoughts = self.thinking_tokens();
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

    fn billed(&self) -> Usage {
        let answered = matches!(self.twist.outcome, Outcome::Answered | Outcome::Failed);
        let text = if answered { self.answer.text_tokens * self.asked.candidates } else { 0 };
        let reasoning = self.thinking_tokens();
        Usage {
            input: self.asked.input - self.asked.cached,
            cache_read: self.asked.cached,
            output: text + reasoning,
            reasoning,
            ..Usage::default()
        }
    }
}

fn declined() -> Value {
    let message = "[simulated] The answer was stopped for safety.";
    json!({"finishReason": "SAFETY", "index": 0, "finishMessage": message, "safetyRatings": [
        {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true}
    ]})
}

fn malformed() -> Value {
    let message = "Malformed function call: print(default_api.simulated(";
    json!({"content": {}, "finishReason": "MALFORMED_FUNCTION_CALL", "index": 0, "finishMessage": message})
}

/// The chunks so far, and what their texts weigh.
struct Chunks<'w, 'a> {
    writer: &'w Writer<'a>,
    frames: Vec<Frame>,
    weight: f64,
}

impl Chunks<'_, '_> {
    fn push(&mut self, parts: &[Value], part: Part, tokens: f64) {
        self.weight += tokens;
        let so_far = tokens::whole(self.weight);
        let candidates = self.writer.candidates(parts, None);
        self.add(candidates, so_far, part, tokens, false);
    }

    fn finish(&mut self, parts: &[Value], part: Part, tokens: f64) {
        let candidates = self.writer.candidates(parts, Some(&self.writer.finish_reason()));
        self.add(candidates, self.writer.answer.text_tokens, part, tokens, true);
    }

    fn add(&mut self, candidates: Value, so_far: u64, part: Part, tokens: f64, last: bool) {
        let (usage, count) = match self.writer.twist.usage {
            Shown::AsAlways => (true, if last { self.writer.answer.text_tokens } else { so_far }),
            Shown::Never => (false, 0),
            Shown::AtTheStart => (self.frames.is_empty(), self.writer.answer.text_tokens),
        };
        let chunk = self.writer.response(Some(candidates), count, usage);
        self.frames.push(Frame::event(None, &chunk, part).weighing(tokens));
    }
}
