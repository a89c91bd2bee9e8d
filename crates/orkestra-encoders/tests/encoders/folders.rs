//! What a folder says about an encoder, and what follows for its vectors and its id.

use std::fs;

use orkestra::features::Embedder as _;
use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings, Pooling, Storage};

use crate::support::{embedder, fixture};

/// A copy of the tiny BERT with more files.
fn folder_with(more: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(fixture("bert").join(file), folder.path().join(file)).unwrap();
    }
    for (name, text) in more {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &tempfile::TempDir, settings: &EncoderSettings) -> EncoderEmbedder {
    EncoderEmbedder::load(&EncoderFiles::in_folder(folder.path()).unwrap(), settings).unwrap()
}

#[test]
fn a_vector_is_the_pooled_states_at_unit_length() {
    for (pooling, file) in [
        (Pooling::Mean, r#"{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#),
        (Pooling::First, r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#),
    ] {
        let embedder =
            load(&folder_with(&[("1_Pooling/config.json", file)]), &EncoderSettings::default());
        let found = embedder.embed("one two three").unwrap();
        let ids = embedder.tokenizer().ids("one two three").unwrap();
        let states = embedder.encoder().hidden_states(&[ids.into()]).unwrap();
        let pooled = pooling.of(&states[0], embedder.dimensions());
        let length = pooled.iter().map(|x| x * x).sum::<f32>().sqrt();
        for (found, pooled) in found.vector.iter().zip(&pooled) {
            assert!((found - pooled / length).abs() < 1e-6);
        }
        assert!(found.tokens.is_empty());
    }
}

#[test]
fn many_texts_give_the_vectors_they_give_alone() {
    let embedder = embedder("longformer", &EncoderSettings::default());
    let texts: Vec<String> = (1..60).map(|words| "how many words ".repeat(words)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = embedder.embed_all(&texts).unwrap();
    assert_eq!(together.len(), texts.len());
    for (text, together) in texts.iter().zip(&together) {
        let alone = embedder.embed(text).unwrap();
        for (a, b) in alone.vector.iter().zip(&together.vector) {
            assert!((a - b).abs() < 1e-5, "{} words", text.split(' ').count());
        }
    }
    assert!(embedder.embed_all(&[]).unwrap().is_empty());
}

#[test]
fn a_prefix_stands_before_every_text() {
    let folder = folder_with(&[]);
    let plain = load(&folder, &EncoderSettings::default());
    let prefixed = load(
        &folder,
        &EncoderSettings { prefix: "query: ".to_owned(), ..EncoderSettings::default() },
    );
    let expected = plain.embed("query: what is love").unwrap();
    assert_eq!(prefixed.embed("what is love").unwrap(), expected);
    assert_ne!(plain.embed("what is love").unwrap(), expected);
}

#[test]
fn texts_are_cut_where_the_folder_says() {
    let folder = folder_with(&[("sentence_bert_config.json", r#"{"max_seq_length": 8}"#)]);
    let cut = load(&folder, &EncoderSettings::default());
    let long = "one two three ".repeat(40);
    assert_eq!(cut.tokenizer().ids(&long).unwrap().len(), 8);
    let asked = EncoderSettings { longest: Some(20), ..EncoderSettings::default() };
    assert_eq!(load(&folder, &asked).tokenizer().ids(&long).unwrap().len(), 20);
    let whole = load(&folder_with(&[]), &EncoderSettings::default());
    assert_eq!(whole.tokenizer().ids(&long.repeat(20)).unwrap().len(), 512);
}

#[test]
fn an_id_names_all_that_a_vector_depends_on() {
    let id = |settings: EncoderSettings| embedder("longformer", &settings).id().to_owned();
    let plain = id(EncoderSettings::default());
    assert!(plain.starts_with("longformer-24-"), "{plain}");
    assert_eq!(plain, id(EncoderSettings::default()));
    let others = [
        EncoderSettings { storage: Storage::Bf16, ..EncoderSettings::default() },
        EncoderSettings { pooling: Some(Pooling::First), ..EncoderSettings::default() },
        EncoderSettings { prefix: "query: ".to_owned(), ..EncoderSettings::default() },
        EncoderSettings { global_first: true, ..EncoderSettings::default() },
        EncoderSettings { longest: Some(512), ..EncoderSettings::default() },
    ];
    let mut all: Vec<String> = others.into_iter().map(id).collect();
    all.push(plain);
    all.push(embedder("bert", &EncoderSettings::default()).id().to_owned());
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "{all:?}");
}
