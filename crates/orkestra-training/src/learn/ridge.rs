//! Ridge regression over sparse rows, several targets at once, by conjugate gradients.

/// A text's n-grams with their weights, and its shape.
#[derive(Clone, Debug)]
pub(crate) struct SparseRow<'a> {
    pub(crate) grams: &'a [(u16, f32)],
    pub(crate) shape: &'a [f32],
}

/// How the linear part is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RidgeSettings {
    /// What a squared weight costs, where a row's squared error costs 1.
    pub penalty: f32,
    /// How much the shape counts beside the n-grams, which have unit length together.
    pub shape_weight: f32,
    /// Rounds of conjugate gradients; later ones move next to nothing.
    pub rounds: usize,
}

impl Default for RidgeSettings {
    fn default() -> Self {
        Self { penalty: 8.0, shape_weight: 0.1, rounds: 14 }
    }
}

/// Fitted weights: a row of targets for each bucket, then for each number of the shape, and each target's mean.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub(crate) weights: Vec<f32>,
    pub(crate) mean: Vec<f32>,
}

/// The problem, with everything it needs to multiply by its matrix.
struct Problem<'a> {
    rows: &'a [SparseRow<'a>],
    /// A row of targets for each row; NaN where none was measured.
    targets: &'a [Vec<f32>],
    width: usize,
    buckets: usize,
    settings: RidgeSettings,
}

/// Fits `targets`, of which each row has `width`.
pub(crate) fn fit(
    rows: &[SparseRow<'_>],
    targets: &[Vec<f32>],
    width: usize,
    buckets: usize,
    settings: RidgeSettings,
) -> Fitted {
    if width == 0 {
        return Fitted { weights: Vec::new(), mean: Vec::new() };
    }
    let problem = Problem { rows, targets, width, buckets, settings };
    let mean = problem.means();
    Fitted { weights: problem.solve(&mean), mean }
}

impl Problem<'_> {
    fn means(&self) -> Vec<f32> {
        let mut sums = vec![(0.0_f64, 0.0_f64); self.width];
        for row in self.targets {
            for (sum, target) in sums.iter_mut().zip(row).filter(|(_, target)| !target.is_nan()) {
                sum.0 += f64::from(*target);
                sum.1 += 1.0;
            }
        }
        sums.into_iter().map(|(sum, count)| (sum / count.max(1.0)) as f32).collect()
    }

    fn features(&self) -> usize {
        self.buckets + self.rows.first().map_or(0, |row| row.shape.len())
    }

    /// A row's features: position and value.
    fn each<'a>(&'a self, row: &'a SparseRow<'a>) -> impl Iterator<Item = (usize, f32)> + 'a {
        let grams = row.grams.iter().map(|(bucket, weight)| (usize::from(*bucket), *weight));
        let scale = self.settings.shape_weight;
        let shape = row.shape.iter().enumerate();
        grams.chain(shape.map(move |(place, value)| (self.buckets + place, scale * value)))
    }

    /// Adds each row's residual, as `residual` works it out, times its features to `sums`.
    fn scatter(&self, sums: &mut [f32], residual: impl Fn(&SparseRow<'_>, &[f32], &mut [f32])) {
        let mut product = vec![0.0_f32; self.width];
        for (row, targets) in self.rows.iter().zip(self.targets) {
            residual(row, targets, &mut product);
            for (product, target) in product.iter_mut().zip(targets) {
                if target.is_nan() {
                    *product = 0.0;
                }
            }
            for (place, value) in self.each(row) {
                let sums = &mut sums[place * self.width..(place + 1) * self.width];
                for (sum, product) in sums.iter_mut().zip(&product) {
                    *sum += value * product;
                }
            }
        }
    }

    /// The matrix times `direction`.
    fn times(&self, direction: &[f32], result: &mut [f32]) {
        for (result, value) in result.iter_mut().zip(direction) {
            *result = self.settings.penalty * value;
        }
        self.scatter(result, |row, _, product| {
            product.fill(0.0);
            for (place, value) in self.each(row) {
                let weights = &direction[place * self.width..(place + 1) * self.width];
                for (product, weight) in product.iter_mut().zip(weights) {
                    *product += value * weight;
                }
            }
        });
    }

    /// Sums of squares or products, one for each target.
    fn products(&self, a: &[f32], b: &[f32]) -> Vec<f64> {
        let mut sums = vec![0.0_f64; self.width];
        for (a, b) in a.chunks_exact(self.width).zip(b.chunks_exact(self.width)) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += f64::from(*a) * f64::from(*b);
            }
        }
        sums
    }

    fn solve(&self, mean: &[f32]) -> Vec<f32> {
        let length = self.features() * self.width;
        let mut weights = vec![0.0_f32; length];
        let mut residual = vec![0.0_f32; length];
        self.scatter(&mut residual, |_, targets, product| {
            for ((product, target), mean) in product.iter_mut().zip(targets).zip(mean) {
                *product = target - mean;
            }
        });
        let mut direction = residual.clone();
        let mut image = vec![0.0_f32; length];
        let mut size = self.products(&residual, &residual);
        for _ in 0..self.settings.rounds {
            self.times(&direction, &mut image);
            let curvature = self.products(&direction, &image);
            let ratio = |a: f64, b: f64| if b > 1e-12 { (a / b) as f32 } else { 0.0 };
            let step: Vec<f32> = size.iter().zip(&curvature).map(|(a, b)| ratio(*a, *b)).collect();
            for place in 0..length {
                let step = step[place % self.width];
                weights[place] += step * direction[place];
                residual[place] -= step * image[place];
            }
            let next = self.products(&residual, &residual);
            let turn: Vec<f32> = next.iter().zip(&size).map(|(a, b)| ratio(*a, *b)).collect();
            for place in 0..length {
                direction[place] = residual[place] + turn[place % self.width] * direction[place];
            }
            size = next;
        }
        weights
    }
}
