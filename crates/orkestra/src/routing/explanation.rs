//! Why a router believes what it does, in numbers and in one sentence.

use serde::Serialize;

use super::{Forecast, head::Beliefs};

/// Why a router believes what it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What it believes; its neighbours and uncertainties are part of the explanation.
    pub forecast: Forecast,
    /// What each predictor believed before they were weighed and calibrated.
    pub beliefs: Beliefs,
    /// What the text looks like, the likest first.
    pub domains: Vec<Domain>,
    /// The n-grams of the text that moved the linear part most, the strongest first.
    pub features: Vec<Moved>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// A domain the text may belong to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Domain {
    /// Its name, such as `zeroeval/gsm`.
    pub name: String,
    /// Its share of the forecast, 0 to 1.
    pub share: f64,
}

/// A feature and what it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// A word, a pair of words, or a run of characters of the text.
    pub feature: String,
    /// What it adds to the expected loss of the budget tier against premium.
    pub effect: f64,
}

/// Losses below this are called nothing.
const SLIGHT: f64 = 0.02;

/// One plain sentence.
pub(super) fn sentence(forecast: &Forecast, domains: &[Domain]) -> String {
    let tiers = forecast.tiers;
    let loss = tiers.premium.score - tiers.budget.score;
    let points = (loss.abs() * 100.0).round();
    let expected = if loss.abs() < SLIGHT {
        "the budget tier is expected to do as well as premium".to_owned()
    } else if loss > 0.0 {
        format!("the budget tier is expected to lose {points} points in a hundred against premium")
    } else {
        format!(
            "the budget tier is expected to do better than premium by {points} points in a hundred"
        )
    };
    let likeness = match domains.first() {
        Some(domain) if forecast.familiarity > 0.5 => {
            format!("It looks most like {} ({:.0} %)", domain.name, domain.share * 100.0)
        }
        _ => "It is unlike anything the router learned from, so averages speak".to_owned(),
    };
    let doubt = tiers.budget.uncertainty.max(tiers.premium.uncertainty) * 100.0;
    format!("{likeness}; {expected}, give or take {doubt:.0}.")
}
