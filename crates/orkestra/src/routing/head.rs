//! A head: how one provider family's tiers are forecast from what the layers say.
//!
//! Three predictors speak (the network, its nearest neighbours, the linear part). Each believes something of the
//! premium tier's score and of what the cheaper tiers lose against it; the head weighs their beliefs, calibrates
//! the result, and leans on its prior where a text is unlike anything that was learned from.

use serde::{Deserialize, Serialize};

use super::{
    PerTier, Tier,
    layer::Reading,
    nearest::{Kernel, Prior},
};

/// One head of a router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadCard {
    /// A provider family, or `general`.
    pub name: String,
    /// Which domains speak for its tiers.
    pub domains: Vec<HeadDomain>,
    /// How much each predictor counts.
    pub blend: Blend,
    /// Gates are raised to this power before they share: the higher, the more the likest domain decides.
    pub gate_power: f64,
    /// How neighbours are weighed.
    pub kernel: Kernel,
    /// How many references a search compares.
    pub compared: usize,
    /// What is believed without any evidence.
    pub prior: Prior,
    /// What turns beliefs into forecasts that come true.
    pub calibration: Calibration,
    /// When a text is like what was learned from.
    pub familiarity: Familiarity,
    /// The share of premium's quality to keep when none is asked for.
    pub default_quality: f64,
}

/// A domain as a head sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadDomain {
    /// The layer's position.
    pub layer: usize,
    /// The domain's position in it.
    pub domain: usize,
    /// How much its gate counts, beside the others'.
    pub weight: f64,
    /// Which of its models stand for which tier; a domain without a premium model says nothing.
    pub models: PerTier<Option<usize>>,
}

/// How much each predictor counts; the three add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blend {
    /// The network's own outputs.
    pub network: f64,
    /// The nearest references in its hidden space.
    pub nearest: f64,
    /// The linear part.
    pub linear: f64,
}

/// What a predictor believes: the premium tier's score, and what the cheaper tiers lose against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Belief {
    /// The premium tier's score.
    pub premium: f64,
    /// What the balanced tier loses against it.
    pub balanced_loss: f64,
    /// What the budget tier loses against it.
    pub budget_loss: f64,
}

impl Belief {
    /// Each figure of both, put together by `join`.
    fn with(self, other: Self, join: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            premium: join(self.premium, other.premium),
            balanced_loss: join(self.balanced_loss, other.balanced_loss),
            budget_loss: join(self.budget_loss, other.budget_loss),
        }
    }

    /// The scores that follow, 0 to 1.
    #[must_use]
    pub fn scores(self) -> PerTier<f64> {
        PerTier {
            budget: (self.premium - self.budget_loss).clamp(0.0, 1.0),
            balanced: (self.premium - self.balanced_loss).clamp(0.0, 1.0),
            premium: self.premium.clamp(0.0, 1.0),
        }
    }
}

impl From<&Prior> for Belief {
    fn from(prior: &Prior) -> Self {
        Self {
            premium: prior.premium,
            balanced_loss: prior.balanced_loss,
            budget_loss: prior.budget_loss,
        }
    }
}

/// A straight line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its value at 0.
    pub offset: f64,
    /// Its rise. Never below 0, so that calibration keeps the order.
    pub slope: f64,
}

impl Line {
    /// The line that changes nothing.
    pub const IDENTITY: Self = Self { offset: 0.0, slope: 1.0 };

    /// The line's value at `x`.
    #[must_use]
    pub fn at(self, x: f64) -> f64 {
        self.offset + self.slope * x
    }
}

/// One line for each figure of a [`Belief`], fitted on questions that the predictors had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// For the premium tier's score.
    pub premium: Line,
    /// For the balanced tier's loss.
    pub balanced_loss: Line,
    /// For the budget tier's loss.
    pub budget_loss: Line,
}

impl Calibration {
    /// The calibration that changes nothing.
    pub const IDENTITY: Self = Self {
        premium: Line::IDENTITY,
        balanced_loss: Line::IDENTITY,
        budget_loss: Line::IDENTITY,
    };

    fn of(&self, belief: Belief) -> Belief {
        Belief {
            premium: self.premium.at(belief.premium),
            balanced_loss: self.balanced_loss.at(belief.balanced_loss),
            budget_loss: self.budget_loss.at(belief.budget_loss),
        }
    }
}

/// How much a text is like what was learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resemblance {
    /// The cosine of its embedding to the nearest centre of what was learned from; -1 without an embedding.
    pub nearness: f64,
    /// How rare its n-grams are, on average. Letters that nobody ever put together, and scripts that were hardly
    /// seen, fall into any bucket and are as rare as the average bucket, whatever their embedding happens to be near.
    pub rareness: f64,
}

/// Where a measure passes from strange to familiar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Here, and beyond, a text is strange.
    pub strange: f64,
    /// Here, and beyond, a text is familiar.
    pub familiar: f64,
}

impl Passage {
    /// How familiar `value` is, 0 to 1.
    #[must_use]
    pub fn of(self, value: f64) -> f64 {
        ((value - self.strange) / (self.familiar - self.strange)).clamp(0.0, 1.0)
    }
}

/// When a text is familiar. Where it is, the predictors alone speak; where it is strange, the prior alone does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Familiarity {
    /// For the nearness, which rises.
    pub nearness: Passage,
    /// For the rareness, which falls.
    pub rareness: Passage,
}

impl Familiarity {
    /// How familiar a text is, 0 to 1: as familiar as its stranger side.
    #[must_use]
    pub fn of(&self, text: Resemblance) -> f64 {
        self.nearness.of(text.nearness).min(self.rareness.of(text.rareness))
    }
}

/// What each predictor believed, before calibration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Beliefs {
    /// The network's own outputs.
    pub network: Belief,
    /// The nearest references.
    pub nearest: Belief,
    /// The linear part.
    pub linear: Belief,
}

impl HeadCard {
    /// Each domain's share of the decision, in the order of [`domains`](Self::domains); they add up to 1.
    pub(super) fn shares(&self, readings: &[Reading]) -> Vec<f64> {
        let raw = self.domains.iter().map(|domain| {
            let reading = readings.get(domain.layer);
            let gate = reading.and_then(|reading| reading.gates.get(domain.domain)).copied();
            domain.weight * f64::from(gate.unwrap_or(0.0)).powf(self.gate_power)
        });
        let mut shares: Vec<f64> = raw.collect();
        let total: f64 = shares.iter().sum();
        if total > 0.0 {
            shares.iter_mut().for_each(|share| *share /= total);
        }
        shares
    }

    /// What the domains say together, each by its share. `scores` gives a domain's model's score.
    pub(super) fn mixed(
        &self,
        shares: &[f64],
        scores: impl Fn(&HeadDomain, usize) -> f64,
    ) -> Belief {
        let (mut premium, mut losses) = (0.0, PerTier::from_fn(|_| (0.0, 0.0)));
        for (domain, share) in self.domains.iter().zip(shares) {
            let Some(best) = domain.models.premium.map(|model| scores(domain, model)) else {
                continue;
            };
            premium += share * best;
            for tier in [Tier::Budget, Tier::Balanced] {
                if let Some(model) = *domain.models.get(tier) {
                    let (sum, weight): &mut (f64, f64) = losses.get_mut(tier);
                    *sum += share * (best - scores(domain, model));
                    *weight += share;
                }
            }
        }
        let loss = |(sum, weight): (f64, f64), otherwise: f64| {
            if weight > 1e-9 { sum / weight } else { otherwise }
        };
        Belief {
            premium,
            balanced_loss: loss(losses.balanced, self.prior.balanced_loss),
            budget_loss: loss(losses.budget, self.prior.budget_loss),
        }
    }

    /// The predictors' beliefs, weighed.
    #[must_use]
    pub fn blended(&self, beliefs: &Beliefs) -> Belief {
        let Beliefs { network, nearest, linear } = *beliefs;
        let blend = self.blend;
        network
            .with(nearest, |a, b| a * blend.network + b * blend.nearest)
            .with(linear, |a, b| a + b * blend.linear)
    }

    /// The calibrated scores of a text that is `familiar`, 0 to 1.
    #[must_use]
    pub fn scores(&self, beliefs: &Beliefs, familiar: f64) -> PerTier<f64> {
        let known = self.calibration.of(self.blended(beliefs));
        let prior = Belief::from(&self.prior);
        known.with(prior, |known, prior| familiar * known + (1.0 - familiar) * prior).scores()
    }

    /// The calibrated scores, and each tier's uncertainty: how far the predictors disagree and the neighbours
    /// scatter, or where the text is strange, how far outcomes scatter at all.
    pub(super) fn concluded(
        &self,
        beliefs: &Beliefs,
        scatter: &PerTier<f64>,
        familiar: f64,
    ) -> (PerTier<f64>, PerTier<f64>) {
        let scores = self.scores(beliefs, familiar);
        let centres = self.blended(beliefs).scores();
        let each = [beliefs.network, beliefs.nearest, beliefs.linear].map(Belief::scores);
        let uncertainty = PerTier::from_fn(|tier| {
            let centre = *centres.get(tier);
            let apart: f64 = each.iter().map(|one| (one.get(tier) - centre).powi(2)).sum();
            let known = apart / 3.0 + scatter.get(tier).powi(2);
            (familiar * known + (1.0 - familiar) * self.prior.variance.get(tier)).sqrt()
        });
        (scores, uncertainty)
    }
}
