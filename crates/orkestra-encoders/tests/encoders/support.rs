//! Where the fixtures are, and the ids that they were made with.

use std::{fs, path::PathBuf};

use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings};
use serde::de::DeserializeOwned;

/// The folder or file `name` of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A fixture's JSON.
pub(crate) fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&fs::read_to_string(fixture(name)).unwrap()).unwrap()
}

/// The tiny encoder `name` as an embedder.
pub(crate) fn embedder(name: &str, settings: &EncoderSettings) -> EncoderEmbedder {
    EncoderEmbedder::load(&EncoderFiles::in_folder(&fixture(name)).unwrap(), settings).unwrap()
}

/// The ids of a made-up text; `make_fixtures.py` has the same generator.
pub(crate) fn ids_of(length: usize, vocabulary: u64, seed: u64) -> Vec<u32> {
    let mut state = seed;
    let next = |_| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (5 + (state >> 8) % (vocabulary - 5)) as u32
    };
    (0..length).map(next).collect()
}
