//! Self-attention over several texts at once, each within itself.
//!
//! Queries go in blocks, and a block meets only the keys that one of its queries can reach, so that cost grows
//! linearly with the length of a windowed text. No text is padded: the original pads to its window and then masks
//! what it padded, which changes no result.

use std::ops::Range;

use candle_core::{D, Tensor};
use orkestra::Result;

use crate::{
    kernels::{AddBias, BandSoftmax, arithmetic},
    layer::Linear,
};

/// Queries that share one matrix product. Larger blocks meet more keys that are out of reach, smaller ones make
/// less of a product.
const BLOCK: usize = 128;

/// The part of a layer's input that is one text, and its tokens that see all and are seen by all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its rows.
    pub(crate) rows: Range<usize>,
    /// Tokens with global attention, counted within the text, ascending.
    pub(crate) global: Vec<usize>,
}

/// One layer's projections.
#[derive(Debug)]
pub(crate) struct Attention {
    /// Queries, keys and values side by side.
    pub(crate) local: Linear,
    /// The same for tokens with global attention.
    pub(crate) global: Option<Linear>,
    pub(crate) heads: usize,
    /// How far a token sees to either side.
    pub(crate) reach: Option<usize>,
}

/// Queries, keys and values of one text, heads first.
struct Projected {
    query: Tensor,
    key: Tensor,
    value: Tensor,
}

impl Attention {
    /// What every token takes from those it sees.
    pub(crate) fn forward(&self, states: &Tensor, spans: &[Span]) -> Result<Tensor> {
        let projected = self.local.forward(states)?;
        projected.inplace_op1(&AddBias(&self.local.bias)).map_err(arithmetic)?;
        let mixed: Result<Vec<Tensor>> = spans
            .iter()
            .map(|span| {
                let rows = |tensor: &Tensor| tensor.narrow(0, span.rows.start, span.rows.len());
                let text = self.split(&rows(&projected).map_err(arithmetic)?)?;
                let mixed = self.within(&text, &span.global).map_err(arithmetic)?;
                if span.global.is_empty() {
                    return Ok(mixed);
                }
                self.with_those_who_see_all(
                    &rows(states).map_err(arithmetic)?,
                    &mixed,
                    &span.global,
                )
            })
            .collect();
        let mixed = mixed?;
        match &mixed[..] {
            [only] => Ok(only.clone()),
            many => Tensor::cat(many, 0).map_err(arithmetic),
        }
    }

    /// `(tokens, 3 * hidden)` → three times `(heads, tokens, width)`, in place.
    fn split(&self, projected: &Tensor) -> Result<Projected> {
        let part = |place: usize| {
            let (tokens, all) = projected.dims2()?;
            let hidden = all / 3;
            projected
                .narrow(1, place * hidden, hidden)?
                .reshape((tokens, self.heads, hidden / self.heads))?
                .transpose(0, 1)
        };
        let parts = || Ok(Projected { query: part(0)?, key: part(1)?, value: part(2)? });
        parts().map_err(arithmetic)
    }

    /// The windowed part.
    fn within(&self, text: &Projected, global: &[usize]) -> candle_core::Result<Tensor> {
        let (_, tokens, width) = text.query.dims3()?;
        let everywhere = if global.is_empty() { None } else { Some(self.picked(text, global)?) };
        let mut blocks = Vec::with_capacity(tokens.div_ceil(BLOCK));
        for start in (0..tokens).step_by(BLOCK) {
            let queries = BLOCK.min(tokens - start);
            let (from, to) = self.reach.map_or((0, tokens), |reach| {
                (start.saturating_sub(reach), tokens.min(start + queries + reach))
            });
            let mut key = text.key.narrow(1, from, to - from)?;
            let mut value = text.value.narrow(1, from, to - from)?;
            if let Some((keys, values)) = &everywhere {
                key = Tensor::cat(&[keys, &key], 1)?;
                value = Tensor::cat(&[values, &value], 1)?;
            }
            let hidden: Vec<usize> = global
                .iter()
                .filter(|token| (from..to).contains(token))
                .map(|token| token - from)
                .collect();
            let scores = text.query.narrow(1, start, queries)?.matmul(&key.t()?)?;
            scores.inplace_op1(&BandSoftmax {
                scale: 1.0 / (width as f32).sqrt(),
                queries,
                globals: global.len(),
                first: start - from,
                reach: self.reach,
                hidden: &hidden,
            })?;
            blocks.push(joined(&scores.matmul(&value)?)?);
        }
        if let [only] = &blocks[..] { Ok(only.clone()) } else { Tensor::cat(&blocks, 0) }
    }

    /// Keys and values of the tokens that everyone sees.
    fn picked(&self, text: &Projected, global: &[usize]) -> candle_core::Result<(Tensor, Tensor)> {
        let places = places(global, &text.key)?;
        let pick = |tensor: &Tensor| tensor.contiguous()?.index_select(&places, 1);
        Ok((pick(&text.key)?, pick(&text.value)?))
    }

    /// `mixed` with the rows of `global` tokens replaced by what they take from the whole text, through
    /// projections of their own.
    fn with_those_who_see_all(
        &self,
        states: &Tensor,
        mixed: &Tensor,
        global: &[usize],
    ) -> Result<Tensor> {
        let Some(projection) = &self.global else {
            let why = "global attention was asked for, but its weights were not loaded".to_owned();
            return Err(arithmetic(candle_core::Error::Msg(why)));
        };
        let projected = projection.forward(states)?;
        projected.inplace_op1(&AddBias(&projection.bias)).map_err(arithmetic)?;
        let text = self.split(&projected)?;
        let replaced = || {
            let places = places(global, mixed)?;
            let query = text.query.contiguous()?.index_select(&places, 1)?;
            let scores = query.matmul(&text.key.t()?)?;
            let scale = 1.0 / (query.dim(D::Minus1)? as f32).sqrt();
            scores.inplace_op1(&BandSoftmax {
                scale,
                queries: global.len(),
                globals: 0,
                first: 0,
                reach: None,
                hidden: &[],
            })?;
            let found = joined(&scores.matmul(&text.value)?)?;
            let mut mixed = mixed.clone();
            for (row, place) in global.iter().enumerate() {
                mixed = mixed.slice_scatter0(&found.narrow(0, row, 1)?, *place)?;
            }
            Ok(mixed)
        };
        replaced().map_err(arithmetic)
    }
}

fn places(global: &[usize], beside: &Tensor) -> candle_core::Result<Tensor> {
    let places: Vec<u32> = global.iter().map(|place| *place as u32).collect();
    Tensor::from_vec(places, global.len(), beside.device())
}

/// `(heads, tokens, width)` → `(tokens, heads * width)`.
fn joined(mixed: &Tensor) -> candle_core::Result<Tensor> {
    let (heads, tokens, width) = mixed.dims3()?;
    mixed.transpose(0, 1)?.reshape((tokens, heads * width))
}
