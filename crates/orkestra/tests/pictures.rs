//! Pictures from bytes and from URLs.

#![cfg(test)]

use orkestra::{ErrorKind, chat::Source};

#[test]
fn bytes_that_are_a_picture_are_named_by_what_they_are() {
    let webp = b"RIFF\0\0\0\0WEBPVP8 ";
    let pictures: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (webp, "image/webp"),
    ];
    for (bytes, expected) in pictures {
        let Ok(Source::Base64 { media_type, data }) = Source::picture(bytes) else {
            panic!("{expected} was refused")
        };
        assert_eq!(media_type, expected);
        assert_eq!(data.len(), bytes.len().div_ceil(3) * 4);
    }
    assert_eq!(
        Source::picture(b"GIF89a").unwrap(),
        Source::Base64 { media_type: "image/gif".into(), data: "R0lGODlh".into() }
    );
}

#[test]
fn other_bytes_are_refused() {
    for bytes in [&b""[..], b"%PDF-1.7", b"RIFF\0\0\0\0WAVE", b"RIFF"] {
        let error = Source::picture(bytes).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("PNG"), "{error}");
    }
}

#[test]
fn a_url_leads_somewhere_or_holds_the_picture() {
    let inline = Source::from_url("data:image/png;base64,AAAA".into());
    assert_eq!(
        inline,
        Some(Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() })
    );
    assert_eq!(Source::from_url("data:image/png,AAAA".into()), None);
    let url = "https://example.com/cat.png";
    let expected = Source::Url { url: url.into(), media_type: None };
    assert_eq!(Source::from_url(url.into()), Some(expected));
}
