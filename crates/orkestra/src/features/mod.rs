//! Request → [`Features`]: what the router looks at.
//!
//! Nothing here decides, talks to a network or reads a clock.

mod continuation;
mod embedding;
pub(crate) mod lanes;
mod ngrams;
mod shape;
mod surface;
mod tensors;
mod tokenizer;
mod vocabulary;

use std::fmt;

use crate::{chat::Request, error::Result};
pub(crate) use embedding::StaticEmbedder;
pub use ngrams::{BUCKETS, Count, each_ngram, ngrams, rareness, weigh};
pub use shape::{SHAPE, SHAPE_NAMES, shape};
pub use surface::{estimate_tokens, judged_text, written_tokens};
pub(crate) use tensors::{Block, Table};
pub(crate) use tokenizer::Tokenizer;
pub(crate) use vocabulary::Vocabulary;
pub use vocabulary::VocabularyTables;

/// What is known about a request before any model sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The embedding of the judged text, of unit length, or all zero when no token of it is known.
    pub embedding: Vec<f32>,
    /// The id of the embedder that made `embedding`.
    pub embedder: String,
    /// The embedder's tokens of the judged text, as indices into its vocabulary; empty for an embedder that
    /// has none.
    pub tokens: Vec<u16>,
    /// The judged text's hashed n-grams.
    pub ngrams: Vec<Count>,
    /// The judged text's [`shape`].
    pub shape: [f32; SHAPE],
    /// Counts of the whole request.
    pub counts: Counts,
}

impl Features {
    /// What `embedder` and a count make of `request`.
    ///
    /// # Errors
    /// The embedder's.
    pub fn of(request: &Request, embedder: &dyn Embedder) -> Result<Self> {
        let judged = judged_text(request);
        let embedding = embedder.embed(&judged)?;
        Ok(Self::with(request, embedder, embedding))
    }

    /// What `embedding`, which `embedder` made of the [`judged_text`] of `request`, and a count make of it.
    #[must_use]
    pub fn with(request: &Request, embedder: &dyn Embedder, embedding: Embedding) -> Self {
        let judged = judged_text(request);
        let Embedding { vector, tokens } = embedding;
        Self {
            embedding: vector,
            embedder: embedder.id().to_owned(),
            tokens,
            ngrams: ngrams(&judged),
            shape: shape(&judged),
            counts: surface::counts(request, &judged),
        }
    }
}

/// Counts of the whole request's surface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Characters of the judged text.
    pub characters: usize,
    /// Words of the judged text.
    pub words: usize,
    /// Digits of the judged text.
    pub digits: usize,
    /// Fenced code blocks and code-like lines of the judged text.
    pub code_lines: usize,
    /// Question marks of the judged text.
    pub questions: usize,
    /// Messages of the conversation, instructions aside.
    pub turns: usize,
    /// Tools that the model may use.
    pub tools: usize,
    /// Pictures.
    pub images: usize,
    /// Estimated input tokens of everything that is sent, in o200k tokens.
    pub input_tokens: u64,
}

/// Turns text into a vector.
pub trait Embedder: fmt::Debug + Send + Sync {
    /// Names the embedder and its version; a router refuses vectors of another.
    fn id(&self) -> &str;
    /// The vector's length.
    fn dimensions(&self) -> usize;
    /// Embeds `text`. The same text always gives the same vector.
    ///
    /// # Errors
    /// The embedded router's embedder has none. One that asks a server fails as servers do.
    fn embed(&self, text: &str) -> Result<Embedding>;

    /// Embeds several texts, in their order. An embedder that does many at once faster says how.
    ///
    /// # Errors
    /// That of the first text that fails.
    fn embed_all(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        texts.iter().map(|text| self.embed(text)).collect()
    }

    /// Whether [`embed`](Self::embed) takes so long that nobody else should wait for it: a transformer, or a server.
    /// The engine then calls it on a thread of its own. Default: no.
    fn is_slow(&self) -> bool {
        false
    }
}

/// What an [`Embedder`] made of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Of unit length, or all zero when no token is known.
    pub vector: Vec<f32>,
    /// Indices into the embedder's vocabulary; empty for an embedder that has none.
    pub tokens: Vec<u16>,
}
