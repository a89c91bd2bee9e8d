//! A router of a few numbers, whose forecasts can be worked out by hand.

use orkestra::{
    chat::Request,
    features::{BUCKETS, Features, SHAPE, VocabularyTables},
    routing::{
        Blend, Calibration, DomainCard, Familiarity, HeadCard, HeadDomain, LayerCard, Passage,
        PerTier, Trained,
        artefact::{EmbedderCard, FORMAT, Metadata, NetworkCard, Parts},
        from_bytes,
        nearest::{Kernel, Outcome, Prior},
    },
};

/// The length of its embeddings.
const DIMENSIONS: usize = 4;
/// Its hidden units.
const HIDDEN: usize = 4;
/// Gates of two domains, three models of the first, two of the second.
pub(crate) const OUTPUTS: usize = 7;
/// Where each output stands.
pub(crate) const LARGE: usize = 4;

const TOKENS: [&str; 10] =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "alpha", "beta", "gamma", "##s", "."];

/// What the linear part says of an empty text: gates, then scores (small, middle, large; small, large).
pub(crate) const BIAS: [f32; OUTPUTS] = [0.8, 0.4, 0.5, 0.6, 0.9, 0.2, 0.4];

pub(crate) fn prior() -> Prior {
    Prior {
        premium: 0.7,
        balanced_loss: 0.1,
        budget_loss: 0.3,
        variance: PerTier::from_fn(|_| 0.2),
        output_tokens: PerTier::from_fn(|_| 64.0),
    }
}

fn head(name: &str) -> HeadCard {
    HeadCard {
        name: name.to_owned(),
        domains: vec![
            HeadDomain {
                layer: 0,
                domain: 0,
                weight: 1.0,
                models: PerTier { budget: Some(0), balanced: Some(1), premium: Some(2) },
            },
            HeadDomain {
                layer: 0,
                domain: 1,
                weight: 1.0,
                models: PerTier { budget: Some(0), balanced: None, premium: Some(1) },
            },
        ],
        blend: Blend { network: 0.0, nearest: 0.0, linear: 1.0 },
        gate_power: 1.0,
        kernel: Kernel { neighbours: 3, bandwidth: 0.5, prior_weight: 0.5 },
        compared: 100,
        prior: prior(),
        calibration: Calibration::IDENTITY,
        familiarity: Familiarity {
            nearness: Passage { strange: -0.5, familiar: 0.5 },
            rareness: Passage { strange: 4.0, familiar: 2.0 },
        },
        default_quality: 0.9,
    }
}

fn domain(name: &str, models: &[&str]) -> DomainCard {
    let models = models.iter().map(|model| (*model).to_owned()).collect();
    DomainCard { name: name.to_owned(), questions: 3, models }
}

/// Everything the tiny router holds.
pub(crate) fn parts() -> Parts {
    let metadata = Metadata {
        sha256: String::new(),
        format: FORMAT,
        base: None,
        date: "2026-11-24".to_owned(),
        embedder: EmbedderCard {
            id: String::new(),
            sha256: String::new(),
            dimensions: DIMENSIONS,
            source: "made by hand".to_owned(),
            licence: "MIT".to_owned(),
        },
        tiers: ["budget", "balanced", "premium"].map(str::to_owned).into(),
        network: NetworkCard { hidden: HIDDEN, parts: 2 },
        shape_weight: 0.0,
        layers: vec![LayerCard {
            name: "base".to_owned(),
            domains: vec![
                domain("letters/greek", &["small", "middle", "large"]),
                domain("letters/other", &["small", "large"]),
            ],
            families: vec!["letters/greek".to_owned(), "letters/other".to_owned()],
        }],
        heads: vec![head("google"), head("general")],
        sources: Vec::new(),
        scores: Vec::new(),
    };
    let mut parts = Parts { metadata, tables: std::collections::BTreeMap::new() };
    embedder(&mut parts);
    network(&mut parts);
    layer(&mut parts);
    for head in ["google", "general"] {
        let easy = Outcome {
            premium: Some(1.0),
            balanced_loss: Some(0.0),
            budget_loss: Some(0.0),
            output_tokens: PerTier::from_fn(|_| Some(16.0)),
        };
        let hard = Outcome { budget_loss: Some(1.0), ..easy };
        let outcomes = [easy, easy, hard, hard, hard];
        let codes =
            |of: &dyn Fn(&Outcome) -> [u8; 3]| outcomes.iter().flat_map(of).collect::<Vec<_>>();
        parts.put(format!("heads.{head}.outcomes.base"), 3, &codes(&Outcome::score_codes));
        parts.put(format!("heads.{head}.output_tokens.base"), 3, &codes(&Outcome::token_codes));
        parts.put(format!("heads.{head}.margins"), 1, &[1.0_f32, 0.5, 0.0]);
    }
    parts.put("questions.hashes", 1, &[3_u64, 5, 8]);
    parts
}

fn embedder(parts: &mut Parts) {
    let VocabularyTables { text, ends, slots } = VocabularyTables::build(TOKENS).unwrap();
    parts.put("vocabulary.text", 1, &text);
    parts.put("vocabulary.ends", 1, &ends);
    parts.put("vocabulary.slots", 1, &slots);
    // Codes are offset by 8: dimension j low, j + 2 high. Special tokens say nothing.
    let mut codes = [[0x88_u8, 0x88]; TOKENS.len()];
    (codes[5], codes[6], codes[7]) = ([0x8f, 0x88], [0x88, 0x8f], [0xf8, 0x88]);
    let scales: Vec<f32> =
        (0..TOKENS.len()).map(|token| if token < 5 { 0.0 } else { 1.0 }).collect();
    parts.put("tokens.codes", 2, codes.as_flattened());
    parts.put("tokens.scales", 1, &scales);
}

fn network(parts: &mut Parts) {
    let mut identity = [[0.0_f32; DIMENSIONS]; HIDDEN];
    (0..HIDDEN).for_each(|unit| identity[unit][unit] = 1.0);
    parts.put("network.embedding", DIMENSIONS, identity.as_flattened());
    parts.put("network.shape", SHAPE, &[0.0_f32; HIDDEN * SHAPE]);
    parts.put("network.bias", 1, &[0.1_f32; HIDDEN]);
    parts.put("network.codes", HIDDEN / 2, &[0x88_u8; TOKENS.len() * HIDDEN / 2]);
    parts.put("network.scales", 1, &[0.5_f32; TOKENS.len()]);
    parts.put("grams.weights", 1, &vec![1.0_f32; BUCKETS]);
}

fn layer(parts: &mut Parts) {
    parts.put("layers.base.linear.codes", OUTPUTS, &vec![0_i8; BUCKETS * OUTPUTS]);
    parts.put("layers.base.linear.scales", 1, &[0.01_f32; OUTPUTS]);
    parts.put("layers.base.linear.shape", SHAPE, &[0.0_f32; OUTPUTS * SHAPE]);
    parts.put("layers.base.linear.bias", 1, &BIAS);
    parts.put("layers.base.outputs.weights", HIDDEN, &[0.25_f32; 5 * HIDDEN]);
    parts.put("layers.base.outputs.bias", 1, &[0.0_f32; 5]);
    let vectors: [[i8; HIDDEN]; 5] =
        [[127, 0, 0, 0], [120, 40, 0, 0], [0, 127, 0, 0], [0, 0, 127, 0], [0, 0, 0, 127]];
    parts.put("layers.base.references.vectors", HIDDEN, vectors.as_flattened());
    parts.put("layers.base.references.scales", 1, &[1.0_f32 / 127.0; 5]);
    parts.put("layers.base.references.families", 1, &[0_u16, 0, 1, 1, 1]);
    parts.put("layers.base.clusters.centroids", HIDDEN, &[127_i8, 0, 0, 0, 0, 70, 70, 70]);
    parts.put("layers.base.clusters.scales", 1, &[1.0_f32 / 127.0; 2]);
    parts.put("layers.base.clusters.starts", 1, &[0_u32, 2, 5]);
    parts.put("layers.base.map.codes", DIMENSIONS, &[127_i8, 0, 0, 0, 0, 0, 127, 0]);
    parts.put("layers.base.map.scales", 1, &[1.0_f32 / 127.0; 2]);
}

/// The router of `parts`.
pub(crate) fn router(parts: Parts) -> Trained {
    from_bytes(parts.to_bytes().unwrap()).unwrap()
}

/// What `trained` sees of `text`.
pub(crate) fn features(trained: &Trained, text: &str) -> Features {
    Features::of(&Request::from(text), &*trained.embedder()).unwrap()
}
