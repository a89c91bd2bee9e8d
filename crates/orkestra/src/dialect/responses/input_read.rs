//! Items of a caller's `input` → messages.

use serde_json::{Value, json};

use super::{
    input_write::AUTO,
    item,
    place::{Place, rest},
};
use crate::{
    chat::{CacheHint, Content, Message, Part, Role, Source, ToolResult},
    dialect::fields::text,
    error::Result,
};

/// Reads a conversation into messages. Thoughts, words and calls of the model that stand side by side are one message,
/// and so are results of tools.
///
/// # Errors
/// `InvalidRequest`, naming the field, its value and what was expected.
pub(super) fn read(body: &Place<'_>) -> Result<Vec<Message>> {
    let mut conversation = Conversation::default();
    if let Some(instructions) = body.maybe_text("instructions")? {
        conversation.messages.push(Message::text(Role::System, instructions));
    }
    let input = match body.get("input") {
        Some(input) => input,
        // What came before, or a template at the provider, may be all there is.
        None if ["previous_response_id", "conversation", "prompt"]
            .iter()
            .any(|field| body.get(field).is_some()) =>
        {
            return Ok(conversation.messages);
        }
        None => body.required("input", "a string or a list of items")?,
    };
    if input.value.is_string() {
        conversation.messages.push(Message::text(Role::User, input.text()?));
        return Ok(conversation.messages);
    }
    if !input.value.is_array() {
        return Err(input.wrong("expected a string or a list of items"));
    }
    for item in input.list()? {
        conversation.item(&item)?;
    }
    Ok(conversation.messages)
}

#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// Whether the last message takes more items of its role.
    open: bool,
}

impl Conversation {
    fn item(&mut self, item: &Place<'_>) -> Result<()> {
        item.object()?;
        let kind = item.maybe_text("type")?;
        match kind.as_deref() {
            None | Some("message") => self.message(item)?,
            Some("function_call") => {
                for field in ["call_id", "name", "arguments"] {
                    item.required_text(field)?;
                }
                let mut call = item::function_call(item.value);
                call.extra.extend(item::identity(item.value));
                self.add(Role::Assistant, call);
            }
            Some("function_call_output") => self.add(Role::User, result(item)?),
            Some("reasoning") => self.add(Role::Assistant, item::reasoning(item.value)),
            Some(other) => {
                let callers = other.ends_with("_output") || other == "mcp_approval_response";
                let role = if callers { Role::User } else { Role::Assistant };
                self.add(role, Content::Other(item.value.clone()).into());
            }
        }
        Ok(())
    }

    /// Adds an item that stands beside its neighbours.
    fn add(&mut self, role: Role, part: Part) {
        match self.messages.last_mut() {
            Some(last) if self.open && last.role == role => last.content.push(part),
            _ => self.messages.push(Message::of(role, vec![part])),
        }
        self.open = true;
    }

    fn message(&mut self, item: &Place<'_>) -> Result<()> {
        let role = item.required("role", "user, assistant, system or developer")?;
        let role = match role.text()? {
            "user" => Role::User,
            "system" => Role::System,
            "developer" => Role::Developer,
            "assistant" => {
                let content = item.required("content", "a string or a list of parts")?;
                check(&content)?;
                let mut about = item::about(item.value);
                about.extend(item::identity(item.value));
                for part in item::message(item.value, &about) {
                    self.add(Role::Assistant, part);
                }
                return Ok(());
            }
            _ => return Err(role.wrong("expected user, assistant, system or developer")),
        };
        let content = item.required("content", "a string or a list of parts")?;
        let mut extra = rest(item.value, &["type", "role", "content", "id", "status"]);
        extra.extend(item::identity(item.value));
        if role == Role::System && self.messages.is_empty() {
            // Marks it as an item: the first instructions of a conversation go into the field of that name otherwise.
            extra.insert("type".into(), "message".into());
        }
        let content = parts(&content, |piece| item::alone(role_name(role), piece))?;
        self.messages.push(Message { extra, ..Message::of(role, content) });
        self.open = false;
        Ok(())
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// Checks that the pieces are what they say.
fn check(content: &Place<'_>) -> Result<()> {
    if content.value.is_string() {
        return Ok(());
    }
    if !content.value.is_array() {
        return Err(content.wrong("expected a string or a list of parts"));
    }
    for piece in content.list()? {
        piece.required_text("type")?;
        let words = if text(piece.value, "type") == Some("refusal") { "refusal" } else { "text" };
        if ["output_text", "input_text", "text", "refusal"]
            .contains(&piece.required_text("type")?.as_str())
        {
            piece.required_text(words)?;
        }
    }
    Ok(())
}

/// The parts of what is not the model's. `other` makes a part of a piece that is of no known kind.
fn parts(content: &Place<'_>, other: impl Fn(&Value) -> Part) -> Result<Vec<Part>> {
    if let Some(words) = content.value.as_str() {
        return Ok(vec![Part::text(words)]);
    }
    check(content)?;
    content.list()?.iter().map(|piece| part(piece, &other)).collect()
}

fn part(piece: &Place<'_>, other: &impl Fn(&Value) -> Part) -> Result<Part> {
    let (content, known): (Content, &[&str]) = match text(piece.value, "type") {
        Some("input_text" | "output_text" | "text") => {
            (Content::Text(piece.required_text("text")?), &["text"])
        }
        Some("refusal") => (Content::Text(piece.required_text("refusal")?), &["refusal"]),
        Some("input_image") => {
            let detail = piece.maybe_text("detail")?.filter(|detail| detail != AUTO);
            let content = Content::Image { source: image(piece)?, detail };
            (content, &["image_url", "file_id", "detail"])
        }
        Some("input_file") => {
            let name = piece.maybe_text("filename")?;
            let content = Content::Document { source: file(piece, name.as_deref())?, name };
            (content, &["file_data", "file_url", "file_id", "filename"])
        }
        Some("input_audio") => (Content::Audio { source: audio(piece)? }, &["input_audio"]),
        _ => return Ok(other(piece.value)),
    };
    let mut part: Part = content.into();
    part.extra = rest(piece.value, known);
    part.extra.shift_remove("type");
    part.extra.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    if let Some(mark) = part.extra.get("prompt_cache_breakpoint") {
        part.cache = Some(CacheHint::Default);
        if *mark == json!({"mode": "explicit"}) {
            part.extra.shift_remove("prompt_cache_breakpoint");
        }
    }
    Ok(part)
}

fn image(piece: &Place<'_>) -> Result<Source> {
    if let Some(url) = piece.maybe_text("image_url")? {
        return Ok(from_url(url));
    }
    let id = piece.maybe_text("file_id")?;
    id.map(Source::File).ok_or_else(|| piece.wrong("expected an image_url or a file_id"))
}

fn file(piece: &Place<'_>, name: Option<&str>) -> Result<Source> {
    if let Some(data) = piece.maybe_text("file_data")? {
        return Ok(match from_url(data) {
            // Bytes without a word on what they are.
            Source::Url { url, .. } => {
                let pdf = name.is_none_or(|name| name.to_ascii_lowercase().ends_with(".pdf"));
                let media_type = if pdf { "application/pdf" } else { "application/octet-stream" };
                Source::Base64 { media_type: media_type.into(), data: url }
            }
            known => known,
        });
    }
    if let Some(url) = piece.maybe_text("file_url")? {
        return Ok(Source::Url { url, media_type: None });
    }
    let id = piece.maybe_text("file_id")?;
    id.map(Source::File).ok_or_else(|| piece.wrong("expected file_data, a file_url or a file_id"))
}

fn audio(piece: &Place<'_>) -> Result<Source> {
    let sound = piece.required("input_audio", "an object with data and format")?;
    sound.object()?;
    let media_type = match sound.required_text("format")?.as_str() {
        "mp3" => "audio/mpeg".to_owned(),
        format => format!("audio/{format}"),
    };
    Ok(Source::Base64 { media_type, data: sound.required_text("data")? })
}

/// The bytes in a `data:` URL, or the address.
fn from_url(url: String) -> Source {
    let bytes = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match bytes {
        Some((media_type, data)) => {
            Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        None => Source::Url { url, media_type: None },
    }
}

fn result(item: &Place<'_>) -> Result<Part> {
    let call = item.required_text("call_id")?;
    let output = item.required("output", "a string or a list of parts")?;
    let content = match output.value.as_str() {
        Some("") => Vec::new(),
        _ => parts(&output, |piece| Content::Other(piece.clone()).into())?,
    };
    let known = ["type", "id", "call_id", "output", "status"];
    let mut extra = rest(item.value, &known);
    extra.extend(item::identity(item.value));
    Ok(Part { extra, ..ToolResult { call, content, ..ToolResult::default() }.into() })
}
