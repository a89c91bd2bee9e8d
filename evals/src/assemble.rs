//! Questions, vectors and validation → the parts of an artefact.

use std::{collections::BTreeMap, error::Error};

use orkestra::routing::artefact::{HeadCard, HeadParts, Measurement, Parts, SourceCard};

use crate::{
    clusters::cluster,
    dataset::{Question, SOURCES},
    measure::{at_quality, curve, default_quality, margins},
    outcomes::prior,
    validation::HeadView,
    vectors::quantise,
};

/// About the root of the number of references: comparing centroids then costs little.
const CLUSTERS: usize = 160;
/// References that a search compares. Chosen by agreement with a full search; see evals/README.md.
pub(crate) const COMPARED: usize = 1000;
/// Steps of the dial: half a percent each.
pub(crate) const DIAL_STEPS: usize = 200;

/// Fills `parts` with references and heads.
pub(crate) fn assemble(
    mut parts: Parts,
    questions: &[Question],
    vectors: &[Vec<f32>],
    views: &[HeadView],
) -> Result<Parts, Box<dyn Error>> {
    let known: Vec<usize> = (0..questions.len())
        .filter(|i| views.iter().any(|view| view.outcomes[*i].premium.is_some()))
        .collect();
    let rows: Vec<Vec<f32>> = known.iter().map(|i| vectors[*i].clone()).collect();
    let (centroids, members) = cluster(&rows, CLUSTERS);
    let mut order: Vec<(usize, u8, usize)> = known
        .iter()
        .zip(&members)
        .map(|(question, cluster)| (*cluster, heads_that_know(views, *question), *question))
        .collect();
    // Neighbouring rows that the same heads know keep the search's branches predictable.
    order.sort_unstable();

    parts.cluster_starts = (0..=CLUSTERS)
        .map(|cluster| order.partition_point(|entry| entry.0 < cluster) as u32)
        .collect();
    for centroid in &centroids {
        let (codes, scale) = quantise(centroid);
        parts.centroids.extend(codes);
        parts.centroid_scales.push(scale);
    }
    let mut families: BTreeMap<&str, u16> = BTreeMap::new();
    for (_, _, question) in &order {
        families.insert(&questions[*question].family, 0);
    }
    for (place, position) in families.values_mut().enumerate() {
        *position = u16::try_from(place)?;
    }
    parts.metadata.families = families.keys().map(|family| (*family).to_owned()).collect();
    for (_, _, question) in &order {
        let (codes, scale) = quantise(&vectors[*question]);
        parts.vectors.extend(codes);
        parts.vector_scales.push(scale);
        parts.families.push(families[questions[*question].family.as_str()]);
    }
    // Questions that no head uses were still seen: nobody may measure on them.
    parts.question_hashes = questions.iter().map(|question| question.hash).collect();
    parts.question_hashes.sort_unstable();
    parts.metadata.sources = sources(questions);
    (parts.metadata.heads, parts.heads) = (Vec::new(), Vec::new());
    for view in views {
        let (card, mut head, scores) = head(view, questions);
        head.outcomes = order.iter().map(|(_, _, question)| view.outcomes[*question]).collect();
        parts.metadata.heads.push(card);
        parts.metadata.scores.extend(scores);
        parts.heads.push(head);
    }
    Ok(parts)
}

fn heads_that_know(views: &[HeadView], question: usize) -> u8 {
    views.iter().enumerate().fold(0, |mask, (head, view)| {
        mask | u8::from(view.outcomes[question].premium.is_some()) << head
    })
}

fn sources(questions: &[Question]) -> Vec<SourceCard> {
    let card = |(name, licence): &(&str, &str)| SourceCard {
        name: (*name).to_owned(),
        licence: (*licence).to_owned(),
        questions: questions.iter().filter(|question| question.stands_in(name, "")).count(),
    };
    SOURCES.iter().map(card).collect()
}

/// Chooses a head's kernel and fits its dial, on forecasts of questions it did not know.
fn head(view: &HeadView, questions: &[Question]) -> (HeadCard, HeadParts, Vec<Measurement>) {
    let kernel = view.best_kernel(questions);
    let judged = view.judged(&kernel, questions);
    let curve = curve(&judged, view.prices);
    let margins = margins(&curve, DIAL_STEPS);
    let quality = default_quality(&curve);
    let card = HeadCard {
        name: view.name.to_owned(),
        kernel,
        compared: COMPARED,
        prior: prior(&view.outcomes.iter().filter(|outcome| outcome.premium.is_some())),
        default_quality: quality,
    };
    let measured = |task: &str, measure: &str, value: f64, questions: usize| Measurement {
        head: view.name.to_owned(),
        task: task.to_owned(),
        measure: measure.to_owned(),
        value: (value * 1e4).round() / 1e4,
        questions,
    };
    let mut scores: Vec<Measurement> = view
        .tasks()
        .map(|task| {
            let (value, count) = view.apgr(&kernel, questions, task);
            measured(task.name, "apgr", value, count)
        })
        .collect();
    let (dial, premium) = (at_quality(&curve, &margins, quality), curve[0]);
    for (measure, value) in [
        ("quality kept by default", dial.score / premium.score),
        ("price share by default", dial.price / premium.price),
    ] {
        scores.push(measured("all", measure, value, judged.len()));
    }
    (card, HeadParts { outcomes: Vec::new(), margins }, scores)
}
