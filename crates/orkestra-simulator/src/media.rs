//! Images and documents in requests: what they say they are, and what their first bytes say.

use crate::encoding;

/// What a file's first bytes say that it is.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    const SIGNS: [(&[u8], &str); 6] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"RIFF", "image/webp"),
    ];
    SIGNS.iter().find(|(sign, _)| bytes.starts_with(sign)).map(|(_, kind)| *kind)
}

/// The first bytes of a file in base64; none if it is no base64 or empty.
pub(crate) fn start_of(base64: &str) -> Option<Vec<u8>> {
    encoding::start_of(base64, 16).filter(|bytes| !bytes.is_empty())
}

/// The type and the base64 text of a `data:` URL; none if it is no such URL.
pub(crate) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some((kind.split(';').next().unwrap_or(kind), data))
}

/// Whether `url` leads somewhere on the web.
pub(crate) fn is_web(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}
