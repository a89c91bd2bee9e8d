//! One transformer layer, and the linear maps it is made of.

use candle_core::{DType, Tensor};
use orkestra::Result;
use rayon::prelude::*;

use crate::{
    attention::{Attention, Span},
    config::EncoderConfig,
    kernels::{AddNorm, BiasGelu, Norm, arithmetic},
    weights::Weights,
};

/// Rows up to which a product is divided by its weights.
const FEW: usize = 96;
/// Outputs that are worth another thread's while.
const NARROWEST: usize = 256;

/// `x W^T`; the bias is added by whatever comes next, in the same pass.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    pub(crate) bias: Vec<f32>,
}

impl Linear {
    pub(crate) fn load(weights: &mut Weights, name: &str, out: usize, into: usize) -> Result<Self> {
        Ok(Self {
            weight: weights.stored(&format!("{name}.weight"), &[out, into])?,
            bias: weights.vector(&format!("{name}.bias"), out)?,
        })
    }

    /// Several maps of one input as one: a wider product is faster than several narrow ones.
    pub(crate) fn stacked(weights: &mut Weights, names: &[String], side: usize) -> Result<Self> {
        let parts: Result<Vec<Self>> =
            names.iter().map(|name| Self::load(weights, name, side, side)).collect();
        let parts = parts?;
        let all: Vec<&Tensor> = parts.iter().map(|part| &part.weight).collect();
        Ok(Self {
            weight: Tensor::cat(&all, 0).map_err(arithmetic)?,
            bias: parts.iter().flat_map(|part| part.bias.iter().copied()).collect(),
        })
    }

    /// Without the bias.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.product(x).map_err(arithmetic)
    }

    fn product(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (out, _) = self.weight.dims2()?;
        let parts = rayon::current_num_threads().min(out / NARROWEST);
        if x.dim(0)? > FEW || parts < 2 {
            return x.matmul(&self.weight.to_dtype(DType::F32)?.t()?);
        }
        // With few rows the time goes into reading the weights, which the product does on one thread.
        let part = |place: usize| {
            let (from, to) = (place * out / parts, (place + 1) * out / parts);
            let weight = self.weight.narrow(0, from, to - from)?;
            x.matmul(&weight.to_dtype(DType::F32)?.t()?)
        };
        let parts: candle_core::Result<Vec<Tensor>> =
            (0..parts).into_par_iter().map(part).collect();
        Tensor::cat(&parts?, 1)
    }
}

impl Norm {
    pub(crate) fn load(weights: &mut Weights, name: &str, config: &EncoderConfig) -> Result<Self> {
        // The first checkpoints call them gamma and beta.
        let [gain, shift] = [["weight", "gamma"], ["bias", "beta"]].map(|[new, old]| {
            let new = format!("{name}.{new}");
            if weights.has(&new) { new } else { format!("{name}.{old}") }
        });
        Ok(Self {
            gain: weights.vector(&gain, config.hidden)?,
            shift: weights.vector(&shift, config.hidden)?,
            epsilon: config.epsilon,
        })
    }
}

/// Attention and a feed-forward part, each followed by a normalisation.
#[derive(Debug)]
pub(crate) struct Layer {
    attention: Attention,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    outer: Linear,
    norm: Norm,
}

impl Layer {
    pub(crate) fn load(
        weights: &mut Weights,
        config: &EncoderConfig,
        place: usize,
        with_global: bool,
    ) -> Result<Self> {
        let hidden = config.hidden;
        let name = |part: &str| format!("encoder.layer.{place}.{part}");
        let projections = |kind: &str| {
            ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}{kind}")))
        };
        let local = Linear::stacked(weights, &projections(""), hidden)?;
        let global = if with_global {
            Some(Linear::stacked(weights, &projections("_global"), hidden)?)
        } else {
            None
        };
        Ok(Self {
            attention: Attention { local, global, heads: config.heads, reach: config.reach[place] },
            attended: Linear::load(weights, &name("attention.output.dense"), hidden, hidden)?,
            attended_norm: Norm::load(weights, &name("attention.output.LayerNorm"), config)?,
            inner: Linear::load(weights, &name("intermediate.dense"), config.inner, hidden)?,
            outer: Linear::load(weights, &name("output.dense"), hidden, config.inner)?,
            norm: Norm::load(weights, &name("output.LayerNorm"), config)?,
        })
    }

    pub(crate) fn forward(&self, states: &Tensor, spans: &[Span]) -> Result<Tensor> {
        let mixed = self.attention.forward(states, spans)?;
        let attended = self.attended.forward(&mixed)?;
        let add = AddNorm { bias: Some(&self.attended.bias), norm: &self.attended_norm };
        attended.inplace_op2(states, &add).map_err(arithmetic)?;
        let inner = self.inner.forward(&attended)?;
        inner.inplace_op1(&BiasGelu(&self.inner.bias)).map_err(arithmetic)?;
        let outer = self.outer.forward(&inner)?;
        let add = AddNorm { bias: Some(&self.outer.bias), norm: &self.norm };
        outer.inplace_op2(&attended, &add).map_err(arithmetic)?;
        Ok(outer)
    }
}
