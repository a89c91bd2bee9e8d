//! Where the bytes of images and documents are: `source` in both directions.

use serde_json::{Value, json};

use super::super::fields::text;
use crate::chat::Source;

/// The pictures that the API takes.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const PDF: &str = "application/pdf";
const PLAIN: &str = "text/plain";

/// Reads the `source` of an image or a document; `None` for a form that is not known, or has fields that are not.
pub(super) fn read(source: &Value) -> Option<Source> {
    let fields = source.as_object()?.len();
    let owned = |field: &str| text(source, field).map(str::to_owned);
    match (text(source, "type")?, fields) {
        ("base64", 3) => {
            Some(Source::Base64 { media_type: owned("media_type")?, data: owned("data")? })
        }
        ("url", 2) => Some(Source::Url { url: owned("url")?, media_type: None }),
        ("file", 2) => owned("file_id").map(Source::File),
        ("text", 3) if text(source, "media_type") == Some(PLAIN) => {
            let data = encoded(text(source, "data")?.as_bytes());
            Some(Source::Base64 { media_type: PLAIN.to_owned(), data })
        }
        _ => None,
    }
}

/// Writes the source of an image; what the API does not take is named instead. Uploaded files are `own` where they
/// were uploaded to this API.
pub(super) fn image(source: &Source, own: bool) -> Result<Value, String> {
    match source {
        Source::Base64 { media_type, data } => {
            let media_type = match media_type.as_str() {
                // No registered name, but a frequent one.
                "image/jpg" => "image/jpeg",
                other => other,
            };
            if IMAGES.contains(&media_type) {
                Ok(json!({"type": "base64", "media_type": media_type, "data": data}))
            } else {
                Err(format!("an image of the type {media_type}"))
            }
        }
        other => elsewhere(other, own).ok_or_else(|| "an image that was uploaded".to_owned()),
    }
}

/// Writes the source of a document, as [`image`] does.
pub(super) fn document(source: &Source, own: bool) -> Result<Value, String> {
    match source {
        Source::Base64 { media_type, data } if media_type == PDF => {
            Ok(json!({"type": "base64", "media_type": PDF, "data": data}))
        }
        Source::Base64 { media_type, data } => {
            let words = decoded(data).filter(|_| is_text(media_type));
            let words = words.and_then(|bytes| String::from_utf8(bytes).ok());
            match words {
                Some(words) => Ok(json!({"type": "text", "media_type": PLAIN, "data": words})),
                None => Err(format!("a document of the type {media_type}")),
            }
        }
        other => elsewhere(other, own).ok_or_else(|| "a document that was uploaded".to_owned()),
    }
}

fn elsewhere(source: &Source, own: bool) -> Option<Value> {
    match source {
        Source::Url { url, .. } => Some(json!({"type": "url", "url": url})),
        Source::File(id) if own => Some(json!({"type": "file", "file_id": id})),
        _ => None,
    }
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || matches!(media_type, "application/json" | "application/xml")
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The API takes plain text as it is, the neutral form has the bytes of all documents in base64.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = bits >> (18 - 6 * place) & 63;
            text.push(if place <= three.len() { ALPHABET[sextet as usize] as char } else { '=' });
        }
    }
    text
}

/// The counterpart of [`encoded`]; `None` where `data` is not base64.
fn decoded(data: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for symbol in data.trim_end_matches('=').bytes() {
        if symbol.is_ascii_whitespace() {
            continue;
        }
        let sextet = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits & 0xFFFF) << 6 | u32::from(sextet);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xFF) as u8);
        }
    }
    // Six bits alone are no byte.
    (held < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decoded, encoded};

    #[test]
    fn base64_is_what_the_standard_says() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, text) in cases {
            assert_eq!(encoded(plain.as_bytes()), text);
            assert_eq!(decoded(text), Some(plain.as_bytes().to_vec()));
        }
        for broken in ["Z", "Zm9v*", "é"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(decoded(&encoded(&bytes)), Some(bytes));
        }
    }
}
