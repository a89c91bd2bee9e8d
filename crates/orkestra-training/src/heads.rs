//! Which models stand for which tier, and what a head makes of a question's rows.

use orkestra::routing::{
    PerTier, Tier,
    nearest::{Outcome, Prior},
};
use serde::Deserialize;

use crate::{prompts, questions::Question, rows::Row};

/// Models that stand for the tiers of one family in the rows of one source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineUp {
    /// The source whose rows it is about. Default: every source.
    #[serde(default)]
    pub source: Option<String>,
    /// The budget tier's model.
    pub budget: Option<String>,
    /// The balanced tier's model.
    pub balanced: Option<String>,
    /// The premium tier's model.
    pub premium: String,
}

impl LineUp {
    /// The line-up of the prompts that were written for this project.
    #[must_use]
    pub fn of_prompts() -> Self {
        let name = |tier: Tier| tier.name().to_owned();
        Self {
            source: Some(prompts::SOURCE.to_owned()),
            budget: Some(name(Tier::Budget)),
            balanced: Some(name(Tier::Balanced)),
            premium: name(Tier::Premium),
        }
    }

    /// The models by tier.
    #[must_use]
    pub fn models(&self) -> PerTier<Option<&str>> {
        PerTier {
            budget: self.budget.as_deref(),
            balanced: self.balanced.as_deref(),
            premium: Some(&self.premium),
        }
    }

    /// Whether it is about `row`.
    #[must_use]
    pub fn concerns(&self, row: &Row) -> bool {
        match &self.source {
            Some(source) => *source == row.source,
            None => row.source != prompts::SOURCE,
        }
    }

    /// What it makes of `row`; `None` without a premium score.
    fn outcome(&self, row: &Row) -> Option<PerTier<Option<f64>>> {
        let models = self.models();
        let scores = PerTier::from_fn(|tier| models.get(tier).and_then(|model| row.score(model)));
        (self.concerns(row) && scores.premium.is_some()).then_some(scores)
    }
}

/// A head to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadPlan {
    /// A provider family, or `general`.
    pub name: String,
    /// Which models speak for its tiers.
    pub line_ups: Vec<LineUp>,
    /// The price of each tier (input + output, any unit), for its dial.
    pub prices: PerTier<f64>,
    /// Calibrate on rows of this task alone. Default: on all measured rows.
    pub task: Option<String>,
}

impl HeadPlan {
    /// Whether the head is calibrated on `question`: it was measured, not merely written down, and on the plan's task.
    #[must_use]
    pub fn is_calibrated_on(&self, question: &Question) -> bool {
        let task = |row: &Row| self.task.as_ref().is_none_or(|task| *task == row.task);
        question.rows.iter().any(|row| row.source != prompts::SOURCE && task(row))
    }

    /// What the head sees of `question`: means over the rows and line-ups that measured it.
    #[must_use]
    pub fn outcome(&self, question: &Question) -> Outcome {
        let mut measured = Vec::new();
        let mut tokens: PerTier<Vec<f64>> = PerTier::default();
        for row in &question.rows {
            for line_up in &self.line_ups {
                if let Some(scores) = line_up.outcome(row) {
                    measured.push(scores);
                    for tier in Tier::ALL {
                        let model = *line_up.models().get(tier);
                        let count = model.and_then(|model| row.output_tokens.get(model).copied());
                        tokens.get_mut(tier).extend(count.flatten());
                    }
                }
            }
        }
        let loss = |tier: Tier| {
            mean(measured.iter().filter_map(|scores| Some(scores.premium? - (*scores.get(tier))?)))
        };
        Outcome {
            premium: mean(measured.iter().filter_map(|scores| scores.premium)),
            balanced_loss: loss(Tier::Balanced),
            budget_loss: loss(Tier::Budget),
            output_tokens: PerTier::from_fn(|tier| mean(tokens.get(tier).iter().copied())),
        }
    }
}

/// What is believed without evidence: the means over `outcomes`.
///
/// A tier without output tokens gets 400, the rough length of a chat answer.
#[must_use]
pub fn prior(outcomes: &[Outcome]) -> Prior {
    let over = |value: &dyn Fn(&Outcome) -> Option<f64>| mean(outcomes.iter().filter_map(value));
    let variance = |tier: Tier| {
        let centre = over(&|outcome| outcome.score(tier)).unwrap_or(0.5);
        over(&|outcome| outcome.score(tier).map(|score| (score - centre).powi(2))).unwrap_or(0.25)
    };
    // Lengths are skewed, so the middle one says more than the mean.
    let tokens = |tier: Tier| {
        let mut all: Vec<f64> =
            outcomes.iter().filter_map(|outcome| *outcome.output_tokens.get(tier)).collect();
        all.sort_by(f64::total_cmp);
        let place = (all.len() as f64 * orkestra::routing::nearest::TOKENS_QUANTILE) as usize;
        all.get(place).copied().unwrap_or(400.0)
    };
    Prior {
        premium: over(&|outcome| outcome.premium).unwrap_or(0.5),
        balanced_loss: over(&|outcome| outcome.balanced_loss).unwrap_or(0.0),
        budget_loss: over(&|outcome| outcome.budget_loss).unwrap_or(0.0),
        variance: PerTier::from_fn(variance),
        output_tokens: PerTier::from_fn(tokens),
    }
}

pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
    (count > 0.0).then(|| sum / count)
}
