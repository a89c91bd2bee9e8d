//! The `static` embedder: the mean of weighted token vectors, of unit length.
//!
//! No transformer runs here. The vectors were distilled from one (see `docs/router.md`), their
//! inverse-frequency weights are part of their scales.

use std::fmt;

use super::{Embedder, Embedding, lanes::add_nibbles, tensors::Table, tokenizer::Tokenizer};
use crate::error::Result;

/// Codes are four bits wide and stored with this offset, so that a nibble is never negative.
const OFFSET: f32 = 8.0;
/// No vector is longer.
const MOST_DIMENSIONS: usize = 1 << 16;

/// Embeds by averaging one vector per token.
#[derive(Clone)]
pub(crate) struct StaticEmbedder {
    id: String,
    dimensions: usize,
    tokenizer: Tokenizer,
    /// Row by row, two codes a byte: dimension `j` low, `j + dimensions / 2` high.
    codes: Table<u8>,
    /// One factor a row; 0 for tokens that say nothing.
    scales: Table<f32>,
}

impl StaticEmbedder {
    /// Puts the tables together; the message names what does not fit.
    pub(crate) fn new(
        id: String,
        dimensions: usize,
        tokenizer: Tokenizer,
        codes: Table<u8>,
        scales: Table<f32>,
    ) -> Result<Self, String> {
        let tokens = tokenizer.vocabulary().len();
        if !(2..=MOST_DIMENSIONS).contains(&dimensions) || !dimensions.is_multiple_of(2) {
            return Err(format!(
                "embedder.dimensions is {dimensions}; it must be even, and from 2 to {MOST_DIMENSIONS}"
            ));
        }
        if codes.len() != tokens * (dimensions / 2) || scales.len() != tokens {
            return Err(format!("tokens.codes or tokens.scales do not have {tokens} rows"));
        }
        if !scales.iter().all(|scale| scale.is_finite()) {
            return Err("tokens.scales holds a value that is no finite number".to_owned());
        }
        Ok(Self { id, dimensions, tokenizer, codes, scales })
    }

    /// How many tokens it knows.
    pub(crate) fn vocabulary_len(&self) -> usize {
        self.tokenizer.vocabulary().len()
    }

    /// The spelling of every token of `text`, in order; `##` marks one that continues a word.
    pub(crate) fn tokens(&self, text: &str) -> Vec<String> {
        let mut indices = Vec::new();
        self.tokenizer.tokenize(text, &mut indices);
        let spelling = |index: &u16| self.tokenizer.vocabulary().token(usize::from(*index));
        indices.iter().map(|index| String::from_utf8_lossy(spelling(index)).into_owned()).collect()
    }
}

impl Embedder for StaticEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, text: &str) -> Result<Embedding> {
        let mut indices = Vec::with_capacity(text.len() / 4 + 1);
        self.tokenizer.tokenize(text, &mut indices);
        let half = self.dimensions / 2;
        let mut vector = vec![0.0; self.dimensions];
        let (codes, scales) = (&*self.codes, &*self.scales);
        for index in indices.iter().map(|index| usize::from(*index)) {
            let scale = scales.get(index).copied().unwrap_or(0.0);
            let row = codes.get(index * half..(index + 1) * half);
            if let (Some(row), true) = (row, scale != 0.0) {
                add_nibbles(&mut vector, row, scale, OFFSET);
            }
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 && length.is_finite() {
            vector.iter_mut().for_each(|x| *x /= length);
        } else {
            vector.fill(0.0);
        }
        Ok(Embedding { vector, tokens: indices })
    }
}

impl fmt::Debug for StaticEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticEmbedder").field("id", &self.id).finish_non_exhaustive()
    }
}
