//! The middle, unless it will not do.

use super::{Candidate, Choice, Order, Strategy, by_cost, by_score};
use crate::tier::Tier;

/// Chooses the balanced tier where it is good enough, else premium; never budget. Among equals the cheaper.
///
/// Where the pool has nothing but budget models, they are all there is to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Balanced;

impl Strategy for Balanced {
    fn name(&self) -> &str {
        "balanced"
    }

    fn order(&self, choice: &Choice<'_>) -> Order {
        let of = |tier| -> Vec<Candidate> {
            let mut found: Vec<_> = choice
                .candidates
                .iter()
                .filter(|candidate| candidate.tier == tier)
                .cloned()
                .collect();
            found.sort_by(by_cost);
            found
        };
        let (mut middle, mut premium) = (of(Tier::Balanced), of(Tier::Premium));
        let enough = choice.is_good_enough(Tier::Balanced);
        let (score, threshold) = (choice.forecast.tiers.balanced.score, choice.threshold());
        let (first, second, why) = if enough {
            (
                &mut middle,
                &mut premium,
                format!("balanced is good enough: forecast {score:.3} >= {threshold:.3}"),
            )
        } else {
            (
                &mut premium,
                &mut middle,
                format!("balanced is not good enough: forecast {score:.3} < {threshold:.3}"),
            )
        };
        first.append(second);
        let mut candidates = std::mem::take(first);
        if candidates.is_empty() {
            candidates = choice.candidates.to_vec();
            candidates.sort_by(by_score);
        }
        let reason = candidates
            .first()
            .map_or(why.clone(), |first| format!("{why}; {} ({})", first.model, first.tier));
        Order { candidates, reason }
    }
}
