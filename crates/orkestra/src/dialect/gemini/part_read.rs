//! A part of a content → a part of a message.

use serde_json::Value;

use crate::{
    chat::{Content, Extra, Part, Source, ToolCall, ToolResult},
    dialect::fields::{Fields, wrong},
    error::{Error, Result},
};

/// Reads a part. Calls and results without an id get an empty one.
pub(super) fn part(mut object: Fields) -> Result<Part> {
    let signature = object.text("thoughtSignature")?;
    let thought = object.boolean("thought")?.unwrap_or_default();
    let mut inner = ("", Extra::new());
    let content = if let Some(call) = object.object("functionCall")? {
        let (call, rest) = tool_call(call)?;
        inner = ("functionCall", rest);
        Content::ToolCall(call)
    } else if let Some(response) = object.object("functionResponse")? {
        let (result, rest) = tool_result(response)?;
        inner = ("functionResponse", rest);
        Content::ToolResult(result)
    } else if let Some(data) = object.object("inlineData")? {
        let (content, rest) = inline(data)?;
        inner = ("inlineData", rest);
        content
    } else if let Some(file) = object.object("fileData")? {
        let (content, rest) = file_data(file)?;
        inner = ("fileData", rest);
        content
    } else if let Some(text) = object.text("text")? {
        words(text, thought)
    } else {
        let place = object.place("text");
        let rest = object.rest();
        return if !rest.is_empty() {
            Ok(strange(rest, signature, thought))
        } else if signature.is_some() || thought {
            // A proof may come alone.
            Ok(Part { signature, ..words(String::new(), thought).into() })
        } else {
            Err(Error::invalid(format!(
                "{place} is missing, and so is everything else of its part; expected text, inlineData, fileData, \
                 functionCall or functionResponse"
            )))
        };
    };
    let mut extra = object.rest();
    if thought && !matches!(content, Content::Reasoning { .. }) {
        extra.insert("thought".into(), true.into());
    }
    let (name, rest) = inner;
    if !rest.is_empty() {
        extra.insert(name.to_owned(), rest.into());
    }
    Ok(Part { signature, extra, ..content.into() })
}

fn words(text: String, thought: bool) -> Content {
    if thought { Content::Reasoning { text, redacted: None } } else { Content::Text(text) }
}

/// A part that nobody else knows, such as `executableCode`. Its proof stays apart: it is the model's alone.
fn strange(mut rest: Extra, signature: Option<String>, thought: bool) -> Part {
    if thought {
        rest.insert("thought".into(), true.into());
    }
    Part { signature, ..Content::Other(rest.into()).into() }
}

fn tool_call(mut call: Fields) -> Result<(ToolCall, Extra)> {
    let id = call.text("id")?.unwrap_or_default();
    let name = call.needed_text("name", "the function's name")?;
    let arguments = match call.take("args") {
        None => "{}".to_owned(),
        Some(arguments @ Value::Object(_)) => arguments.to_string(),
        Some(other) => return Err(wrong(&call.place("args"), &other, "an object")),
    };
    Ok((ToolCall { id, name, arguments }, call.rest()))
}

fn tool_result(mut response: Fields) -> Result<(ToolResult, Extra)> {
    let call = response.text("id")?.unwrap_or_default();
    let name = response.text("name")?.filter(|name| !name.is_empty());
    let given = response.object("response")?.map(Fields::rest);
    let (text, is_error) = given.as_ref().map_or((None, false), said);
    let mut content: Vec<Part> =
        text.filter(|text| !text.is_empty()).map(Part::text).into_iter().collect();
    for media in response.objects("parts")? {
        content.push(part(media)?);
    }
    let result = ToolResult { call, name, content, is_error };
    let mut rest = response.rest();
    // What a tool gave may be any object; here it is text, so the object is kept beside it.
    if let Some(given) = given.filter(|given| *given != super::part_write::response(&result)) {
        rest.insert("response".into(), given.into());
    }
    Ok((result, rest))
}

/// What a tool's answer says, and whether it is an error. The API's convention is one field, `output` or `error`;
/// Google's Python client writes `result`. Anything else is the output as a whole.
pub(super) fn said(response: &Extra) -> (Option<String>, bool) {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut fields = response.iter();
    match (fields.next(), fields.next()) {
        (Some((name, value)), None) if matches!(name.as_str(), "output" | "result") => {
            (Some(plain(value)), false)
        }
        (Some((name, value)), None) if name == "error" => (Some(plain(value)), true),
        _ => (Some(Value::Object(response.clone()).to_string()), false),
    }
}

fn inline(mut data: Fields) -> Result<(Content, Extra)> {
    let media_type = data.needed_text("mimeType", "a media type such as image/png")?;
    let place = data.place("data");
    let bytes = data.needed_text("data", "bytes in base64")?;
    let bytes = standard_base64(&bytes).ok_or_else(|| {
        Error::invalid(format!("{place} is not base64; expected bytes in base64"))
    })?;
    let kind = media_type.clone();
    media(Source::Base64 { media_type, data: bytes }, &kind, data)
}

fn file_data(mut file: Fields) -> Result<(Content, Extra)> {
    let url = file.needed_text("fileUri", "the file's address")?;
    let media_type = file.text("mimeType")?.filter(|media_type| !media_type.is_empty());
    let kind = media_type.clone().unwrap_or_default();
    media(Source::Url { url, media_type }, &kind, file)
}

fn media(source: Source, media_type: &str, mut object: Fields) -> Result<(Content, Extra)> {
    let content = match media_type.split('/').next() {
        Some("image") => Content::Image { source, detail: None },
        Some("audio") => Content::Audio { source },
        _ => Content::Document { source, name: object.text("displayName")? },
    };
    Ok((content, object.rest()))
}

/// `text` in the standard alphabet and with its padding, where it is base64 at all. Google's Python client writes the
/// alphabet that is safe in URLs; the other APIs read only the standard one.
pub(super) fn standard_base64(text: &str) -> Option<String> {
    let mut standard = String::with_capacity(text.len() + 2);
    let unpadded = text.trim_end_matches('=');
    for character in unpadded.chars() {
        standard.push(match character {
            '-' => '+',
            '_' => '/',
            '+' | '/' => character,
            _ if character.is_ascii_alphanumeric() => character,
            _ => return None,
        });
    }
    let padding = match standard.len() % 4 {
        0 => "",
        2 => "==",
        3 => "=",
        _ => return None,
    };
    if !matches!(text.len() - unpadded.len(), 0..=2) {
        return None;
    }
    standard.push_str(padding);
    Some(standard)
}
