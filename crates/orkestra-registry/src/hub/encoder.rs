//! Which files of a repository make an encoder.

/// What kind of encoder it is, and how large.
pub(super) const CONFIG: &str = "config.json";

/// Tokenisers, the best first.
pub(super) const TOKENIZERS: [&[&str]; 3] =
    [&["tokenizer.json"], &["vocab.json", "merges.txt"], &["vocab.txt"]];

/// Weights, the best first: one that is plain numbers before a pickle, which is only ever read for its numbers.
pub(super) const WEIGHTS: [&[&str]; 2] = [&["model.safetensors"], &["pytorch_model.bin"]];

/// What some have: how texts are cleaned, and how token vectors become one.
pub(super) const EXTRAS: [&str; 3] =
    ["tokenizer_config.json", "modules.json", "1_Pooling/config.json"];
