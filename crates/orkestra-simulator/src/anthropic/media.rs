//! Images and documents: their sources, types and data.

use serde_json::Value;

use crate::fields::{Fields, Refusal, Wording as _};
use crate::{media, tokens};

use super::errors::{Messages, invalid, none_of};
use super::prompt::Weighing;

const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Checks an `image` block.
pub(super) fn image(block: &Fields<'_, Messages>, weighing: &mut Weighing) -> Result<(), Refusal> {
    block.allow(&["type", "source", "cache_control"])?;
    let source = source(block)?;
    match source.required_text("type")? {
        "base64" => base64(&source, &IMAGES, "image", weighing),
        "url" => url(&source, weighing),
        "file" => file(&source, weighing),
        _ => Err(none_of(&source.at("type"), &["base64", "url", "file"])),
    }
}

/// Checks a `document` block.
pub(super) fn document(
    block: &Fields<'_, Messages>,
    weighing: &mut Weighing,
) -> Result<(), Refusal> {
    block.allow(&["type", "source", "title", "context", "citations", "cache_control"])?;
    let source = source(block)?;
    match source.required_text("type")? {
        "base64" => base64(&source, &["application/pdf"], "document", weighing),
        "text" => {
            if source.required_text("media_type")? != "text/plain" {
                return Err(none_of(&source.at("media_type"), &["text/plain"]));
            }
            weighing.chain.text(source.required_text("data")?);
            Ok(())
        }
        "content" => {
            weighing.chain.json(source.required("content")?);
            Ok(())
        }
        "url" => url(&source, weighing),
        "file" => file(&source, weighing),
        _ => Err(none_of(&source.at("type"), &["base64", "text", "content", "url", "file"])),
    }
}

/// Whether a source is one that token counting does not follow.
pub(super) fn is_elsewhere(block: &Value) -> bool {
    let kind = block.pointer("/source/type").and_then(Value::as_str);
    matches!(kind, Some("url" | "file"))
}

fn source<'a>(block: &Fields<'a, Messages>) -> Result<Fields<'a, Messages>, Refusal> {
    block.required("source")?;
    let source = block.object("source")?;
    source.ok_or_else(|| Messages::missing(&block.at("source")))
}

fn base64(
    source: &Fields<'_, Messages>,
    known: &[&str],
    what: &str,
    weighing: &mut Weighing,
) -> Result<(), Refusal> {
    source.allow(&["type", "media_type", "data"])?;
    let kind = source.required_text("media_type")?;
    if !known.contains(&kind) {
        return Err(none_of(&source.at("media_type"), known));
    }
    let data = source.required_text("data")?;
    let Some(start) = media::start_of(data) else {
        return Err(invalid(&format!("{}: invalid base64 data", source.at("data"))));
    };
    match media::kind_of(&start) {
        Some(real) if real != kind => {
            return Err(invalid(&format!(
                "{}: The {what} was specified using the {kind} media type, but the {what} appears to be a {real} {what}",
                source.at("data")
            )));
        }
        _ => {}
    }
    weighing.chain.other(data, tokens::PER_MEDIUM);
    Ok(())
}

fn url(source: &Fields<'_, Messages>, weighing: &mut Weighing) -> Result<(), Refusal> {
    source.allow(&["type", "url"])?;
    let url = source.required_text("url")?;
    if !url.starts_with("https://") || !media::is_web(url) {
        return Err(invalid(&format!("{}: Only HTTPS URLs are supported.", source.at("url"))));
    }
    weighing.chain.other(url, tokens::PER_MEDIUM);
    Ok(())
}

/// Files are not simulated, so that none exists.
fn file(source: &Fields<'_, Messages>, _weighing: &mut Weighing) -> Result<(), Refusal> {
    let id = source.required_text("file_id")?;
    Err(super::errors::not_found(&format!("File not found: {id}")))
}
