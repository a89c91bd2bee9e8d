//! Trains the network: token vectors tuned on the outcomes of all models at once.
//!
//! A hidden unit is `relu(W e + U s + b + sum of token rows / sqrt(tokens))`, with `e` the text's embedding and `s` its
//! shape; one sigmoid for each (domain, model) stands on it. Binary cross-entropy, AdamW (Loshchilov & Hutter,
//! 2019), dropout on hidden units and on tokens. Token rows start at zero and change only where a token occurs.

use orkestra::features::{Features, SHAPE};

use crate::{
    arithmetic::{add, dot, sigmoid},
    random::Random,
};

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkSettings {
    /// Networks that lie side by side, each from a seed of its own.
    pub parts: usize,
    /// Hidden units of each.
    pub hidden: usize,
    /// Passes over the questions.
    pub epochs: usize,
    /// The highest step of the shared weights.
    pub rate: f32,
    /// The highest step of the token rows.
    pub token_rate: f32,
    /// Share of hidden units left out of a step.
    pub dropout: f32,
    /// Share of tokens left out of a step.
    pub token_dropout: f32,
    /// Questions a step.
    pub batch: usize,
    /// Decay of the shared weights.
    pub decay: f32,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            parts: 3,
            hidden: 64,
            epochs: 4,
            rate: 1e-3,
            token_rate: 1e-2,
            dropout: 0.4,
            token_dropout: 0.3,
            batch: 32,
            decay: 0.01,
        }
    }
}

/// What the network learns from: a text and what models scored on it.
#[derive(Clone, Debug)]
pub(crate) struct Lesson<'a> {
    pub(crate) features: &'a Features,
    /// Output and target.
    pub(crate) targets: Vec<(usize, f32)>,
}

/// One trained network.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    pub(crate) embedding: Vec<f32>,
    pub(crate) shape: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    /// A row of hidden units for each token.
    pub(crate) tokens: Vec<f32>,
    /// A row of hidden units for each output.
    pub(crate) outputs: Vec<f32>,
    pub(crate) output_bias: Vec<f32>,
}

/// Moments of Adam for one block of weights.
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

/// A step's size and corrections.
#[derive(Clone, Copy)]
struct Step {
    rate: f32,
    decay: f32,
    first: f32,
    second: f32,
}

impl Moments {
    fn new(length: usize) -> Self {
        Self { first: vec![0.0; length], second: vec![0.0; length] }
    }

    /// Moves `weights`, which begin at `start` of the block, against `gradient`, and clears that.
    fn apply(&mut self, start: usize, weights: &mut [f32], gradient: &mut [f32], step: Step) {
        let range = start..start + gradient.len();
        let moments = self.first[range.clone()].iter_mut().zip(&mut self.second[range]);
        for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = 0.9 * *first + 0.1 * *gradient;
            *second = 0.999 * *second + 0.001 * *gradient * *gradient;
            let move_by = (*first * step.first) / ((*second * step.second).sqrt() + 1e-8);
            *weight -= step.rate * (move_by + step.decay * *weight);
            *gradient = 0.0;
        }
    }
}

/// Gradients and moments of everything, and scratch space.
struct Trainer<'a> {
    settings: &'a NetworkSettings,
    dimensions: usize,
    /// Embeddings have unit length; times this their numbers are of size 1, as the optimiser's steps suppose.
    reach: f32,
    weights: Weights,
    gradient: Weights,
    moments: [Moments; 6],
    /// Where a token's gradient lies in `gradient.tokens` in this batch; `u32::MAX` where it has none.
    slots: Vec<u32>,
    touched: Vec<usize>,
    random: Random,
    steps_taken: i32,
}

/// Trains one network; `outputs` is the number of targets there are.
pub(crate) fn train(
    lessons: &[Lesson<'_>],
    tokens: usize,
    outputs: usize,
    settings: &NetworkSettings,
    seed: u64,
) -> Weights {
    let dimensions = lessons.first().map_or(0, |lesson| lesson.features.embedding.len());
    let mut trainer = Trainer::new(lessons, dimensions, tokens, outputs, settings, seed);
    let mut order: Vec<usize> = (0..lessons.len()).collect();
    let batches = lessons.len().div_ceil(settings.batch) * settings.epochs;
    for _ in 0..settings.epochs {
        trainer.random.shuffle(&mut order);
        for batch in order.chunks(settings.batch) {
            for lesson in batch {
                trainer.learn(&lessons[*lesson], 1.0 / batch.len() as f32);
            }
            trainer.step(batches);
        }
    }
    let reach = trainer.reach;
    trainer.weights.embedding.iter_mut().for_each(|weight| *weight *= reach);
    trainer.weights
}

impl<'a> Trainer<'a> {
    fn new(
        lessons: &[Lesson<'_>],
        dimensions: usize,
        tokens: usize,
        outputs: usize,
        settings: &'a NetworkSettings,
        seed: u64,
    ) -> Self {
        let hidden = settings.hidden;
        let mut random = Random::new(seed);
        let mut normal = |count: usize, size: f32| -> Vec<f32> {
            (0..count).map(|_| random.normal() * size).collect()
        };
        let weights = Weights {
            embedding: normal(hidden * dimensions, 1.0 / (dimensions.max(1) as f32).sqrt()),
            shape: normal(hidden * SHAPE, 0.3 / (SHAPE as f32).sqrt()),
            bias: vec![0.0; hidden],
            tokens: vec![0.0; tokens * hidden],
            outputs: normal(outputs * hidden, 0.5 / (hidden as f32).sqrt()),
            output_bias: first_guesses(lessons, outputs),
        };
        let zeros = |like: &[f32]| vec![0.0; like.len()];
        let gradient = Weights {
            embedding: zeros(&weights.embedding),
            shape: zeros(&weights.shape),
            bias: zeros(&weights.bias),
            tokens: Vec::new(),
            outputs: zeros(&weights.outputs),
            output_bias: zeros(&weights.output_bias),
        };
        let moments = [
            &weights.embedding,
            &weights.shape,
            &weights.bias,
            &weights.tokens,
            &weights.outputs,
            &weights.output_bias,
        ]
        .map(|block| Moments::new(block.len()));
        let slots = vec![u32::MAX; tokens];
        Self {
            settings,
            dimensions,
            reach: (dimensions as f32).sqrt(),
            weights,
            gradient,
            moments,
            slots,
            touched: Vec::new(),
            random,
            steps_taken: 0,
        }
    }

    /// Adds one lesson's gradient, with the given share of the batch.
    fn learn(&mut self, lesson: &Lesson<'_>, share: f32) {
        let (hidden, dimensions, settings) = (self.settings.hidden, self.dimensions, self.settings);
        let features = lesson.features;
        let random = &mut self.random;
        let kept: Vec<usize> = features
            .tokens
            .iter()
            .filter(|_| random.unit() >= settings.token_dropout)
            .map(|token| usize::from(*token))
            .filter(|token| *token < self.slots.len())
            .collect();
        let spread = 1.0 / (kept.len().max(1) as f32).sqrt();
        let weights = &self.weights;
        let mut units = weights.bias.clone();
        for token in &kept {
            add(&mut units, &weights.tokens[token * hidden..(token + 1) * hidden], spread);
        }
        // What passes on a unit's gradient: nothing where it is silent or left out.
        let mut open = vec![0.0; hidden];
        for (unit, value) in units.iter_mut().enumerate() {
            let row = &weights.embedding[unit * dimensions..(unit + 1) * dimensions];
            *value += self.reach * dot(row, &features.embedding)
                + dot(&weights.shape[unit * SHAPE..(unit + 1) * SHAPE], &features.shape);
            if *value > 0.0 && random.unit() >= settings.dropout {
                open[unit] = 1.0 / (1.0 - settings.dropout);
            }
            *value *= open[unit];
        }
        let mut back = vec![0.0; hidden];
        // A question that forty models answered counts more than one that two did, but not twenty times.
        let share = share / (lesson.targets.len().max(1) as f32).sqrt();
        for (output, target) in &lesson.targets {
            let row = output * hidden..(output + 1) * hidden;
            let logit = weights.output_bias[*output] + dot(&weights.outputs[row.clone()], &units);
            let slope = (sigmoid(logit) - target) * share;
            self.gradient.output_bias[*output] += slope;
            add(&mut self.gradient.outputs[row.clone()], &units, slope);
            add(&mut back, &weights.outputs[row], slope);
        }
        for (unit, (slope, open)) in back.iter_mut().zip(&open).enumerate() {
            *slope *= open;
            if *slope != 0.0 {
                self.gradient.bias[unit] += *slope;
                let row = unit * dimensions..(unit + 1) * dimensions;
                add(&mut self.gradient.embedding[row], &features.embedding, *slope * self.reach);
                add(
                    &mut self.gradient.shape[unit * SHAPE..(unit + 1) * SHAPE],
                    &features.shape,
                    *slope,
                );
            }
        }
        for token in kept {
            if self.slots[token] == u32::MAX {
                self.slots[token] = self.touched.len() as u32;
                self.touched.push(token);
                self.gradient.tokens.resize(self.touched.len() * hidden, 0.0);
            }
            let start = self.slots[token] as usize * hidden;
            add(&mut self.gradient.tokens[start..start + hidden], &back, spread);
        }
    }

    /// Moves all weights by the gathered gradient; the rate rises over the first tenth and then falls to 0.
    fn step(&mut self, batches: usize) {
        self.steps_taken += 1;
        let done = self.steps_taken as f32 / batches.max(1) as f32;
        let height = if done < 0.1 { done / 0.1 } else { (1.0 - done) / 0.9 };
        let (first, second) = (
            1.0 / (1.0 - 0.9_f32.powi(self.steps_taken)),
            1.0 / (1.0 - 0.999_f32.powi(self.steps_taken)),
        );
        let step = |rate: f32, decay: f32| Step { rate: rate * height, decay, first, second };
        let shared = step(self.settings.rate, self.settings.decay);
        let free = step(self.settings.rate, 0.0);
        let (weights, gradient) = (&mut self.weights, &mut self.gradient);
        let [embedding, shape, bias, tokens, outputs, output_bias] = &mut self.moments;
        embedding.apply(0, &mut weights.embedding, &mut gradient.embedding, shared);
        shape.apply(0, &mut weights.shape, &mut gradient.shape, shared);
        bias.apply(0, &mut weights.bias, &mut gradient.bias, free);
        outputs.apply(0, &mut weights.outputs, &mut gradient.outputs, shared);
        output_bias.apply(0, &mut weights.output_bias, &mut gradient.output_bias, free);
        let hidden = self.settings.hidden;
        let token_step = step(self.settings.token_rate, 0.0);
        for (slot, token) in self.touched.iter().enumerate() {
            let row = token * hidden..(token + 1) * hidden;
            let gradient = &mut gradient.tokens[slot * hidden..(slot + 1) * hidden];
            tokens.apply(row.start, &mut weights.tokens[row], gradient, token_step);
            self.slots[*token] = u32::MAX;
        }
        self.touched.clear();
        gradient.tokens.clear();
    }
}

/// The log-odds of each output's mean target.
fn first_guesses(lessons: &[Lesson<'_>], outputs: usize) -> Vec<f32> {
    let mut sums = vec![(1.0_f32, 2.0_f32); outputs];
    for (output, target) in lessons.iter().flat_map(|lesson| &lesson.targets) {
        sums[*output].0 += target;
        sums[*output].1 += 1.0;
    }
    let odds = |(sum, count): (f32, f32)| {
        let mean = (sum / count).clamp(0.02, 0.98);
        (mean / (1.0 - mean)).ln()
    };
    sums.into_iter().map(odds).collect()
}
