//! Loops over rows of floats.

const SUMS: usize = 16;

/// The scalar product, in sums that run side by side so that it uses the processor's lanes.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; SUMS];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// Adds `factor` times `row` to `sum`.
pub(crate) fn add(sum: &mut [f32], row: &[f32], factor: f32) {
    for (sum, x) in sum.iter_mut().zip(row) {
        *sum += factor * x;
    }
}

pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// A row as whole numbers up to `levels` either way, and their factor.
pub(crate) fn quantise(row: &[f32], levels: f32) -> (Vec<i8>, f32) {
    let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let scale = largest / levels;
    let code = |x: &f32| if scale > 0.0 { (x / scale).round() as i8 } else { 0 };
    (row.iter().map(code).collect(), scale)
}
