//! The tokenizer's vocabulary as three flat tables: text, ends and hash slots.
//!
//! A hash map of thirty thousand strings would take longer to build than a whole decision may
//! take; these tables are written once, when a router is built, and looked up in place.

use super::tensors::Table;

/// Slots of the hash table: a power of two, so full by less than half with 30,000 tokens.
pub(super) const SLOTS: usize = 1 << 16;
/// Marks a token that continues a word, in the vocabulary's own spelling.
const CONTINUES: &str = "##";

/// Looks tokens up by their text.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    /// All tokens, one after the other.
    text: Table<u8>,
    /// Where each token ends in `text`.
    ends: Table<u32>,
    /// Token index + 1 at its hash, the next free slot on a collision, 0 where none is.
    slots: Table<u16>,
    longest: usize,
}

/// The tables of a vocabulary, for writing an artefact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyTables {
    /// All tokens, one after the other.
    pub text: Vec<u8>,
    /// Where each token ends in `text`.
    pub ends: Vec<u32>,
    /// The hash slots.
    pub slots: Vec<u16>,
}

impl VocabularyTables {
    /// The tables for `tokens`, whose order gives their indices. `None` when there are more than
    /// half the slots (32,768).
    pub fn build<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut tables = Self { text: Vec::new(), ends: Vec::new(), slots: vec![0; SLOTS] };
        for (index, token) in tokens.into_iter().enumerate() {
            if index >= SLOTS / 2 {
                return None;
            }
            let mut slot = slot_of(hash_of_token(token.as_bytes()));
            while tables.slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            tables.slots[slot] = u16::try_from(index + 1).ok()?;
            tables.text.extend_from_slice(token.as_bytes());
            tables.ends.push(u32::try_from(tables.text.len()).ok()?);
        }
        Some(tables)
    }
}

impl Vocabulary {
    /// Puts the tables together; the message names what does not fit.
    pub(crate) fn new(
        text: Table<u8>,
        ends: Table<u32>,
        slots: Table<u16>,
    ) -> Result<Self, &'static str> {
        let mut start = 0;
        let mut longest = 0;
        for end in ends.iter() {
            longest = longest.max(end.checked_sub(start).ok_or("vocabulary.ends goes back")?);
            start = *end;
        }
        if start as usize != text.len() {
            return Err("vocabulary.ends does not end where vocabulary.text does");
        }
        if slots.len() != SLOTS {
            return Err("vocabulary.slots has the wrong length");
        }
        if slots.iter().any(|slot| usize::from(*slot) > ends.len()) {
            return Err("vocabulary.slots names a token that is not there");
        }
        // Without a free slot a search for an unknown token would never end.
        if ends.len() > SLOTS / 2 || slots.iter().filter(|slot| **slot != 0).count() > SLOTS / 2 {
            return Err("vocabulary.slots is too full");
        }
        Ok(Self { text, ends, slots, longest: longest as usize })
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The token's text, `##` included.
    pub(crate) fn token(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let range = start.unwrap_or(0) as usize
            ..self.ends.get(index).copied().map_or(0, |end| end as usize);
        self.text.get(range).unwrap_or(&[])
    }

    /// Whether no token, `##` included, is longer than `bytes`.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// The index of the token `piece`, given its [`Hash`] state.
    pub(crate) fn find(&self, piece: &[u8], continues: bool, hash: Hash) -> Option<u16> {
        let (slots, ends, text) = (&*self.slots, &*self.ends, &*self.text);
        let mut slot = slot_of(hash.0);
        loop {
            let index = slots.get(slot)?.checked_sub(1)?;
            let end = *ends.get(usize::from(index))? as usize;
            let start = match index {
                0 => 0,
                _ => *ends.get(usize::from(index) - 1)? as usize,
            };
            let mut token = text.get(start..end)?;
            let marked = token.starts_with(CONTINUES.as_bytes()) && token.len() > CONTINUES.len();
            if marked {
                token = &token[CONTINUES.len()..];
            }
            if marked == continues && token == piece {
                return Some(index);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// The index of a whole token by its spelling.
    pub(crate) fn index_of(&self, token: &str) -> Option<u16> {
        self.find(token.as_bytes(), false, Hash::start(false).over(token.as_bytes()))
    }
}

/// FNV-1a, byte by byte, so that all prefixes of a word are hashed in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hash(u32);

impl Hash {
    /// The state before a piece's first byte.
    pub(crate) fn start(continues: bool) -> Self {
        let start = Self(0x811c_9dc5);
        if continues { start.over(CONTINUES.as_bytes()) } else { start }
    }

    /// The state after `byte`.
    pub(crate) fn next(self, byte: u8) -> Self {
        Self((self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }

    fn over(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |hash, byte| hash.next(*byte))
    }
}

fn hash_of_token(token: &[u8]) -> u32 {
    Hash::start(false).over(token).0
}

fn slot_of(hash: u32) -> usize {
    // The low bits of FNV are its weakest.
    (hash ^ (hash >> 16)) as usize % SLOTS
}
