//! Parts → the bytes of an artefact. The same parts give the same bytes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use bytemuck::AnyBitPattern;
use safetensors::{Dtype, serialize, tensor::TensorView};
use sha2::{Digest, Sha256};

use super::{Metadata, hex};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{Block, Embedder, Features},
    routing::{nearest::Outcome, network::Network},
};

/// Everything an artefact holds. [`Metadata::sha256`] and the embedder's hash and id are filled in by
/// [`to_bytes`](Self::to_bytes).
#[derive(Clone, Debug)]
pub struct Parts {
    /// What it says about itself.
    pub metadata: Metadata,
    /// The tables by name; the module's own page lists them.
    pub tables: BTreeMap<String, Values>,
}

/// The numbers of a table and how many stand in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    kind: Dtype,
    columns: usize,
    bytes: Vec<u8>,
}

/// Numbers that a table can hold.
pub trait Number: Copy {
    /// Their type in the file.
    const KIND: Dtype;
    /// Their bytes, the lowest first.
    fn bytes(self) -> impl IntoIterator<Item = u8>;
}

macro_rules! numbers {
    ($($number:ty => $kind:ident),*) => {$(
        impl Number for $number {
            const KIND: Dtype = Dtype::$kind;

            fn bytes(self) -> impl IntoIterator<Item = u8> {
                self.to_le_bytes()
            }
        }
    )*};
}
numbers!(u8 => U8, i8 => I8, u16 => U16, u32 => U32, u64 => U64, f32 => F32);

impl Values {
    /// A table of `columns` numbers a row.
    #[must_use]
    pub fn new<T: Number>(columns: usize, numbers: &[T]) -> Self {
        let bytes = numbers.iter().flat_map(|number| number.bytes()).collect();
        Self { kind: T::KIND, columns, bytes }
    }

    /// A table as another artefact holds it.
    pub(super) fn of(kind: Dtype, columns: usize, bytes: &[u8]) -> Self {
        Self { kind, columns, bytes: bytes.to_vec() }
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape()[0]
    }

    /// Its numbers, if they are of this type.
    #[must_use]
    pub fn numbers<T: Number + AnyBitPattern>(&self) -> Option<Vec<T>> {
        let of = |bytes: &[u8]| bytemuck::try_pod_read_unaligned(bytes).ok();
        (self.kind == T::KIND)
            .then(|| self.bytes.chunks_exact(size_of::<T>()).map(of).collect())
            .flatten()
    }

    fn shape(&self) -> Vec<usize> {
        let elements = self.bytes.len() * 8 / self.kind.bitsize();
        match self.columns {
            0 | 1 => vec![elements],
            columns => vec![elements / columns, columns],
        }
    }
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

/// What each code of output tokens stands for: a forecast reads hundreds.
static TOKENS: LazyLock<[f64; 256]> =
    LazyLock::new(|| std::array::from_fn(|code| (code as f64 / PER_DOUBLING).exp2()));

pub(super) fn tokens_of(code: u8) -> Option<f64> {
    (code != MISSING).then(|| TOKENS[usize::from(code)])
}

impl Outcome {
    /// What is left of scores (premium, balanced's loss, budget's loss) in an artefact: a byte a figure.
    #[must_use]
    pub fn score_codes(&self) -> [u8; 3] {
        [score_code(self.premium), loss_code(self.balanced_loss), loss_code(self.budget_loss)]
    }

    /// What is left of output tokens (budget, balanced, premium) in an artefact: a byte a figure.
    #[must_use]
    pub fn token_codes(&self) -> [u8; 3] {
        let tokens = self.output_tokens;
        [tokens.budget, tokens.balanced, tokens.premium].map(tokens_code)
    }
}

/// Where a network sends texts.
#[derive(Clone, Debug)]
pub struct HiddenSpace(Network);

impl HiddenSpace {
    /// The hidden units for `features`, and their direction, in which neighbours are sought.
    #[must_use]
    pub fn of(&self, features: &Features) -> (Vec<f32>, Vec<f32>) {
        let units = self.0.hidden(features);
        let direction = self.0.direction(&units);
        (units, direction)
    }
}

impl Parts {
    /// Adds or replaces a table.
    pub fn put<T: Number>(&mut self, name: impl Into<String>, columns: usize, numbers: &[T]) {
        self.tables.insert(name.into(), Values::new(columns, numbers));
    }

    /// The same router as an addition to `base`: without the tables that are `base`'s to the last bit.
    #[must_use]
    pub fn on_top_of(mut self, base: &Self, sha256: &str) -> Self {
        self.tables.retain(|name, values| base.tables.get(name) != Some(&*values));
        self.metadata.base = Some(sha256.to_owned());
        self
    }

    /// The artefact's bytes.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when a table does not have the shape the others ask for; the
    /// bytes are read back before they are handed out.
    pub fn to_bytes(mut self) -> Result<Vec<u8>> {
        if self.metadata.base.is_none() {
            self.name_embedder();
        }
        self.metadata.sha256.clear();
        let mut whole = Sha256::new();
        whole.update(json(&self.metadata)?);
        for (name, values) in &self.tables {
            super::update(&mut whole, name, &values.shape(), &values.bytes);
        }
        self.metadata.sha256 = hex(&whole.finalize());

        let bytes = self.serialized(|_| true)?;
        crate::routing::from_bytes(&bytes)?;
        Ok(bytes)
    }

    /// Fills in the embedder's hash and id.
    pub fn name_embedder(&mut self) {
        let mut embedder = Sha256::new();
        for (name, values) in self.tables.iter().filter(|(name, _)| is_embedding(name)) {
            super::update(&mut embedder, name, &values.shape(), &values.bytes);
        }
        let card = &mut self.metadata.embedder;
        card.sha256 = hex(&embedder.finalize());
        card.id = format!("static-{}-{}", card.dimensions, &card.sha256[..12]);
    }

    /// The embedder alone, which needs no other table.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when its tables are missing or do not fit.
    pub fn embedder(&self) -> Result<Arc<dyn Embedder>> {
        let block = Block::copied(&self.serialized(is_embedding)?);
        Ok(Arc::new(super::read::embedder(&block, &self.metadata)?))
    }

    /// The network's hidden space alone.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when its tables are missing or do not fit.
    pub fn hidden_space(&self) -> Result<HiddenSpace> {
        let wanted = |name: &str| is_embedding(name) || name.starts_with("network.");
        let block = Block::copied(&self.serialized(wanted)?);
        Ok(HiddenSpace(super::read::network(&block, &self.metadata)?))
    }

    fn serialized(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<u8>> {
        // One key only: the library writes the header's map in the order of a hash map.
        let header = HashMap::from([(super::HEADER.to_owned(), json(&self.metadata)?)]);
        let views: Result<Vec<_>, _> = self
            .tables
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, values)| {
                TensorView::new(values.kind, values.shape(), &values.bytes).map(|view| (name, view))
            })
            .collect();
        views.and_then(|views| serialize(views, Some(header))).map_err(|cause| {
            Error::new(ErrorKind::Config, "the router's tables do not fit together").because(cause)
        })
    }
}

fn is_embedding(name: &str) -> bool {
    name.starts_with("tokens.") || name.starts_with("vocabulary.")
}

fn json(metadata: &Metadata) -> Result<String> {
    serde_json::to_string(metadata).map_err(|cause| {
        Error::new(ErrorKind::Config, "the router's metadata holds a value that is no number")
            .because(cause)
    })
}
