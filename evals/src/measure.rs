//! What a forecast is worth: the policy of the dial, and the area under its curve.

use orkestra::routing::{PerTier, TierForecast};

/// A question with its forecast and what was measured.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Forecast scores, the cheapest tier first.
    pub(crate) forecast: [f64; 3],
    /// Measured scores. Budget and premium are always there.
    pub(crate) scores: [Option<f64>; 3],
}

/// Where a margin leads: mean score and mean price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) margin: f64,
    pub(crate) score: f64,
    pub(crate) price: f64,
}

pub(crate) fn scores(forecast: &PerTier<TierForecast>) -> [f64; 3] {
    [forecast.budget.score, forecast.balanced.score, forecast.premium.score]
}

/// The cheapest measured tier whose forecast is within `margin` of premium's.
fn choose(judged: &Judged, margin: f64) -> usize {
    let enough = |tier: &usize| {
        judged.scores[*tier].is_some() && judged.forecast[2] - judged.forecast[*tier] <= margin
    };
    (0..2).find(enough).unwrap_or(2)
}

/// The policy's points for margins from "always premium" to "always budget".
pub(crate) fn curve(judged: &[Judged], prices: [f64; 3]) -> Vec<Point> {
    const STEPS: usize = 1000;
    let mut needed: Vec<f64> = judged
        .iter()
        .flat_map(|one| [one.forecast[2] - one.forecast[0], one.forecast[2] - one.forecast[1]])
        .collect();
    needed.sort_by(f64::total_cmp);
    let mut margins: Vec<f64> =
        (0..=STEPS).map(|step| needed[step * (needed.len() - 1) / STEPS]).collect();
    margins.dedup();
    margins.insert(0, -2.0);
    margins.push(2.0);
    let count = judged.len() as f64;
    let at = |margin: f64| {
        let (mut score, mut price) = (0.0, 0.0);
        for one in judged {
            let tier = choose(one, margin);
            score += one.scores[tier].unwrap_or(0.0);
            price += prices[tier];
        }
        Point { margin, score: score / count, price: price / count }
    };
    margins.into_iter().map(at).collect()
}

/// The share of the gain from budget to premium that is recovered, averaged over the share of the
/// extra price that is paid. 0.5 is random.
pub(crate) fn apgr(curve: &[Point]) -> f64 {
    let (premium, budget) = (curve[0], curve[curve.len() - 1]);
    let mut points: Vec<(f64, f64)> = curve
        .iter()
        .map(|point| {
            (
                (point.price - budget.price) / (premium.price - budget.price),
                (point.score - budget.score) / (premium.score - budget.score),
            )
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum()
}

/// Fits the dial: for each quality from 0 to 1 in `steps` equal steps the widest margin at which that
/// share of premium's mean score was kept, made monotone from the strict side.
pub(crate) fn margins(curve: &[Point], steps: usize) -> Vec<f32> {
    let premium = curve[0].score;
    let mut kept = f64::INFINITY;
    let envelope: Vec<(f64, f64)> = curve
        .iter()
        .map(|point| {
            kept = kept.min(point.score / premium);
            // Forecasts lie within 0..1, so wider margins than 1 mean the same.
            (point.margin.clamp(-1.0, 1.0), kept)
        })
        .collect();
    (0..=steps)
        .map(|step| {
            let quality = step as f64 / steps as f64;
            let widest = envelope.iter().rev().find(|(_, kept)| *kept >= quality);
            widest.map_or(-1.0, |(margin, _)| *margin) as f32
        })
        .collect()
}

/// The quality at the curve's knee, where routing is furthest above random mixing.
pub(crate) fn knee(curve: &[Point]) -> f64 {
    let (premium, budget) = (curve[0], curve[curve.len() - 1]);
    let above_random = |point: &Point| {
        (point.score - budget.score) / (premium.score - budget.score)
            - (point.price - budget.price) / (premium.price - budget.price)
    };
    let knee = curve.iter().max_by(|a, b| above_random(a).total_cmp(&above_random(b)));
    knee.map_or(1.0, |knee| knee.score / premium.score)
}

/// The quality that is kept when none is asked for: the knee, but not below 0.90, in steps of 0.005.
pub(crate) fn default_quality(curve: &[Point]) -> f64 {
    ((knee(curve).clamp(0.90, 0.99) * 200.0).round()) / 200.0
}

/// The point of `curve` that the margin for `quality` leads to.
pub(crate) fn at_quality(curve: &[Point], margins: &[f32], quality: f64) -> Point {
    let place = (quality * (margins.len() - 1) as f64).round() as usize;
    let margin = f64::from(margins[place]);
    let below = curve.iter().rev().find(|point| point.margin <= margin + 1e-6);
    *below.unwrap_or(&curve[0])
}
