//! What one training run learned: the domains it saw, and for each what every model scores there.
//!
//! A domain is a benchmark and task, or a user's own data. What a model scores on a question depends on where the
//! question comes from, so each domain has forecasts of its own, and a gate says how much a text looks like each.

use serde::{Deserialize, Serialize};

use super::index::{Index, Query};
use crate::features::{
    BUCKETS, Features, SHAPE, Table,
    lanes::{add_rows, dots, dots_of_codes},
};

/// A gate never closes wholly: a text that looks like nothing known is a little of everything.
const AJAR: f32 = 1e-3;

/// What a layer says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerCard {
    /// The layer's name, by which its tensors are called.
    pub name: String,
    /// The domains it learned from.
    pub domains: Vec<DomainCard>,
    /// The benchmarks and tasks that references come from; references name them by position.
    pub families: Vec<String>,
}

/// A benchmark and task whose outcomes were learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainCard {
    /// Its name, such as `zeroeval/gsm`.
    pub name: String,
    /// How many questions it gave.
    pub questions: usize,
    /// The models whose scores are forecast, in the order of their outputs.
    pub models: Vec<String>,
}

/// A layer's tables. Outputs are the domains' gates, in order, then the models of each domain, in order.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) card: LayerCard,
    /// A row of outputs for each bucket.
    pub(super) linear: Table<i8>,
    /// One factor an output.
    pub(super) linear_scales: Table<f32>,
    /// A row of shape weights for each output.
    pub(super) linear_shape: Table<f32>,
    /// What each output says of an empty text.
    pub(super) linear_bias: Table<f32>,
    /// A row of hidden weights for each model.
    pub(super) network: Table<f32>,
    /// One log-odds a model.
    pub(super) network_bias: Table<f32>,
    /// The reference questions, in the network's hidden space.
    pub(super) index: Index,
    /// Each reference's position in the card's families.
    pub(super) families: Table<u16>,
    /// Centres of everything that was learned from, in the embedder's space.
    pub(super) map: Table<i8>,
    pub(super) map_scales: Table<f32>,
}

/// What a layer's predictors say about one text.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// How much the text looks like each domain, 0 to 1 and a little beyond.
    pub(super) gates: Vec<f32>,
    /// What the linear part expects each model to score.
    pub(super) linear: Vec<f32>,
    /// What the network expects each model to score.
    pub(super) network: Vec<f32>,
}

impl Layer {
    /// How many models have outputs, over all domains.
    pub(super) fn models(&self) -> usize {
        self.card.domains.iter().map(|domain| domain.models.len()).sum()
    }

    /// How many outputs the linear part has: the gates, and the models.
    pub(super) fn outputs(&self) -> usize {
        self.card.domains.len() + self.models()
    }

    /// Where a domain's models start among all models.
    pub(super) fn first_model(&self, domain: usize) -> usize {
        self.card.domains.iter().take(domain).map(|domain| domain.models.len()).sum()
    }

    /// The message names what does not fit.
    pub(super) fn check(&self, dimensions: usize, hidden: usize) -> Result<(), String> {
        let (outputs, models) = (self.outputs(), self.models());
        if self.card.domains.is_empty() {
            return Err("it names no domain".to_owned());
        }
        let tables = [
            ("linear.codes", self.linear.len(), BUCKETS * outputs),
            ("linear.scales", self.linear_scales.len(), outputs),
            ("linear.shape", self.linear_shape.len(), outputs * SHAPE),
            ("linear.bias", self.linear_bias.len(), outputs),
            ("outputs.weights", self.network.len(), models * hidden),
            ("outputs.bias", self.network_bias.len(), models),
            (
                "map.codes, a row for each of map.scales,",
                self.map.len(),
                self.map_scales.len() * dimensions,
            ),
        ];
        for (name, found, expected) in tables {
            if found != expected {
                return Err(format!("{name} has {found} numbers, expected {expected}"));
            }
        }
        self.index.check(hidden)?;
        if self.families.len() != self.index.len() {
            let (found, expected) = (self.families.len(), self.index.len());
            return Err(format!("references.families has {found} numbers, expected {expected}"));
        }
        let known = |family: &u16| usize::from(*family) < self.card.families.len();
        if !self.families.iter().all(known) {
            return Err("references.families names a family that is not there".to_owned());
        }
        let tables = [
            ("linear.scales", &self.linear_scales),
            ("linear.shape", &self.linear_shape),
            ("linear.bias", &self.linear_bias),
            ("outputs.weights", &self.network),
            ("outputs.bias", &self.network_bias),
            ("references.scales", &self.index.scales),
            ("clusters.scales", &self.index.centroid_scales),
            ("map.scales", &self.map_scales),
        ];
        tables.into_iter().try_for_each(|(name, table)| finite(name, table))
    }

    /// What the linear part and the network say. `grams` are the text's buckets and weights.
    pub(super) fn read(
        &self,
        features: &Features,
        grams: &[(u16, f32)],
        hidden: &[f32],
        parts: usize,
    ) -> Reading {
        let outputs = self.outputs();
        let mut sums = vec![0.0_f32; outputs];
        add_rows(&mut sums, &self.linear, grams);
        let mut shapes = Vec::with_capacity(outputs);
        dots(&self.linear_shape, &features.shape, &mut shapes);
        for (((sum, scale), shape), bias) in
            sums.iter_mut().zip(&*self.linear_scales).zip(&shapes).zip(&*self.linear_bias)
        {
            *sum = *sum * scale + shape + bias;
        }
        let models = sums.split_off(self.card.domains.len());
        let share = 1.0 / parts as f32;
        let mut network = Vec::with_capacity(models.len());
        dots(&self.network, hidden, &mut network);
        for (output, bias) in network.iter_mut().zip(&*self.network_bias) {
            *output = sigmoid(*output * share + bias);
        }
        let unit = |x: &f32| x.clamp(0.0, 1.0);
        Reading {
            gates: sums.iter().map(|gate| gate.clamp(AJAR, 1.0)).collect(),
            linear: models.iter().map(unit).collect(),
            network,
        }
    }

    /// What `bucket` adds to output `output` of the linear part for each unit of its weight.
    pub(super) fn weight_of(&self, bucket: u16, output: usize) -> f32 {
        let code = self.linear.get(usize::from(bucket) * self.outputs() + output).copied();
        let scale = self.linear_scales.get(output).copied();
        f32::from(code.unwrap_or(0)) * scale.unwrap_or(0.0)
    }

    /// The cosine to the nearest centre of what was learned from; -1 for a text without an embedding.
    pub(super) fn nearness(&self, query: &Query) -> f32 {
        let mut products = Vec::with_capacity(self.map_scales.len());
        dots_of_codes(&self.map, &query.codes, &mut products);
        let cosines = products.iter().zip(&*self.map_scales);
        cosines.map(|(product, factor)| *product as f32 * factor * query.scale).fold(-1.0, f32::max)
    }
}

/// The message names the table that holds infinity or no number.
pub(super) fn finite(name: &str, table: &[f32]) -> Result<(), String> {
    if table.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(format!("{name} holds a value that is no finite number"))
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
