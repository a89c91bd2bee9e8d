//! What an artefact says about itself: the JSON in its header.

use serde::{Deserialize, Serialize};

use crate::routing::{HeadCard, LayerCard};

/// The format that this version reads and writes.
pub const FORMAT: u32 = 3;

/// The header of an artefact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// SHA-256, in hex, over this header with this field empty and all tensors' bytes.
    pub sha256: String,
    /// The format's version: [`FORMAT`].
    pub format: u32,
    /// SHA-256 of the router that this one adds to: tensors it does not hold itself are that one's. Absent: it
    /// stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The day it was built, as the builder was told: `2026-11-23`.
    pub date: String,
    /// Which embedder made the vectors.
    pub embedder: EmbedderCard,
    /// The tiers, the cheapest first.
    pub tiers: Vec<String>,
    /// The network's shape.
    pub network: NetworkCard,
    /// How much the shape counts beside the n-grams in the linear part.
    pub shape_weight: f32,
    /// What was learned, run by run.
    pub layers: Vec<LayerCard>,
    /// One for each provider family, and `general`.
    pub heads: Vec<HeadCard>,
    /// Where the outcomes come from.
    pub sources: Vec<SourceCard>,
    /// What was measured when it was built.
    pub scores: Vec<Measurement>,
}

/// The embedder of an artefact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderCard {
    /// Its name and the start of its hash.
    pub id: String,
    /// SHA-256, in hex, over vocabulary, codes and scales.
    pub sha256: String,
    /// The length of its vectors.
    pub dimensions: usize,
    /// What it was distilled from.
    pub source: String,
    /// The licence of that.
    pub licence: String,
}

/// The shape of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkCard {
    /// Hidden units over all parts.
    pub hidden: usize,
    /// How many networks lie side by side.
    pub parts: usize,
}

/// A source of outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceCard {
    /// The source's name.
    pub name: String,
    /// Its licences.
    pub licence: String,
    /// How many questions it gave.
    pub questions: usize,
}

/// A figure from validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// The head that forecast.
    pub head: String,
    /// The task that was forecast.
    pub task: String,
    /// What was measured, such as `apgr`.
    pub measure: String,
    /// The figure.
    pub value: f64,
    /// On how many questions, none of them among the references at the time.
    pub questions: usize,
}
