//! `messages` → neutral messages.

use serde_json::Value;

use super::{
    super::fields::{self, Fields},
    parts,
};
use crate::{
    chat::{Content, Message, Part, Role, ToolCall, ToolResult},
    error::Result,
};

/// Reads the conversation.
pub(super) fn messages(list: Vec<Value>) -> Result<Vec<Message>> {
    let mut conversation = Conversation::default();
    for (position, message) in list.into_iter().enumerate() {
        let fields = Fields::of(message, format!("messages[{position}]"))?;
        conversation.add(fields)?;
    }
    Ok(conversation.messages)
}

#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// Whether the last message is one of tool results, and more of them belong into it.
    in_results: bool,
    /// The older API's last call of a function: its name, and the id made up for it.
    function: Option<(String, String)>,
}

impl Conversation {
    fn add(&mut self, mut fields: Fields) -> Result<()> {
        const ROLES: &str = "system, developer, user, assistant or tool";
        let role = fields.needed_text("role", ROLES)?;
        match role.as_str() {
            "system" => self.plain(Role::System, fields),
            "developer" => self.plain(Role::Developer, fields),
            "user" => self.plain(Role::User, fields),
            "assistant" => self.assistant(fields),
            "tool" => {
                let call = fields.needed_text("tool_call_id", "the id of the call it answers")?;
                let name = fields.text("name")?;
                self.result(fields, call, name)
            }
            "function" => {
                let name = fields.needed_text("name", "the name of the function it answers")?;
                let Some((_, call)) = self.function.take().filter(|(called, _)| *called == name)
                else {
                    let expected = "the name of the function that the message before calls";
                    return Err(fields::wrong(&fields.place("name"), &name.into(), expected));
                };
                self.result(fields, call, Some(name))
            }
            _ => Err(fields::wrong(&fields.place("role"), &role.into(), ROLES)),
        }
    }

    fn push(&mut self, message: Message) {
        self.in_results = false;
        self.messages.push(message);
    }

    fn plain(&mut self, role: Role, mut fields: Fields) -> Result<()> {
        let place = fields.place("content");
        let content = fields.take("content");
        let content = content.ok_or_else(|| fields::absent(&place, "text or a list of parts"))?;
        let content = parts::read(content, &place)?;
        let name = fields.text("name")?;
        let message = Message { role, content, name, model: None, extra: fields.rest() };
        // Clients that have no instructions may send empty ones.
        if !(role.instructs() && message.is_blank()) {
            self.push(message);
        }
        Ok(())
    }

    fn assistant(&mut self, mut fields: Fields) -> Result<()> {
        let mut content = Vec::new();
        content.extend(thoughts(&mut fields).map(Part::from));
        let place = fields.place("content");
        match fields.take("content") {
            None => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(said) => content.extend(parts::read(said, &place)?),
        }
        let refusal = fields.text("refusal")?.filter(|text| !text.is_empty());
        content.extend(refusal.map(|text| Part::from(Content::Refusal(text))));
        let calls = fields.list("tool_calls")?.unwrap_or_default();
        let place = fields.place("tool_calls");
        for (position, call) in calls.into_iter().enumerate() {
            content.push(tool_call(Fields::of(call, format!("{place}[{position}]"))?)?);
        }
        if let Some(function) = fields.object("function_call")? {
            let (name, arguments) = function_call(function)?;
            let id = format!("call_{}", self.messages.len());
            self.function = Some((name.clone(), id.clone()));
            content.push(ToolCall { id, name, arguments }.into());
        }
        let name = fields.text("name")?;
        // Clients send an answer's sources back, also where it had none.
        if fields.get("annotations").is_some_and(|sources| *sources == serde_json::json!([])) {
            fields.take("annotations");
        }
        // A turn without a word is an answer that was broken off.
        if !content.is_empty() {
            let role = Role::Assistant;
            self.push(Message { role, content, name, model: None, extra: fields.rest() });
        }
        Ok(())
    }

    /// The results of one turn are one message.
    fn result(&mut self, mut fields: Fields, call: String, name: Option<String>) -> Result<()> {
        let place = fields.place("content");
        let content = match fields.take("content") {
            None => Vec::new(),
            Some(Value::String(text)) if text.is_empty() => Vec::new(),
            Some(content) => parts::read(content, &place)?,
        };
        let cache = parts::cache_hint(&mut fields);
        let result = ToolResult { call, name, content, is_error: false };
        let part = Part { cache, extra: fields.rest(), ..result.into() };
        match self.messages.last_mut().filter(|_| self.in_results) {
            Some(message) => message.content.push(part),
            None => self.messages.push(Message::of(Role::User, vec![part])),
        }
        self.in_results = true;
        Ok(())
    }
}

/// `reasoning_content`, or `reasoning` as other compatible servers call it.
fn thoughts(fields: &mut Fields) -> Option<Content> {
    let mut found = None;
    for field in ["reasoning_content", "reasoning"] {
        if let Some(Value::String(text)) = fields.get(field) {
            let thought = Some(text.clone()).filter(|text| !text.trim().is_empty());
            found = found.or(thought);
            fields.take(field);
        }
    }
    found.map(|text| Content::Reasoning { text, redacted: None })
}

fn tool_call(mut call: Fields) -> Result<Part> {
    let id = call.needed_text("id", "the call's id")?;
    // Clients that collect a stream may leave it in.
    call.take("index");
    let signature = super::signature(call.get("extra_content"));
    if signature.is_some() && call.get("extra_content").is_some_and(super::is_only_signature) {
        call.take("extra_content");
    }
    let place = call.place("type");
    match call.get("type").cloned() {
        Some(Value::String(kind)) if kind == "custom" => {
            let custom = call.get("custom").unwrap_or(&Value::Null);
            let Some(name) = fields::owned(custom, "name") else {
                return Err(fields::absent(&call.place("custom.name"), "the tool's name"));
            };
            let call_ = super::free_text_call(id, name, fields::text(custom, "input"));
            Ok(Part { signature, extra: call.rest(), ..call_.into() })
        }
        None | Some(Value::String(_)) => {
            call.take("type");
            let expected = "an object with the function's name and arguments";
            let function = call.object("function")?;
            let function =
                function.ok_or_else(|| fields::absent(&call.place("function"), expected))?;
            let (name, arguments) = function_call(function)?;
            let part = ToolCall { id, name, arguments }.into();
            Ok(Part { signature, extra: call.rest(), ..part })
        }
        Some(other) => Err(fields::wrong(&place, &other, "\"function\" or \"custom\"")),
    }
}

/// The name and the arguments of a called function.
fn function_call(mut function: Fields) -> Result<(String, String)> {
    let name = function.needed_text("name", "the function's name")?;
    let arguments = match function.take("arguments") {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(object @ Value::Object(_)) => object.to_string(),
        Some(other) => {
            return Err(fields::wrong(&function.place("arguments"), &other, "JSON in a text"));
        }
    };
    Ok((name, arguments))
}
