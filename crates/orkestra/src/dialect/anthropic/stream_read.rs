//! A streamed answer → chunks.

use serde_json::{Value, json};

use super::{
    super::{
        StreamDecoder,
        fields::{self, owned, text},
        sse,
    },
    blocks_write::Block,
    errors, reply_read, usage,
};
use crate::{
    chat::{Chunk, DialectName, End, Extra, Part, Usage},
    error::Result,
};

/// What a text block cites.
pub(super) const CITATIONS: &str = "citations";

/// Reads one streamed answer.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    usage: Option<Usage>,
    model: Option<String>,
    id: Option<String>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
    extra: Extra,
    /// The blocks that have begun and not ended, by their index. The API has one at a time.
    open: Vec<(u64, Open)>,
    /// Whether the block that began last is text.
    last_was_text: bool,
    /// How many calls have begun.
    calls: usize,
    done: bool,
}

/// A block that has begun.
#[derive(Debug)]
enum Open {
    Text,
    Thinking {
        /// Whether a piece of it was given.
        begun: bool,
        signature: String,
    },
    Call {
        index: usize,
        /// The arguments that stand in its beginning. Those that follow replace them.
        input: Option<Value>,
    },
    /// One that is given whole once it has ended.
    Whole {
        block: Block,
        /// Its input, in JSON.
        input: String,
    },
}

impl StreamDecoder for Decoder {
    fn event(&mut self, event: &sse::Event) -> Result<Vec<Chunk>> {
        // Some servers close with OpenAI's `[DONE]`.
        if self.done {
            return Ok(Vec::new());
        }
        let data = fields::event_json(&event.data)?;
        match text(&data, "type").unwrap_or(&event.name) {
            "error" => Err(errors::in_band(&data)),
            "message_start" => self.message_start(&data),
            "content_block_start" => {
                let block = data.get("content_block");
                let block = block.ok_or_else(|| fields::missing("content_block", &data))?;
                Ok(self.block_start(index(&data), block))
            }
            "content_block_delta" => self.block_delta(&data),
            "content_block_stop" => Ok(self.block_stop(index(&data))),
            "message_delta" => Ok(self.message_delta(&data)),
            "message_stop" => Ok(self.message_stop()),
            // `ping`, and what may come.
            _ => Ok(Vec::new()),
        }
    }

    fn end(&mut self) -> Result<Vec<Chunk>> {
        if self.done { Ok(Vec::new()) } else { Err(fields::cut()) }
    }
}

impl Decoder {
    fn message_start(&mut self, data: &Value) -> Result<Vec<Chunk>> {
        let message = data.get("message").ok_or_else(|| fields::missing("message", data))?;
        self.model = owned(message, "model");
        self.id = owned(message, "id");
        self.extra = reply_read::rest(message);
        Ok(self.count(message))
    }

    fn message_delta(&mut self, data: &Value) -> Vec<Chunk> {
        if let Some(delta) = data.get("delta") {
            self.stop_reason = owned(delta, "stop_reason").or(self.stop_reason.take());
            self.stop_sequence = owned(delta, "stop_sequence").or(self.stop_sequence.take());
            self.extra.extend(reply_read::rest(delta));
        }
        let beside = reply_read::rest(data).into_iter().filter(|(name, _)| name != "delta");
        self.extra.extend(beside);
        self.count(data)
    }

    /// Takes the counts that stand in `holder`.
    fn count(&mut self, holder: &Value) -> Vec<Chunk> {
        let Some(reported) = holder.get("usage").filter(|usage| usage.is_object()) else {
            return Vec::new();
        };
        let known = usage::read(reported, self.usage.unwrap_or_default());
        self.usage = Some(known);
        reply_read::keep(&mut self.extra, Some(reported), None, None);
        vec![Chunk::Usage(known)]
    }

    fn block_start(&mut self, index: u64, block: &Value) -> Vec<Chunk> {
        let mut chunks = self.block_stop(index);
        let given = |field: &str| text(block, field).unwrap_or_default();
        let open = match (text(block, "type"), block) {
            (Some("text"), _) => {
                // What is cited for one block is not for its neighbour.
                if self.last_was_text && block.get(CITATIONS).is_some_and(Value::is_array) {
                    chunks.push(Chunk::Part(Part::text("")));
                }
                chunks.extend(words(Chunk::Text, given("text")));
                Open::Text
            }
            (Some("thinking"), _) => {
                let piece = words(Chunk::Reasoning, given("thinking"));
                let begun = piece.is_some();
                chunks.extend(piece);
                Open::Thinking { begun, signature: given("signature").to_owned() }
            }
            (Some("tool_use"), Value::Object(fields)) if is_plain_call(fields) => {
                let index = self.calls;
                self.calls += 1;
                let (id, name) = (given("id").to_owned(), given("name").to_owned());
                chunks.push(Chunk::ToolCall { index, id, name });
                let input = block.get("input").filter(|input| input.is_object());
                Open::Call { index, input: Some(input.cloned().unwrap_or_else(|| json!({}))) }
            }
            (_, Value::Object(fields)) => {
                Open::Whole { block: fields.clone(), input: String::new() }
            }
            _ => return chunks,
        };
        self.last_was_text = matches!(open, Open::Text);
        self.open.push((index, open));
        chunks
    }

    fn block_delta(&mut self, data: &Value) -> Result<Vec<Chunk>> {
        let delta = data.get("delta").ok_or_else(|| fields::missing("delta", data))?;
        let given = |field: &str| text(delta, field).unwrap_or_default();
        let at = index(data);
        let open = self.open.iter_mut().find(|(index, _)| *index == at).map(|(_, open)| open);
        let chunk = match (text(delta, "type"), open) {
            (_, Some(Open::Whole { block, input })) => {
                add(block, input, delta);
                None
            }
            // What the pieces are of is plain even without a beginning.
            (Some("text_delta"), _) => words(Chunk::Text, given("text")),
            (Some("thinking_delta"), open) => {
                let piece = words(Chunk::Reasoning, given("thinking"));
                if let Some(Open::Thinking { begun, .. }) = open {
                    *begun |= piece.is_some();
                }
                piece
            }
            (Some("signature_delta"), Some(Open::Thinking { signature, .. })) => {
                given("signature").clone_into(signature);
                None
            }
            (Some("input_json_delta"), Some(Open::Call { index, input })) => {
                let piece = given("partial_json");
                if piece.is_empty() {
                    None
                } else {
                    *input = None;
                    Some(Chunk::ToolArguments { index: *index, piece: piece.to_owned() })
                }
            }
            (Some("input_json_delta"), None) => return Err(fields::missing("tool_use", data)),
            (Some("citations_delta"), Some(Open::Text)) => {
                let citation = delta.get("citation").cloned().unwrap_or_default();
                Some(Chunk::Extra(Extra::from_iter([(CITATIONS.to_owned(), json!([citation]))])))
            }
            // What may come.
            _ => None,
        };
        Ok(chunk.into_iter().collect())
    }

    fn block_stop(&mut self, index: u64) -> Vec<Chunk> {
        let place = self.open.iter().position(|(open, _)| *open == index);
        place.map(|place| ended(self.open.remove(place).1)).unwrap_or_default()
    }

    fn message_stop(&mut self) -> Vec<Chunk> {
        self.done = true;
        let open = std::mem::take(&mut self.open);
        let mut chunks: Vec<Chunk> = open.into_iter().flat_map(|(_, open)| ended(open)).collect();
        let (reason, sequence) = (self.stop_reason.take(), self.stop_sequence.take());
        let mut extra = std::mem::take(&mut self.extra);
        reply_read::keep(&mut extra, None, reason.as_deref(), sequence.as_deref());
        chunks.push(Chunk::End(End {
            usage: self.usage,
            model: self.model.take(),
            id: self.id.take(),
            stop_sequence: sequence,
            dialect: Some(DialectName::Anthropic),
            extra,
            ..End::new(reply_read::finish_reason(reason.as_deref()))
        }));
        chunks
    }
}

/// The place of a block in the answer.
fn index(data: &Value) -> u64 {
    data.get("index").and_then(Value::as_u64).unwrap_or(0)
}

fn words(chunk: impl Fn(String) -> Chunk, piece: &str) -> Option<Chunk> {
    (!piece.is_empty()).then(|| chunk(piece.to_owned()))
}

/// Whether there is nothing about a call that its chunks cannot tell.
fn is_plain_call(block: &Block) -> bool {
    block.iter().all(|(name, value)| match name.as_str() {
        "type" | "id" | "name" | "input" => true,
        "caller" => value["type"] == "direct",
        _ => value.is_null(),
    })
}

/// Adds a piece to a block that is kept as it comes.
fn add(block: &mut Block, input: &mut String, delta: &Value) {
    let append = |known: &mut Value, piece: &str| match known {
        Value::String(text) => text.push_str(piece),
        other => *other = piece.into(),
    };
    for (name, value) in delta.as_object().into_iter().flatten() {
        match (text(delta, "type"), name.as_str(), value) {
            (_, "type", _) => {}
            (Some("input_json_delta"), _, Value::String(piece)) => input.push_str(piece),
            (Some("text_delta" | "thinking_delta"), _, Value::String(piece)) => {
                append(block.entry(name.as_str()).or_insert_with(|| "".into()), piece);
            }
            (Some("citations_delta"), _, citation) => {
                if let Value::Array(list) = block.entry("citations").or_insert_with(|| json!([])) {
                    list.push(citation.clone());
                }
            }
            (_, name, value) => {
                block.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// What a block gives at its end.
fn ended(open: Open) -> Vec<Chunk> {
    match open {
        Open::Text => Vec::new(),
        Open::Thinking { signature, .. } if signature.is_empty() => Vec::new(),
        Open::Thinking { begun, signature } => {
            // Thoughts that the provider keeps to itself have a proof all the same.
            let thoughts = (!begun).then(|| Chunk::Reasoning(String::new()));
            thoughts.into_iter().chain([Chunk::Signature(signature)]).collect()
        }
        Open::Call { index, input } => {
            let piece = input.map(|input| input.to_string());
            piece.map(|piece| Chunk::ToolArguments { index, piece }).into_iter().collect()
        }
        Open::Whole { mut block, input } => {
            if !input.is_empty() {
                let parsed = serde_json::from_str(&input);
                block.insert("input".into(), parsed.unwrap_or_else(|_| json!({"_raw": input})));
            }
            reply_read::part(&block.into()).map(Chunk::Part).into_iter().collect()
        }
    }
}
