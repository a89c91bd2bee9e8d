//! How much each bucket of n-grams says: inverse document frequencies.

use orkestra::features::{BUCKETS, Features};

use crate::questions::Question;

/// Inverse document frequencies by bucket; 0 for buckets that fewer than two questions fall into.
#[derive(Clone, Debug)]
pub(crate) struct Grams(Vec<f32>);

impl Grams {
    pub(crate) fn of(questions: &[&Question]) -> Self {
        let mut found = vec![0_u32; BUCKETS];
        for (bucket, _) in questions.iter().flat_map(|question| &question.features.ngrams) {
            found[usize::from(*bucket)] += 1;
        }
        let all = questions.len() as f32;
        let rarity = |count: u32| {
            if count < 2 { 0.0 } else { ((1.0 + all) / (1.0 + count as f32)).ln() }
        };
        Self(found.into_iter().map(rarity).collect())
    }

    /// Those that a router holds.
    pub(crate) fn held(weights: Vec<f32>) -> Self {
        Self(weights)
    }

    pub(crate) fn weights(&self) -> &[f32] {
        &self.0
    }

    /// The text's buckets with their weights, of unit length together; as the router weighs them.
    pub(crate) fn weigh(&self, features: &Features) -> Vec<(u16, f32)> {
        orkestra::features::weigh(&features.ngrams, &self.0)
    }
}
