//! An answer → a reply: one `GenerateContentResponse`, or the pieces of a streamed one, which have the same form.

use serde_json::Value;

use super::{
    errors::{self, error_in},
    finish, part_read,
    stream_read::StreamReader,
    usage,
};
use crate::{
    chat::{Assembly, Chunk, Content, DialectName, End, Extra, FinishReason, Part, Reply, Usage},
    dialect::fields::{self, Fields, add_missing},
    error::{Error, ErrorKind, Result},
};

/// How much of an answer's id becomes part of the ids of its calls. With it they differ from those of other answers, and
/// stay within the 40 characters that other APIs take.
const ID_CHARACTERS: usize = 24;

/// Reads a whole answer. A stream that was not asked to come as events is one array.
pub(super) fn reply(body: &[u8]) -> Result<Reply> {
    let body = fields::json(body)?;
    if body.is_array() {
        return gathered(body);
    }
    let mut reader = Reader::default();
    let mut content = reader.read(body)?;
    content.retain(says_something);
    if !reader.answered {
        // Counts alone are no answer.
        return Err(fields::missing("candidates", &reader.extra.into()));
    }
    // Only of a stream is it sure that a reason follows.
    reader.told.get_or_insert(FinishReason::Stop);
    let finish_reason = reader.finish_reason().unwrap_or(FinishReason::Stop);
    let End { usage, model, id, request_id, dialect, extra, .. } = reader.end(finish_reason);
    let rest = Reply::new(content, finish_reason);
    Ok(Reply { usage, model, id, request_id, dialect, extra, ..rest })
}

/// An empty text says nothing, but it may carry a proof.
fn says_something(part: &Part) -> bool {
    match &part.content {
        Content::Text(text) | Content::Reasoning { text, redacted: None } => {
            !text.is_empty() || part.signature.is_some()
        }
        _ => true,
    }
}

fn gathered(body: Value) -> Result<Reply> {
    let mut reader = StreamReader::default();
    let mut assembly = Assembly::default();
    let mut chunks = reader.read(body)?;
    chunks.extend(reader.finish()?);
    for chunk in chunks {
        match chunk {
            Chunk::End(end) => return Ok(assembly.finish(end)),
            other => assembly.add(&other),
        }
    }
    Err(fields::cut())
}

/// Reads the answer's pieces one after the other and remembers what is told but once.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Whether there was a candidate, or a reason why there is none.
    answered: bool,
    /// The reason that was told.
    told: Option<FinishReason>,
    usage: Option<Usage>,
    model: Option<String>,
    id: Option<String>,
    /// How many calls there were.
    calls: usize,
    extra: Extra,
}

impl Reader {
    /// Reads the next piece and gives its parts.
    pub(super) fn read(&mut self, body: Value) -> Result<Vec<Part>> {
        if let Some(error) = error_in(&body) {
            return Err(errors::in_band(error));
        }
        let Value::Object(mut fields) = body else {
            return Err(fields::missing("candidates", &body));
        };
        let mut take = |name: &str| fields.shift_remove(name).filter(|value| !value.is_null());
        let reported = take("usageMetadata");
        let candidates = take("candidates");
        let model = take("modelVersion").and_then(into_text);
        let id = take("responseId").and_then(into_text);
        self.model = self.model.take().or(model);
        self.id = self.id.take().or(id);
        if let Some(reported) = &reported {
            self.usage = Some(usage::read(reported));
            self.keep("usageMetadata", usage::rest(reported));
        }
        let first = match candidates {
            Some(Value::Array(candidates)) => candidates.into_iter().next(),
            _ => None,
        };
        fields.retain(|_, value| !value.is_null());
        let reason = fields.get("promptFeedback").and_then(|feedback| feedback.get("blockReason"));
        let blocked = reason.is_some_and(Value::is_string);
        if blocked {
            self.told = Some(FinishReason::ContentFilter);
        }
        self.answered |= blocked || first.is_some();
        self.extra.extend(fields);
        first.map_or_else(|| Ok(Vec::new()), |candidate| self.candidate(candidate))
    }

    fn candidate(&mut self, candidate: Value) -> Result<Vec<Part>> {
        let Value::Object(mut candidate) = candidate else {
            return Err(fields::missing("candidate", &candidate));
        };
        let word = candidate.shift_remove("finishReason").and_then(into_text);
        // The first of the enumeration stands for nothing.
        let told = |word: &String| !matches!(word.as_str(), "" | "FINISH_REASON_UNSPECIFIED");
        if let Some(word) = word.filter(told) {
            let Some(reason) = finish::read(&word) else { return Err(failed(&word, &candidate)) };
            self.told = Some(reason);
            if finish::word(reason) != word {
                candidate.insert("finishReason".into(), word.into());
            }
        }
        // Without any parts where the limit was reached in thinking, without content where it was blocked.
        let parts = match candidate.shift_remove("content") {
            Some(Value::Object(mut content)) => content.shift_remove("parts"),
            _ => None,
        };
        candidate.shift_remove("index");
        candidate.retain(|_, value| !value.is_null());
        if !candidate.is_empty() {
            let mut told = match self.extra.shift_remove("candidates") {
                Some(Value::Array(mut told)) => told.pop(),
                _ => None,
            };
            // What is said later is said with more knowledge.
            if let Some(Value::Object(told)) = told.take() {
                add_missing(&mut candidate, &told);
            }
            self.extra.insert("candidates".into(), vec![Value::Object(candidate)].into());
        }
        let parts = match parts {
            Some(Value::Array(parts)) => parts,
            _ => Vec::new(),
        };
        parts.into_iter().map(|part| self.part(part)).collect()
    }

    fn part(&mut self, value: Value) -> Result<Part> {
        // An empty part says nothing; only callers are told so.
        if value.as_object().is_some_and(|fields| fields.values().all(Value::is_null)) {
            return Ok(Part::text(""));
        }
        let mut part = Fields::of(value, "candidates[0].content.parts")
            .and_then(|part| part_read::part(part.of_protocol_buffers()))
            .map_err(|error| {
                let message = format!("the provider's answer is malformed: {error}");
                Error::new(ErrorKind::Unavailable, message)
            })?;
        if let Content::ToolCall(call) = &mut part.content {
            if call.id.is_empty() {
                call.id = self.call_id();
            }
            self.calls += 1;
        }
        Ok(part)
    }

    /// An id for a call that has none, as those of models before Gemini 3.
    fn call_id(&self) -> String {
        let answer = self.id.as_deref().unwrap_or_default();
        let allowed = |character: &char| character.is_ascii_alphanumeric() || *character == '-';
        let answer: String = answer.chars().filter(allowed).take(ID_CHARACTERS).collect();
        let number = self.calls;
        if answer.is_empty() { format!("call_{number}") } else { format!("call_{answer}_{number}") }
    }

    fn keep(&mut self, name: &str, rest: Extra) {
        if !rest.is_empty() {
            self.extra.insert(name.to_owned(), rest.into());
        }
    }

    /// What was reported so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Why the model stopped, once it is known. Calls are a reason by themselves: the API says `STOP` then.
    pub(super) fn finish_reason(&self) -> Option<FinishReason> {
        let told = self.told?;
        Some(if self.calls > 0 { FinishReason::ToolCalls } else { told })
    }

    /// Everything about the answer but its parts.
    pub(super) fn end(self, finish_reason: FinishReason) -> End {
        let Self { usage, model, id, extra, .. } = self;
        let dialect = Some(DialectName::Gemini);
        // No header names the call; the answer's id is what Google can be asked about.
        let request_id = id.clone();
        End { usage, model, id, request_id, dialect, extra, ..End::new(finish_reason) }
    }
}

fn into_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The model failed at its work, mostly at writing a call. The next attempt may well succeed; this one is paid.
fn failed(word: &str, candidate: &Extra) -> Error {
    let why = candidate.get("finishMessage").and_then(Value::as_str);
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let message = format!("the model gave up on its answer ({word}){why}");
    Error::new(ErrorKind::Unavailable, message).maybe_billed(false)
}
