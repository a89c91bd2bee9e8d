//! Groups the reference vectors so that a search need not compare all of them.

use crate::arithmetic::dot;

/// Rounds of improvement; later ones move next to nothing.
const ROUNDS: usize = 12;

/// Spherical k-means. The start is every n-th row, so the same rows give the same clusters.
pub(crate) fn cluster(rows: &[Vec<f32>], count: usize) -> (Vec<Vec<f32>>, Vec<usize>) {
    let mut centroids: Vec<Vec<f32>> =
        (0..count).map(|i| rows[i * rows.len() / count].clone()).collect();
    let mut members = vec![0; rows.len()];
    for _ in 0..ROUNDS {
        for (member, row) in members.iter_mut().zip(rows) {
            *member = nearest(&centroids, row);
        }
        for (number, centroid) in centroids.iter_mut().enumerate() {
            let mut sum = vec![0.0_f32; centroid.len()];
            let of_cluster = rows.iter().zip(&members).filter(|(_, member)| **member == number);
            for (row, _) in of_cluster {
                sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            let length = dot(&sum, &sum).sqrt();
            // A cluster that lost all its members stays where it is.
            if length > 0.0 {
                *centroid = sum.iter().map(|x| x / length).collect();
            }
        }
    }
    (centroids, members)
}

fn nearest(centroids: &[Vec<f32>], row: &[f32]) -> usize {
    let mut best = (f32::NEG_INFINITY, 0);
    for (number, centroid) in centroids.iter().enumerate() {
        let similarity = dot(centroid, row);
        if similarity > best.0 {
            best = (similarity, number);
        }
    }
    best.1
}
