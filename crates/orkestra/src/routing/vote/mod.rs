//! The documented router: the benchmark questions nearest to the prompt vote for the tier that it needs.
//!
//! Each of the `k` nearest votes for the tier that it needed itself, the cheapest that scored the most, with a weight
//! of one over its distance; one at no distance outvotes all that have one. The shares of the votes are class
//! probabilities, equal to those of scikit-learn's `KNeighborsClassifier(k, weights="distance")`.
//!
//! It takes vectors of any embedder, and of no other than the one its references were made with.

mod file;

use super::{Forecast, GENERAL, Neighbour, PerTier, Router, Tier, TierForecast};
use crate::{
    error::{Error, ErrorKind, Result},
    features::Features,
};

pub use file::{CURVE_POINTS, VoteCard, is_vote_file};

/// The documented number of neighbours.
pub const NEIGHBOURS: usize = 5;
/// The margin at which a tier is good enough once the votes for it and for those below it are half of all.
const MAJORITY: f64 = 0.5;

/// A question whose need is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// What the embedder made of it.
    pub vector: Vec<f32>,
    /// The benchmark and task it comes from.
    pub family: String,
    /// The tier it needs.
    pub needs: Tier,
    /// What each tier scored on it, where that was measured.
    pub scores: PerTier<Option<f64>>,
    /// Its [`question_hash`](super::question_hash).
    pub hash: u64,
}

/// What the neighbours of a vector say.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// The share of votes for each tier; they add up to 1.
    pub probabilities: PerTier<f64>,
    /// Who voted, the nearest first: the reference's place, its distance and its share of the votes.
    pub voters: Vec<Voter>,
}

/// One neighbour's vote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voter {
    /// Which reference it is.
    pub reference: usize,
    /// The Euclidean distance between the two vectors.
    pub distance: f64,
    /// Its share of all votes, 0 to 1.
    pub share: f64,
}

impl Vote {
    /// The tier with the most votes, of equals the cheapest.
    #[must_use]
    pub fn winner(&self) -> Tier {
        let more = |best: Tier, tier: Tier| {
            let ahead = self.probabilities.get(tier) > self.probabilities.get(best);
            if ahead { tier } else { best }
        };
        Tier::ALL.into_iter().reduce(more).unwrap_or(Tier::Premium)
    }

    /// The probability that `tier` is enough: the votes for it and for those below it.
    #[must_use]
    pub fn enough(&self, tier: Tier) -> f64 {
        let PerTier { budget, balanced, .. } = self.probabilities;
        match tier {
            Tier::Budget => budget.min(1.0),
            Tier::Balanced => (budget + balanced).min(1.0),
            // Whatever the sum of the three rounds to.
            Tier::Premium => 1.0,
        }
    }
}

/// The tier that a question needs: the cheapest of those with the highest score. `None` unless budget and premium were
/// measured on it.
#[must_use]
pub fn needed(scores: &PerTier<Option<f64>>) -> Option<Tier> {
    scores.budget.and(scores.premium)?;
    let most = Tier::ALL.iter().filter_map(|tier| *scores.get(*tier)).fold(0.0, f64::max);
    Tier::ALL.into_iter().find(|tier| scores.get(*tier).is_some_and(|score| score >= most))
}

/// A router in which the nearest references vote.
#[derive(Clone, Debug)]
pub struct VoteRouter {
    id: String,
    card: VoteCard,
    /// Row by row.
    vectors: Vec<f32>,
    needs: Vec<Tier>,
    /// Places in the card's list of families.
    families: Vec<u16>,
    scores: Vec<PerTier<Option<f64>>>,
    hashes: Vec<u64>,
}

impl VoteRouter {
    /// What it says about itself.
    #[must_use]
    pub fn card(&self) -> &VoteCard {
        &self.card
    }

    /// How many references it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.needs.len()
    }

    /// Whether it has no reference; one that was read has some.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    /// How many references need each tier.
    #[must_use]
    pub fn needs(&self) -> PerTier<usize> {
        PerTier::from_fn(|tier| self.needs.iter().filter(|needs| **needs == tier).count())
    }

    /// The hashes of the questions it knows, sorted; see [`question_hash`](super::question_hash).
    #[must_use]
    pub fn question_hashes(&self) -> Vec<u64> {
        let mut hashes = self.hashes.clone();
        hashes.sort_unstable();
        hashes
    }

    /// What the references nearest to `vector` say, those that `ignored` names left out.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the vector has another length than the references'.
    pub fn vote(&self, vector: &[f32], ignored: impl Fn(usize) -> bool) -> Result<Vote> {
        let dimensions = self.card.dimensions;
        if vector.len() != dimensions {
            let found = vector.len();
            let message = format!("a vector has {found} numbers; the router takes {dimensions}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(self.card.neighbours + 1);
        let rows = self.vectors.chunks_exact(dimensions).enumerate();
        for (reference, row) in rows.filter(|(reference, _)| !ignored(*reference)) {
            let square = squared_distance(vector, row);
            if nearest.len() == self.card.neighbours
                && nearest.last().is_some_and(|(furthest, _)| square >= *furthest)
            {
                continue;
            }
            let place = nearest.partition_point(|(other, _)| *other <= square);
            nearest.insert(place, (square, reference));
            nearest.truncate(self.card.neighbours);
        }
        Ok(self.counted(&nearest))
    }

    fn counted(&self, nearest: &[(f64, usize)]) -> Vote {
        let same = nearest.iter().any(|(square, _)| *square == 0.0);
        let weight = |square: f64| match (same, square == 0.0) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            (false, _) => 1.0 / square.sqrt(),
        };
        let total: f64 = nearest.iter().map(|(square, _)| weight(*square)).sum();
        let mut probabilities = PerTier::default();
        let mut voters = Vec::with_capacity(nearest.len());
        for (square, reference) in nearest.iter().copied() {
            let share = weight(square) / total;
            *probabilities.get_mut(self.needs[reference]) += share;
            voters.push(Voter { reference, distance: square.sqrt(), share });
        }
        Vote { probabilities, voters }
    }

    fn neighbour(&self, voter: &Voter) -> Neighbour {
        let family = self.card.families.get(usize::from(self.families[voter.reference]));
        Neighbour {
            family: family.cloned().unwrap_or_default(),
            // Both vectors are of unit length.
            similarity: 1.0 - voter.distance * voter.distance / 2.0,
            weight: voter.share,
            scores: self.scores[voter.reference],
        }
    }
}

/// In 64 bits, as differences of near vectors are small.
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let mut pieces = a.chunks_exact(8).zip(b.chunks_exact(8));
    for (a, b) in &mut pieces {
        for ((sum, a), b) in lanes.iter_mut().zip(a).zip(b) {
            let apart = f64::from(*a) - f64::from(*b);
            *sum += apart * apart;
        }
    }
    let rest = a.len() / 8 * 8;
    let rest =
        a[rest..].iter().zip(&b[rest..]).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

impl Router for VoteRouter {
    fn id(&self) -> &str {
        &self.id
    }

    fn heads(&self) -> Vec<&str> {
        vec![GENERAL]
    }

    /// A tier's score is the probability that it is enough, so that of budget is the share of votes for budget, and
    /// premium's is 1.
    fn forecast(&self, features: &Features, _head: &str) -> Result<Forecast> {
        if features.embedder != self.card.embedder {
            let message = format!(
                "the features were made by the embedder {}, but the router {} takes those of {}",
                features.embedder, self.id, self.card.embedder
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        let vote = self.vote(&features.embedding, |_| false)?;
        let tiers = PerTier::from_fn(|tier| {
            let score = vote.enough(tier);
            let voters = vote.voters.len() as f64;
            TierForecast {
                score,
                // Of a share among so many, begun with one that was evenly split.
                uncertainty: (score * (1.0 - score) / (voters + 1.0)).sqrt(),
                output_tokens: *self.card.output_tokens.get(tier),
            }
        });
        let neighbours: Vec<Neighbour> =
            vote.voters.iter().map(|voter| self.neighbour(voter)).collect();
        let familiarity =
            neighbours.first().map_or(0.0, |nearest| nearest.similarity.clamp(0.0, 1.0));
        Ok(Forecast {
            router: self.id.clone(),
            head: GENERAL.to_owned(),
            tiers,
            familiarity,
            neighbours,
        })
    }

    /// The widest margin that kept the share `quality` when each reference was judged by the others; for the default
    /// quality the majority's.
    fn margin(&self, quality: f64, head: &str) -> f64 {
        if quality.to_bits() == self.default_quality(head).to_bits() {
            return MAJORITY;
        }
        let steps = (self.card.kept.len().max(2) - 1) as f64;
        let kept = self.card.kept.iter().rposition(|kept| *kept >= quality);
        kept.map_or(0.0, |place| place as f64 / steps)
    }

    /// What the majority's margin kept.
    fn default_quality(&self, _head: &str) -> f64 {
        self.card.kept.get(self.card.kept.len() / 2).copied().unwrap_or(1.0)
    }
}
