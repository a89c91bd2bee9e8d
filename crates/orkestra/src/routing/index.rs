//! Finds the reference vectors nearest to a query.
//!
//! The references lie in clusters. Clusters are visited from the nearest centroid on until enough
//! references were compared, so a search costs the same whichever head asks. How many are enough was
//! chosen by measured agreement with a full search (`evals/README.md`).

use crate::features::Table;

/// References grouped in clusters, in place.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) dimensions: usize,
    pub(super) vectors: Table<i8>,
    pub(super) scales: Table<f32>,
    pub(super) centroids: Table<i8>,
    pub(super) centroid_scales: Table<f32>,
    /// Where each cluster starts, and the end of the last.
    pub(super) starts: Table<u32>,
}

/// A reference and its cosine similarity to the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub(super) similarity: f32,
    pub(super) reference: usize,
}

/// How many codes are compared at once.
const BLOCK: usize = 64;

/// A query in whole numbers, so that products need no conversion.
struct Query {
    codes: Vec<i16>,
    scale: f32,
}

impl Query {
    const LEVELS: f32 = 127.0;

    fn new(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let scale = largest / Self::LEVELS;
        let code = |x: &f32| if scale > 0.0 { (x / scale).round() as i16 } else { 0 };
        Self { codes: vector.iter().map(code).collect(), scale }
    }

    fn times(&self, row: &[i8], scale: f32) -> f32 {
        dot(row, &self.codes) as f32 * scale * self.scale
    }
}

/// The scalar product of a row and a query: whole numbers, so the same on every machine.
fn dot(row: &[i8], query: &[i16]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        #[expect(
            unsafe_code,
            reason = "the line above has found the instructions on this processor"
        )]
        return unsafe { dot_avx2(row, query) };
    }
    dot_anywhere(row, query)
}

/// The same code, compiled for vectors of twice the length.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(row: &[i8], query: &[i16]) -> i32 {
    dot_anywhere(row, query)
}

// Plain loops: an iterator's `sum` may be compiled apart from its caller, and then without its instructions.
#[inline(always)]
fn dot_anywhere(row: &[i8], query: &[i16]) -> i32 {
    let (rows, row_rest) = row.as_chunks::<BLOCK>();
    let (queries, query_rest) = query.as_chunks::<BLOCK>();
    let mut total = 0;
    for (row, query) in rows.iter().zip(queries) {
        total += block(row, query);
    }
    for (a, b) in row_rest.iter().zip(query_rest) {
        total += i32::from(*a) * i32::from(*b);
    }
    total
}

// Two loops over whole arrays: the compiler turns each into vector instructions (widen, then multiply and
// add pairs), which it does not manage for one loop that does all of it.
#[inline(always)]
fn block(row: &[i8; BLOCK], query: &[i16; BLOCK]) -> i32 {
    let mut wide = [0_i16; BLOCK];
    for (wide, code) in wide.iter_mut().zip(row) {
        *wide = i16::from(*code);
    }
    let mut total = 0;
    for (a, b) in wide.iter().zip(query) {
        total += i32::from(*a) * i32::from(*b);
    }
    total
}

impl Index {
    /// How many references there are.
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// The message names what does not fit.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let clusters = self.centroid_scales.len();
        if self.vectors.len() != self.len() * self.dimensions {
            return Err("references.vectors does not have a row for each of references.scales");
        }
        if self.centroids.len() != clusters * self.dimensions || self.starts.len() != clusters + 1 {
            return Err("clusters.centroids, clusters.scales and clusters.starts do not fit");
        }
        let ends = (self.starts.first(), self.starts.last().map(|end| *end as usize));
        if ends != (Some(&0), Some(self.len())) || !self.starts.is_sorted() {
            return Err("clusters.starts does not divide the references");
        }
        let finite = |table: &Table<f32>| table.iter().all(|scale| scale.is_finite());
        if !finite(&self.scales) || !finite(&self.centroid_scales) {
            return Err("references.scales or clusters.scales holds a value that is no number");
        }
        Ok(())
    }

    /// The `count` nearest references that `eligible` admits, the nearest first, after comparing at
    /// least `compared` of them (all, if there are fewer).
    pub(super) fn nearest(
        &self,
        vector: &[f32],
        count: usize,
        compared: usize,
        eligible: impl Fn(usize) -> bool,
    ) -> Vec<Near> {
        let query = Query::new(vector);
        if query.scale == 0.0 || count == 0 {
            return Vec::new();
        }
        let (vectors, scales, starts) = (&*self.vectors, &*self.scales, &*self.starts);
        let mut found: Vec<Near> =
            Vec::with_capacity(compared.saturating_add(compared / 4).min(self.len()));
        for cluster in self.clusters_by_nearness(&query) {
            if found.len() >= compared {
                break;
            }
            let members = starts[cluster] as usize..starts[cluster + 1] as usize;
            let rows = vectors[members.start * self.dimensions..members.end * self.dimensions]
                .chunks_exact(self.dimensions);
            for (reference, row) in members.zip(rows) {
                if eligible(reference) {
                    let similarity = query.times(row, scales[reference]);
                    found.push(Near { similarity, reference });
                }
            }
        }
        keep_nearest(&mut found, count);
        found
    }

    fn clusters_by_nearness(&self, query: &Query) -> Vec<usize> {
        let rows = self.centroids.chunks_exact(self.dimensions);
        let mut order: Vec<Near> = rows
            .zip(self.centroid_scales.iter())
            .enumerate()
            .map(|(reference, (row, scale))| Near {
                similarity: query.times(row, *scale),
                reference,
            })
            .collect();
        let all = order.len();
        keep_nearest(&mut order, all);
        order.into_iter().map(|near| near.reference).collect()
    }
}

/// Leaves the `count` nearest, the nearest first; equals in the order of the references.
fn keep_nearest(found: &mut Vec<Near>, count: usize) {
    let order = |a: &Near, b: &Near| {
        b.similarity.total_cmp(&a.similarity).then(a.reference.cmp(&b.reference))
    };
    if count < found.len() {
        found.select_nth_unstable_by(count, order);
        found.truncate(count);
    }
    found.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_way_to_multiply_gives_the_same(codes in prop::collection::vec(any::<(i8, i8)>(), 0..300)) {
            let row: Vec<i8> = codes.iter().map(|pair| pair.0).collect();
            let query: Vec<i16> = codes.iter().map(|pair| i16::from(pair.1)).collect();
            let expected: i32 = codes.iter().map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            prop_assert_eq!(dot(&row, &query), expected);
            prop_assert_eq!(dot_anywhere(&row, &query), expected);
        }
    }
}
