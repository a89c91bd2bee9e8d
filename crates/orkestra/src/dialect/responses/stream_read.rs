//! A stream's events → chunks.
//!
//! Every item is told twice: in pieces, and whole when it is done. Pieces are passed on as they come; the whole serves
//! where there were none, as with servers that send only that.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    error::{in_band, unexplained},
    item,
    reply_read::{extra, finish_reason, parts, told_failure, usage},
};
use crate::{
    chat::{Chunk, Content, DialectName, End, Extra, FinishReason, Part},
    dialect::{
        StreamDecoder,
        fields::{self, owned, text},
        sse,
    },
    error::Result,
};

/// Reads one streamed answer.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    items: HashMap<Key, Item>,
    /// How many calls are told in pieces.
    calls: usize,
    called: bool,
    refused: bool,
    last: Last,
    /// Whether the end was seen.
    done: bool,
}

/// Which item an event is about. Some servers give one item several ids, so that its place is asked first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Place(u64),
    Id(String),
}

impl Key {
    fn of(data: &Value) -> Self {
        let item = data.get("item").unwrap_or(data);
        let id = text(data, "item_id").or_else(|| text(item, "id")).unwrap_or_default();
        let place = data.get("output_index").and_then(Value::as_u64);
        place.map_or_else(|| Self::Id(id.to_owned()), Self::Place)
    }
}

/// What is known of an item.
#[derive(Debug, Default)]
struct Item {
    /// What its beginning said of it: of thoughts and messages.
    extra: Extra,
    /// The pieces of it that were passed on, by their place in it.
    told: HashSet<u64>,
    /// Where its last thought stood, and whether that was raw or a summary.
    thought: Option<(&'static str, u64)>,
    /// The call's number, where its pieces are passed on.
    call: Option<usize>,
    done: bool,
}

/// What the last chunk added to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    /// Words of a message that was marked with what is said of it.
    MarkedWords,
    Words,
    Thoughts,
    Other,
}

impl Decoder {
    fn item(&mut self, data: &Value) -> &mut Item {
        self.items.entry(Key::of(data)).or_default()
    }

    fn begun(&mut self, data: &Value) -> Vec<Chunk> {
        let item = data.get("item").unwrap_or(&Value::Null);
        match text(item, "type") {
            Some("message") => self.item(data).extra = item::about(item),
            Some("reasoning") => self.item(data).extra = item::reasoning(item).extra,
            Some("function_call") => {
                let part = item::function_call(item);
                // What only this API knows of a call cannot be told in pieces.
                if let Content::ToolCall(call) = part.content
                    && part.extra.is_empty()
                    && !call.name.is_empty()
                {
                    let index = self.next_call();
                    self.item(data).call = Some(index);
                    return vec![Chunk::ToolCall { index, id: call.id, name: call.name }];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn next_call(&mut self) -> usize {
        self.called = true;
        self.last = Last::Other;
        self.calls += 1;
        self.calls - 1
    }

    /// The words that `field` holds.
    fn words(&mut self, data: &Value, field: &str, refusal: bool) -> Vec<Chunk> {
        let Some(said) = text(data, field).filter(|said| !said.is_empty()) else {
            return Vec::new();
        };
        let at = data.get("content_index").and_then(Value::as_u64).unwrap_or_default();
        let item = self.item(data);
        let first = item.told.insert(at);
        let about = if first { item.extra.clone() } else { Extra::new() };
        let mut chunks = Vec::new();
        let follows = self.last == Last::MarkedWords;
        if first && (follows || !about.is_empty()) {
            let begins = if refusal { Content::Refusal } else { Content::Text };
            chunks.push(Chunk::Part(item::with_about(begins(String::new()).into(), &about)));
        }
        self.last = match (first, about.is_empty(), self.last) {
            (true, false, _) | (false, _, Last::MarkedWords) => Last::MarkedWords,
            _ => Last::Words,
        };
        self.refused |= refusal;
        let said = said.to_owned();
        chunks.push(if refusal { Chunk::Refusal(said) } else { Chunk::Text(said) });
        chunks
    }

    /// A source of the words that are being said.
    fn annotation(&self, data: &Value) -> Vec<Chunk> {
        match (self.last, data.get("annotation")) {
            (Last::Words | Last::MarkedWords, Some(annotation)) => {
                let list = serde_json::json!([annotation]);
                vec![Chunk::Extra(Extra::from_iter([(item::ANNOTATIONS.to_owned(), list)]))]
            }
            _ => Vec::new(),
        }
    }

    /// Words that were told whole, unless their pieces were.
    fn whole_words(&mut self, data: &Value, field: &str, refusal: bool) -> Vec<Chunk> {
        let at = data.get("content_index").and_then(Value::as_u64).unwrap_or_default();
        if self.item(data).told.contains(&at) {
            return Vec::new();
        }
        self.words(data, field, refusal)
    }

    /// The thoughts that `field` holds. `index` names the place of a piece, and with it tells a summary from what was
    /// thought; where there are both, the first to come counts.
    fn thoughts(&mut self, data: &Value, field: &str, index: &'static str) -> Vec<Chunk> {
        let Some(thought) = text(data, field).filter(|thought| !thought.is_empty()) else {
            return Vec::new();
        };
        let at = data.get(index).and_then(Value::as_u64).unwrap_or_default();
        let follows = self.last == Last::Thoughts;
        let item = self.item(data);
        let before = item.thought.replace((index, at));
        let mut chunks = Vec::new();
        match before {
            Some((kind, _)) if kind != index => {
                item.thought = before;
                return chunks;
            }
            Some(place) if place != (index, at) && follows => {
                chunks.push(Chunk::Reasoning(item::GAP.into()));
            }
            None if follows || !item.extra.is_empty() => {
                let begins = Content::Reasoning { text: String::new(), redacted: None };
                chunks.push(Chunk::Part(Part { extra: item.extra.clone(), ..begins.into() }));
            }
            _ => {}
        }
        self.last = Last::Thoughts;
        chunks.push(Chunk::Reasoning(thought.to_owned()));
        chunks
    }

    /// Thoughts that were told whole, unless their pieces were.
    fn whole_thoughts(&mut self, data: &Value, index: &'static str) -> Vec<Chunk> {
        let at = data.get(index).and_then(Value::as_u64).unwrap_or_default();
        let thought = self.item(data).thought;
        if thought.is_some_and(|(kind, last)| kind != index || last >= at) {
            return Vec::new();
        }
        self.thoughts(data, "text", index)
    }

    fn arguments(&mut self, data: &Value, field: &str) -> Vec<Chunk> {
        let Some(piece) = text(data, field).filter(|piece| !piece.is_empty()) else {
            return Vec::new();
        };
        let item = self.item(data);
        let Some(index) = item.call else { return Vec::new() };
        item.told.insert(0);
        self.last = Last::Other;
        vec![Chunk::ToolArguments { index, piece: piece.to_owned() }]
    }

    /// Arguments that were told whole, unless their pieces were.
    fn whole_arguments(&mut self, data: &Value) -> Vec<Chunk> {
        if self.item(data).told.is_empty() { self.arguments(data, "arguments") } else { Vec::new() }
    }

    fn finished(&mut self, data: &Value) -> Vec<Chunk> {
        let item = data.get("item").unwrap_or(&Value::Null);
        if std::mem::replace(&mut self.item(data).done, true) {
            return Vec::new();
        }
        match text(item, "type") {
            Some("function_call") => self.finished_call(data, item),
            Some("reasoning") if self.item(data).thought.is_some() => {
                let proof = item::reasoning(item).signature;
                if proof.is_some() {
                    self.last = Last::Other;
                }
                proof.map(Chunk::Signature).into_iter().collect()
            }
            Some("message") => {
                let told = std::mem::take(&mut self.item(data).told);
                let untold = parts(item).into_iter().zip(0..).filter(|(_, at)| !told.contains(at));
                let untold = untold.map(|(part, _)| part).filter(|part| !part.only_begins());
                let untold: Vec<Part> = untold.collect();
                self.whole(untold)
            }
            None => Vec::new(),
            Some(_) => self.whole(parts(item)),
        }
    }

    fn finished_call(&mut self, data: &Value, item: &Value) -> Vec<Chunk> {
        let part = item::function_call(item);
        let Content::ToolCall(call) = &part.content else { return Vec::new() };
        if let Some(index) = self.item(data).call {
            let untold = self.item(data).told.is_empty() && !call.arguments.is_empty();
            let piece = call.arguments.clone();
            return untold.then_some(Chunk::ToolArguments { index, piece }).into_iter().collect();
        }
        if !part.extra.is_empty() {
            return self.whole(vec![part]);
        }
        let index = self.next_call();
        let mut chunks =
            vec![Chunk::ToolCall { index, id: call.id.clone(), name: call.name.clone() }];
        if !call.arguments.is_empty() {
            chunks.push(Chunk::ToolArguments { index, piece: call.arguments.clone() });
        }
        chunks
    }

    /// Parts that nothing was told of before.
    fn whole(&mut self, parts: Vec<Part>) -> Vec<Chunk> {
        if !parts.is_empty() {
            self.last = Last::Other;
        }
        for part in &parts {
            match part.content {
                Content::Refusal(_) => self.refused = true,
                Content::ToolCall(_) => self.called = true,
                _ => {}
            }
        }
        let chunk = |part: Part| match part.content {
            Content::Text(text) if part.extra.is_empty() => Chunk::Text(text),
            _ => Chunk::Part(part),
        };
        parts.into_iter().map(chunk).collect()
    }

    fn ended(&mut self, data: &Value) -> Result<Vec<Chunk>> {
        let response = data.get("response").unwrap_or(&Value::Null);
        told_failure(response)?;
        self.done = true;
        let mut chunks = Vec::new();
        // Some servers tell everything at the end, others leave the output of the whole answer empty.
        if self.last == Last::Nothing {
            for item in item::list(response, "output") {
                let data = serde_json::json!({"item": item});
                self.items.clear();
                chunks.extend(self.finished(&data));
            }
        }
        let stopped = match finish_reason(response, &[]) {
            FinishReason::Stop if self.refused => FinishReason::ContentFilter,
            FinishReason::Stop if self.called => FinishReason::ToolCalls,
            other => other,
        };
        chunks.push(Chunk::End(End {
            usage: response.get("usage").and_then(usage),
            model: owned(response, "model"),
            id: owned(response, "id"),
            dialect: Some(DialectName::Responses),
            extra: extra(response),
            ..End::new(stopped)
        }));
        Ok(chunks)
    }
}

impl StreamDecoder for Decoder {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        if self.done || event.data.trim().is_empty() || event.data.trim() == "[DONE]" {
            return Ok(Vec::new());
        }
        let data = fields::event_json(&event.data)?;
        let kind = text(&data, "type").unwrap_or(&event.name);
        let error = data.get("error").filter(|error| !error.is_null());
        Ok(match kind {
            "error" => return Err(in_band(error.unwrap_or(&data))),
            "response.failed" => {
                told_failure(data.get("response").unwrap_or(&Value::Null))?;
                return Err(unexplained("failed"));
            }
            "response.completed" | "response.incomplete" => self.ended(&data)?,
            "response.output_item.added" => self.begun(&data),
            "response.output_item.done" => self.finished(&data),
            "response.output_text.delta" => self.words(&data, "delta", false),
            "response.output_text.done" => self.whole_words(&data, "text", false),
            "response.output_text.annotation.added" => self.annotation(&data),
            "response.refusal.delta" => self.words(&data, "delta", true),
            "response.refusal.done" => self.whole_words(&data, "refusal", true),
            "response.reasoning_summary_text.delta" => {
                self.thoughts(&data, "delta", "summary_index")
            }
            "response.reasoning_summary_text.done" => self.whole_thoughts(&data, "summary_index"),
            "response.reasoning_text.delta" => self.thoughts(&data, "delta", "content_index"),
            "response.reasoning_text.done" => self.whole_thoughts(&data, "content_index"),
            "response.function_call_arguments.delta" => self.arguments(&data, "delta"),
            "response.function_call_arguments.done" => self.whole_arguments(&data),
            "" => match error {
                Some(error) => return Err(in_band(error)),
                None => Vec::new(),
            },
            // The API promises new kinds of events.
            _ => Vec::new(),
        })
    }

    fn end(&mut self) -> Result<Vec<Chunk>> {
        if self.done { Ok(Vec::new()) } else { Err(fields::cut()) }
    }
}
