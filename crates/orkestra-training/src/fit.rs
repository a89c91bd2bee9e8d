//! Questions → a calibrated router: learns, asks about questions that were left out, and calibrates on the answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use orkestra::{
    Result,
    routing::{
        Beliefs, Calibration, Familiarity, HeadCard, Line, Passage, PerTier, Resemblance, Tier,
        artefact::{Parts, Values},
        from_bytes,
        nearest::Outcome,
    },
};

use crate::{
    dial::{Dial, Judgement},
    heads::HeadPlan,
    learn::{LearnSettings, learn},
    progress::Progress,
    questions::{Question, in_parallel},
};

/// Parts that questions are divided into for calibration.
pub const CALIBRATION_FOLDS: usize = 4;
/// Their division is another than any that judges.
const CALIBRATION_SEED: u64 = 0x0ca1;
/// With fewer measured questions a line is not fitted.
const FEWEST: usize = 50;
/// The share of left-out questions that lie farther from every centre than "familiar".
const FARTHEST: f64 = 0.05;
/// The share of left-out questions whose n-grams are rarer than "familiar". It is small because benchmarks, which are
/// in English, are most of the questions: the other languages of everyday prompts must not all be strange.
const RAREST: f64 = 0.02;
/// A text is wholly strange at this share of the cosine at which it is familiar. Short everyday texts lie far from
/// every centre, so it is low.
const STRANGE: f64 = 0.25;

/// What was believed about a question by a router that had not seen it, and what came true.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) beliefs: Beliefs,
    pub(crate) resemblance: Resemblance,
    pub(crate) outcome: Outcome,
    /// Whether it counts for calibration.
    pub(crate) measured: bool,
}

/// Trains a whole, calibrated router. `seed` gives the embedder and the metadata that is kept.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) when the seed's tables do not fit together.
pub fn fit(
    seed: &Parts,
    questions: &[Question],
    plans: &[HeadPlan],
    settings: &LearnSettings,
    progress: &dyn Progress,
) -> Result<Parts> {
    let all: Vec<&Question> = questions.iter().collect();
    let steps = CALIBRATION_FOLDS + 1;
    let done = AtomicUsize::new(0);
    progress.step(0, steps);
    let answered = in_parallel((0..CALIBRATION_FOLDS).collect(), &|fold: usize| {
        let samples = left_out(seed, &all, plans, settings, fold);
        progress.step(done.fetch_add(1, Ordering::Relaxed) + 1, steps);
        samples
    });
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); plans.len()];
    for answered in answered {
        for (samples, found) in samples.iter_mut().zip(answered?) {
            samples.extend(found);
        }
    }
    let mut parts = learn(seed, &all, plans, settings)?;
    let rareness = rareness_passage(&parts, &samples);
    for (plan, samples) in plans.iter().zip(&samples) {
        settle_familiarity(&mut parts, plan, samples, rareness);
        calibrate(&mut parts, plan, samples);
        turn_dial(&mut parts, plan, samples);
    }
    progress.step(steps, steps);
    Ok(parts)
}

/// What a router that learned from the other folds believes of the questions of `fold`.
fn left_out(
    seed: &Parts,
    questions: &[&Question],
    plans: &[HeadPlan],
    settings: &LearnSettings,
    fold: usize,
) -> Result<Vec<Vec<Sample>>> {
    let (out, kept): (Vec<&Question>, Vec<&Question>) = questions
        .iter()
        .partition(|question| question.fold(CALIBRATION_FOLDS, CALIBRATION_SEED) == fold);
    if kept.is_empty() {
        return Ok(vec![Vec::new(); plans.len()]);
    }
    ask(&learn(seed, &kept, plans, settings)?, &out, plans)
}

/// What a router believes of `questions`, for each plan's head.
pub(crate) fn ask(
    parts: &Parts,
    questions: &[&Question],
    plans: &[HeadPlan],
) -> Result<Vec<Vec<Sample>>> {
    let trained = from_bytes(parts.clone().to_bytes()?)?;
    plans
        .iter()
        .map(|plan| {
            let sample = |question: &Question| -> Result<Option<Sample>> {
                let outcome = plan.outcome(question);
                if outcome.premium.is_none() {
                    return Ok(None);
                }
                let (beliefs, resemblance) = trained.beliefs(&question.features, &plan.name)?;
                Ok(Some(Sample {
                    beliefs,
                    resemblance,
                    outcome,
                    measured: plan.is_calibrated_on(question),
                }))
            };
            let found: Result<Vec<Option<Sample>>> =
                in_parallel(questions.to_vec(), &|question| sample(question)).into_iter().collect();
            Ok(found?.into_iter().flatten().collect())
        })
        .collect()
}

/// Decides when a text is familiar: where most left-out questions are.
fn settle_familiarity(parts: &mut Parts, plan: &HeadPlan, samples: &[Sample], rareness: Passage) {
    let Some(card) = head_of(parts, plan) else { return };
    let near = quantile(samples, FARTHEST, |text| text.nearness).unwrap_or(0.5).max(0.1);
    let nearness = Passage { strange: near * STRANGE, familiar: near };
    card.familiarity = Familiarity { nearness, rareness };
}

/// One passage for all heads, from the one that was asked most. Which letters go together is no matter of who answers;
/// where a head's questions are mostly own prompts, in many languages, any letters would be familiar to it.
fn rareness_passage(parts: &Parts, samples: &[Vec<Sample>]) -> Passage {
    // What letters without any order come to. Scripts that were hardly seen come to the same, and of them forecasts
    // still say something: left-out prompts there correlate with their forecasts by 0.4, others by 0.75. So it is
    // half way to strange, not all of it.
    let rarity = parts.tables.get("grams.weights").and_then(Values::numbers);
    let average = rarity.map_or(0.0, |rarity: Vec<f32>| {
        let rarest = rarity.iter().copied().fold(0.0, f32::max);
        let each = rarity.iter().map(|rarity| if *rarity > 0.0 { *rarity } else { rarest });
        f64::from(each.sum::<f32>()) / rarity.len().max(1) as f64
    });
    let most = samples.iter().max_by_key(|samples| samples.len()).map_or(&[][..], Vec::as_slice);
    let common = quantile(most, 1.0 - RAREST, |text| text.rareness).unwrap_or(0.0);
    let average = average.max(1.05 * common).max(0.1);
    Passage { strange: average + (average - common), familiar: common }
}

/// What the given share of the samples' texts does not exceed.
fn quantile(samples: &[Sample], share: f64, of: impl Fn(Resemblance) -> f64) -> Option<f64> {
    let mut found: Vec<f64> = samples.iter().map(|sample| of(sample.resemblance)).collect();
    found.sort_by(f64::total_cmp);
    found.get((found.len() as f64 * share) as usize).copied()
}

fn head_of<'a>(parts: &'a mut Parts, plan: &HeadPlan) -> Option<&'a mut HeadCard> {
    parts.metadata.heads.iter_mut().find(|card| card.name == plan.name)
}

/// Fits the head's calibration on `samples`.
pub(crate) fn calibrate(parts: &mut Parts, plan: &HeadPlan, samples: &[Sample]) {
    let Some(card) = head_of(parts, plan) else { return };
    let measured: Vec<&Sample> = samples.iter().filter(|sample| sample.measured).collect();
    card.calibration = calibration(card, &measured);
}

/// Fits the head's dial to its calibrated forecasts of `samples`.
pub(crate) fn turn_dial(parts: &mut Parts, plan: &HeadPlan, samples: &[Sample]) {
    let Some(card) = head_of(parts, plan) else { return };
    let judgements: Vec<Judgement> = samples
        .iter()
        .filter(|sample| sample.measured)
        .map(|sample| Judgement {
            forecast: card.scores(&sample.beliefs, card.familiarity.of(sample.resemblance)),
            scores: PerTier::from_fn(|tier: Tier| sample.outcome.score(tier)),
        })
        .collect();
    let dial = Dial::fit(&judgements, &plan.prices);
    card.default_quality = dial.default_quality;
    parts.put(format!("heads.{}.margins", plan.name), 1, &dial.margins);
}

fn calibration(card: &HeadCard, samples: &[&Sample]) -> Calibration {
    let blended: Vec<_> = samples.iter().map(|sample| card.blended(&sample.beliefs)).collect();
    let old = card.calibration;
    let pairs =
        |old: Line, forecast: &dyn Fn(usize) -> f64, found: &dyn Fn(&Outcome) -> Option<f64>| {
            let each = samples.iter().enumerate();
            let pairs =
                each.filter_map(|(place, sample)| Some((forecast(place), found(&sample.outcome)?)));
            line(&pairs.collect::<Vec<_>>()).unwrap_or(old)
        };
    Calibration {
        premium: pairs(old.premium, &|place| blended[place].premium, &|outcome| outcome.premium),
        balanced_loss: pairs(
            old.balanced_loss,
            &|place| blended[place].balanced_loss,
            &|outcome| outcome.balanced_loss,
        ),
        budget_loss: pairs(old.budget_loss, &|place| blended[place].budget_loss, &|outcome| {
            outcome.budget_loss
        }),
    }
}

/// The least-squares line through (forecast, found); `None` where there are too few.
fn line(pairs: &[(f64, f64)]) -> Option<Line> {
    let count = pairs.len() as f64;
    if pairs.len() < FEWEST {
        return None;
    }
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / count, b + y / count));
    let (mut both, mut own) = (0.0, 0.0);
    for (forecast, found) in pairs {
        both += (forecast - x) * (found - y);
        own += (forecast - x).powi(2);
    }
    let slope = if own > 1e-9 { (both / own).clamp(0.0, 3.0) } else { 1.0 };
    Some(Line { offset: y - slope * x, slope })
}
