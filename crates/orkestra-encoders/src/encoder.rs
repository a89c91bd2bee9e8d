//! Token ids → hidden states.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use orkestra::{Error, ErrorKind, Result};

use crate::{
    attention::Span,
    config::{EncoderConfig, Family},
    files::WeightsFile,
    kernels::{AddNorm, Norm, arithmetic},
    layer::Layer,
    weights::{Storage, Weights},
};

/// A text as the encoder takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
    /// Places of tokens with global attention, ascending: they see all tokens and are seen by all. Only a
    /// Longformer that was loaded for it has any.
    pub global: Vec<usize>,
}

impl From<Vec<u32>> for Sequence {
    fn from(ids: Vec<u32>) -> Self {
        Self { ids, global: Vec::new() }
    }
}

/// A transformer encoder of the BERT family or a Longformer.
///
/// Cheap to share, safe to call from several threads; a call uses all cores. Memory is the weights', and some
/// 40 kB a token for a model of 768 dimensions.
#[derive(Debug)]
pub struct Encoder {
    config: EncoderConfig,
    words: Tensor,
    places: Tensor,
    kind: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    with_global: bool,
    digest: String,
}

impl Encoder {
    /// Loads weights. `with_global` also loads a Longformer's projections for global attention, a seventh more.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the file and the tensor, when weights are missing, damaged or of
    /// another shape than `config` says, and when only a Longformer could do what is asked.
    pub fn load(
        config: EncoderConfig,
        file: &WeightsFile,
        storage: Storage,
        with_global: bool,
    ) -> Result<Self> {
        if with_global && config.family != Family::Longformer {
            let message = "global attention is asked of an encoder that is no Longformer; there every token sees all";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let weights = &mut Weights::open(file, storage)?;
        let hidden = config.hidden;
        let words =
            weights.stored("embeddings.word_embeddings.weight", &[config.vocabulary, hidden])?;
        let places =
            weights.stored("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
        let kind = weights.first_row("embeddings.token_type_embeddings.weight", hidden)?;
        let norm = Norm::load(weights, "embeddings.LayerNorm", &config)?;
        let layers: Result<Vec<Layer>> = (0..config.layers)
            .map(|place| Layer::load(weights, &config, place, with_global))
            .collect();
        let layers = layers?;
        let digest = weights.digest();
        Ok(Self { words, places, kind, norm, layers, with_global, digest, config })
    }

    /// Reads `config.json` and loads the weights beside it.
    ///
    /// # Errors
    /// Those of [`EncoderConfig::read`] and [`load`](Self::load).
    pub fn read(
        config: &Path,
        file: &WeightsFile,
        storage: Storage,
        with_global: bool,
    ) -> Result<Self> {
        Self::load(EncoderConfig::read(config)?, file, storage, with_global)
    }

    /// Its shape.
    #[must_use]
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Whether it was loaded with the projections for global attention.
    #[must_use]
    pub fn has_global_attention(&self) -> bool {
        self.with_global
    }

    /// The SHA-256 of its weights as 32-bit numbers, in hexadecimal: equal weights have equal digests, whatever
    /// kind of file they came in.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The last layer's state of every token, one row of `hidden` numbers each, text by text. Texts do not see
    /// each other and are not padded, so each gets what it would get alone, but for rounding.
    ///
    /// # Errors
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) for a text without tokens or with too many, an id outside the
    /// vocabulary, or global attention that was not loaded.
    pub fn hidden_states(&self, texts: &[Sequence]) -> Result<Vec<Vec<f32>>> {
        texts.iter().try_for_each(|text| self.check(text))?;
        let mut spans = Vec::with_capacity(texts.len());
        let mut end = 0;
        for text in texts {
            spans.push(Span { rows: end..end + text.ids.len(), global: text.global.clone() });
            end += text.ids.len();
        }
        if spans.is_empty() {
            return Ok(Vec::new());
        }
        let mut states = self.embedded(texts)?;
        for layer in &self.layers {
            states = layer.forward(&states, &spans)?;
        }
        let width = self.config.hidden;
        crate::kernels::with_slice(&states, |numbers| {
            let rows = |span: &Span| &numbers[span.rows.start * width..span.rows.end * width];
            spans.iter().map(|span| rows(span).to_vec()).collect()
        })
    }

    fn check(&self, text: &Sequence) -> Result<()> {
        let (found, most) = (text.ids.len(), self.config.longest());
        if !(1..=most).contains(&found) {
            return Err(Error::invalid(format!(
                "a text has {found} tokens; the encoder takes 1 to {most}"
            )));
        }
        if let Some(id) = text.ids.iter().find(|id| **id as usize >= self.config.vocabulary) {
            let most = self.config.vocabulary;
            return Err(Error::invalid(format!(
                "a text has the token id {id}; the encoder has {most}"
            )));
        }
        if text.global.is_empty() {
            return Ok(());
        }
        if !self.with_global {
            let message = "a text asks for global attention; load the encoder with it";
            return Err(Error::invalid(message));
        }
        let ordered = text.global.windows(2).all(|pair| pair[0] < pair[1]);
        if !ordered || text.global.last().is_some_and(|place| *place >= found) {
            return Err(Error::invalid(format!(
                "global attention is asked at {:?}; expected ascending places below {found}",
                text.global
            )));
        }
        Ok(())
    }

    /// What enters the first layer.
    fn embedded(&self, texts: &[Sequence]) -> Result<Tensor> {
        let ids: Vec<u32> = texts.iter().flat_map(|text| text.ids.iter().copied()).collect();
        let positions: Vec<u32> =
            texts.iter().flat_map(|text| self.config.positions_of(&text.ids)).collect();
        let rows = |table: &Tensor, places: Vec<u32>| {
            let count = places.len();
            let places = Tensor::from_vec(places, count, &Device::Cpu)?;
            table.index_select(&places, 0)?.to_dtype(DType::F32)
        };
        let sum = || {
            let words = rows(&self.words, ids)?;
            let places = rows(&self.places, positions)?.broadcast_add(&self.kind)?;
            words.inplace_op2(&places, &AddNorm { bias: None, norm: &self.norm })?;
            Ok(words)
        };
        sum().map_err(arithmetic)
    }
}
