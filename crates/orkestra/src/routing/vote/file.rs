//! A vote router ⇄ its file: `safetensors` with a card in its header, never a pickle.

use std::{collections::HashMap, fs::File, io::Read as _, path::Path};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{NEIGHBOURS, PerTier, Reference, Tier, VoteRouter};
use crate::error::{Error, ErrorKind, Result};

/// The format that this version reads and writes.
const FORMAT: u32 = 1;
/// Where the card stands in the header.
const CARD: &str = "orkestra-vote";
/// Points of [`VoteCard::kept`]: margins 0, 0.05, … 1.
pub const CURVE_POINTS: usize = 21;
/// No file is longer: half a million references of 1,024 numbers.
const MOST_BYTES: u64 = 2 << 30;
/// Stands for a score that was not measured.
const UNMEASURED: f32 = -1.0;

/// What a vote router's file says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteCard {
    /// The format's version.
    pub format: u32,
    /// SHA-256, in hex, over this card with this field empty and all tensors' bytes.
    pub sha256: String,
    /// The id of the embedder, which is the only one it takes vectors of.
    pub embedder: String,
    /// Where that embedder was found when the file was made: `embedded`, a folder, or an address.
    pub embedder_source: String,
    /// The length of its vectors.
    pub dimensions: usize,
    /// How many references vote.
    pub neighbours: usize,
    /// Output tokens that six answers in ten stay below.
    pub output_tokens: PerTier<f64>,
    /// The share of premium's mean score that each margin from 0 to 1, in [`CURVE_POINTS`] equal steps, kept when each
    /// reference was judged by the others. Never rises.
    pub kept: Vec<f64>,
    /// The benchmarks and tasks of the references.
    pub families: Vec<String>,
    /// The day it was made: `2026-11-23`.
    pub date: String,
}

/// Whether the file at `path` calls itself a vote router's; that it is a good one is for [`VoteRouter::from_file`].
#[must_use]
pub fn is_vote_file(path: &Path) -> bool {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut head = [0; 8];
        let mut file = File::open(path)?;
        file.read_exact(&mut head)?;
        let mut header = Vec::new();
        let length = u64::from_le_bytes(head).min(1 << 24);
        file.take(length).read_to_end(&mut header)?;
        Ok(header)
    };
    let mark = format!("\"{CARD}\"");
    let found = |header: Vec<u8>| header.windows(mark.len()).any(|part| part == mark.as_bytes());
    read().is_ok_and(found)
}

impl VoteRouter {
    /// A router of `references`, all of `card.dimensions` numbers; the card's hash and families are filled in.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when there are none, or they do not fit the card.
    pub fn new(mut card: VoteCard, references: &[Reference]) -> Result<Self> {
        card.families = references.iter().map(|reference| reference.family.clone()).collect();
        card.families.sort_unstable();
        card.families.dedup();
        let place =
            |family: &String| card.families.binary_search(family).unwrap_or_default() as u16;
        let router = Self {
            id: String::new(),
            vectors: references
                .iter()
                .flat_map(|reference| reference.vector.iter().copied())
                .collect(),
            needs: references.iter().map(|reference| reference.needs).collect(),
            families: references.iter().map(|reference| place(&reference.family)).collect(),
            scores: references.iter().map(|reference| rounded(&reference.scores)).collect(),
            hashes: references.iter().map(|reference| reference.hash).collect(),
            card,
        };
        router.sealed()
    }

    /// With another card; its hash is filled in.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the card does not fit the references.
    pub fn with_card(mut self, card: VoteCard) -> Result<Self> {
        self.card = card;
        self.sealed()
    }

    fn sealed(mut self) -> Result<Self> {
        self.card.format = FORMAT;
        self.check().map_err(wrong)?;
        self.card.sha256 = self.hash()?;
        self.id = format!("nearest-{}-{}", self.card.neighbours, &self.card.sha256[..12]);
        Ok(self)
    }

    /// The router in the file at `path`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming what is wrong, when it cannot be read or is no whole, unchanged vote router
    /// of this format.
    pub fn from_file(path: &Path) -> Result<Self> {
        let named = |why: String| {
            Error::new(ErrorKind::Config, format!("the router file {} {why}", path.display()))
        };
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        read.map_err(|cause| named(format!("cannot be read: {cause}")).because(cause))?;
        Self::from_bytes(&bytes).map_err(|cause| named(format!("is damaged: {cause}")))
    }

    /// The router in `bytes`.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let no_file = |cause: safetensors::SafeTensorError| {
            wrong(format!("it is no safetensors file: {cause}"))
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(no_file)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(no_file)?;
        let card = header.metadata().as_ref().and_then(|texts| texts.get(CARD));
        let card = card.ok_or_else(|| wrong("it is no vote router".to_owned()))?;
        let card: VoteCard = serde_json::from_str(card)
            .map_err(|cause| wrong(format!("its card is damaged: {cause}")))?;
        if card.format != FORMAT {
            return Err(wrong(format!(
                "its format is {}, this version reads {FORMAT}",
                card.format
            )));
        }
        let numbers = |name: &str, kind: Dtype| match tensors.tensor(name) {
            Ok(view) if view.dtype() == kind => Ok(view.data().to_vec()),
            Ok(view) => {
                Err(wrong(format!("{name} has the type {:?}, expected {kind:?}", view.dtype())))
            }
            Err(_) => Err(wrong(format!("it has no tensor {name}"))),
        };
        let floats = |bytes: Vec<u8>| -> Vec<f32> {
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let needs = numbers("needs", Dtype::U8)?
            .into_iter()
            .map(|place| Tier::ALL.get(usize::from(place)).copied());
        let needs: Option<Vec<Tier>> = needs.collect();
        let scores = floats(numbers("scores", Dtype::F32)?);
        let router = Self {
            id: format!(
                "nearest-{}-{}",
                card.neighbours,
                card.sha256.get(..12).unwrap_or_default()
            ),
            vectors: floats(numbers("vectors", Dtype::F32)?),
            needs: needs.ok_or_else(|| wrong("needs names a tier that is none".to_owned()))?,
            families: numbers("families", Dtype::U16)?
                .chunks_exact(2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect(),
            scores: scores.chunks_exact(3).map(measured).collect(),
            hashes: numbers("hashes", Dtype::U64)?
                .chunks_exact(8)
                .map(|b| b.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
                .collect(),
            card,
        };
        router.check().map_err(wrong)?;
        if router.hash()? != router.card.sha256 {
            return Err(wrong("its contents do not have the hash that its card names".to_owned()));
        }
        Ok(router)
    }

    /// Its file. The same router gives the same bytes.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when it cannot be written down, which a checked one can.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let card = text(&self.card)?;
        let tensors = self.tensors();
        let views = tensors.iter().map(|(name, kind, shape, bytes)| {
            Ok((
                *name,
                TensorView::new(*kind, shape.clone(), bytes)
                    .map_err(|cause| wrong(cause.to_string()))?,
            ))
        });
        let views: Result<Vec<_>> = views.collect();
        let header = HashMap::from([(CARD.to_owned(), card)]);
        safetensors::serialize(views?, Some(header)).map_err(|cause| wrong(cause.to_string()))
    }

    fn tensors(&self) -> Vec<(&'static str, Dtype, Vec<usize>, Vec<u8>)> {
        let rows = self.needs.len();
        let floats =
            |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let scores: Vec<f32> = self
            .scores
            .iter()
            .flat_map(|scores| {
                Tier::ALL.map(|tier| scores.get(tier).map_or(UNMEASURED, |score| score as f32))
            })
            .collect();
        vec![
            (
                "families",
                Dtype::U16,
                vec![rows],
                self.families.iter().flat_map(|place| place.to_le_bytes()).collect(),
            ),
            (
                "hashes",
                Dtype::U64,
                vec![rows],
                self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect(),
            ),
            ("needs", Dtype::U8, vec![rows], self.needs.iter().map(|tier| *tier as u8).collect()),
            ("scores", Dtype::F32, vec![rows, 3], floats(&scores)),
            ("vectors", Dtype::F32, vec![rows, self.card.dimensions], floats(&self.vectors)),
        ]
    }

    fn hash(&self) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(text(&VoteCard { sha256: String::new(), ..self.card.clone() })?);
        self.tensors().iter().for_each(|(_, _, _, bytes)| hash.update(bytes));
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The message names what does not fit.
    fn check(&self) -> Result<(), String> {
        let (rows, card) = (self.needs.len(), &self.card);
        if rows == 0 {
            return Err("it has no reference".to_owned());
        }
        if card.dimensions == 0 || !(1..=1000).contains(&card.neighbours) {
            let (dimensions, neighbours) = (card.dimensions, card.neighbours);
            return Err(format!(
                "dimensions is {dimensions}, neighbours {neighbours}; expected at least 1, and at most 1000 neighbours"
            ));
        }
        if card.families.len() > usize::from(u16::MAX) {
            return Err(format!(
                "it has {} families; expected at most {}",
                card.families.len(),
                u16::MAX
            ));
        }
        let sizes = [
            ("vectors", self.vectors.len(), rows.saturating_mul(card.dimensions)),
            ("families", self.families.len(), rows),
            ("scores", self.scores.len(), rows),
            ("hashes", self.hashes.len(), rows),
            ("kept", card.kept.len(), CURVE_POINTS),
        ];
        for (name, found, expected) in sizes {
            if found != expected {
                return Err(format!("{name} has {found} entries, expected {expected}"));
            }
        }
        if self.families.iter().any(|place| usize::from(*place) >= card.families.len()) {
            return Err("families names one that is not in the card".to_owned());
        }
        let lengths = Tier::ALL.map(|tier| *card.output_tokens.get(tier));
        let finite = self.vectors.iter().all(|x| x.is_finite())
            && card.kept.iter().chain(&lengths).all(|x| x.is_finite());
        if finite { Ok(()) } else { Err("it holds a value that is no finite number".to_owned()) }
    }
}

impl VoteCard {
    /// A card for references of `embedder`, which was found at `source`: [`NEIGHBOURS`] vote, and nothing was measured.
    #[must_use]
    pub fn new(embedder: &str, source: &str, dimensions: usize, date: &str) -> Self {
        Self {
            format: FORMAT,
            sha256: String::new(),
            embedder: embedder.to_owned(),
            embedder_source: source.to_owned(),
            dimensions,
            neighbours: NEIGHBOURS,
            output_tokens: PerTier::from_fn(|_| 256.0),
            kept: vec![1.0; CURVE_POINTS],
            families: Vec::new(),
            date: date.to_owned(),
        }
    }
}

/// As the file keeps them.
fn rounded(scores: &PerTier<Option<f64>>) -> PerTier<Option<f64>> {
    PerTier::from_fn(|tier| scores.get(tier).map(|score| f64::from(score as f32)))
}

fn measured(three: &[f32]) -> PerTier<Option<f64>> {
    PerTier::from_fn(|tier| Some(three[tier as usize]).filter(|score| *score >= 0.0).map(f64::from))
}

fn text(card: &VoteCard) -> Result<String> {
    serde_json::to_string(card)
        .map_err(|cause| wrong(format!("its card cannot be written: {cause}")))
}

fn wrong(why: String) -> Error {
    Error::new(ErrorKind::Config, why)
}
