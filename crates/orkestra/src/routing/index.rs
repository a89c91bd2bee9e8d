//! Finds the reference vectors nearest to a query.
//!
//! The references lie in clusters. Clusters are visited from the nearest centroid on until enough
//! references were compared, so a search costs the same whichever head asks. How many are enough was
//! chosen by measured agreement with a full search (`docs/router.md`).

use crate::features::{
    Table,
    lanes::{dots_of_codes, dots_of_picked},
};

/// References grouped in clusters, in place.
#[derive(Clone, Debug)]
pub(super) struct Index {
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

/// A query in whole numbers, so that products need no conversion.
pub(super) struct Query {
    pub(super) codes: Vec<i16>,
    pub(super) scale: f32,
}

impl Query {
    const LEVELS: f32 = 127.0;

    pub(super) fn new(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let scale = largest / Self::LEVELS;
        let code = |x: &f32| if scale > 0.0 { (x / scale).round() as i16 } else { 0 };
        Self { codes: vector.iter().map(code).collect(), scale }
    }
}

/// A similarity and a position in one number: the nearer, the smaller, and among equals the earlier. Sorting
/// plain numbers takes a fraction of the time that comparing pairs does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

impl Key {
    fn new(similarity: f32, position: u32) -> Self {
        // The order of `f32::total_cmp`, upside down.
        let bits = similarity.to_bits();
        let falling = if bits >> 31 == 0 { !bits ^ SIGN } else { bits };
        Self(u64::from(falling) << 32 | u64::from(position))
    }

    fn position(self) -> usize {
        self.0 as u32 as usize
    }

    fn similarity(self) -> f32 {
        let falling = (self.0 >> 32) as u32;
        f32::from_bits(if falling >> 31 == 0 { !(falling ^ SIGN) } else { falling })
    }
}

/// The bit that says that a float is negative.
const SIGN: u32 = 1 << 31;

impl Index {
    /// How many references there are.
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    /// The message names what does not fit.
    pub(super) fn check(&self, dimensions: usize) -> Result<(), String> {
        let clusters = self.centroid_scales.len();
        let tables = [
            (
                "references.vectors, a row for each of references.scales,",
                self.vectors.len(),
                self.len() * dimensions,
            ),
            (
                "clusters.centroids, a row for each of clusters.scales,",
                self.centroids.len(),
                clusters * dimensions,
            ),
            ("clusters.starts", self.starts.len(), clusters + 1),
        ];
        for (name, found, expected) in tables {
            if found != expected {
                return Err(format!("{name} has {found} numbers, expected {expected}"));
            }
        }
        let ends = (self.starts.first(), self.starts.last().map(|end| *end as usize));
        if ends != (Some(&0), Some(self.len())) || !self.starts.is_sorted() {
            return Err("clusters.starts does not divide the references".to_owned());
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
        let (scales, starts) = (&*self.scales, &*self.starts);
        let room = compared.saturating_add(compared / 4).min(self.len());
        let mut picked: Vec<u32> = Vec::with_capacity(room);
        for cluster in self.clusters_by_nearness(&query) {
            if picked.len() >= compared {
                break;
            }
            let members = starts[cluster]..starts[cluster + 1];
            picked.extend(members.filter(|reference| eligible(*reference as usize)));
        }
        let mut products = Vec::with_capacity(picked.len());
        dots_of_picked(&self.vectors, &picked, &query.codes, &mut products);
        let keys = picked.iter().zip(&products).map(|(reference, product)| {
            let scale = scales[*reference as usize];
            Key::new(*product as f32 * scale * query.scale, *reference)
        });
        let mut keys: Vec<Key> = keys.collect();
        if count < keys.len() {
            keys.select_nth_unstable(count);
            keys.truncate(count);
        }
        keys.sort_unstable();
        let near = |key: &Key| Near { similarity: key.similarity(), reference: key.position() };
        keys.iter().map(near).collect()
    }

    fn clusters_by_nearness(&self, query: &Query) -> impl Iterator<Item = usize> {
        let mut products = Vec::with_capacity(self.centroid_scales.len());
        dots_of_codes(&self.centroids, &query.codes, &mut products);
        let keys = (0..).zip(&products).zip(&*self.centroid_scales);
        let mut keys: Vec<Key> = keys
            .map(|((cluster, product), scale)| {
                Key::new(*product as f32 * scale * query.scale, cluster)
            })
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(Key::position)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_stand_in_the_order_of_what_they_hold(
            a in (any::<f32>(), any::<u32>()),
            b in (any::<f32>(), any::<u32>()),
        ) {
            let order = b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            let (first, second) = (Key::new(a.0, a.1), Key::new(b.0, b.1));
            prop_assert_eq!(first.cmp(&second), order);
            prop_assert_eq!(first.similarity().to_bits(), a.0.to_bits());
            prop_assert_eq!(first.position(), a.1 as usize);
        }
    }
}
