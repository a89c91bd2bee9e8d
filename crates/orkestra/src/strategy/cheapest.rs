//! The lowest expected cost among what is good enough.

use super::{Choice, Order, Strategy, by_cost, by_score};

/// Chooses the lowest expected cost among the candidates whose tier is good enough.
///
/// The others follow for when that fails: the rest of the good enough by cost, then what is not good
/// enough, the best forecast first. Where nothing is good enough (premium is not at hand), the best
/// forecast is taken.
#[derive(Clone, Copy, Debug)]
pub struct Cheapest;

impl Strategy for Cheapest {
    fn name(&self) -> &str {
        "cheapest"
    }

    fn order(&self, choice: &Choice<'_>) -> Order {
        let (mut enough, mut lacking): (Vec<_>, Vec<_>) = choice
            .candidates
            .iter()
            .cloned()
            .partition(|candidate| choice.is_good_enough(candidate.tier));
        enough.sort_by(by_cost);
        lacking.sort_by(by_score);
        let (premium, margin) = (choice.forecast.tiers.premium.score, choice.margin);
        let reason = match (enough.first(), lacking.first()) {
            (Some(first), _) => format!(
                "{} is the cheapest of {} good enough: {} forecast {:.3} >= {:.3} (premium {premium:.3} - margin {margin:.3})",
                first.model,
                enough.len(),
                first.tier,
                first.score,
                choice.threshold(),
            ),
            (None, Some(first)) => format!(
                "none is good enough (premium {premium:.3} - margin {margin:.3}); {} has the best forecast, {:.3}",
                first.model, first.score
            ),
            (None, None) => String::new(),
        };
        enough.append(&mut lacking);
        Order { candidates: enough, reason }
    }
}
