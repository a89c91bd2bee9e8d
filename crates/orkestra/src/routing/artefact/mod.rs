//! The router as a file: one `safetensors` block that is read where it lies.
//!
//! `Bundle::read` checks everything that could later be relied on, so that no file, however it was
//! damaged or forged, makes a forecast panic. Question texts are not in it.
//!
//! | tables | hold |
//! |---|---|
//! | `vocabulary.{text,ends,slots}`, `tokens.{codes,scales}` | the embedder |
//! | `network.{embedding,shape,bias,codes,scales}` | text → hidden units |
//! | `grams.weights` | how much each bucket of n-grams says |
//! | `layers.L.linear.{codes,scales,shape,bias}` | the linear part's outputs |
//! | `layers.L.outputs.{weights,bias}` | the network's outputs |
//! | `layers.L.references.{vectors,scales,families}`, `layers.L.clusters.{centroids,scales,starts}` | reference questions |
//! | `layers.L.map.{codes,scales}` | centres of what was learned from |
//! | `heads.H.{outcomes,output_tokens}.L`, `heads.H.margins` | what a head knows of a layer's references; its dial |
//! | `questions.hashes` | which questions were seen |
//!
//! A file may name a base, which it adds to: tables that it lacks are then the base's.

mod metadata;
mod read;
mod write;

use std::collections::HashSet;

pub use metadata::{EmbedderCard, FORMAT, Measurement, Metadata, NetworkCard, SourceCard};
use safetensors::{SafeTensors, tensor::Metadata as Header};
use sha2::{Digest, Sha256};
pub use write::{HiddenSpace, Number, Parts, Values};

use self::read::Tables;
use super::{
    Familiarity, HeadCard, PerTier, Tier,
    layer::{Layer, finite},
    nearest::Outcome,
    network::Network,
};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{BUCKETS, Block, StaticEmbedder, Table},
};

/// The header's key for our JSON.
const HEADER: &str = "orkestra";
/// No artefact is larger; a file that is will not be read into memory.
pub(super) const MOST_BYTES: usize = 64 * 1024 * 1024;

/// An artefact whose parts fit together.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    pub(super) metadata: Metadata,
    pub(super) embedder: StaticEmbedder,
    pub(super) network: Network,
    /// What each bucket of n-grams says, as an inverse document frequency; 0 for what says nothing.
    pub(super) grams: Table<f32>,
    /// The largest of `grams`.
    pub(super) rarest: f32,
    pub(super) layers: Vec<Layer>,
    pub(super) question_hashes: Table<u64>,
    pub(super) heads: Vec<HeadTables>,
    /// Where its tables lie: its own bytes and its base's.
    pub(super) blocks: Vec<Block>,
}

/// One head's tables.
#[derive(Clone, Debug)]
pub(super) struct HeadTables {
    /// For each layer, three codes a reference.
    outcomes: Vec<Table<u8>>,
    output_tokens: Vec<Table<u8>>,
    pub(super) margins: Table<f32>,
}

impl HeadTables {
    /// Tells whether the head knows an outcome of a reference of `layer`.
    pub(super) fn knows(&self, layer: usize) -> impl Fn(usize) -> bool {
        let outcomes: &[u8] = self.outcomes.get(layer).map_or(&[], |table| table);
        move |reference| outcomes.get(reference * 3).is_some_and(|code| *code != write::MISSING)
    }

    /// What was measured on `reference` of `layer`.
    pub(super) fn outcome(&self, layer: usize, reference: usize) -> Outcome {
        let codes = |tables: &[Table<u8>]| {
            let row =
                tables.get(layer).and_then(|table| table.get(reference * 3..reference * 3 + 3));
            row.and_then(|row| row.try_into().ok()).unwrap_or([write::MISSING; 3])
        };
        let [premium, balanced, budget]: [u8; 3] = codes(&self.outcomes);
        let tokens: [u8; 3] = codes(&self.output_tokens);
        Outcome {
            premium: write::score_of(premium),
            balanced_loss: write::loss_of(balanced),
            budget_loss: write::loss_of(budget),
            output_tokens: PerTier {
                budget: write::tokens_of(tokens[0]),
                balanced: write::tokens_of(tokens[1]),
                premium: write::tokens_of(tokens[2]),
            },
        }
    }
}

/// Whether the contents are compared with the hash they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Yes: the bytes come from a file.
    Verify,
    /// No: the bytes are part of the program; a test compares them, start-up need not.
    Embedded,
}

impl Bundle {
    /// Reads an artefact and checks that its parts fit together. `base` is the router that an addition may
    /// name.
    pub(super) fn read(block: &Block, trust: Trust, base: Option<&Block>) -> Result<Self> {
        let (tensors, header) = parse(block.bytes())?;
        let text = header.metadata().as_ref().and_then(|entries| entries.get(HEADER));
        let text = text.ok_or_else(|| wrong("its header says nothing about a router"))?;
        let metadata = parse_metadata(text)?;
        if trust == Trust::Verify {
            verify(text, &metadata.sha256, &tensors)?;
        }
        let mut tables = Tables::over(block.clone(), tensors);
        if let Some(wanted) = &metadata.base {
            let found = base.ok_or_else(|| wrong("it adds to another router, but is the first"))?;
            let (tensors, header) = parse(found.bytes())?;
            let text = header.metadata().as_ref().and_then(|entries| entries.get(HEADER));
            let card = parse_metadata(text.map_or("", String::as_str))?;
            if card.sha256 != *wanted {
                return Err(wrong(format!(
                    "it adds to the router {wanted}, this program's is {}; train it again, or use the program's version it was trained with",
                    card.sha256
                )));
            }
            tables.fall_back_to(found.clone(), tensors);
        }
        let bundle = tables.bundle(metadata)?;
        bundle.check()?;
        Ok(bundle)
    }

    fn check(&self) -> Result<()> {
        let dimensions = self.metadata.embedder.dimensions;
        self.network.check(self.embedder.vocabulary_len()).map_err(wrong)?;
        if self.grams.len() != BUCKETS {
            let found = self.grams.len();
            return Err(wrong(format!("grams.weights has {found} numbers, expected {BUCKETS}")));
        }
        finite("grams.weights", &self.grams).map_err(wrong)?;
        if !self.question_hashes.is_sorted() {
            return Err(wrong("questions.hashes is not sorted"));
        }
        for layer in &self.layers {
            let named = |what| wrong(format!("layer {}: {what}", layer.card.name));
            layer.check(dimensions, self.network.hidden).map_err(named)?;
        }
        for (card, tables) in self.metadata.heads.iter().zip(&self.heads) {
            self.check_domains(card)?;
            for (position, layer) in self.layers.iter().enumerate() {
                let references = layer.index.len() * 3;
                let sides =
                    [("outcomes", &tables.outcomes), ("output_tokens", &tables.output_tokens)];
                for (side, tables) in sides {
                    let found = tables.get(position).map_or(0, |table| table.len());
                    if found != references {
                        return Err(wrong(format!(
                            "heads.{}.{side}.{} has {found} codes, expected {references}: three for each reference",
                            card.name, layer.card.name
                        )));
                    }
                }
            }
            let falling = tables.margins.windows(2).all(|pair| pair[0] >= pair[1]);
            let finite = tables.margins.iter().all(|margin| margin.is_finite());
            if tables.margins.len() < 2 || !falling || !finite {
                return Err(wrong(format!(
                    "heads.{}.margins does not hold at least two falling numbers",
                    card.name
                )));
            }
        }
        Ok(())
    }

    fn check_domains(&self, card: &HeadCard) -> Result<()> {
        let name = &card.name;
        for domain in &card.domains {
            let layer = self.layers.get(domain.layer);
            let found = layer.and_then(|layer| layer.card.domains.get(domain.domain));
            let found = found.ok_or_else(|| {
                wrong(format!(
                    "head {name} names domain {} of layer {}",
                    domain.domain, domain.layer
                ))
            })?;
            for tier in Tier::ALL {
                if domain.models.get(tier).is_some_and(|model| model >= found.models.len()) {
                    return Err(wrong(format!(
                        "head {name} names a model that {} lacks",
                        found.name
                    )));
                }
            }
            within(name, "domain weight", domain.weight, 0.0, 1e6)?;
        }
        if !card.domains.iter().any(|domain| domain.models.premium.is_some() && domain.weight > 0.0)
        {
            return Err(wrong(format!("head {name} names no domain with a premium model")));
        }
        Ok(())
    }
}

/// The error of every damaged artefact: what is wrong, and what to do.
fn wrong(what: impl AsRef<str>) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the router file cannot be used: {}; fetch or build it again, or leave the setting out to use the embedded router",
            what.as_ref()
        ),
    )
}

fn parse(bytes: &[u8]) -> Result<(SafeTensors<'_>, Header)> {
    if bytes.len() > MOST_BYTES {
        return Err(wrong(format!("it has {} bytes, at most {MOST_BYTES} are read", bytes.len())));
    }
    let unreadable = |cause: safetensors::SafeTensorError| {
        wrong(format!("its {} bytes are no complete safetensors file ({cause})", bytes.len()))
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    Ok((tensors, header))
}

fn parse_metadata(text: &str) -> Result<Metadata> {
    // The version first: another version's header may not parse as ours.
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let not_ours =
        |cause: serde_json::Error| wrong(format!("its metadata cannot be read ({cause})"));
    let Version { format } = serde_json::from_str(text).map_err(not_ours)?;
    if format != FORMAT {
        return Err(wrong(format!("its format is version {format}, this program reads {FORMAT}")));
    }
    let metadata: Metadata = serde_json::from_str(text).map_err(not_ours)?;
    let tiers: Vec<&str> = Tier::ALL.iter().map(|tier| tier.name()).collect();
    if metadata.tiers != tiers {
        return Err(wrong(format!("its tiers are {:?}, expected {tiers:?}", metadata.tiers)));
    }
    if metadata.sha256.len() != 64 || !metadata.sha256.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Err(wrong(format!("its hash {:?} is no SHA-256", metadata.sha256)));
    }
    let mut names = HashSet::new();
    if !metadata.heads.iter().all(|head| names.insert(head.name.as_str())) {
        return Err(wrong("two of its heads have the same name"));
    }
    if !names.contains(super::GENERAL) {
        return Err(wrong("it has no head named general"));
    }
    let mut names = HashSet::new();
    if !metadata.layers.iter().all(|layer| names.insert(layer.name.as_str())) {
        return Err(wrong("two of its layers have the same name"));
    }
    metadata.heads.iter().try_for_each(check_head)?;
    Ok(metadata)
}

fn within(head: &str, what: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(wrong(format!("head {head}: {what} is {value}, expected {low} to {high}")))
}

fn check_head(head: &HeadCard) -> Result<()> {
    let HeadCard { name, kernel, prior, blend, calibration, familiarity, .. } = head;
    within(name, "kernel.neighbours", kernel.neighbours as f64, 1.0, 10_000.0)?;
    within(name, "kernel.bandwidth", kernel.bandwidth, 1e-4, 1e4)?;
    within(name, "kernel.prior_weight", kernel.prior_weight, 1e-9, 1e9)?;
    within(name, "compared", head.compared as f64, 1.0, 1e7)?;
    within(name, "gate_power", head.gate_power, 0.0, 100.0)?;
    within(name, "default_quality", head.default_quality, 0.0, 1.0)?;
    for share in [blend.network, blend.nearest, blend.linear] {
        within(name, "blend", share, 0.0, 1.0)?;
    }
    within(name, "blend's sum", blend.network + blend.nearest + blend.linear, 0.999, 1.001)?;
    for line in [calibration.premium, calibration.balanced_loss, calibration.budget_loss] {
        within(name, "calibration's offset", line.offset, -10.0, 10.0)?;
        within(name, "calibration's slope", line.slope, 0.0, 100.0)?;
    }
    let Familiarity { nearness, rareness } = *familiarity;
    within(name, "familiarity.nearness.strange", nearness.strange, -2.0, 2.0)?;
    let least = nearness.strange + 1e-6;
    within(name, "familiarity.nearness.familiar", nearness.familiar, least, 2.0)?;
    within(name, "familiarity.rareness.familiar", rareness.familiar, 0.0, 100.0)?;
    let least = rareness.familiar + 1e-6;
    within(name, "familiarity.rareness.strange", rareness.strange, least, 100.0)?;
    within(name, "prior.premium", prior.premium, 0.0, 1.0)?;
    within(name, "prior.balanced_loss", prior.balanced_loss, -1.0, 1.0)?;
    within(name, "prior.budget_loss", prior.budget_loss, -1.0, 1.0)?;
    for tier in Tier::ALL {
        within(name, "prior.variance", *prior.variance.get(tier), 0.0, 1.0)?;
        within(name, "prior.output_tokens", *prior.output_tokens.get(tier), 0.0, 1e7)?;
    }
    Ok(())
}

fn verify(text: &str, claimed: &str, tensors: &SafeTensors<'_>) -> Result<()> {
    let mut names = tensors.names();
    names.sort_unstable();
    let mut whole = Sha256::new();
    whole.update(text.replacen(claimed, "", 1));
    for name in names {
        let tensor = tensors.tensor(name).map_err(|cause| wrong(cause.to_string()))?;
        update(&mut whole, name, tensor.shape(), tensor.data());
    }
    let found = hex(&whole.finalize());
    if found != claimed {
        return Err(wrong(format!(
            "its contents have the hash {found}, its header says {claimed}"
        )));
    }
    Ok(())
}

/// Adds a tensor to a hash: its bytes, and how they are to be read.
fn update(hash: &mut Sha256, name: &str, shape: &[usize], bytes: &[u8]) {
    hash.update(format!("{name}{shape:?}"));
    hash.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
