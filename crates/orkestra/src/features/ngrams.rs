//! Hashed n-grams of a text: words alone and in pairs, and runs of three to five characters.
//!
//! Hashing into a fixed number of buckets needs no vocabulary, so every script has features. The method is
//! feature hashing (Weinberger et al., 2009).

use std::sync::LazyLock;

use super::lanes::{buckets_of, hash_on};

/// How many buckets there are.
pub const BUCKETS: usize = 1 << 15;
/// The lengths of character runs.
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;

/// A bucket and how often the text falls into it.
pub type Count = (u16, u16);

/// Mixes one character into a hash.
#[inline(always)]
pub(super) fn step(hash: u32, c: char) -> u32 {
    (hash ^ u32::from(c)).wrapping_mul(0x9e37_79b1).rotate_left(13)
}

/// The bucket of a finished hash.
#[inline(always)]
pub(super) fn bucket_of(hash: u32) -> u16 {
    let mixed = (hash ^ (hash >> 15)).wrapping_mul(0x85eb_ca77);
    (mixed >> 17) as u16
}

/// A hash's start for each kind of n-gram, so that equal letters of different kinds differ.
const fn seed(kind: u32) -> u32 {
    0x811c_9dc5 ^ kind.wrapping_mul(0x0100_0193)
}

/// Calls `each` with the bucket and the spelling of every n-gram of `text`, repetitions included.
///
/// Text is folded to lower case. A word is a run of letters and digits; runs of characters see every white
/// space as one blank, and the text as if it stood between blanks.
pub fn each_ngram(text: &str, mut each: impl FnMut(u16, &[char])) {
    let folded = folded(text);
    words(&folded, &mut each);
    let runs = buckets_of_runs(&folded);
    for start in 0..folded.len() {
        for (length, buckets) in RUNS.zip(&runs) {
            if let Some(bucket) = buckets.get(start) {
                each(*bucket, &folded[start..start + length]);
            }
        }
    }
}

/// For each length of [`RUNS`], the bucket of the run that starts at each character, where it ends in time.
fn buckets_of_runs(folded: &[char]) -> [Vec<u16>; 3] {
    let mut hashes = vec![seed(3); folded.len()];
    let mut runs = [const { Vec::new() }; 3];
    for length in 1..=*RUNS.end() {
        let in_time = folded.len().saturating_sub(length - 1);
        hashes.truncate(in_time);
        hash_on(&mut hashes, &folded[folded.len() - in_time..]);
        let place = length.checked_sub(*RUNS.start());
        if let Some(buckets) = place.and_then(|place| runs.get_mut(place)) {
            *buckets = vec![0; in_time];
            buckets_of(&hashes, buckets);
        }
    }
    runs
}

/// The text in lower case, between blanks, each white space one blank.
fn folded(text: &str) -> Vec<char> {
    let mut folded = Vec::with_capacity(text.len() + 2);
    folded.push(' ');
    for c in text.chars() {
        if c.is_ascii() {
            let c = if c.is_ascii_whitespace() { ' ' } else { c.to_ascii_lowercase() };
            if c != ' ' || folded.last() != Some(&' ') {
                folded.push(c);
            }
        } else if c.is_whitespace() {
            if folded.last() != Some(&' ') {
                folded.push(' ');
            }
        } else {
            folded.extend(c.to_lowercase());
        }
    }
    if folded.last() != Some(&' ') {
        folded.push(' ');
    }
    folded
}

fn words(folded: &[char], each: &mut impl FnMut(u16, &[char])) {
    // Where the word before this one began, and its hash.
    let mut before: Option<(usize, u32)> = None;
    let mut start = 0;
    while start < folded.len() {
        if !folded[start].is_alphanumeric() {
            start += 1;
            continue;
        }
        let length = folded[start..].iter().take_while(|c| c.is_alphanumeric()).count();
        let end = start + length;
        let word = folded[start..end].iter().fold(seed(1), |hash, c| step(hash, *c));
        each(bucket_of(word), &folded[start..end]);
        if let Some((first, hash)) = before {
            let pair = hash.rotate_left(7).wrapping_mul(0xc2b2_ae3d) ^ word ^ seed(2);
            each(bucket_of(pair), &folded[first..end]);
        }
        before = Some((start, word));
        start = end;
    }
}

/// The buckets that `text` falls into, each once, in the order of first appearance.
#[must_use]
pub fn ngrams(text: &str) -> Vec<Count> {
    let mut places = vec![0_u16; BUCKETS];
    let mut counts: Vec<Count> = Vec::with_capacity(text.len() * 4 + 16);
    each_ngram(text, |bucket, _| {
        let place = &mut places[usize::from(bucket) % BUCKETS];
        match counts.get_mut(usize::from(*place).wrapping_sub(1)) {
            Some(count) => count.1 = count.1.saturating_add(1),
            None => {
                counts.push((bucket, 1));
                // There are fewer buckets than places can name.
                *place = u16::try_from(counts.len()).unwrap_or(0);
            }
        }
    });
    counts
}

/// Counts whose logarithms are kept.
const FEW: usize = 64;

/// One plus the logarithm of each count below [`FEW`].
static OFTEN: LazyLock<[f32; FEW]> =
    LazyLock::new(|| std::array::from_fn(|count| often(u16::try_from(count).unwrap_or(0))));

fn often(count: u16) -> f32 {
    if count > 1 { 1.0 + f32::from(count).ln() } else { 1.0 }
}

/// How rare the text's buckets are on average: the mean of `rarity` over them, where a bucket that says nothing,
/// because nearly nobody fell into it, is as rare as the `rarest`. So is a text without n-grams.
#[must_use]
pub fn rareness(counts: &[Count], rarity: &[f32], rarest: f32) -> f32 {
    let of = |bucket: &u16| {
        let rarity = rarity.get(usize::from(*bucket)).copied().unwrap_or(0.0);
        if rarity > 0.0 { rarity } else { rarest }
    };
    let sum: f32 = counts.iter().map(|(bucket, _)| of(bucket)).sum();
    if counts.is_empty() { rarest } else { sum / counts.len() as f32 }
}

/// `counts` weighed by how rare each bucket is (`rarity`, one number a bucket; 0 says nothing): one plus the
/// logarithm of the count, times the rarity, of unit length together.
#[must_use]
pub fn weigh(counts: &[Count], rarity: &[f32]) -> Vec<(u16, f32)> {
    let few = &*OFTEN;
    let mut weighed: Vec<(u16, f32)> = Vec::with_capacity(counts.len());
    let mut squares = 0.0_f32;
    for (bucket, count) in counts {
        let rarity = rarity.get(usize::from(*bucket)).copied().unwrap_or(0.0);
        if rarity > 0.0 {
            let times = few.get(usize::from(*count)).copied();
            let weight = times.unwrap_or_else(|| often(*count)) * rarity;
            squares += weight * weight;
            weighed.push((*bucket, weight));
        }
    }
    let length = squares.sqrt();
    if length > 0.0 {
        weighed.iter_mut().for_each(|(_, weight)| *weight /= length);
    }
    weighed
}
