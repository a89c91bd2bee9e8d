//! Parts → the bytes of an artefact. The same parts give the same bytes.

use std::collections::HashMap;

use safetensors::{Dtype, serialize, tensor::TensorView};
use sha2::{Digest, Sha256};

use super::{Metadata, hex};
use crate::{
    error::{Error, ErrorKind, Result},
    features::VocabularyTables,
    routing::nearest::Outcome,
};

/// Everything an artefact holds. [`Metadata::sha256`] and the embedder's hash and id are filled in by
/// [`to_bytes`](Self::to_bytes).
#[derive(Clone, Debug)]
pub struct Parts {
    /// What it says about itself.
    pub metadata: Metadata,
    /// The tokenizer's vocabulary.
    pub vocabulary: VocabularyTables,
    /// Four-bit token vectors, row by row.
    pub token_codes: Vec<u8>,
    /// One factor a token.
    pub token_scales: Vec<f32>,
    /// Eight-bit reference vectors, cluster by cluster.
    pub vectors: Vec<i8>,
    /// One factor a reference.
    pub vector_scales: Vec<f32>,
    /// Each reference's position in [`Metadata::families`].
    pub families: Vec<u16>,
    /// Eight-bit centroids.
    pub centroids: Vec<i8>,
    /// One factor a centroid.
    pub centroid_scales: Vec<f32>,
    /// Where each cluster starts, and the end of the last.
    pub cluster_starts: Vec<u32>,
    /// Short hashes of the normalised questions, sorted: what has been seen must not be used to measure.
    pub question_hashes: Vec<u64>,
    /// In the order of [`Metadata::heads`].
    pub heads: Vec<HeadParts>,
}

/// One head's tables.
#[derive(Clone, Debug)]
pub struct HeadParts {
    /// One for each reference; without a premium score it does not count for this head.
    pub outcomes: Vec<Outcome>,
    /// The margin for each quality from 0 to 1 in equal steps.
    pub margins: Vec<f32>,
}

/// A code that says "not measured".
pub(super) const MISSING: u8 = 255;
/// Codes per doubling of output tokens.
const PER_DOUBLING: f64 = 16.0;

fn score_code(score: Option<f64>) -> u8 {
    score.map_or(MISSING, |score| (score.clamp(0.0, 1.0) * 254.0).round() as u8)
}

fn loss_code(loss: Option<f64>) -> u8 {
    loss.map_or(MISSING, |loss| ((loss.clamp(-1.0, 1.0) + 1.0) * 127.0).round() as u8)
}

fn tokens_code(tokens: Option<f64>) -> u8 {
    let code = |tokens: f64| (tokens.max(1.0).log2() * PER_DOUBLING).round().min(254.0) as u8;
    tokens.map_or(MISSING, code)
}

pub(super) fn score_of(code: u8) -> Option<f64> {
    (code != MISSING).then(|| f64::from(code) / 254.0)
}

pub(super) fn loss_of(code: u8) -> Option<f64> {
    (code != MISSING).then(|| f64::from(code) / 127.0 - 1.0)
}

pub(super) fn tokens_of(code: u8) -> Option<f64> {
    (code != MISSING).then(|| (f64::from(code) / PER_DOUBLING).exp2())
}

impl Outcome {
    /// What is left of it in an artefact: a byte a figure.
    pub(super) fn codes(&self) -> ([u8; 3], [u8; 3]) {
        let scores =
            [score_code(self.premium), loss_code(self.balanced_loss), loss_code(self.budget_loss)];
        let tokens = self.output_tokens;
        (scores, [tokens.budget, tokens.balanced, tokens.premium].map(tokens_code))
    }
}

/// A named table on its way into the file.
struct Tensor {
    name: String,
    kind: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn new(name: impl Into<String>, kind: Dtype, columns: usize, bytes: Vec<u8>) -> Self {
        let elements = bytes.len() * 8 / kind.bitsize();
        let shape = match columns {
            1 => vec![elements],
            _ => vec![elements / columns.max(1), columns],
        };
        Self { name: name.into(), kind, shape, bytes }
    }
}

fn little_endian<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| bytes(*value)).collect()
}

impl Parts {
    /// The artefact's bytes.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when a table does not have the shape the others ask for; the
    /// bytes are read back before they are handed out.
    pub fn to_bytes(mut self) -> Result<Vec<u8>> {
        let mut tensors = self.tensors();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let mut embedder = Sha256::new();
        let embedding = |name: &str| name.starts_with("tokens.") || name.starts_with("vocabulary.");
        for tensor in tensors.iter().filter(|tensor| embedding(&tensor.name)) {
            super::update(&mut embedder, &tensor.name, &tensor.shape, &tensor.bytes);
        }
        let card = &mut self.metadata.embedder;
        card.sha256 = hex(&embedder.finalize());
        card.id = format!("static-{}-{}", card.dimensions, &card.sha256[..12]);
        self.metadata.sha256.clear();
        let mut whole = Sha256::new();
        whole.update(json(&self.metadata)?);
        for tensor in &tensors {
            super::update(&mut whole, &tensor.name, &tensor.shape, &tensor.bytes);
        }
        self.metadata.sha256 = hex(&whole.finalize());

        // One key only: the library writes the header's map in the order of a hash map.
        let header = HashMap::from([(super::HEADER.to_owned(), json(&self.metadata)?)]);
        let views: Result<Vec<_>, _> = tensors
            .iter()
            .map(|tensor| {
                TensorView::new(tensor.kind, tensor.shape.clone(), &tensor.bytes)
                    .map(|view| (&tensor.name, view))
            })
            .collect();
        let bytes = views.and_then(|views| serialize(views, Some(header))).map_err(|cause| {
            Error::new(ErrorKind::Config, "the router's tables do not fit together").because(cause)
        })?;
        crate::routing::from_bytes(bytes.clone())?;
        Ok(bytes)
    }

    fn tensors(&self) -> Vec<Tensor> {
        let dimensions = self.metadata.embedder.dimensions;
        let floats = |values: &[f32]| little_endian(values, f32::to_le_bytes);
        let signed = |values: &[i8]| little_endian(values, i8::to_le_bytes);
        let words = |values: &[u32]| little_endian(values, u32::to_le_bytes);
        let halves = |values: &[u16]| little_endian(values, u16::to_le_bytes);
        let hashes = little_endian(&self.question_hashes, u64::to_le_bytes);
        let words_of = &self.vocabulary;
        let mut tensors = vec![
            Tensor::new("vocabulary.text", Dtype::U8, 1, words_of.text.clone()),
            Tensor::new("vocabulary.ends", Dtype::U32, 1, words(&words_of.ends)),
            Tensor::new("vocabulary.slots", Dtype::U16, 1, halves(&words_of.slots)),
            Tensor::new("tokens.codes", Dtype::U8, dimensions / 2, self.token_codes.clone()),
            Tensor::new("tokens.scales", Dtype::F32, 1, floats(&self.token_scales)),
            Tensor::new("references.vectors", Dtype::I8, dimensions, signed(&self.vectors)),
            Tensor::new("references.scales", Dtype::F32, 1, floats(&self.vector_scales)),
            Tensor::new("references.families", Dtype::U16, 1, halves(&self.families)),
            Tensor::new("clusters.centroids", Dtype::I8, dimensions, signed(&self.centroids)),
            Tensor::new("clusters.scales", Dtype::F32, 1, floats(&self.centroid_scales)),
            Tensor::new("clusters.starts", Dtype::U32, 1, words(&self.cluster_starts)),
            Tensor::new("questions.hashes", Dtype::U64, 1, hashes),
        ];
        for (card, head) in self.metadata.heads.iter().zip(&self.heads) {
            let codes: Vec<_> = head.outcomes.iter().map(Outcome::codes).collect();
            let scores = codes.iter().flat_map(|(scores, _)| *scores).collect();
            let tokens = codes.iter().flat_map(|(_, tokens)| *tokens).collect();
            let name = |table: &str| format!("heads.{}.{table}", card.name);
            tensors.push(Tensor::new(name("outcomes"), Dtype::U8, 3, scores));
            tensors.push(Tensor::new(name("output_tokens"), Dtype::U8, 3, tokens));
            tensors.push(Tensor::new(name("margins"), Dtype::F32, 1, floats(&head.margins)));
        }
        tensors
    }
}

fn json(metadata: &Metadata) -> Result<String> {
    serde_json::to_string(metadata).map_err(|cause| {
        Error::new(ErrorKind::Config, "the router's metadata holds a value that is no number")
            .because(cause)
    })
}
