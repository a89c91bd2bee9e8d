//! Content parts: `{"type": "text" | "image_url" | "file" | "input_audio" | "refusal", …}`.

use serde_json::{Map, Value, json};

use super::{
    super::fields::{self, Fields},
    object,
};
use crate::{
    chat::{CacheHint, Content, Extra, Part, Source},
    error::Result,
};

/// Reads `content`: text, or a list of parts.
pub(super) fn read(content: Value, place: &str) -> Result<Vec<Part>> {
    match content {
        Value::String(text) => Ok(vec![Part::text(text)]),
        Value::Array(parts) => {
            let parts = parts.into_iter().enumerate();
            parts.map(|(position, part)| read_part(part, format!("{place}[{position}]"))).collect()
        }
        other => Err(fields::wrong(place, &other, "text or a list of parts")),
    }
}

fn read_part(part: Value, place: String) -> Result<Part> {
    let kind = fields::owned(&part, "type").unwrap_or_default();
    let whole = |part: Value| Ok(Content::Other(part).into());
    let mut part = match kind.as_str() {
        "text" | "refusal" | "image_url" | "file" | "input_audio" => Fields::of(part, place)?,
        "" => {
            let mut part = Fields::of(part, place)?;
            let expected = "the kind of the part, such as \"text\"";
            return Err(match part.take("type") {
                Some(other) => fields::wrong(&part.place("type"), &other, expected),
                None => fields::absent(&part.place("type"), expected),
            });
        }
        _ => return whole(part),
    };
    part.take("type");
    let cache = cache_hint(&mut part);
    let content = match kind.as_str() {
        "text" => Content::Text(part.needed_text("text", "text")?),
        "refusal" => Content::Refusal(part.needed_text("refusal", "text")?),
        "image_url" => image(&mut part)?,
        "file" => file(&mut part)?,
        _ => audio(&mut part)?,
    };
    Ok(Part { cache, extra: part.rest(), ..content.into() })
}

/// `cache_control`, which is Anthropic's; compatible servers that pass Claude on read it here, and so do we.
pub(super) fn cache_hint(part: &mut Fields) -> Option<CacheHint> {
    let control = part.get("cache_control")?;
    if fields::text(control, "type") != Some("ephemeral") {
        return None;
    }
    let hint = match fields::text(control, "ttl") {
        None => CacheHint::Default,
        Some("5m") => CacheHint::FiveMinutes,
        Some("1h") => CacheHint::OneHour,
        Some(_) => return None,
    };
    part.take("cache_control");
    Some(hint)
}

/// The counterpart of [`cache_hint`].
pub(super) fn cache_control(hint: CacheHint) -> Value {
    match hint {
        CacheHint::Default => json!({"type": "ephemeral"}),
        CacheHint::FiveMinutes => json!({"type": "ephemeral", "ttl": "5m"}),
        CacheHint::OneHour => json!({"type": "ephemeral", "ttl": "1h"}),
    }
}

fn image(part: &mut Fields) -> Result<Content> {
    // Some clients send the address alone instead of an object.
    if let Some(Value::String(url)) = part.get("image_url") {
        let source = source(url.clone(), &part.place("image_url"))?;
        part.take("image_url");
        return Ok(Content::Image { source, detail: None });
    }
    let expected = "an object with the image's url";
    let mut image = part
        .object("image_url")?
        .ok_or_else(|| fields::absent(&part.place("image_url"), expected))?;
    let url = image.needed_text("url", "an https: or data: URL")?;
    Ok(Content::Image { source: source(url, &image.place("url"))?, detail: image.text("detail")? })
}

fn file(part: &mut Fields) -> Result<Content> {
    let expected = "an object with file_data or file_id";
    let mut file =
        part.object("file")?.ok_or_else(|| fields::absent(&part.place("file"), expected))?;
    let name = file.text("filename")?;
    let source = match (file.text("file_id")?, file.text("file_data")?) {
        (Some(id), _) => Source::File(id),
        (None, Some(data)) => source(data, &file.place("file_data"))?,
        (None, None) => {
            return Err(fields::absent(&file.place("file_data"), "a data: URL, or a file_id"));
        }
    };
    Ok(Content::Document { source, name })
}

fn audio(part: &mut Fields) -> Result<Content> {
    let expected = "an object with data and format";
    let mut audio = part
        .object("input_audio")?
        .ok_or_else(|| fields::absent(&part.place("input_audio"), expected))?;
    let data = audio.needed_text("data", "the sound in base64")?;
    let format = audio.needed_text("format", "\"wav\" or \"mp3\"")?;
    let media_type = if format == "mp3" { "audio/mpeg".into() } else { format!("audio/{format}") };
    Ok(Content::Audio { source: Source::Base64 { media_type, data } })
}

/// The bytes in a `data:` URL, or the address itself.
fn source(url: String, place: &str) -> Result<Source> {
    let start: String = url.chars().take(40).collect();
    Source::from_url(url).ok_or_else(|| {
        fields::wrong(place, &start.into(), "an https: URL or data:<media type>;base64,<data>")
    })
}

/// Writes the content of a part; what the API has no words for is named instead.
pub(super) fn write(content: &Content) -> Result<Map<String, Value>, &'static str> {
    let part = match content {
        Content::Text(text) => json!({"type": "text", "text": text}),
        Content::Refusal(text) => json!({"type": "refusal", "refusal": text}),
        Content::Image { source, detail } => {
            let url = url(source).ok_or("images that were uploaded")?;
            let mut image = object([("url", url.into())]);
            if let Some(detail) = detail {
                image["detail"] = detail.as_str().into();
            }
            object([("type", "image_url".into()), ("image_url", image)])
        }
        Content::Document { source, name } => {
            object([("type", "file".into()), ("file", document(source, name.as_deref())?)])
        }
        Content::Audio { source: Source::Base64 { media_type, data } } => {
            let audio = json!({"data": data, "format": audio_format(media_type)});
            object([("type", "input_audio".into()), ("input_audio", audio)])
        }
        Content::Audio { .. } => return Err("sounds that are not in the message"),
        Content::Other(value) => value.clone(),
        Content::ToolCall(_) | Content::ToolResult(_) | Content::Reasoning { .. } => Value::Null,
    };
    match part {
        Value::Object(part) => Ok(part),
        _ => Err("such parts in this place"),
    }
}

fn url(source: &Source) -> Option<String> {
    match source {
        Source::Base64 { media_type, data } => Some(format!("data:{media_type};base64,{data}")),
        Source::Url { url, .. } => Some(url.clone()),
        Source::File(_) => None,
    }
}

fn document(source: &Source, name: Option<&str>) -> Result<Value, &'static str> {
    match source {
        Source::File(id) => {
            let mut file = Extra::from_iter([("file_id".to_owned(), Value::from(id.as_str()))]);
            file.extend(name.map(|name| ("filename".to_owned(), name.into())));
            Ok(file.into())
        }
        Source::Base64 { media_type, .. } => {
            // The API refuses data without a name.
            let usual = if media_type == "application/pdf" { "document.pdf" } else { "document" };
            Ok(object([
                ("filename", name.unwrap_or(usual).into()),
                ("file_data", url(source).into()),
            ]))
        }
        Source::Url { .. } => Err("documents at an address"),
    }
}

fn audio_format(media_type: &str) -> &str {
    let format = media_type.strip_prefix("audio/").unwrap_or(media_type);
    match format {
        "mpeg" => "mp3",
        "x-wav" | "wave" | "vnd.wave" => "wav",
        other => other,
    }
}
