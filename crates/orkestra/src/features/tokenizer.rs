//! BERT's WordPiece tokenizer, equal to the original's on every text of the fixture.
//!
//! The `tokenizers` library does the same and is what the fixture was made with; it keeps offsets
//! and strings for every piece and takes longer for one prompt than a whole decision may take
//! (60 µs), and needs a second per process to load. Hence our own, which only ever yields indices.

use unicode_categories::UnicodeCategories;
use unicode_normalization::UnicodeNormalization;

use super::vocabulary::{Hash, Vocabulary};

/// Longer words, in characters, are one unknown token.
const LONGEST_WORD: usize = 100;
/// Tokens that are recognised in the raw text, before it is cleaned.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Splits text into vocabulary indices.
#[derive(Clone, Debug)]
pub(crate) struct Tokenizer {
    vocabulary: Vocabulary,
    unknown: u16,
    special: [u16; SPECIAL.len()],
}

impl Tokenizer {
    /// A tokenizer over `vocabulary`; the message names the special token it lacks.
    pub(crate) fn new(vocabulary: Vocabulary) -> Result<Self, String> {
        let mut special = [0; SPECIAL.len()];
        for (index, token) in special.iter_mut().zip(SPECIAL) {
            *index = vocabulary
                .index_of(token)
                .ok_or_else(|| format!("the vocabulary has no token {token}"))?;
        }
        let unknown = special[1];
        Ok(Self { vocabulary, unknown, special })
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Appends the indices of `text`'s tokens to `indices`.
    pub(crate) fn tokenize(&self, text: &str, indices: &mut Vec<u16>) {
        let mut words = Words { tokenizer: self, indices, word: Word::default() };
        let mut rest = text;
        while let Some(open) = rest.find('[') {
            let (before, from) = rest.split_at(open);
            let found = SPECIAL.iter().position(|token| from.starts_with(token));
            let length = found.map_or(1, |index| SPECIAL[index].len());
            words.take(before);
            if let Some(index) = found {
                words.end();
                words.indices.push(self.special[index]);
            } else {
                words.punctuation('[');
            }
            rest = &from[length..];
        }
        words.take(rest);
        words.end();
    }

    /// Greedy longest match over one word.
    fn split(&self, word: &mut Word, indices: &mut Vec<u16>) {
        let before = indices.len();
        let bytes = word.text.as_bytes();
        let mut start = 0;
        while start < bytes.len() && word.characters <= LONGEST_WORD {
            let Some((index, end)) = self.longest_piece(&word.text, start, &mut word.hashes) else {
                break;
            };
            indices.push(index);
            start = end;
        }
        if start < bytes.len() {
            indices.truncate(before);
            indices.push(self.unknown);
        }
    }

    /// The longest token that `word` continues with at byte `start`, and where it ends.
    fn longest_piece(
        &self,
        word: &str,
        start: usize,
        hashes: &mut Vec<Hash>,
    ) -> Option<(u16, usize)> {
        let bytes = word.as_bytes();
        let end = bytes.len().min(start + self.vocabulary.longest());
        let continues = start > 0;
        let mut hash = Hash::start(continues);
        hashes.clear();
        hashes.extend(bytes[start..end].iter().map(|byte| {
            hash = hash.next(*byte);
            hash
        }));
        (start + 1..=end).rev().filter(|end| word.is_char_boundary(*end)).find_map(|end| {
            let hash = hashes[end - start - 1];
            let index = self.vocabulary.find(&bytes[start..end], continues, hash)?;
            Some((index, end))
        })
    }
}

/// The word being read.
#[derive(Default)]
struct Word {
    text: String,
    characters: usize,
    hashes: Vec<Hash>,
}

/// Cuts text into clean words and passes each on when it ends.
struct Words<'a> {
    tokenizer: &'a Tokenizer,
    indices: &'a mut Vec<u16>,
    word: Word,
}

impl Words<'_> {
    /// Reads on. ASCII needs no tables; decomposition never looks across an ASCII character.
    fn take(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.bytes().next() {
            let ascii = first.is_ascii();
            let end = rest.bytes().position(|byte| byte.is_ascii() != ascii).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            if ascii {
                run.bytes().for_each(|byte| self.ascii(byte));
            } else {
                self.beyond_ascii(run);
            }
            rest = after;
        }
    }

    fn ascii(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => self.end(),
            byte if byte.is_ascii_alphanumeric() => {
                self.word.text.push(char::from(byte.to_ascii_lowercase()));
                self.word.characters += 1;
            }
            byte if byte.is_ascii_punctuation() => self.punctuation(char::from(byte)),
            // Control characters vanish and do not end a word.
            _ => {}
        }
    }

    fn beyond_ascii(&mut self, run: &str) {
        // An ideograph is a word of its own; white space ends one. Both are marked by a space
        // here, because decomposition comes after them.
        let cleaned = run.chars().filter(|c| *c != '\u{fffd}' && !c.is_other()).flat_map(|c| {
            let ideograph = is_ideograph(c);
            let space = ideograph.then_some(' ');
            let c = if c.is_whitespace() { ' ' } else { c };
            [space, Some(c), space].into_iter().flatten()
        });
        for c in cleaned.nfd().filter(|c| !c.is_mark_nonspacing()).flat_map(char::to_lowercase) {
            if c.is_whitespace() {
                self.end();
            } else if c.is_ascii_punctuation() || c.is_punctuation() {
                self.punctuation(c);
            } else {
                self.word.text.push(c);
                self.word.characters += 1;
            }
        }
    }

    fn punctuation(&mut self, c: char) {
        self.end();
        self.word.text.push(c);
        self.word.characters = 1;
        self.end();
    }

    fn end(&mut self) {
        if self.word.characters > 0 {
            self.tokenizer.split(&mut self.word, self.indices);
            self.word.text.clear();
            self.word.characters = 0;
        }
    }
}

/// The blocks that BERT calls Chinese, its own slip in the fourth extension's start included.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F
        | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}
