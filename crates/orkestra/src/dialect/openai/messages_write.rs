//! Neutral messages → `messages`.

use std::{borrow::Cow, collections::VecDeque};

use serde_json::{Map, Value, json};

use super::{super::fields, parts, request_write::Writer};
use crate::{
    catalogue::Acceptance,
    chat::{CacheHint, Content, Message, Part, Role, ToolCall, ToolResult},
};

/// Calls that came without an id, as in dialects that know none.
#[derive(Default)]
struct Unnamed {
    /// The names and made-up ids of those that have no result yet.
    open: VecDeque<(String, String)>,
    /// How many ids were tried.
    tried: usize,
}

impl Unnamed {
    /// The id of the call that `result` answers: its own, or that of the first call without one that has its name.
    fn answered(&mut self, result: &ToolResult) -> String {
        if !result.call.is_empty() {
            return result.call.clone();
        }
        let named = |(name, _): &(String, String)| result.name.as_ref().is_none_or(|it| it == name);
        let place = self.open.iter().position(named).unwrap_or(0);
        self.open.remove(place).map_or_else(|| "call_0".to_owned(), |(_, id)| id)
    }
}

impl Writer<'_> {
    pub(super) fn messages(&mut self) -> Vec<Value> {
        let request = self.request;
        let (mut written, mut unnamed) = (Vec::new(), Unnamed::default());
        for message in &request.messages {
            match message.role {
                // Only OpenAI's own servers know the newer word; both mean the same to them.
                Role::Developer if !self.compatible => {
                    self.plain("developer", message, &mut written)
                }
                Role::System | Role::Developer => self.plain("system", message, &mut written),
                Role::User => self.user(message, &mut written, &mut unnamed),
                Role::Assistant => self.assistant(message, &mut written, &mut unnamed),
            }
        }
        written
    }

    /// Instructions, which are text.
    fn plain(&mut self, role: &str, message: &Message, written: &mut Vec<Value>) {
        let (texts, others): (Vec<&Part>, Vec<&Part>) =
            message.content.iter().partition(|part| part.as_text().is_some());
        if !others.is_empty() {
            self.warn("all but the text was left out of the instructions".into());
        }
        if !texts.is_empty() {
            let content = self.content(&texts, "\n");
            written.push(self.message(role, content, message));
        }
    }

    /// Results of tools are messages of their own, and hold text only: their pictures follow as the user's.
    fn user<'m>(&mut self, message: &'m Message, written: &mut Vec<Value>, unnamed: &mut Unnamed) {
        let mut moved: Vec<Cow<'m, Part>> = Vec::new();
        let (results, rest): (Vec<&Part>, Vec<&Part>) =
            message.content.iter().partition(|part| matches!(part.content, Content::ToolResult(_)));
        for part in &results {
            if let Content::ToolResult(result) = &part.content {
                let id = unnamed.answered(result);
                written.push(self.result(&id, part, result, &mut moved));
            }
        }
        if !moved.is_empty() {
            self.warn(
                "pictures and files in tool results were moved into a user message: OpenAI's API takes text there"
                    .into(),
            );
        }
        let parts: Vec<&Part> = moved.iter().map(Cow::as_ref).chain(rest).collect();
        let content = if parts.is_empty() { Value::Null } else { self.content(&parts, "\n") };
        let says_something = match &content {
            Value::Array(list) => !list.is_empty(),
            other => !other.is_null(),
        };
        if says_something {
            written.push(self.message("user", content, message));
        } else if results.is_empty() {
            written.push(self.message("user", "".into(), message));
        }
    }

    fn result<'m>(
        &mut self,
        id: &str,
        part: &Part,
        result: &'m ToolResult,
        moved: &mut Vec<Cow<'m, Part>>,
    ) -> Value {
        let all = result.content.iter().map(Cow::Borrowed);
        let (mut texts, others): (Vec<Cow<'_, Part>>, Vec<Cow<'_, Part>>) =
            all.partition(|part| part.as_text().is_some());
        if !others.is_empty() {
            if texts.is_empty() {
                texts.push(Cow::Owned(Part::text("The result follows in the next message.")));
            }
            moved.push(Cow::Owned(Part::text(format!("The result of the tool call {id}:"))));
            moved.extend(others);
        }
        // The API has no field that says so.
        if result.is_error {
            let first = texts.first().and_then(|part| part.as_text()).unwrap_or("the tool failed");
            let marked = Cow::Owned(Part::text(format!("Error: {first}")));
            if texts.is_empty() { texts.push(marked) } else { texts[0] = marked }
        }
        let texts: Vec<&Part> = texts.iter().map(Cow::as_ref).collect();
        let content = if texts.is_empty() { "".into() } else { self.content(&texts, "\n") };
        let mut message = Map::new();
        message.insert("role".into(), "tool".into());
        message.insert("tool_call_id".into(), id.into());
        let names = self.own && self.model.parameters.names == Acceptance::Accepted;
        if let Some(name) = result.name.as_deref().filter(|_| names) {
            message.insert("name".into(), name.into());
        }
        message.insert("content".into(), content);
        self.put_cache_hint(&mut message, part.cache);
        self.put_extra(&mut message, &part.extra);
        message.into()
    }

    fn assistant(&mut self, message: &Message, written: &mut Vec<Value>, unnamed: &mut Unnamed) {
        let (mut spoken, mut calls, mut thoughts) = (Vec::new(), Vec::new(), String::new());
        for part in &message.content {
            match &part.content {
                Content::Text(_) | Content::Refusal(_) => spoken.push(part),
                Content::ToolCall(call) => calls.push(self.call(part, call, unnamed)),
                Content::Reasoning { text, .. } => thoughts.push_str(text),
                Content::Other(_) if self.own => spoken.push(part),
                _ => self.warn(
                    "all but text and tool calls was left out of the assistant's messages".into(),
                ),
            }
        }
        let keeps_thoughts = self.model.parameters.reasoning_content;
        let content = if !spoken.is_empty() {
            self.content(&spoken, "")
        } else if !calls.is_empty() {
            Value::Null
        } else if self.model.parameters.empty_assistant == Acceptance::Accepted {
            "".into()
        } else {
            self.warn(
                "an assistant's message without text was left out, the model does not take it"
                    .into(),
            );
            return;
        };
        let mut object = Map::new();
        object.insert("role".into(), "assistant".into());
        object.insert("content".into(), content);
        if keeps_thoughts {
            // Such servers refuse a conversation of which any turn lacks its thoughts, also turns that had none.
            let thoughts = if thoughts.is_empty() { " ".to_owned() } else { thoughts };
            object.insert("reasoning_content".into(), thoughts.into());
        }
        if !calls.is_empty() {
            object.insert("tool_calls".into(), calls.into());
        }
        self.put_name(&mut object, message);
        let mut extra = message.extra.clone();
        // An answer's sources are OpenAI's own field; stricter servers refuse what they do not know.
        if self.compatible {
            extra.shift_remove("annotations");
        }
        self.put_extra(&mut object, &extra);
        written.push(object.into());
    }

    fn call(&self, part: &Part, call: &ToolCall, unnamed: &mut Unnamed) -> Value {
        let mut object = Map::new();
        let id =
            if call.id.is_empty() { self.made_up(unnamed, &call.name) } else { call.id.clone() };
        object.insert("id".into(), id.into());
        // A call of a free-text tool stands in `extra` as it came.
        if !(self.own && part.extra.contains_key("custom")) {
            object.insert("type".into(), "function".into());
            let function = json!({"name": call.name, "arguments": call.arguments});
            object.insert("function".into(), function);
        }
        self.put_extra(&mut object, &part.extra);
        if let Some(signature) = &part.signature {
            object.entry("extra_content").or_insert_with(|| super::signed(signature));
        }
        object.into()
    }

    /// An id for a call without one, unlike every other of the conversation.
    fn made_up(&self, unnamed: &mut Unnamed, name: &str) -> String {
        let taken = |id: &str| {
            self.request
                .parts()
                .any(|part| matches!(&part.content, Content::ToolCall(call) if call.id == id))
        };
        let id = loop {
            let id = format!("call_{}", unnamed.tried);
            unnamed.tried += 1;
            if !taken(&id) {
                break id;
            }
        };
        unnamed.open.push_back((name.to_owned(), id.clone()));
        id
    }

    /// The content of a message: plain text where the parts are no more than that, joined by `between` for servers
    /// that may know no lists.
    fn content(&mut self, content: &[&Part], between: &str) -> Value {
        let bare = |part: &&Part| {
            !(self.own && (!part.extra.is_empty() || self.shows_cache_hint(part.cache)))
        };
        let texts: Option<Vec<&str>> =
            content.iter().map(|part| text_like(part, self.compatible)).collect();
        if let Some(texts) = texts.filter(|_| content.iter().all(bare))
            && (texts.len() == 1 || (self.compatible && !texts.is_empty()))
        {
            return texts.join(between).into();
        }
        let mut list = Vec::new();
        for part in content {
            match (&part.content, parts::write(&part.content)) {
                (Content::Other(other), _) if !self.own => {
                    let kind = fields::text(other, "type").unwrap_or("unknown");
                    self.warn(format!(
                        "a part of the type {kind} was left out: OpenAI's API has none such"
                    ));
                }
                (_, Ok(mut object)) => {
                    self.put_cache_hint(&mut object, part.cache);
                    self.put_extra(&mut object, &part.extra);
                    list.push(Value::from(object));
                }
                (_, Err(what)) => {
                    self.warn(format!("a part was left out: OpenAI's API takes no {what}"));
                }
            }
        }
        list.into()
    }

    fn message(&self, role: &str, content: Value, message: &Message) -> Value {
        let mut object = Map::new();
        object.insert("role".into(), role.into());
        object.insert("content".into(), content);
        self.put_name(&mut object, message);
        self.put_extra(&mut object, &message.extra);
        object.into()
    }

    fn put_name(&self, object: &mut Map<String, Value>, message: &Message) {
        if let Some(name) = &message.name {
            object.insert("name".into(), name.as_str().into());
        }
    }

    /// Servers that pass Claude on understand its hints; OpenAI's own refuse them.
    fn shows_cache_hint(&self, hint: Option<CacheHint>) -> bool {
        hint.is_some() && self.own && self.compatible
    }

    pub(super) fn put_cache_hint(&self, object: &mut Map<String, Value>, hint: Option<CacheHint>) {
        if let Some(hint) = hint.filter(|_| self.shows_cache_hint(hint)) {
            object.insert("cache_control".into(), parts::cache_control(hint));
        }
    }
}

/// What a part says, where plain text says it all. A refusal is told apart only by OpenAI's own servers.
fn text_like(part: &Part, compatible: bool) -> Option<&str> {
    match &part.content {
        Content::Text(text) => Some(text),
        Content::Refusal(text) if compatible => Some(text),
        _ => None,
    }
}
