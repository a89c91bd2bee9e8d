//! Every mistake in a user's file is refused with words that lead to it.
//!
//! A case is a file: its first lines say, after `#!`, which kind of error it is and what its message must
//! contain; the rest is laid over the built-in catalogue.

use std::{collections::BTreeSet, fs, path::Path};

use orkestra::catalogue::Catalogue;

use crate::over_builtin;

#[test]
fn every_bad_file_is_refused_with_file_place_field_and_value() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/catalogue/bad");
    let mut cases = 0;
    let mut wrong = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let notes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
        let (kind, says) = notes.split_first().unwrap();
        assert!(!says.is_empty(), "{name} expects nothing");
        cases += 1;
        let Err(error) = over_builtin(&text) else {
            wrong.push(format!("{name} is taken"));
            continue;
        };
        let message = error.to_string();
        if error.kind().name() != *kind {
            wrong.push(format!("{name}: not {kind} but {}: {message}", error.kind().name()));
        }
        for part in says.iter().chain(&["mine.toml"]).filter(|part| !message.contains(**part)) {
            wrong.push(format!("{name}: {message:?} does not say {part:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 60, "only {cases} cases were found");
}

#[test]
fn a_whole_catalogue_needs_the_day_of_its_data() {
    let error = Catalogue::parse("").unwrap_err();
    assert!(error.to_string().contains("`updated` is missing"), "{error}");
}

#[test]
fn a_truncated_catalogue_never_panics() {
    let text = include_str!("../../data/models.toml");
    let start = text.find("[[model]]").unwrap();
    let mut kinds = BTreeSet::new();
    for end in (start..text.len()).step_by(997) {
        if let Err(error) = Catalogue::parse(&text[..end]) {
            kinds.insert(error.kind().name());
        }
    }
    assert!(kinds.contains("config"), "{kinds:?}");
}
