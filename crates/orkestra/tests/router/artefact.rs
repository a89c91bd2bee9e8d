//! Damaged, forged and foreign router files: a clear error, never a panic.

use std::{io::Write as _, path::Path};

use orkestra::{
    ErrorKind,
    chat::Request,
    features::Features,
    routing::{self, Trained},
};
use proptest::prelude::*;

const GOOD: &[u8] = include_bytes!("../../data/router.safetensors");

fn header() -> (usize, String) {
    let length = u64::from_le_bytes(GOOD[..8].try_into().unwrap()) as usize;
    (length, String::from_utf8(GOOD[8..8 + length].to_vec()).unwrap())
}

/// The good file with its header's text changed, padded to the same length.
fn with_header(change: impl Fn(&str) -> String) -> Vec<u8> {
    let (length, text) = header();
    let mut changed = change(&text);
    assert_ne!(changed, text, "the change did not change anything");
    let trimmed = changed.trim_end().len();
    changed.truncate(trimmed);
    let padded = trimmed.max(length).next_multiple_of(8);
    changed.push_str(&" ".repeat(padded - trimmed));
    [&(padded as u64).to_le_bytes(), changed.as_bytes(), &GOOD[8 + length..]].concat()
}

fn refused(bytes: &[u8]) -> String {
    let error = routing::from_bytes(bytes).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config, "{error}");
    let message = error.to_string();
    assert!(message.contains("embedded router"), "no remedy: {message}");
    message
}

#[test]
fn what_is_wrong_is_named() {
    assert!(refused(b"").contains("0 bytes"));
    assert!(refused(b"PK\x03\x04 this is a zip file, not a router").contains("safetensors"));
    assert!(refused(&GOOD[..GOOD.len() - 1]).contains("no complete safetensors"));
    assert!(refused(&[GOOD, b"x"].concat()).contains("no complete safetensors"));
    assert!(refused(&vec![0; 65 * 1024 * 1024]).contains("at most"));
    let mut flipped = GOOD.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(refused(&flipped).contains("hash"));
    for format in ["2", "4"] {
        let other = format!("\\\"format\\\":{format}");
        let version = with_header(|text| text.replacen("\\\"format\\\":3", &other, 1));
        assert!(refused(&version).contains(&format!("version {format}, this program reads 3")));
    }
    let more = with_header(|text| {
        text.replacen("\\\"format\\\":3", "\\\"format\\\":3,\\\"colour\\\":1", 1)
    });
    assert!(refused(&more).contains("colour"));
    let tiers = with_header(|text| text.replacen("[\\\"budget\\\"", "[\\\"cheap\\\"", 1));
    assert!(refused(&tiers).contains("tiers"));
    let renamed = with_header(|text| text.replacen("\"tokens.codes\"", "\"tokens.kodes\"", 1));
    assert!(refused(&renamed).contains("hash"));
    let stranger = with_header(|text| text.replacen("\"orkestra\":", "\"somebody\":", 1));
    assert!(refused(&stranger).contains("nothing about a router"));
    let claim = with_header(|text| text.replacen("\\\"questions\\\":", "\\\"questions\\\":9", 1));
    assert!(refused(&claim).contains("hash"));
}

#[test]
fn a_file_is_read_as_its_bytes_are() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(GOOD).unwrap();
    let trained = routing::from_file(file.path()).unwrap();
    assert_eq!(trained.router().id(), routing::embedded().unwrap().router().id());
    file.as_file().set_len(1000).unwrap();
    let error = routing::from_file(file.path()).unwrap_err();
    assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
    let error = routing::from_file(Path::new("/nowhere/router.safetensors")).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("/nowhere/router.safetensors"), "{error}");
}

/// Bytes whose start is not aligned must do as well.
#[test]
fn where_the_bytes_lie_does_not_matter() {
    let shifted = [b"x", GOOD].concat();
    let forecast = |trained: &Trained| {
        let features =
            Features::of(&Request::from("What is entropy?"), &*trained.embedder()).unwrap();
        trained.router().forecast(&features, "google").unwrap()
    };
    let moved = routing::from_bytes(&shifted[1..]).unwrap();
    assert_eq!(forecast(&moved), forecast(&routing::embedded().unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_never_goes_unnoticed(at in 0..GOOD.len(), bit in 0_u8..8) {
        let mut bytes = GOOD.to_vec();
        bytes[at] ^= 1 << bit;
        // Only the padding after the header means nothing.
        let (length, text) = header();
        let padding = 8 + text.trim_end().len()..8 + length;
        if !padding.contains(&at) {
            prop_assert!(routing::from_bytes(&bytes).is_err());
        }
    }

    #[test]
    fn a_changed_header_never_panics(at in 0_usize..4096, byte in any::<u8>()) {
        let mut bytes = GOOD.to_vec();
        bytes[at] = byte;
        if let Ok(trained) = routing::from_bytes(&bytes) {
            prop_assert!(!trained.router().heads().is_empty());
        }
    }

    #[test]
    fn a_truncated_file_is_refused(length in 0..GOOD.len()) {
        prop_assert!(routing::from_bytes(&GOOD[..length]).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(routing::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_text_can_be_forecast(text in any::<String>()) {
        let trained = routing::embedded().unwrap();
        let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
        for head in trained.router().heads() {
            let forecast = trained.router().forecast(&features, head).unwrap();
            prop_assert!((0.0..=1.0).contains(&forecast.tiers.premium.score));
            prop_assert!((0.0..=1.0).contains(&forecast.familiarity));
        }
    }
}
