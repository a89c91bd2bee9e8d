//! The inner loops that candle has no fast form of: everything between two matrix products, fused.
//!
//! Loops run over whole rows in plain arithmetic, so that the compiler can make vectors of them.

use candle_core::{
    CpuStorage, InplaceOp1, InplaceOp2, Layout, Result as CandleResult, Storage, Tensor, bail,
};
use orkestra::{Error, ErrorKind, Result};
use rayon::prelude::*;

/// Numbers that are worth another thread's while.
const TASK: usize = 1 << 14;

/// An error of the arithmetic, which checked shapes leave no room for.
pub(crate) fn arithmetic(cause: candle_core::Error) -> Error {
    Error::new(ErrorKind::Config, format!("the encoder's arithmetic failed: {cause}"))
        .because(cause)
}

/// Shows a whole tensor's numbers to `look`.
pub(crate) fn with_slice<T>(tensor: &Tensor, look: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Err(arithmetic(candle_core::Error::Msg("tensor is not in main memory".to_owned())));
    };
    Ok(look(contiguous(storage, layout).map_err(arithmetic)?))
}

fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout) -> CandleResult<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("numbers are not in one piece"),
    }
}

fn contiguous_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> CandleResult<&'a mut [f32]> {
    match (layout.contiguous_offsets(), storage) {
        (Some((start, end)), CpuStorage::F32(numbers)) => Ok(&mut numbers[start..end]),
        _ => bail!("numbers are not 32 bits wide and in one piece"),
    }
}

/// Adds a bias to every row.
pub(crate) struct AddBias<'a>(pub(crate) &'a [f32]);

impl InplaceOp1 for AddBias<'_> {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> CandleResult<()> {
        let rows = contiguous_mut(storage, layout)?;
        each_row(rows, self.0.len(), |_, row| {
            row.iter_mut().zip(self.0).for_each(|(x, bias)| *x += bias);
        });
        Ok(())
    }
}

/// Adds a bias to every row and applies the exact GELU, `x / 2 * (1 + erf(x / sqrt(2)))`.
pub(crate) struct BiasGelu<'a>(pub(crate) &'a [f32]);

impl InplaceOp1 for BiasGelu<'_> {
    fn name(&self) -> &'static str {
        "bias-gelu"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> CandleResult<()> {
        let rows = contiguous_mut(storage, layout)?;
        each_row(rows, self.0.len(), |_, row| {
            for (x, bias) in row.iter_mut().zip(self.0) {
                let sum = *x + bias;
                *x = 0.5 * sum * (1.0 + erf(sum * std::f32::consts::FRAC_1_SQRT_2));
            }
        });
        Ok(())
    }
}

/// A layer normalisation's two vectors.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) gain: Vec<f32>,
    pub(crate) shift: Vec<f32>,
    pub(crate) epsilon: f32,
}

impl Norm {
    fn apply(&self, row: &mut [f32]) {
        let width = row.len() as f32;
        let mean = sum(row.iter().copied(), row.len()) / width;
        row.iter_mut().for_each(|x| *x -= mean);
        let variance = sum(row.iter().map(|x| x * x), row.len()) / width;
        let scale = 1.0 / (variance + self.epsilon).sqrt();
        for ((x, gain), shift) in row.iter_mut().zip(&self.gain).zip(&self.shift) {
            *x = *x * scale * gain + shift;
        }
    }
}

/// A sum in a fixed order that leaves room for vectors.
fn sum(numbers: impl Iterator<Item = f32>, _length: usize) -> f32 {
    let mut lanes = [0.0_f32; 16];
    numbers.enumerate().for_each(|(position, x)| lanes[position % 16] += x);
    lanes.iter().sum()
}

/// Adds a bias and what went around the layer, and normalises.
pub(crate) struct AddNorm<'a> {
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) norm: &'a Norm,
}

impl InplaceOp2 for AddNorm<'_> {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &mut CpuStorage,
        layout: &Layout,
        around: &CpuStorage,
        around_layout: &Layout,
    ) -> CandleResult<()> {
        let around = contiguous(around, around_layout)?;
        let rows = contiguous_mut(storage, layout)?;
        let width = self.norm.gain.len();
        if around.len() != rows.len() {
            bail!("{} numbers are added to {}", around.len(), rows.len());
        }
        each_row(rows, width, |place, row| {
            let around = &around[place * width..(place + 1) * width];
            row.iter_mut().zip(around).for_each(|(x, other)| *x += other);
            if let Some(bias) = self.bias {
                row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias);
            }
            self.norm.apply(row);
        });
        Ok(())
    }
}

/// The columns that a block of queries may look at, and the softmax over them.
///
/// Columns are `globals` keys that every query sees, then a stretch of neighbours. Query `q` sees those neighbours
/// from `first + q - reach` to `first + q + reach`, counted from the stretch's beginning, but for the `hidden` ones.
pub(crate) struct BandSoftmax<'a> {
    pub(crate) scale: f32,
    pub(crate) queries: usize,
    pub(crate) globals: usize,
    pub(crate) first: usize,
    pub(crate) reach: Option<usize>,
    pub(crate) hidden: &'a [usize],
}

impl InplaceOp1 for BandSoftmax<'_> {
    fn name(&self) -> &'static str {
        "band-softmax"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> CandleResult<()> {
        let columns = *layout.dims().last().unwrap_or(&0);
        let rows = contiguous_mut(storage, layout)?;
        each_row(rows, columns, |place, row| self.apply(place % self.queries, row));
        Ok(())
    }
}

impl BandSoftmax<'_> {
    fn apply(&self, query: usize, row: &mut [f32]) {
        let (globals, near) = row.split_at_mut(self.globals);
        let centre = self.first + query;
        let (low, high) = self.reach.map_or((0, near.len()), |reach| {
            (centre.saturating_sub(reach).min(near.len()), (centre + reach + 1).min(near.len()))
        });
        near[..low].fill(0.0);
        near[high..].fill(0.0);
        for column in self.hidden.iter().filter(|column| (low..high).contains(column)) {
            near[*column] = f32::NEG_INFINITY;
        }
        let near = &mut near[low..high];
        let largest = greatest(near).max(greatest(globals));
        let total =
            exponentials(near, largest, self.scale) + exponentials(globals, largest, self.scale);
        let share = 1.0 / total;
        near.iter_mut().chain(globals).for_each(|x| *x *= share);
    }
}

fn greatest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let mut pieces = row.chunks_exact(16);
    for piece in &mut pieces {
        lanes
            .iter_mut()
            .zip(piece)
            .for_each(|(most, x)| *most = if *x > *most { *x } else { *most });
    }
    lanes.iter().chain(pieces.remainder()).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Turns a row to `exp((x - largest) * scale)` and gives the sum.
fn exponentials(row: &mut [f32], largest: f32, scale: f32) -> f32 {
    row.iter_mut().for_each(|x| *x = exp((*x - largest) * scale));
    let mut lanes = [0.0_f32; 16];
    let mut pieces = row.chunks_exact(16);
    for piece in &mut pieces {
        lanes.iter_mut().zip(piece).for_each(|(sum, x)| *sum += x);
    }
    lanes.iter().sum::<f32>() + pieces.remainder().iter().sum::<f32>()
}

/// `e^x` for `x` up to 0, to 2 units in the last place; 0 below -87. Unlike the library's, it has no branch and no
/// call, so that a loop of it becomes vectors.
fn exp(x: f32) -> f32 {
    // x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts so that r is exact; Cephes' polynomial for e^r.
    let x = if x > -87.0 { x } else { -87.0 };
    // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number.
    let n = (x * std::f32::consts::LOG2_E + 12_582_912.0) - 12_582_912.0;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4_f32;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 0.5] {
        p = p * r + coefficient;
    }
    let p = p * r * r + r + 1.0;
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    if x > -87.0 { p * power } else { 0.0 }
}

/// The error function to 3e-7, as a quotient of two odd and even polynomials (the approximation that Eigen uses).
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let mut above = -2.726_142_3e-10_f32;
    for coefficient in [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ] {
        above = above * square + coefficient;
    }
    let mut below = -1.456_607_2e-5_f32;
    for coefficient in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        below = below * square + coefficient;
    }
    x * above / below
}

/// Calls `work` with the place and the numbers of every row, on several threads where there is enough to do.
fn each_row(rows: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if width == 0 {
        return;
    }
    let together = (TASK / width).max(1);
    if rows.len() <= TASK {
        rows.chunks_mut(width).enumerate().for_each(|(place, row)| work(place, row));
        return;
    }
    rows.par_chunks_mut(width * together).enumerate().for_each(|(task, rows)| {
        let first = task * together;
        rows.chunks_mut(width).enumerate().for_each(|(place, row)| work(first + place, row));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error function by its series, in 64 bits.
    fn exact_erf(x: f64) -> f64 {
        let (mut term, mut total) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            total += term / f64::from(2 * n + 1);
        }
        total * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn the_error_function_is_right_to_single_precision() {
        for step in -4500..=4500 {
            let x = f64::from(step) / 1000.0;
            let found = f64::from(erf(x as f32));
            assert!((found - exact_erf(x)).abs() < 5e-7, "erf({x}) is {found}");
        }
    }

    #[test]
    fn the_exponential_is_right_to_single_precision() {
        for step in 0..=86_000 {
            let x = -f64::from(step) / 1000.0;
            let (found, expected) = (f64::from(exp(x as f32)), f64::from(x as f32).exp());
            assert!((found / expected - 1.0).abs() < 3e-7, "exp({x}) is {found}");
        }
        assert_eq!([exp(0.0), exp(-88.0), exp(f32::NEG_INFINITY)], [1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_softmax_sees_its_band_and_its_globals_and_nothing_else() {
        let softmax = BandSoftmax {
            scale: 0.5,
            queries: 2,
            globals: 1,
            first: 2,
            reach: Some(1),
            hidden: &[3],
        };
        let mut row = [1.0, 50.0, 2.0, 3.0, 50.0, 50.0];
        softmax.apply(0, &mut row);
        let total = 0.5_f32.exp() + 1.0_f32.exp() + 1.5_f32.exp();
        let expected =
            [0.5_f32.exp(), 0.0, 1.0_f32.exp(), 1.5_f32.exp(), 0.0, 0.0].map(|x| x / total);
        for (found, expected) in row.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{row:?}, expected {expected:?}");
        }
    }
}
