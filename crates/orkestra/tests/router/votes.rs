//! The router of five neighbours: its votes, its dial and its file.

use std::fs;

use orkestra::{
    ErrorKind,
    chat::Request,
    features::Features,
    routing::{
        self, GENERAL, PerTier, Router, Tier,
        vote::{CURVE_POINTS, Reference, VoteCard, VoteRouter, is_vote_file, needed},
    },
};
use serde::Deserialize;

const DIMENSIONS: usize = 6;

#[derive(Deserialize)]
struct Kept {
    labels: Vec<usize>,
    votes: Vec<usize>,
    probabilities: Vec<[f64; 3]>,
}

/// Made-up points; `orkestra-encoders/tests/make_fixtures.py` has the same generator.
fn points(count: usize, seed: u64) -> Vec<[f32; DIMENSIONS]> {
    let mut state = seed;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (((state >> 8) % 20_001) as f64 / 10_000.0 - 1.0) as f32
    };
    (0..count).map(|_| std::array::from_fn(|_| next())).collect()
}

fn reference(vector: &[f32], needs: Tier, hash: u64) -> Reference {
    let score = |tier: Tier| Some(if tier >= needs { 1.0 } else { 0.0 });
    Reference {
        vector: vector.to_vec(),
        family: format!("made-up/{}", hash % 3),
        needs,
        scores: PerTier::from_fn(score),
        hash,
    }
}

fn card(dimensions: usize) -> VoteCard {
    VoteCard::new("tiny", "folder", dimensions, "2026-11-25")
}

fn of_points(labels: &[usize]) -> VoteRouter {
    let known = points(labels.len(), 7);
    let references = known.iter().zip(labels).zip(0..);
    let references =
        references.map(|((point, label), hash)| reference(point, Tier::ALL[*label], hash));
    VoteRouter::new(card(DIMENSIONS), &references.collect::<Vec<_>>()).unwrap()
}

#[test]
fn votes_and_probabilities_are_those_of_scikit_learn() {
    let kept: Kept =
        serde_json::from_str(include_str!("../fixtures/router/neighbours.json")).unwrap();
    let router = of_points(&kept.labels);
    let mut asked = points(2000, 8);
    for (place, known) in points(kept.labels.len(), 7).into_iter().take(40).enumerate() {
        asked[place * 50] = known;
    }
    assert_eq!((asked.len(), kept.votes.len(), kept.probabilities.len()), (2000, 2000, 2000));
    for ((point, winner), expected) in asked.iter().zip(&kept.votes).zip(&kept.probabilities) {
        let vote = router.vote(point, |_| false).unwrap();
        for (tier, expected) in Tier::ALL.iter().zip(expected) {
            let found = *vote.probabilities.get(*tier);
            assert!((found - expected).abs() < 1e-6, "{point:?} {tier}: {found}, not {expected}");
        }
        assert_eq!(vote.winner(), Tier::ALL[*winner], "{point:?}");
        assert_eq!(vote.voters.len(), 5);
        assert!(vote.voters.is_sorted_by(|a, b| a.distance <= b.distance));
    }
}

#[test]
fn a_question_needs_the_cheapest_tier_that_scored_the_most() {
    let scores = |budget, balanced, premium| PerTier { budget, balanced, premium };
    let table = [
        (scores(Some(1.0), Some(1.0), Some(1.0)), Some(Tier::Budget)),
        (scores(Some(0.0), Some(1.0), Some(1.0)), Some(Tier::Balanced)),
        (scores(Some(0.0), Some(0.0), Some(1.0)), Some(Tier::Premium)),
        (scores(Some(0.0), Some(0.0), Some(0.0)), Some(Tier::Budget)),
        (scores(Some(0.5), Some(0.75), Some(0.7)), Some(Tier::Balanced)),
        (scores(Some(0.0), None, Some(1.0)), Some(Tier::Premium)),
        (scores(None, Some(1.0), Some(1.0)), None),
        (scores(Some(1.0), Some(1.0), None), None),
    ];
    for (scores, expected) in table {
        assert_eq!(needed(&scores), expected, "{scores:?}");
    }
}

fn features(vector: &[f32], embedder: &str) -> Features {
    let embedded = routing::embedded().unwrap();
    let mut features = Features::of(&Request::from("hello"), &*embedded.embedder()).unwrap();
    features.embedding = vector.to_vec();
    embedder.clone_into(&mut features.embedder);
    features
}

#[test]
fn a_forecast_says_how_likely_each_tier_is_enough() {
    let unit = |x: f32, y: f32| [x, y];
    let references = [
        reference(&unit(1.0, 0.0), Tier::Budget, 1),
        reference(&unit(0.8, 0.6), Tier::Budget, 2),
        reference(&unit(0.6, 0.8), Tier::Balanced, 3),
        reference(&unit(0.0, 1.0), Tier::Premium, 4),
        reference(&unit(-1.0, 0.0), Tier::Premium, 5),
    ];
    let router = VoteRouter::new(card(2), &references).unwrap();
    let asked = features(&unit(0.8, -0.6), "tiny");
    let forecast = router.forecast(&asked, "openai").unwrap();
    let vote = router.vote(&asked.embedding, |_| false).unwrap();
    let PerTier { budget, balanced, premium } = vote.probabilities;
    assert!((budget + balanced + premium - 1.0).abs() < 1e-12);
    assert!(budget > balanced && budget > premium);
    assert_eq!(forecast.head, GENERAL);
    assert_eq!(forecast.tiers.budget.score, budget);
    assert_eq!(forecast.tiers.balanced.score, budget + balanced);
    assert_eq!(forecast.tiers.premium.score, 1.0);
    let nearest = &forecast.neighbours[0];
    assert_eq!((nearest.family.as_str(), nearest.scores.premium), ("made-up/1", Some(1.0)));
    assert!((nearest.similarity - 0.8).abs() < 1e-6 && (forecast.familiarity - 0.8).abs() < 1e-6);

    let refused = router.forecast(&features(&unit(1.0, 0.0), "another"), GENERAL).unwrap_err();
    assert_eq!(refused.kind(), &ErrorKind::Config);
    assert!(refused.to_string().contains("made by the embedder another"), "{refused}");
    assert!(router.forecast(&features(&[1.0], "tiny"), GENERAL).is_err());
}

#[test]
fn the_default_is_the_majority_and_the_dial_keeps_what_it_says() {
    let router = of_points(&[0, 1, 2, 0, 1, 2, 0]);
    let kept: Vec<f64> = (0..CURVE_POINTS).map(|step| 1.0 - 0.02 * step as f64).collect();
    let router = router.clone().with_card(VoteCard { kept, ..router.card().clone() }).unwrap();
    let default = router.default_quality(GENERAL);
    assert!((default - 0.8).abs() < 1e-12);
    assert_eq!(router.margin(default, GENERAL), 0.5);
    assert_eq!(router.margin(1.0, GENERAL), 0.0);
    assert!((router.margin(0.9, GENERAL) - 0.25).abs() < 1e-12);
    assert_eq!(router.margin(0.1, GENERAL), 1.0);
}

#[test]
fn a_file_gives_back_the_router_and_says_what_it_is() {
    let router = of_points(&[0, 1, 2, 0, 1, 2, 0]);
    let bytes = router.to_bytes().unwrap();
    assert_eq!(bytes, of_points(&[0, 1, 2, 0, 1, 2, 0]).to_bytes().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("votes.safetensors");
    fs::write(&file, &bytes).unwrap();
    let read = VoteRouter::from_file(&file).unwrap();
    assert_eq!((read.id(), read.card()), (router.id(), router.card()));
    assert_eq!((read.len(), read.question_hashes()), (7, (0..7).collect()));
    let point = points(1, 99)[0];
    assert_eq!(read.vote(&point, |_| false).unwrap(), router.vote(&point, |_| false).unwrap());
    assert!(is_vote_file(&file));
    let embedded = folder.path().join("embedded.safetensors");
    fs::write(&embedded, include_bytes!("../../data/router.safetensors")).unwrap();
    assert!(!is_vote_file(&embedded));
    assert!(!is_vote_file(&folder.path().join("nowhere")));
    assert_ne!(of_points(&[0, 1, 2, 0, 1, 2, 1]).id(), router.id());
}

#[test]
fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let bytes = of_points(&[0, 1, 2, 0, 1, 2, 0]).to_bytes().unwrap();
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        let refused = VoteRouter::from_bytes(&damaged);
        assert!(refused.is_err_and(|error| *error.kind() == ErrorKind::Config), "byte {place}");
    }
    for length in [0, 7, 100, bytes.len() - 1] {
        assert!(VoteRouter::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(VoteRouter::new(card(2), &[]).is_err());
    let odd = [reference(&[1.0, f32::NAN], Tier::Budget, 1)];
    assert!(VoteRouter::new(card(2), &odd).is_err());
    assert!(VoteRouter::new(card(3), &[reference(&[1.0, 0.0], Tier::Budget, 1)]).is_err());
}
