//! The most capable, whatever it costs.

use super::{Choice, Order, Strategy, by_cost};

/// Chooses the highest capability rank at hand, whatever the forecast; among equals the cheaper.
#[derive(Clone, Copy, Debug)]
pub struct Smartest;

impl Strategy for Smartest {
    fn name(&self) -> &str {
        "smartest"
    }

    fn order(&self, choice: &Choice<'_>) -> Order {
        let mut candidates = choice.candidates.to_vec();
        candidates.sort_by(|a, b| b.rank.cmp(&a.rank).then_with(|| by_cost(a, b)));
        let reason = candidates.first().map_or_else(String::new, |first| {
            format!("{} has the highest capability at hand (rank {})", first.model, first.rank)
        });
        Order { candidates, reason }
    }
}
