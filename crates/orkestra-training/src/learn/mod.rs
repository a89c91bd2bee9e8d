//! Questions → a router: network, linear part, references, heads. Heads come out uncalibrated; `fit` calibrates
//! them.

pub(crate) mod clusters;
pub(crate) mod domains;
pub(crate) mod grams;
pub(crate) mod network;
pub(crate) mod outputs;
pub(crate) mod ridge;
pub(crate) mod tables;

use std::thread;

use orkestra::{
    Result,
    features::BUCKETS,
    routing::{
        Blend, Calibration, Familiarity, HeadCard, Passage,
        artefact::Parts,
        nearest::{Kernel, Outcome},
    },
};

use self::{
    domains::Domains,
    grams::Grams,
    network::{Lesson, NetworkSettings, Weights, train},
    ridge::{Fitted, RidgeSettings, SparseRow, fit},
    tables::{write_linear, write_network, write_outputs, write_references},
};
use crate::{
    heads::{HeadPlan, prior},
    questions::{Question, in_parallel},
};

/// Everything that is chosen before training. The defaults were chosen by validation (`docs/router.md`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnSettings {
    /// How the network is trained.
    pub network: NetworkSettings,
    /// How the linear part is fitted.
    pub ridge: RidgeSettings,
    /// How neighbours are weighed.
    pub kernel: Kernel,
    /// How many references a search compares.
    pub compared: usize,
    /// How much each predictor counts.
    pub blend: Blend,
    /// The power that gates are raised to.
    pub gate_power: f64,
    /// What the project's own prompts weigh, where a benchmark weighs 1.
    pub prompts_weight: f64,
}

impl Default for LearnSettings {
    fn default() -> Self {
        Self {
            network: NetworkSettings::default(),
            ridge: RidgeSettings::default(),
            kernel: Kernel { neighbours: 200, bandwidth: 0.1, prior_weight: 0.01 },
            compared: 1000,
            blend: Blend { network: 0.2, nearest: 0.2, linear: 0.6 },
            gate_power: 3.0,
            prompts_weight: 1.0,
        }
    }
}

/// The name of the layer that a whole router is trained into.
pub(crate) const FIRST_LAYER: &str = "base";

/// Trains a whole router on `questions`. `seed` gives the embedder; whatever else it holds is replaced.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) when the seed's tables do not fit together.
pub(crate) fn learn(
    seed: &Parts,
    questions: &[&Question],
    plans: &[HeadPlan],
    settings: &LearnSettings,
) -> Result<Parts> {
    let mut parts = seed.clone();
    let kept = |name: &str| name.starts_with("vocabulary.") || name.starts_with("tokens.");
    parts.tables.retain(|name, _| kept(name));
    parts.metadata.base = None;
    parts.metadata.heads.clear();
    parts.metadata.layers.clear();
    let domains = Domains::of(questions, plans);
    let trained = networks(questions, &domains, vocabulary_len(seed), &settings.network);
    write_network(&mut parts, &trained, &settings.network);
    let grams = Grams::of(questions);
    parts.put("grams.weights", 1, grams.weights());
    parts.metadata.shape_weight = settings.ridge.shape_weight;

    let weighed: Vec<Vec<(u16, f32)>> =
        questions.iter().map(|question| grams.weigh(&question.features)).collect();
    let linear = linear(questions, &weighed, &domains, &settings.ridge);
    write_linear(&mut parts, FIRST_LAYER, &linear, &settings.ridge);
    write_outputs(&mut parts, FIRST_LAYER, &domains, &trained, settings.network.hidden);
    write_references(&mut parts, FIRST_LAYER, questions, &domains, plans)?;
    for plan in plans {
        let outcomes: Vec<Outcome> =
            questions.iter().map(|question| plan.outcome(question)).collect();
        let known: Vec<Outcome> =
            outcomes.into_iter().filter(|outcome| outcome.premium.is_some()).collect();
        parts.put(format!("heads.{}.margins", plan.name), 1, &[1.0_f32, -1.0]);
        parts.metadata.heads.push(HeadCard {
            name: plan.name.clone(),
            domains: domains.seen_by(plan, 0, settings.prompts_weight),
            blend: settings.blend,
            gate_power: settings.gate_power,
            kernel: settings.kernel,
            compared: settings.compared,
            prior: prior(&known),
            calibration: Calibration::IDENTITY,
            familiarity: EVERYTHING_IS_FAMILIAR,
            default_quality: 1.0,
        });
    }
    let mut hashes: Vec<u64> = questions.iter().map(|question| question.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    parts.put("questions.hashes", 1, &hashes);
    Ok(parts)
}

/// No text is outside of it; until it is settled on questions that were left out.
const EVERYTHING_IS_FAMILIAR: Familiarity = Familiarity {
    nearness: Passage { strange: -2.0, familiar: -1.0 },
    rareness: Passage { strange: 100.0, familiar: 99.0 },
};

fn vocabulary_len(seed: &Parts) -> usize {
    seed.tables.get("tokens.scales").map_or(0, orkestra::routing::artefact::Values::rows)
}

fn networks(
    questions: &[&Question],
    domains: &Domains,
    tokens: usize,
    settings: &NetworkSettings,
) -> Vec<Weights> {
    let lessons: Vec<Lesson<'_>> = questions
        .iter()
        .map(|question| {
            let mut targets = Vec::new();
            for row in &question.rows {
                let Some(place) = domains.place(&row.domain()) else { continue };
                for (model, score) in &row.scores {
                    if let (Some(score), Some(output)) =
                        (score, domains.measured.get(&(place, model.clone())))
                    {
                        targets.push((*output, *score as f32));
                    }
                }
            }
            Lesson { features: &question.features, targets }
        })
        .filter(|lesson| !lesson.targets.is_empty())
        .collect();
    let outputs = domains.measured.len();
    thread::scope(|scope| {
        let lessons = &lessons;
        let running: Vec<_> = (0..settings.parts)
            .map(|part| {
                scope.spawn(move || train(lessons, tokens, outputs, settings, 1 + 17 * part as u64))
            })
            .collect();
        running
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// The linear part's outputs: one fit for all gates, one for each domain's models.
pub(crate) fn linear(
    questions: &[&Question],
    weighed: &[Vec<(u16, f32)>],
    domains: &Domains,
    settings: &RidgeSettings,
) -> Vec<Fitted> {
    let of = |place: usize| SparseRow {
        grams: &weighed[place],
        shape: &questions[place].features.shape,
    };
    let count = domains.cards.len();
    let mut jobs: Vec<(Vec<SparseRow<'_>>, Vec<Vec<f32>>, usize)> = Vec::new();
    let gates = questions.iter().map(|question| {
        let mut target = vec![0.0; count];
        let found = question.rows.iter().filter_map(|row| domains.place(&row.domain()));
        // A question that two benchmarks ask is wholly of both.
        found.for_each(|place| target[place] = 1.0);
        target
    });
    jobs.push(((0..questions.len()).map(of).collect(), gates.collect(), count));
    for (place, card) in domains.cards.iter().enumerate() {
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for (position, question) in questions.iter().enumerate() {
            let own =
                question.rows.iter().filter(|row| domains.place(&row.domain()) == Some(place));
            for row in own {
                let score =
                    |model: &String| row.score(model).map_or(f32::NAN, |score| score as f32);
                let target: Vec<f32> = card.models.iter().map(score).collect();
                if target.iter().any(|score| !score.is_nan()) {
                    rows.push(of(position));
                    targets.push(target);
                }
            }
        }
        jobs.push((rows, targets, card.models.len()));
    }
    in_parallel(jobs, &|(rows, targets, width)| fit(&rows, &targets, width, BUCKETS, *settings))
}
