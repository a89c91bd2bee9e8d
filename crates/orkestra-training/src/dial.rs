//! Fits the dial: which margin keeps which share of premium's quality.

use orkestra::routing::{PerTier, Tier};

/// Steps of the dial: half a percent each.
pub(crate) const DIAL_STEPS: usize = 200;
/// The default is never below this share of premium's quality, nor above the next.
const LOWEST_DEFAULT: f64 = 0.90;
const HIGHEST_DEFAULT: f64 = 0.99;
/// Margins that a curve is drawn through.
const POINTS: usize = 1000;

/// A question's forecast and what was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    pub(crate) forecast: PerTier<f64>,
    pub(crate) scores: PerTier<Option<f64>>,
}

/// Where a margin leads: mean score and mean price.
#[derive(Clone, Copy, Debug)]
struct Point {
    margin: f64,
    score: f64,
    price: f64,
}

/// A fitted dial.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dial {
    /// The margin for each quality from 0 to 1 in equal steps.
    pub(crate) margins: Vec<f32>,
    pub(crate) default_quality: f64,
}

impl Dial {
    /// Fits the dial on forecasts of questions that the predictors had not seen. Only questions with a premium and
    /// a budget score count.
    pub(crate) fn fit(judgements: &[Judgement], prices: &PerTier<f64>) -> Self {
        let whole: Vec<Judgement> = judgements
            .iter()
            .filter(|one| one.scores.budget.is_some() && one.scores.premium.is_some())
            .copied()
            .collect();
        if whole.is_empty() {
            return Self { margins: vec![0.0; DIAL_STEPS + 1], default_quality: HIGHEST_DEFAULT };
        }
        let curve = curve(&whole, prices);
        Self { margins: margins(&curve), default_quality: default_quality(&curve) }
    }
}

/// The cheapest measured tier whose forecast is within `margin` of premium's.
fn choose(one: &Judgement, margin: f64) -> Tier {
    let enough = |tier: &Tier| {
        one.scores.get(*tier).is_some() && one.forecast.premium - one.forecast.get(*tier) <= margin
    };
    [Tier::Budget, Tier::Balanced].into_iter().find(enough).unwrap_or(Tier::Premium)
}

/// The policy's points for margins from "always premium" to "always budget".
fn curve(judged: &[Judgement], prices: &PerTier<f64>) -> Vec<Point> {
    let mut needed: Vec<f64> = judged
        .iter()
        .flat_map(|one| {
            let premium = one.forecast.premium;
            [premium - one.forecast.budget, premium - one.forecast.balanced]
        })
        .collect();
    needed.sort_by(f64::total_cmp);
    let mut margins: Vec<f64> =
        (0..=POINTS).map(|step| needed[step * (needed.len() - 1) / POINTS]).collect();
    margins.dedup();
    margins.insert(0, -2.0);
    margins.push(2.0);
    let count = judged.len() as f64;
    let at = |margin: f64| {
        let (mut score, mut price) = (0.0, 0.0);
        for one in judged {
            let tier = choose(one, margin);
            score += one.scores.get(tier).unwrap_or(0.0);
            price += prices.get(tier);
        }
        Point { margin, score: score / count, price: price / count }
    };
    margins.into_iter().map(at).collect()
}

/// For each quality from 0 to 1 in equal steps the widest margin at which that share of premium's mean score was
/// kept, made monotone from the strict side.
fn margins(curve: &[Point]) -> Vec<f32> {
    let premium = curve[0].score.max(1e-9);
    let mut kept = f64::INFINITY;
    let envelope: Vec<(f64, f64)> = curve
        .iter()
        .map(|point| {
            kept = kept.min(point.score / premium);
            // Forecasts lie within 0..1, so wider margins than 1 mean the same.
            (point.margin.clamp(-1.0, 1.0), kept)
        })
        .collect();
    (0..=DIAL_STEPS)
        .map(|step| {
            let quality = step as f64 / DIAL_STEPS as f64;
            let widest = envelope.iter().rev().find(|(_, kept)| *kept >= quality);
            widest.map_or(-1.0, |(margin, _)| *margin) as f32
        })
        .collect()
}

/// The quality that is kept when none is asked for: the curve's knee, where routing is furthest above random
/// mixing, within bounds and in steps of 0.005.
fn default_quality(curve: &[Point]) -> f64 {
    let (premium, budget) = (curve[0], curve[curve.len() - 1]);
    let span = |whole: f64| if whole.abs() > 1e-12 { whole } else { 1.0 };
    let above_random = |point: &Point| {
        (point.score - budget.score) / span(premium.score - budget.score)
            - (point.price - budget.price) / span(premium.price - budget.price)
    };
    let knee = curve.iter().max_by(|a, b| above_random(a).total_cmp(&above_random(b)));
    let quality = knee.map_or(1.0, |knee| knee.score / premium.score.max(1e-9));
    (quality.clamp(LOWEST_DEFAULT, HIGHEST_DEFAULT) * 200.0).round() / 200.0
}
