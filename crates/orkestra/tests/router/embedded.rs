//! The embedded router against what it was made from: the original tokenizer, the distiller, itself.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use orkestra::{
    ErrorKind,
    chat::Request,
    features::Features,
    routing::{self, Forecast, Tier, Trained},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tokenized {
    text: String,
    tokens: Vec<String>,
}

#[derive(Deserialize)]
struct Embedded {
    text: String,
    vector: Vec<f32>,
}

fn lines<T: for<'a> Deserialize<'a>>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_thousand_texts_are_split_as_the_original_splits_them() {
    let trained = routing::embedded().unwrap();
    let cases: Vec<Tokenized> = lines(include_str!("../fixtures/router/tokens.jsonl"));
    assert_eq!(cases.len(), 1000);
    for case in cases {
        assert_eq!(trained.tokens(&case.text), case.tokens, "{:?}", case.text);
    }
}

#[test]
fn vectors_are_the_distillers_to_a_thousandth() {
    let embedder = routing::embedded().unwrap().embedder();
    let cases: Vec<Embedded> = lines(include_str!("../fixtures/router/vectors.jsonl"));
    assert!(cases.iter().filter(|case| case.vector.iter().any(|x| *x != 0.0)).count() > 40);
    for case in cases {
        let found = embedder.embed(&case.text).unwrap().vector;
        assert_eq!(found.len(), case.vector.len());
        for (found, expected) in found.iter().zip(&case.vector) {
            assert!((found - expected).abs() < 1e-3, "{:?}: {found} {expected}", case.text);
        }
    }
}

#[test]
fn the_embedded_artefact_carries_its_own_hash() {
    // `embedded` does not compare it, `from_bytes` does.
    let bytes = include_bytes!("../../data/router.safetensors");
    let read = routing::from_bytes(bytes).unwrap();
    assert_eq!(read.router().id(), routing::embedded().unwrap().router().id());
    assert!(read.router().id().starts_with("blend-"));
    assert!(read.router().id().ends_with(&read.metadata().sha256[..12]));
    assert_eq!(read.metadata().format, 3);
}

#[test]
fn the_embedded_artefact_leaves_room_for_the_program_in_a_package() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(include_bytes!("../../data/router.safetensors")).unwrap();
    let size = packed.finish().unwrap().len();
    assert!(size < 9_000_000, "{size} bytes compressed");
}

#[test]
fn the_same_text_gives_the_same_bits() {
    let (first, second) = (routing::embedded().unwrap(), routing::embedded().unwrap());
    for text in ["Why is the sky blue?", "Prove that there are infinitely many primes.", "ok"] {
        for head in first.router().heads() {
            let forecast = |trained: &Trained| {
                let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
                let forecast = trained.router().forecast(&features, head).unwrap();
                let bits = |tier| {
                    let tier = forecast.tiers.get(tier);
                    [tier.score, tier.uncertainty, tier.output_tokens].map(f64::to_bits)
                };
                let familiarity = forecast.familiarity.to_bits();
                (Tier::ALL.map(bits), familiarity, forecast.neighbours.clone())
            };
            assert_eq!(forecast(&first), forecast(&second));
        }
    }
}

#[test]
fn forecasts_are_sane_for_every_head() {
    let trained = routing::embedded().unwrap();
    let router = trained.router();
    assert_eq!(router.heads(), ["anthropic", "google", "openai", "general"]);
    let features = Features::of(
        &Request::from("A train leaves at 9:40 and takes 95 minutes. When does it arrive?"),
        &*trained.embedder(),
    )
    .unwrap();
    for head in router.heads() {
        let forecast = router.forecast(&features, head).unwrap();
        assert_eq!(forecast.head, head);
        assert_eq!(forecast.router, router.id());
        assert!(!forecast.neighbours.is_empty());
        assert!(forecast.neighbours.is_sorted_by(|a, b| a.similarity >= b.similarity));
        let shares: f64 = forecast.neighbours.iter().map(|near| near.weight).sum();
        assert!(shares > 0.0 && shares <= 1.0, "{shares}");
        assert!((0.0..=1.0).contains(&forecast.familiarity));
        for tier in Tier::ALL {
            let tier = forecast.tiers.get(tier);
            assert!((0.0..=1.0).contains(&tier.score));
            assert!(tier.uncertainty > 0.0 && tier.uncertainty < 0.6);
            assert!((1.0..20_000.0).contains(&tier.output_tokens));
        }
        assert!((0.9..=1.0).contains(&router.default_quality(head)));
    }
    let other = router.forecast(&features, "someone-else").unwrap();
    assert_eq!(other.head, "general");
}

#[test]
fn a_sum_looks_easier_than_a_logic_grid() {
    let trained = routing::embedded().unwrap();
    let gain = |text: &str| {
        let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
        let tiers = trained.router().forecast(&features, "openai").unwrap().tiers;
        tiers.premium.score - tiers.budget.score
    };
    let sum = gain(
        "Anna buys 3 apples at 2 dollars each and 4 pears at 1 dollar each. How much does she pay in total?",
    );
    let grid = gain(
        "There are 5 houses in a row, each with a different owner, colour, drink, pet and car. The owner of \
         the red house is directly left of the one who drinks tea. The person with the cat is somewhere \
         right of the green house. Who owns the fish? Fill in the whole grid from the clues.",
    );
    assert!(grid > sum + 0.1, "grid {grid}, sum {sum}");
}

pub(crate) fn forecast(trained: &Trained, text: &str, head: &str) -> Forecast {
    let features = Features::of(&Request::from(text), &*trained.embedder()).unwrap();
    trained.router().forecast(&features, head).unwrap()
}

#[test]
fn searching_everything_finds_hardly_more() {
    let trained = routing::embedded().unwrap();
    let whole = trained.comparing(usize::MAX).unwrap();
    let text = "How many prime numbers lie between 10 and 50?";
    for head in trained.router().heads() {
        let [fast, slow] = [&trained, &whole].map(|router| forecast(router, text, head));
        assert!(slow.neighbours[0].similarity >= fast.neighbours[0].similarity);
        let apart = fast.tiers.budget.score - slow.tiers.budget.score;
        assert!(apart.abs() < 0.1, "{head}: {apart}");
    }
}

#[test]
fn the_dial_asks_for_more_as_quality_rises() {
    let router = routing::embedded().unwrap().router();
    for head in router.heads() {
        let margins: Vec<f64> =
            (0..=1000).map(|i| router.margin(f64::from(i) / 1000.0, head)).collect();
        assert!(margins.is_sorted_by(|a, b| a >= b), "{head}");
        assert!(margins[0] > 0.5, "{head}: quality 0 must let budget through");
        assert!(margins[1000] < margins[900], "{head}");
        assert!(router.margin(f64::NAN, head) <= margins[999]);
        assert!((router.margin(7.0, head) - margins[1000]).abs() < 1e-12);
    }
}

#[test]
fn vectors_of_another_embedder_are_refused() {
    let trained = routing::embedded().unwrap();
    let mut features = Features::of(&Request::from("hello there"), &*trained.embedder()).unwrap();
    features.embedder = "longformer".to_owned();
    let error = trained.router().forecast(&features, "openai").unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("longformer"), "{error}");
}

#[test]
fn no_question_text_is_in_the_artefact() {
    let bytes = include_bytes!("../../data/router.safetensors");
    let trained = routing::embedded().unwrap();
    assert!(trained.question_hashes().len() > 20_000);
    assert!(trained.question_hashes().is_sorted());
    // The longest readable run outside the header and the vocabulary would be a question.
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 8;
    let readable = |b: &u8| b.is_ascii_alphabetic() || *b == b' ';
    let spaced = |run: &&[u8]| run.iter().filter(|b| **b == b' ').count() > 4 && run.len() > 40;
    let runs = bytes[header..].split(|b| !readable(b)).filter(spaced).count();
    assert_eq!(runs, 0);
}

#[test]
fn the_same_question_in_other_dress_has_the_same_hash() {
    let plain = "Which planet is largest?\nA. Mars\nB. Jupiter\nAnswer:";
    let other = "Question: Which planet is largest?\nOptions: A) Mars\n(B) Jupiter";
    assert_eq!(routing::question_hash(plain), routing::question_hash(other));
    assert_ne!(routing::question_hash(plain), routing::question_hash("Which planet is smallest?"));
    assert_eq!(routing::question_stem(plain), "Which planet is largest?");
}
