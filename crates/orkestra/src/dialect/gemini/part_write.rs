//! A part of a message → a part of a content.

use serde_json::{Value, json};

use crate::{
    chat::{Content, Extra, Part, Source, ToolCall, ToolResult},
    dialect::fields::add_missing,
};

/// Where files uploaded to Google are found.
const FILES: &str = "https://generativelanguage.googleapis.com/v1beta/";

/// Addresses that Google opens itself: uploaded files, Cloud Storage, YouTube.
const OPENED: [&str; 6] = [
    "https://generativelanguage.googleapis.com/",
    "gs://",
    "https://www.youtube.com/",
    "https://youtube.com/",
    "https://m.youtube.com/",
    "https://youtu.be/",
];

/// For whom parts are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Whether calls carry their ids.
    pub(super) ids: bool,
    /// Whether what only this dialect knows was read in this dialect.
    pub(super) own: bool,
}

/// `part` in this API's words; `None` where it has none: thoughts that another provider keeps to itself, what only
/// another dialect knows, files at other providers. Results of tools are the request's affair.
pub(super) fn part(part: &Part, form: Form) -> Option<Extra> {
    let mut fields = match &part.content {
        Content::Text(text) | Content::Refusal(text) => of(json!({"text": text})),
        Content::Reasoning { text, redacted: None } => of(json!({"text": text, "thought": true})),
        Content::Image { source, .. } | Content::Audio { source } => media(source, None)?,
        Content::Document { source, name } => {
            // The API takes names only from callers who know when it does.
            media(source, name.as_deref().filter(|_| form.own))?
        }
        Content::ToolCall(call) => tool_call(call, form.ids),
        Content::Other(Value::Object(whole)) if form.own => whole.clone(),
        _ => return None,
    };
    dress(&mut fields, part, form.own);
    Some(fields)
}

/// Adds the proof, and what only this dialect knows of the part.
fn dress(fields: &mut Extra, part: &Part, own: bool) {
    if let Some(signature) = &part.signature {
        fields.insert("thoughtSignature".into(), signature.as_str().into());
    }
    if own {
        add_missing(fields, &part.extra);
    }
}

fn tool_call(call: &ToolCall, with_id: bool) -> Extra {
    let mut function = Extra::new();
    if with_id && !call.id.is_empty() {
        function.insert("id".into(), call.id.as_str().into());
    }
    function.insert("name".into(), call.name.as_str().into());
    function.insert("args".into(), arguments(call).0.into());
    of(json!({"functionCall": function}))
}

/// A call's arguments as the object that the API wants, and whether they were one.
pub(super) fn arguments(call: &ToolCall) -> (Extra, bool) {
    match call.parsed() {
        Some(Value::Object(arguments)) => (arguments, true),
        _ => (of(json!({"_raw": call.arguments})), false),
    }
}

/// What a tool gave, without its pictures, as the object that the API wants.
pub(super) fn response(result: &ToolResult) -> Extra {
    let name = if result.is_error { "error" } else { "output" };
    of(json!({name: result.joined_text()}))
}

/// Bytes, or where they are; `None` where they are at another provider.
pub(super) fn media(source: &Source, name: Option<&str>) -> Option<Extra> {
    let (kind, mut data) = match source {
        Source::Base64 { media_type, data } => {
            ("inlineData", of(json!({"mimeType": media_type, "data": data})))
        }
        Source::Url { url, media_type } => ("fileData", file(url, media_type.as_deref())),
        Source::File(id) if id.starts_with("files/") => {
            ("fileData", file(&format!("{FILES}{id}"), None))
        }
        Source::File(_) => return None,
    };
    if let Some(name) = name {
        data.insert("displayName".into(), name.into());
    }
    Some(of(json!({kind: data})))
}

fn file(url: &str, media_type: Option<&str>) -> Extra {
    let mut file = Extra::new();
    if let Some(media_type) = media_type {
        file.insert("mimeType".into(), media_type.into());
    }
    file.insert("fileUri".into(), url.into());
    file
}

/// Whether Google can open `source`.
pub(super) fn can_be_opened(source: &Source) -> bool {
    match source {
        Source::Base64 { .. } => true,
        Source::Url { url, .. } => {
            let url = url.to_ascii_lowercase();
            OPENED.iter().any(|beginning| url.starts_with(beginning))
        }
        Source::File(id) => id.starts_with("files/"),
    }
}

/// The fields of `object`.
pub(super) fn of(object: Value) -> Extra {
    match object {
        Value::Object(fields) => fields,
        _ => Extra::new(),
    }
}
