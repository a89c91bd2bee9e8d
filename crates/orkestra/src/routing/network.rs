//! The network whose hidden space neighbours are sought in: token vectors tuned on the outcomes of all models
//! at once.
//!
//! A hidden unit sees the text's embedding, its shape, and a vector learned for each token. Several small
//! networks, trained from different seeds, lie side by side; their hidden units are one long vector, and an
//! output averages over them. At run time all of it is a table look-up and two small products.

use super::layer::finite;
use crate::features::{
    Features, SHAPE, Table,
    lanes::{add_nibbles, dot, dots},
};

/// Four-bit codes are stored with this offset, so that a nibble is never negative.
const OFFSET: f32 = 8.0;
/// No network has more hidden units.
const MOST_HIDDEN: usize = 1 << 16;

/// Text → hidden units.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// The embedding's length.
    pub(super) dimensions: usize,
    /// How many hidden units there are, over all parts.
    pub(super) hidden: usize,
    /// How many networks lie side by side.
    pub(super) parts: usize,
    /// `hidden` rows over the embedding.
    pub(super) embedding: Table<f32>,
    /// `hidden` rows over the shape.
    pub(super) shape: Table<f32>,
    pub(super) bias: Table<f32>,
    /// A row of `hidden` four-bit codes for each token.
    pub(super) codes: Table<u8>,
    /// One factor a token; 0 for tokens that training never saw.
    pub(super) scales: Table<f32>,
}

impl Network {
    /// The message names what does not fit.
    pub(super) fn check(&self, tokens: usize) -> Result<(), String> {
        let (hidden, parts) = (self.hidden, self.parts);
        // Bounds first: products of forged sizes would overflow.
        if !(1..=MOST_HIDDEN).contains(&hidden) || !(1..=hidden).contains(&parts) {
            return Err(format!(
                "network.hidden is {hidden} in {parts} parts; at most {MOST_HIDDEN} are read"
            ));
        }
        if !hidden.is_multiple_of(parts * 2) {
            return Err(format!(
                "network.hidden is {hidden}, no even multiple of network.parts, {parts}"
            ));
        }
        let tables = [
            ("network.embedding", self.embedding.len(), hidden * self.dimensions),
            ("network.shape", self.shape.len(), hidden * SHAPE),
            ("network.bias", self.bias.len(), hidden),
            ("network.codes", self.codes.len(), tokens * (hidden / 2)),
            ("network.scales", self.scales.len(), tokens),
        ];
        for (name, found, expected) in tables {
            if found != expected {
                return Err(format!("{name} has {found} numbers, expected {expected}"));
            }
        }
        finite("network.embedding", &self.embedding)?;
        finite("network.shape", &self.shape)?;
        finite("network.bias", &self.bias)?;
        finite("network.scales", &self.scales)
    }

    /// The hidden units, none below 0.
    pub(super) fn hidden(&self, features: &Features) -> Vec<f32> {
        let half = self.hidden / 2;
        let mut units = vec![0.0; self.hidden];
        let (codes, scales) = (&*self.codes, &*self.scales);
        for token in features.tokens.iter().map(|token| usize::from(*token)) {
            let scale = scales.get(token).copied().unwrap_or(0.0);
            let row = codes.get(token * half..(token + 1) * half);
            if let (Some(row), true) = (row, scale != 0.0) {
                add_nibbles(&mut units, row, scale, OFFSET);
            }
        }
        let spread = 1.0 / (features.tokens.len().max(1) as f32).sqrt();
        let (mut meanings, mut shapes) =
            (Vec::with_capacity(self.hidden), Vec::with_capacity(self.hidden));
        dots(&self.embedding, &features.embedding, &mut meanings);
        dots(&self.shape, &features.shape, &mut shapes);
        let fixed = self.bias.iter().zip(&meanings).zip(&shapes);
        for (unit, ((bias, meaning), shape)) in units.iter_mut().zip(fixed) {
            *unit = (*unit * spread + (bias + meaning + shape)).max(0.0);
        }
        units
    }

    /// `units` with each part of equal length, and of unit length as a whole; all zero where no unit fires.
    pub(super) fn direction(&self, units: &[f32]) -> Vec<f32> {
        let mut direction = units.to_vec();
        for part in direction.chunks_mut(self.hidden / self.parts) {
            let length = (dot(part, part) * self.parts as f32).sqrt();
            if length > 0.0 {
                part.iter_mut().for_each(|unit| *unit /= length);
            }
        }
        direction
    }
}
