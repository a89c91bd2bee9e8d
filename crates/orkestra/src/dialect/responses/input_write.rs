//! Messages → items of a request's `input`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::{
    item::{about_in, reasoning_fields, without_about},
    place::object,
    request_write::Warnings,
};
use crate::chat::{Content, Extra, Message, Part, Request, Role, Source, ToolCall, ToolResult};

/// The API refuses a longer id of a call.
const MOST_ID_CHARACTERS: usize = 64;

/// How closely a model looks at a picture when nobody says.
pub(super) const AUTO: &str = "auto";

/// A conversation as the API wants it.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) instructions: Option<String>,
    pub(super) input: Vec<Value>,
}

/// Writes the conversation of `request`. `own`: the request was read from this API. `stored`: the provider keeps it.
pub(super) fn write(
    request: &Request,
    own: bool,
    stored: bool,
    warnings: &mut Warnings,
) -> Conversation {
    let mut messages = &request.messages[..];
    let mut instructions = None;
    if let [first, others @ ..] = messages
        && let Some(text) = plain_instructions(first)
    {
        (instructions, messages) = (Some(text.to_owned()), others);
    }
    let ids = CallIds::new(request);
    let mut writer = Writer { own, stored, warnings, ids, input: Vec::new() };
    for message in messages {
        writer.message(message);
    }
    Conversation { instructions, input: writer.input }
}

/// The text of a message that says no more than the field `instructions` can.
fn plain_instructions(message: &Message) -> Option<&str> {
    let plain = message.role == Role::System && message.name.is_none() && message.extra.is_empty();
    match &message.content[..] {
        [part] if plain && part.extra.is_empty() && part.cache.is_none() => part.as_text(),
        _ => None,
    }
}

struct Writer<'a> {
    own: bool,
    stored: bool,
    warnings: &'a mut Warnings,
    ids: CallIds,
    input: Vec<Value>,
}

impl Writer<'_> {
    fn message(&mut self, message: &Message) {
        if message.name.is_some() {
            self.warnings.say("the names of speakers were left out, the Responses API has none");
        }
        let own = self.own;
        let about = |part: &Part| match message.role {
            _ if !own => Extra::new(),
            Role::Assistant => about_in(&part.extra),
            _ => message.extra.clone(),
        };
        // Neighbours that stand in one message, until something comes that is an item of its own.
        let mut pieces: Vec<(Extra, Value)> = Vec::new();
        for part in &message.content {
            let about = about(part);
            if pieces.last().is_some_and(|(last, _)| *last != about) {
                self.flush(message.role, &mut pieces);
            }
            match self.piece(part, message.role) {
                Written::Piece(piece) => pieces.push((about, piece)),
                Written::Item(item) => {
                    self.flush(message.role, &mut pieces);
                    self.input.push(item);
                }
                Written::Nothing => {}
            }
        }
        self.flush(message.role, &mut pieces);
    }

    fn flush(&mut self, role: Role, pieces: &mut Vec<(Extra, Value)>) {
        let role = match role {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let (mut about, mut content) = (Extra::new(), Vec::new());
        for (extra, piece) in pieces.drain(..) {
            about = extra;
            content.push(piece);
        }
        if content.is_empty() {
            return;
        }
        let mut item = object([("type", "message".into()), ("role", role.into())]);
        item.insert("content".into(), spoken_plainly(&content).unwrap_or(content.into()));
        item.extend(about);
        self.input.push(item.into());
    }

    fn piece(&mut self, part: &Part, role: Role) -> Written {
        let assistant = role == Role::Assistant;
        match &part.content {
            Content::Text(text) if assistant => {
                let said = object([("type", "output_text".into()), ("text", text.as_str().into())]);
                Written::Piece(self.with_extra(said, part))
            }
            Content::Refusal(text) if assistant => {
                let said = object([("type", "refusal".into()), ("refusal", text.as_str().into())]);
                Written::Piece(self.with_extra(said, part))
            }
            Content::ToolCall(call) => Written::Item(self.call(call, part)),
            Content::ToolResult(result) => Written::Item(self.result(result, part)),
            Content::Reasoning { text, .. } => self.thoughts(text, part),
            Content::Other(item) if self.own => Written::Item(item.clone()),
            Content::Other(item) => {
                self.foreign(item);
                Written::Nothing
            }
            Content::Image { .. } | Content::Document { .. } | Content::Audio { .. }
                if assistant =>
            {
                let what = what(part);
                self.warnings.say(format!(
                    "{what} of the model's was left out, the Responses API takes none back"
                ));
                Written::Nothing
            }
            _ => self.input_piece(part).map_or(Written::Nothing, Written::Piece),
        }
    }

    /// A piece of what is not the model's.
    fn input_piece(&mut self, part: &Part) -> Option<Value> {
        let said = match &part.content {
            Content::Text(text) | Content::Refusal(text) => {
                object([("type", "input_text".into()), ("text", text.as_str().into())])
            }
            Content::Image { source, detail } => image(source, detail.as_deref()),
            Content::Document { source, name } => file(source, name.as_deref()),
            Content::Audio { source } => match audio(source) {
                Some(said) => said,
                None => {
                    self.warnings.say(
                        "a sound was left out, the Responses API takes wav and mp3 in the message only",
                    );
                    return None;
                }
            },
            _ => return None,
        };
        Some(self.with_extra(said, part))
    }

    fn with_extra(&self, mut said: Map<String, Value>, part: &Part) -> Value {
        if self.own {
            for (name, value) in without_about(&part.extra) {
                said.entry(name).or_insert(value);
            }
            // OpenAI caches by itself; models that cannot be told where refuse the mark.
            if part.cache.is_some() {
                said.entry("prompt_cache_breakpoint").or_insert(json!({"mode": "explicit"}));
            }
        }
        said.into()
    }

    fn foreign(&mut self, item: &Value) {
        let kind = item.get("type").and_then(Value::as_str).unwrap_or("of unknown type");
        self.warnings.say(format!("a part {kind} was left out, it belongs to another API"));
    }

    fn call(&mut self, call: &ToolCall, part: &Part) -> Value {
        let said = object([
            ("type", "function_call".into()),
            ("call_id", self.ids.of_call(call).into()),
            ("name", call.name.as_str().into()),
            ("arguments", call.arguments.as_str().into()),
        ]);
        self.with_extra(said, part)
    }

    fn result(&mut self, result: &ToolResult, part: &Part) -> Value {
        let said = object([
            ("type", "function_call_output".into()),
            ("call_id", self.ids.of_result(result).into()),
            ("output", self.output(result)),
        ]);
        self.with_extra(said, part)
    }

    fn output(&mut self, result: &ToolResult) -> Value {
        // The API cannot say that a tool failed; the model reads it.
        let prefix = if result.is_error { "Error: " } else { "" };
        match &result.content[..] {
            [] => return prefix.trim_end_matches(": ").into(),
            [part] if part.extra.is_empty() && part.cache.is_none() => {
                if let Some(text) = part.as_text() {
                    return format!("{prefix}{text}").into();
                }
            }
            _ => {}
        }
        let mut pieces = Vec::new();
        if result.is_error {
            pieces.push(json!({"type": "input_text", "text": "Error:"}));
        }
        for part in &result.content {
            match &part.content {
                Content::Other(piece) if self.own => pieces.push(piece.clone()),
                Content::Other(piece) => self.foreign(piece),
                Content::Audio { .. } => {
                    self.warnings.say(
                        "a sound that a tool gave was left out, the Responses API takes none there",
                    );
                }
                _ => pieces.extend(self.input_piece(part)),
            }
        }
        pieces.into()
    }

    /// Thoughts are worth sending only where the provider can tell that they are a model's: by their encrypted form, by
    /// their id where it kept them, or as open models have them, in plain text.
    fn thoughts(&mut self, text: &str, part: &Part) -> Written {
        let none = Extra::new();
        let extra = if self.own { &part.extra } else { &none };
        let known = self.stored && extra.contains_key("id");
        if part.signature.is_none() && !known && !extra.contains_key("content") {
            self.warnings.say("thoughts without their encrypted form were left out");
            return Written::Nothing;
        }
        let mut item = object([("type", "reasoning".into())]);
        if let Some(id) = extra.get("id") {
            item.insert("id".into(), id.clone());
        }
        item.extend(reasoning_fields(text, part.signature.as_deref(), extra));
        Written::Item(item.into())
    }
}

/// The text of a model's message that is nothing but text. Where servers take the API's schema at its word, pieces of a
/// model's have to belong to an item with an id; plain text does not.
fn spoken_plainly(content: &[Value]) -> Option<Value> {
    let [only] = content else { return None };
    let text = only.get("text")?;
    (*only == json!({"type": "output_text", "text": text})).then(|| text.clone())
}

enum Written {
    /// Something that stands in a message.
    Piece(Value),
    /// Something that stands by itself.
    Item(Value),
    Nothing,
}

fn what(part: &Part) -> &'static str {
    match part.content {
        Content::Image { .. } => "a picture",
        Content::Document { .. } => "a file",
        _ => "a sound",
    }
}

fn image(source: &Source, detail: Option<&str>) -> Map<String, Value> {
    let mut said = object([("type", "input_image".into())]);
    let (field, value) = match source {
        Source::File(id) => ("file_id", id.clone()),
        Source::Url { url, .. } => ("image_url", url.clone()),
        Source::Base64 { media_type, data } => ("image_url", data_url(media_type, data)),
    };
    said.insert(field.into(), value.into());
    // The API's schema wants one, and means this by none.
    said.insert("detail".into(), detail.unwrap_or(AUTO).into());
    said
}

fn file(source: &Source, name: Option<&str>) -> Map<String, Value> {
    let mut said = object([("type", "input_file".into())]);
    let (field, value) = match source {
        Source::File(id) => ("file_id", id.clone()),
        Source::Url { url, .. } => ("file_url", url.clone()),
        Source::Base64 { media_type, data } => ("file_data", data_url(media_type, data)),
    };
    // The API wants a name where it gets bytes.
    let name = name.or((field == "file_data").then_some("file"));
    if let Some(name) = name {
        said.insert("filename".into(), name.into());
    }
    said.insert(field.into(), value.into());
    said
}

fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

fn audio(source: &Source) -> Option<Map<String, Value>> {
    let Source::Base64 { media_type, data } = source else { return None };
    let format = match media_type.as_str() {
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        "audio/mpeg" | "audio/mp3" => "mp3",
        _ => return None,
    };
    let sound = json!({"data": data, "format": format});
    Some(object([("type", "input_audio".into()), ("input_audio", sound)]))
}

/// Ids of calls that the API takes. Where a call has none, or one that is too long, one is made up, and its result
/// gets the same.
struct CallIds {
    taken: HashSet<String>,
    /// Name and new id of calls without an id that have no result yet, in their order.
    open: Vec<(String, String)>,
    shortened: HashMap<String, String>,
    next: usize,
}

impl CallIds {
    fn new(request: &Request) -> Self {
        let id = |part: &Part| match &part.content {
            Content::ToolCall(call) => Some(call.id.clone()),
            _ => None,
        };
        let taken = request.parts().filter_map(id).collect();
        Self { taken, open: Vec::new(), shortened: HashMap::new(), next: 0 }
    }

    fn made_up(&mut self) -> String {
        loop {
            let id = format!("call_{}", self.next);
            self.next += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }

    fn of_call(&mut self, call: &ToolCall) -> String {
        if !call.id.is_empty() {
            return self.short(&call.id);
        }
        let id = self.made_up();
        self.open.push((call.name.clone(), id.clone()));
        id
    }

    fn of_result(&mut self, result: &ToolResult) -> String {
        if !result.call.is_empty() {
            return self.short(&result.call);
        }
        let named = |(name, _): &(String, String)| {
            result.name.as_ref().is_none_or(|expected| expected == name)
        };
        match self.open.iter().position(named) {
            Some(place) => self.open.remove(place).1,
            None => self.made_up(),
        }
    }

    fn short(&mut self, id: &str) -> String {
        if id.chars().count() <= MOST_ID_CHARACTERS {
            return id.to_owned();
        }
        if let Some(known) = self.shortened.get(id) {
            return known.clone();
        }
        let short = self.made_up();
        self.shortened.insert(id.to_owned(), short.clone());
        short
    }
}
