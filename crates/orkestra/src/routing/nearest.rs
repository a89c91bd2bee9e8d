//! The `nearest` predictor: what models scored on the reference questions nearest to the prompt.
//!
//! Each neighbour counts with the kernel `exp((similarity - 1) / bandwidth)`, and the head's prior
//! counts as much as `prior_weight` of it. What is averaged is the premium tier's
//! score and what the cheaper tiers lose against it, which is what a plan asks for: a question on which
//! a tier was not measured, or with another line-up, then says nothing wrong about that tier's loss.
//!
//! Number of neighbours, bandwidth and prior weight are chosen by validation (`docs/router.md`).

use serde::{Deserialize, Serialize};

use super::{Neighbour, PerTier, Tier, head::Belief};

/// How neighbours are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// The most neighbours that count.
    pub neighbours: usize,
    /// The cosine distance at which a neighbour counts 1/e of an identical question.
    pub bandwidth: f64,
    /// What the prior counts, where an identical question counts 1.
    pub prior_weight: f64,
}

/// What a head believes before it sees a prompt: averages over its reference questions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// The premium tier's mean score.
    pub premium: f64,
    /// What the balanced tier loses against premium on average.
    pub balanced_loss: f64,
    /// What the budget tier loses against premium on average.
    pub budget_loss: f64,
    /// The variance of each tier's scores between questions.
    pub variance: PerTier<f64>,
    /// Mean output tokens.
    pub output_tokens: PerTier<f64>,
}

/// What was measured on one reference question, as one head sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The premium tier's score, 0 to 1.
    pub premium: Option<f64>,
    /// What the balanced tier lost against it, -1 to 1.
    pub balanced_loss: Option<f64>,
    /// What the budget tier lost against it, -1 to 1.
    pub budget_loss: Option<f64>,
    /// Output tokens.
    pub output_tokens: PerTier<Option<f64>>,
}

impl Outcome {
    /// The score of `tier`, where it was measured.
    #[must_use]
    pub fn score(&self, tier: Tier) -> Option<f64> {
        let loss = match tier {
            Tier::Budget => self.budget_loss,
            Tier::Balanced => self.balanced_loss,
            Tier::Premium => Some(0.0),
        };
        Some((self.premium? - loss?).clamp(0.0, 1.0))
    }
}

/// The share of answers that shall not be longer than expected. Lengths are skewed: their mean, which costs
/// follow, lies about here.
pub const TOKENS_QUANTILE: f64 = 0.6;
/// The nearest that speak for lengths; more make no difference but take time to sort.
const TOKENS_NEIGHBOURS: usize = 64;

/// What the neighbours say.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Of scores.
    pub belief: Belief,
    /// Each tier's standard error: the spread of the scores over the root of one plus the effective number of
    /// neighbours, which shrinks towards 0 as they move away and the prior takes over.
    pub scatter: PerTier<f64>,
    /// Of lengths.
    pub output_tokens: PerTier<f64>,
    /// What each neighbour counted.
    pub weights: Vec<f64>,
}

/// A weighted mean in the making, begun with the prior.
struct Shrunk {
    sum: f64,
    weight: f64,
}

impl Shrunk {
    fn new(prior: f64, weight: f64) -> Self {
        Self { sum: prior * weight, weight }
    }

    fn add(&mut self, value: Option<f64>, weight: f64) {
        if let Some(value) = value {
            self.sum += value * weight;
            self.weight += weight;
        }
    }

    fn mean(&self, otherwise: f64) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { otherwise }
    }
}

impl Kernel {
    /// What a neighbour at `similarity` (cosine) counts.
    #[must_use]
    pub fn weight(&self, similarity: f64) -> f64 {
        ((similarity - 1.0) / self.bandwidth).exp()
    }

    /// What follows for each tier from `neighbours` (cosine similarity and outcome), the nearest first.
    #[must_use]
    pub fn heard(&self, prior: &Prior, neighbours: &[(f64, Outcome)]) -> Heard {
        let prior_weight = self.prior_weight;
        let mut premium = Shrunk::new(prior.premium, prior_weight);
        let mut balanced = Shrunk::new(prior.balanced_loss, prior_weight);
        let mut budget = Shrunk::new(prior.budget_loss, prior_weight);
        let (mut total, mut squares) = (0.0, 0.0);
        let weights: Vec<f64> = neighbours.iter().map(|near| self.weight(near.0)).collect();
        for ((_, outcome), weight) in neighbours.iter().zip(weights.iter().copied()) {
            premium.add(outcome.premium, weight);
            balanced.add(outcome.balanced_loss, weight);
            budget.add(outcome.budget_loss, weight);
            total += weight;
            squares += weight * weight;
        }
        let effective = if squares > 0.0 {
            total / (total + prior_weight) * (total * total / squares)
        } else {
            0.0
        };
        let belief = Belief {
            premium: premium.mean(prior.premium),
            balanced_loss: balanced.mean(prior.balanced_loss),
            budget_loss: budget.mean(prior.budget_loss),
        };
        let scores = belief.scores();
        let scatter = PerTier::from_fn(|tier| {
            let (score, variance) = (*scores.get(tier), *prior.variance.get(tier));
            let mut spread = Shrunk::new(variance, prior_weight);
            for ((_, outcome), weight) in neighbours.iter().zip(weights.iter().copied()) {
                spread.add(outcome.score(tier).map(|found| (found - score).powi(2)), weight);
            }
            (spread.mean(variance) / (1.0 + effective)).sqrt()
        });
        let output_tokens = PerTier::from_fn(|tier| self.tokens(tier, prior, neighbours, &weights));
        Heard { belief, scatter, output_tokens, weights }
    }

    /// The quantile [`TOKENS_QUANTILE`] of the neighbours' output tokens, the prior among them.
    fn tokens(
        &self,
        tier: Tier,
        prior: &Prior,
        neighbours: &[(f64, Outcome)],
        weights: &[f64],
    ) -> f64 {
        let measured = neighbours.iter().zip(weights).take(TOKENS_NEIGHBOURS).filter_map(
            |((_, outcome), weight)| Some(((*outcome.output_tokens.get(tier))?, *weight)),
        );
        let mut all: Vec<(f64, f64)> = measured.collect();
        all.push((*prior.output_tokens.get(tier), self.prior_weight));
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let wanted = all.iter().map(|one| one.1).sum::<f64>() * TOKENS_QUANTILE;
        let mut passed = 0.0;
        let found = all.iter().find(|(_, weight)| {
            passed += weight;
            passed >= wanted
        });
        found.or(all.last()).map_or(1.0, |found| found.0)
    }

    /// `neighbours` as a forecast names them, each with its share of what was heard.
    pub(super) fn named<'a>(
        &self,
        neighbours: &[(f64, Outcome)],
        weights: &[f64],
        families: impl Iterator<Item = &'a str>,
        shown: usize,
    ) -> Vec<Neighbour> {
        let total: f64 = weights.iter().sum();
        let named = |(((similarity, outcome), weight), family): ((&(f64, Outcome), &f64), &str)| {
            Neighbour {
                family: family.to_owned(),
                similarity: *similarity,
                weight: weight / (total + self.prior_weight),
                scores: PerTier::from_fn(|tier| outcome.score(tier)),
            }
        };
        neighbours.iter().zip(weights).zip(families).take(shown).map(named).collect()
    }
}
