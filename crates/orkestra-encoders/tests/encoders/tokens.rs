//! Tokenisers against the originals, on 2,000 texts in many scripts.

use std::fs;

use orkestra_encoders::{EncoderFiles, TextTokenizer};
use serde::Deserialize;
use tempfile::TempDir;

use crate::support::{fixture, json};

/// More than any text has.
const LONGEST: usize = 100_000;

#[derive(Deserialize)]
struct Split {
    texts: Vec<String>,
    longformer: Vec<Vec<u32>>,
    bert: Vec<Vec<u32>>,
    bert_cased: Vec<Vec<u32>>,
}

/// A folder with only some of the tokeniser's files, beside what an encoder needs.
fn folder_with(name: &str, files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in [&["config.json", "model.safetensors"], files].concat() {
        fs::copy(fixture(name).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn compare(folder: &TempDir, texts: &[String], expected: &[Vec<u32>]) {
    let files = EncoderFiles::in_folder(folder.path()).unwrap();
    let tokenizer = TextTokenizer::read(&files, LONGEST).unwrap();
    assert_eq!((texts.len(), expected.len()), (2000, 2000));
    for (text, expected) in texts.iter().zip(expected) {
        assert_eq!(&tokenizer.ids(text).unwrap(), expected, "{text:?} by {:?}", files.tokenizer);
    }
}

#[test]
fn longformers_tokeniser_splits_as_the_original_from_either_kind_of_file() {
    let split: Split = json("split.json");
    for files in [&["tokenizer.json"][..], &["vocab.json", "merges.txt"]] {
        compare(&folder_with("longformer", files), &split.texts, &split.longformer);
    }
}

#[test]
fn berts_tokeniser_splits_as_the_original_from_either_kind_of_file() {
    let split: Split = json("split.json");
    for files in [&["tokenizer.json"][..], &["vocab.txt"]] {
        compare(&folder_with("bert", files), &split.texts, &split.bert);
    }
    let cased = folder_with("bert", &["vocab.txt"]);
    fs::write(cased.path().join("tokenizer_config.json"), r#"{"do_lower_case": false}"#).unwrap();
    compare(&cased, &split.texts, &split.bert_cased);
}

#[test]
fn long_texts_are_cut_and_keep_their_end() {
    let folder = folder_with("longformer", &["tokenizer.json"]);
    let files = EncoderFiles::in_folder(folder.path()).unwrap();
    let whole =
        TextTokenizer::read(&files, LONGEST).unwrap().ids("one two three four five").unwrap();
    let cut = TextTokenizer::read(&files, 6).unwrap().ids("one two three four five").unwrap();
    assert!(whole.len() > 6);
    assert_eq!(cut[..5], whole[..5]);
    assert_eq!((cut.len(), cut.last()), (6, whole.last()));
}
