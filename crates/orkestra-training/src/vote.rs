//! Questions → a vote router: the documented rule over any embedder's vectors.

use orkestra::{
    Error, Result,
    features::Embedder,
    routing::{
        PerTier, Tier,
        vote::{CURVE_POINTS, Reference, VoteCard, VoteRouter, needed},
    },
};

use crate::{
    heads::HeadPlan,
    progress::Progress,
    questions::{Question, in_parallel},
};

/// With fewer references the nearest would be far.
const FEWEST: usize = 20;
/// References that are judged by the others, to see what a margin keeps; more take long and change little.
const JUDGED: usize = 2000;
/// The quantile of output lengths that a forecast means.
const TOKENS_QUANTILE: f64 = 0.6;

/// A router whose references are those `questions` that measured a budget and a premium model of `plan`. `source` says
/// where the embedder was found, `date` which day it is.
///
/// # Errors
/// [`InvalidRequest`](orkestra::ErrorKind::InvalidRequest) when fewer than 20 can be used, or all need the same tier.
pub fn vote_router(
    questions: &[Question],
    plan: &HeadPlan,
    embedder: &dyn Embedder,
    source: &str,
    date: &str,
    progress: &dyn Progress,
) -> Result<VoteRouter> {
    let mut lengths = PerTier::from_fn(|_| Vec::new());
    let mut references = Vec::new();
    for question in questions {
        let outcome = plan.outcome(question);
        let scores = PerTier::from_fn(|tier| match tier {
            Tier::Balanced if outcome.balanced_loss.is_none() => None,
            tier => outcome.score(tier),
        });
        let Some(needs) = needed(&scores) else { continue };
        for tier in Tier::ALL {
            lengths.get_mut(tier).extend(*outcome.output_tokens.get(tier));
        }
        references.push(Reference {
            vector: question.features.embedding.clone(),
            family: question.family.clone(),
            needs,
            scores,
            hash: question.hash,
        });
    }
    if references.len() < FEWEST {
        let found = references.len();
        return Err(Error::invalid(format!(
            "{found} questions have a score of the budget and of the premium model; at least {FEWEST} are needed"
        )));
    }
    let first = references[0].needs;
    if references.iter().all(|reference| reference.needs == first) {
        return Err(Error::invalid(format!(
            "all {} questions need the {first} tier, so there is nothing to vote on; add rows on which the models differ",
            references.len()
        )));
    }
    let mut card = VoteCard::new(embedder.id(), source, embedder.dimensions(), date);
    for tier in Tier::ALL {
        if let Some(length) = quantile(lengths.get_mut(tier)) {
            *card.output_tokens.get_mut(tier) = length;
        }
    }
    let router = VoteRouter::new(card, &references)?;
    let card = VoteCard { kept: kept(&router, &references, progress)?, ..router.card().clone() };
    router.with_card(card)
}

fn quantile(lengths: &mut [f64]) -> Option<f64> {
    lengths.sort_unstable_by(f64::total_cmp);
    let place = (lengths.len() as f64 * TOKENS_QUANTILE) as usize;
    lengths.get(place).copied()
}

/// The share of premium's mean score that each margin keeps, when references are judged by the others.
fn kept(
    router: &VoteRouter,
    references: &[Reference],
    progress: &dyn Progress,
) -> Result<Vec<f64>> {
    let stride = references.len().div_ceil(JUDGED);
    let judged: Vec<usize> = (0..references.len()).step_by(stride).collect();
    let total = judged.len();
    let one = |place: usize| -> Result<[f64; CURVE_POINTS]> {
        let reference = &references[place];
        // Two wordings of one question have one hash.
        let itself = |other: usize| references[other].hash == reference.hash;
        let vote = router.vote(&reference.vector, itself)?;
        let enough = |step: usize| {
            let margin = step as f64 / (CURVE_POINTS - 1) as f64;
            let tiers = Tier::ALL.into_iter();
            let mut good = tiers.filter(|tier| 1.0 - vote.enough(*tier) <= margin + 1e-12);
            let measured = good.find_map(|tier| *reference.scores.get(tier));
            measured.or(reference.scores.premium).unwrap_or_default()
        };
        Ok(std::array::from_fn(enough))
    };
    let rows: Result<Vec<[f64; CURVE_POINTS]>> = in_parallel(judged, &one).into_iter().collect();
    let rows = rows?;
    progress.step(total, total);
    let mean = |step: usize| rows.iter().map(|row| row[step]).sum::<f64>() / rows.len() as f64;
    let premium = mean(0);
    // A wider margin may keep more by chance; who asks for a quality shall not be promised it by luck.
    let mut lowest = 1.0_f64;
    let share = |step: usize| if premium > 0.0 { mean(step) / premium } else { 1.0 };
    Ok((0..CURVE_POINTS)
        .map(|step| {
            lowest = lowest.min(share(step));
            lowest
        })
        .collect())
}
