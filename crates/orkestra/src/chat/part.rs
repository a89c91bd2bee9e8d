//! A piece of a message, and what may hang on it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::{ToolCall, ToolResult};
use crate::error::{Error, Result};

/// Fields that the neutral form does not know, by name. They belong to the dialect that the request or reply was read
/// from ([`Request::dialect`](super::Request::dialect)) and are put back only there.
pub type Extra = Map<String, Value>;

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it holds.
    pub content: Content,
    /// The provider's proof that a model produced this part, byte for byte as it came. Only that model reads it.
    pub signature: Option<String>,
    /// Up to here the prompt is worth caching.
    pub cache: Option<CacheHint>,
    /// What only its dialect knows.
    pub extra: Extra,
}

/// What a [`Part`] holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A picture.
    Image {
        /// Where it is.
        source: Source,
        /// How closely to look (`low`, `high`, `auto`), for models that are told.
        detail: Option<String>,
    },
    /// A file to read, such as a PDF.
    Document {
        /// Where it is.
        source: Source,
        /// What it is called.
        name: Option<String>,
    },
    /// A sound to hear.
    Audio {
        /// Where it is.
        source: Source,
    },
    /// The model's wish to have a tool called.
    ToolCall(ToolCall),
    /// What a called tool gave.
    ToolResult(ToolResult),
    /// What the model thought. Its proof is the part's signature.
    Reasoning {
        /// The thoughts or a summary of them; empty when the provider keeps them to itself.
        text: String,
        /// Thoughts that only the provider can read, in its own form.
        redacted: Option<String>,
    },
    /// The model's own words for why it does not answer.
    Refusal(String),
    /// Something that only its dialect knows; it travels whole or not at all.
    Other(Value),
}

/// Where the bytes of a picture or a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// In the message, in base64.
    Base64 {
        /// Such as `image/png`.
        media_type: String,
        /// The bytes, in standard base64.
        data: String,
    },
    /// At an address that the provider fetches.
    Url {
        /// The address.
        url: String,
        /// Such as `image/png`, where it was said.
        media_type: Option<String>,
    },
    /// Uploaded to the provider before, under this name.
    File(String),
}

/// A wish to keep the prompt up to here in the provider's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheHint {
    /// For as long as the provider does by default, some minutes.
    Default,
    /// For five minutes.
    FiveMinutes,
    /// For an hour.
    OneHour,
}

/// How pictures of each kind begin, and what the kind is called.
const PICTURES: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
];

impl Source {
    /// The picture in `bytes`: PNG, JPEG, GIF or WebP.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for anything else: no provider takes it.
    pub fn picture(bytes: &[u8]) -> Result<Self> {
        let kind = PICTURES.iter().find(|(start, _)| bytes.starts_with(start));
        match kind {
            Some((b"RIFF", _)) if bytes.get(8..12) != Some(b"WEBP") => {}
            Some((_, media_type)) => {
                let data = STANDARD.encode(bytes);
                return Ok(Self::Base64 { media_type: (*media_type).to_owned(), data });
            }
            None => {}
        }
        Err(Error::invalid(format!(
            "an image of {} bytes is none that can be sent; expected PNG, JPEG, GIF or WebP",
            bytes.len()
        )))
    }

    /// What `url` leads to, or holds in itself (`data:`); `None` for a `data:` URL without a media type or not in base64.
    #[must_use]
    pub fn from_url(url: String) -> Option<Self> {
        let Some(inline) = url.strip_prefix("data:") else {
            return Some(Self::Url { url, media_type: None });
        };
        let (media_type, data) = inline.split_once(";base64,")?;
        Some(Self::Base64 { media_type: media_type.to_owned(), data: data.to_owned() })
    }
}

impl Part {
    /// A part of plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Content::Text(text.into()).into()
    }

    /// Its text, where it is plain text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is text, thoughts or a refusal without words and without a proof: in a stream, the pieces after it
    /// belong to it, and by itself it says nothing.
    #[must_use]
    pub fn only_begins(&self) -> bool {
        let wordless = match &self.content {
            Content::Text(text) | Content::Refusal(text) => text.is_empty(),
            Content::Reasoning { text, redacted: None } => text.is_empty(),
            _ => false,
        };
        wordless && self.signature.is_none()
    }

    /// The same part with the model's proof.
    #[must_use]
    pub fn signed(mut self, signature: impl Into<String>) -> Self {
        self.signature = Some(signature.into());
        self
    }
}

impl From<Content> for Part {
    fn from(content: Content) -> Self {
        Self { content, signature: None, cache: None, extra: Extra::new() }
    }
}

impl From<ToolCall> for Part {
    fn from(call: ToolCall) -> Self {
        Content::ToolCall(call).into()
    }
}

impl From<ToolResult> for Part {
    fn from(result: ToolResult) -> Self {
        Content::ToolResult(result).into()
    }
}
