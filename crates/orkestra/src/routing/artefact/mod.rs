//! The router as a file: one `safetensors` block that is read where it lies.
//!
//! `Bundle::read` checks everything that could later be relied on, so that no file, however it was
//! damaged or forged, makes a forecast panic. Question texts are not in it.

mod metadata;
mod write;

use std::collections::HashSet;

use bytemuck::{AnyBitPattern, NoUninit};
pub use metadata::{EmbedderCard, FORMAT, HeadCard, Measurement, Metadata, SourceCard};
use safetensors::{Dtype, SafeTensors, tensor::Metadata as Header};
use sha2::{Digest, Sha256};
pub use write::{HeadParts, Parts};

use super::{PerTier, Tier, index::Index, nearest::Outcome};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{Block, StaticEmbedder, Table, Tokenizer, Vocabulary},
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
    pub(super) index: Index,
    pub(super) families: Table<u16>,
    pub(super) question_hashes: Table<u64>,
    pub(super) heads: Vec<HeadTables>,
}

/// One head's tables.
#[derive(Clone, Debug)]
pub(super) struct HeadTables {
    outcomes: Table<u8>,
    output_tokens: Table<u8>,
    pub(super) margins: Table<f32>,
}

impl HeadTables {
    /// Tells whether the head knows an outcome of a reference.
    pub(super) fn knows(&self) -> impl Fn(usize) -> bool {
        let outcomes: &[u8] = &self.outcomes;
        move |reference| outcomes.get(reference * 3).is_some_and(|code| *code != write::MISSING)
    }

    /// What was measured on `reference`.
    pub(super) fn outcome(&self, reference: usize) -> Outcome {
        let codes = |table: &Table<u8>| {
            let row = table.get(reference * 3..reference * 3 + 3);
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
    /// Reads an artefact and checks that its parts fit together.
    pub(super) fn read(block: &Block, trust: Trust) -> Result<Self> {
        let bytes = block.bytes();
        let (tensors, header) = parse(bytes)?;
        let text = header.metadata().as_ref().and_then(|entries| entries.get(HEADER));
        let text = text.ok_or_else(|| wrong("its header says nothing about a router"))?;
        let metadata = parse_metadata(text)?;
        if trust == Trust::Verify {
            verify(text, &metadata.sha256, &tensors)?;
        }
        let tables = Tables { block, tensors: &tensors };
        let embedder = tables.embedder(&metadata)?;
        let index = Index {
            dimensions: metadata.embedder.dimensions,
            vectors: tables.get("references.vectors", Dtype::I8)?,
            scales: tables.get("references.scales", Dtype::F32)?,
            centroids: tables.get("clusters.centroids", Dtype::I8)?,
            centroid_scales: tables.get("clusters.scales", Dtype::F32)?,
            starts: tables.get("clusters.starts", Dtype::U32)?,
        };
        index.check().map_err(wrong)?;
        let families: Table<u16> = tables.get("references.families", Dtype::U16)?;
        let known = |family: &u16| usize::from(*family) < metadata.families.len();
        if families.len() != index.len() || !families.iter().all(known) {
            return Err(wrong("references.families does not name a family for each reference"));
        }
        let heads: Result<Vec<_>> =
            metadata.heads.iter().map(|card| tables.head(card, index.len())).collect();
        let (heads, question_hashes) = (heads?, tables.get("questions.hashes", Dtype::U64)?);
        Ok(Self { metadata, embedder, index, families, question_hashes, heads })
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
    metadata.heads.iter().try_for_each(check_head)?;
    Ok(metadata)
}

fn check_head(head: &HeadCard) -> Result<()> {
    let kernel = head.kernel;
    let name = &head.name;
    let within = |what: &str, value: f64, low: f64, high: f64| {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(wrong(format!("head {name}: {what} is {value}, expected {low} to {high}")))
    };
    within("kernel.neighbours", kernel.neighbours as f64, 1.0, 10_000.0)?;
    within("kernel.bandwidth", kernel.bandwidth, 1e-4, 1e4)?;
    within("kernel.prior_weight", kernel.prior_weight, 1e-9, 1e9)?;
    within("compared", head.compared as f64, 1.0, 1e7)?;
    within("default_quality", head.default_quality, 0.0, 1.0)?;
    within("prior.premium", head.prior.premium, 0.0, 1.0)?;
    within("prior.balanced_loss", head.prior.balanced_loss, -1.0, 1.0)?;
    within("prior.budget_loss", head.prior.budget_loss, -1.0, 1.0)?;
    for tier in Tier::ALL {
        within("prior.variance", *head.prior.variance.get(tier), 0.0, 1.0)?;
        within("prior.output_tokens", *head.prior.output_tokens.get(tier), 0.0, 1e7)?;
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

/// The tensors of a file, as tables over its block.
struct Tables<'a> {
    block: &'a Block,
    tensors: &'a SafeTensors<'a>,
}

impl Tables<'_> {
    fn get<T: AnyBitPattern + NoUninit>(&self, name: &str, kind: Dtype) -> Result<Table<T>> {
        let tensor = self.tensors.tensor(name).map_err(|_| wrong(format!("it lacks {name}")))?;
        if tensor.dtype() != kind {
            let found = tensor.dtype();
            return Err(wrong(format!("{name} holds {found:?} values, expected {kind:?}")));
        }
        let data = tensor.data();
        let start = data.as_ptr() as usize - self.block.bytes().as_ptr() as usize;
        Table::new(self.block, start..start + data.len())
            .ok_or_else(|| wrong(format!("{name} is not aligned")))
    }

    fn embedder(&self, metadata: &Metadata) -> Result<StaticEmbedder> {
        let vocabulary = Vocabulary::new(
            self.get("vocabulary.text", Dtype::U8)?,
            self.get("vocabulary.ends", Dtype::U32)?,
            self.get("vocabulary.slots", Dtype::U16)?,
        )
        .map_err(wrong)?;
        StaticEmbedder::new(
            metadata.embedder.id.clone(),
            metadata.embedder.dimensions,
            Tokenizer::new(vocabulary).map_err(wrong)?,
            self.get("tokens.codes", Dtype::U8)?,
            self.get("tokens.scales", Dtype::F32)?,
        )
        .map_err(wrong)
    }

    fn head(&self, card: &HeadCard, references: usize) -> Result<HeadTables> {
        let name = |table: &str| format!("heads.{}.{table}", card.name);
        let head = HeadTables {
            outcomes: self.get(&name("outcomes"), Dtype::U8)?,
            output_tokens: self.get(&name("output_tokens"), Dtype::U8)?,
            margins: self.get(&name("margins"), Dtype::F32)?,
        };
        if head.outcomes.len() != references * 3 || head.output_tokens.len() != references * 3 {
            return Err(wrong(format!("head {} does not have {references} outcomes", card.name)));
        }
        let falling = head.margins.windows(2).all(|pair| pair[0] >= pair[1]);
        if head.margins.len() < 2 || !falling || !head.margins.iter().all(|m| m.is_finite()) {
            return Err(wrong(format!("head {}: margins are not falling numbers", card.name)));
        }
        Ok(head)
    }
}
