//! Outputs for new models on a network that stays as it is: logistic regression on its hidden units.

use orkestra::routing::artefact::Parts;

use crate::{
    arithmetic::{add, dot, sigmoid},
    learn::domains::Domains,
    questions::Question,
};

/// Steps of gradient descent; the problem is convex and small.
const STEPS: usize = 300;
const RATE: f32 = 0.05;
/// What a squared weight costs, in questions: with few rows the outputs stay near the mean.
const PENALTY: f32 = 2.0;

/// Fits and writes an output for each model of the domains' cards.
pub(crate) fn write(
    parts: &mut Parts,
    layer: &str,
    questions: &[&Question],
    units: &[Vec<f32>],
    domains: &Domains,
) {
    let networks = parts.metadata.network.parts as f32;
    let hidden = parts.metadata.network.hidden;
    let (mut rows, mut bias) = (Vec::new(), Vec::new());
    for (place, card) in domains.cards.iter().enumerate() {
        for model in &card.models {
            let mut known: Vec<(&[f32], f32)> = Vec::new();
            for (question, units) in questions.iter().zip(units) {
                let own =
                    question.rows.iter().filter(|row| domains.place(&row.domain()) == Some(place));
                let scores = own.filter_map(|row| row.score(model));
                known.extend(scores.map(|score| (units.as_slice(), score as f32)));
            }
            let (weights, offset) = regress(&known, hidden);
            // A router averages over the networks that lie side by side.
            rows.extend(weights.into_iter().map(|weight| weight * networks));
            bias.push(offset);
        }
    }
    parts.put(format!("layers.{layer}.outputs.weights"), hidden, &rows);
    parts.put(format!("layers.{layer}.outputs.bias"), 1, &bias);
}

/// Weights and offset of the log-odds.
fn regress(known: &[(&[f32], f32)], hidden: usize) -> (Vec<f32>, f32) {
    let count = known.len().max(1) as f32;
    let mean = (known.iter().map(|one| one.1).sum::<f32>() + 0.5) / (count + 1.0);
    let mut weights = vec![0.0_f32; hidden];
    let mut offset = (mean / (1.0 - mean)).ln();
    // Units are of very different size; a step is measured in each one's own.
    let mut size = vec![1e-3_f32; hidden];
    for (units, _) in known {
        size.iter_mut().zip(*units).for_each(|(size, unit)| *size += unit * unit / count);
    }
    for _ in 0..STEPS {
        let mut slope = vec![0.0_f32; hidden];
        let mut offset_slope = 0.0;
        for (units, score) in known {
            let error = (sigmoid(offset + dot(&weights, units)) - score) / count;
            add(&mut slope, units, error);
            offset_slope += error;
        }
        for ((weight, slope), size) in weights.iter_mut().zip(&slope).zip(&size) {
            // The penalty's step is taken from where it leads (implicitly): with few rows and a unit that hardly
            // ever fires, the plain step would overshoot and diverge.
            *weight = (*weight - RATE * slope / size) / (1.0 + RATE * PENALTY / (count * size));
        }
        offset -= RATE * offset_slope * 4.0;
    }
    (weights, offset)
}
