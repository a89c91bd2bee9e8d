//! The `nearest` router: what models scored on the benchmark questions nearest to the prompt.
//!
//! Each neighbour counts with the kernel `exp((similarity - 1) / bandwidth)`, and the head's prior
//! counts as much as `prior_weight` of it. Near many known questions the neighbours speak; far from
//! all of them the prior does, and the uncertainty says so. What is averaged is the premium tier's
//! score and what the cheaper tiers lose against it, which is what a plan asks for: a question on which
//! a tier was not measured, or with another line-up, then says nothing wrong about that tier's loss.
//!
//! Number of neighbours, bandwidth and prior weight are chosen by validation (`evals/README.md`).

use serde::{Deserialize, Serialize};

use super::{Neighbour, PerTier, Tier, TierForecast};

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
    ///
    /// The uncertainty is the spread of the scores over the root of one plus the effective number of
    /// neighbours, which shrinks towards 0 as they move away and the prior takes over.
    #[must_use]
    pub fn forecast(&self, prior: &Prior, neighbours: &[(f64, Outcome)]) -> PerTier<TierForecast> {
        let prior_weight = self.prior_weight;
        let mut premium = Shrunk::new(prior.premium, prior_weight);
        let mut balanced = Shrunk::new(prior.balanced_loss, prior_weight);
        let mut budget = Shrunk::new(prior.budget_loss, prior_weight);
        let mut tokens =
            PerTier::from_fn(|tier| Shrunk::new(*prior.output_tokens.get(tier), prior_weight));
        let (mut total, mut squares) = (0.0, 0.0);
        let weights: Vec<f64> = neighbours.iter().map(|near| self.weight(near.0)).collect();
        for ((_, outcome), weight) in neighbours.iter().zip(weights.iter().copied()) {
            premium.add(outcome.premium, weight);
            balanced.add(outcome.balanced_loss, weight);
            budget.add(outcome.budget_loss, weight);
            tokens.budget.add(outcome.output_tokens.budget, weight);
            tokens.balanced.add(outcome.output_tokens.balanced, weight);
            tokens.premium.add(outcome.output_tokens.premium, weight);
            total += weight;
            squares += weight * weight;
        }
        let effective = if squares > 0.0 {
            total / (total + prior_weight) * (total * total / squares)
        } else {
            0.0
        };
        let level = premium.mean(prior.premium);
        let scores = PerTier {
            budget: (level - budget.mean(prior.budget_loss)).clamp(0.0, 1.0),
            balanced: (level - balanced.mean(prior.balanced_loss)).clamp(0.0, 1.0),
            premium: level.clamp(0.0, 1.0),
        };
        PerTier::from_fn(|tier| {
            let score = *scores.get(tier);
            let mut spread = Shrunk::new(*prior.variance.get(tier), prior_weight);
            for ((_, outcome), weight) in neighbours.iter().zip(weights.iter().copied()) {
                spread.add(outcome.score(tier).map(|found| (found - score).powi(2)), weight);
            }
            TierForecast {
                score,
                uncertainty: (spread.mean(*prior.variance.get(tier)) / (1.0 + effective)).sqrt(),
                output_tokens: tokens.get(tier).mean(*prior.output_tokens.get(tier)),
            }
        })
    }

    /// `neighbours` as a forecast names them, each with its share of it.
    pub(super) fn named<'a>(
        &self,
        neighbours: &[(f64, Outcome)],
        families: impl Iterator<Item = &'a str>,
        shown: usize,
    ) -> Vec<Neighbour> {
        let total: f64 = neighbours.iter().map(|near| self.weight(near.0)).sum();
        let named = |((similarity, outcome), family): (&(f64, Outcome), &str)| Neighbour {
            family: family.to_owned(),
            similarity: *similarity,
            weight: self.weight(*similarity) / (total + self.prior_weight),
            scores: PerTier::from_fn(|tier| outcome.score(tier)),
        };
        neighbours.iter().zip(families).take(shown).map(named).collect()
    }
}
