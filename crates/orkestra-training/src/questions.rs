//! Rows → questions, each once, with everything that was measured on it.

use std::{collections::BTreeMap, sync::Arc, thread};

use orkestra::{
    Result,
    chat::Request,
    features::{Embedder, Embedding, Features, judged_text},
    routing::{normalised_question, question_hash, question_stem},
};

use crate::rows::Row;

/// A stem with fewer letters and digits ("Which of these is true?") does not make two questions one.
const SHORTEST_STEM: usize = 40;

/// A question and its rows.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is embedded.
    pub text: String,
    /// See [`question_hash`].
    pub hash: u64,
    /// Questions that differ in their options alone share it; validation keeps them together.
    pub group: u64,
    /// The benchmark and finest task it was first seen in.
    pub family: String,
    /// What was measured, once for each source that has it.
    pub rows: Vec<Row>,
    /// What the router sees of it.
    pub features: Arc<Features>,
}

impl Question {
    /// Which of `folds` it is in.
    #[must_use]
    pub fn fold(&self, folds: usize, seed: u64) -> usize {
        let mut mixed = self.group ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % folds.max(1) as u64) as usize
    }

    /// The same question with the rows that `keep` admits; `None` when none is left.
    #[must_use]
    pub fn with_rows(&self, keep: impl Fn(&Row) -> bool) -> Option<Self> {
        let rows: Vec<Row> = self.rows.iter().filter(|row| keep(row)).cloned().collect();
        (!rows.is_empty()).then(|| Self { rows, ..self.clone() })
    }
}

/// Which group `text` belongs to.
#[must_use]
pub fn group_of(text: &str) -> u64 {
    let stem = question_stem(text);
    let long = normalised_question(stem).chars().count() >= SHORTEST_STEM;
    question_hash(if long { stem } else { text })
}

/// Texts that a slow embedder gets at once.
const TOGETHER: usize = 64;

/// Puts rows that ask the same together, in the order of their first row.
///
/// # Errors
/// The embedder's.
pub fn gather(rows: Vec<Row>, embedder: &dyn Embedder) -> Result<Vec<Question>> {
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    let mut gathered: Vec<(u64, Vec<Row>)> = Vec::new();
    for row in rows {
        let hash = question_hash(row.asked());
        let place = *places.entry(hash).or_insert(gathered.len());
        if place == gathered.len() {
            gathered.push((hash, Vec::new()));
        }
        gathered[place].1.push(row);
    }
    let asked = |rows: &[Row]| rows.first().map(|row| row.asked().to_owned()).unwrap_or_default();
    // A slow embedder uses all cores for one call, and does many texts faster than one after the other.
    let mut embedded = Vec::new();
    if embedder.is_slow() {
        for some in gathered.chunks(TOGETHER) {
            let judged =
                some.iter().map(|(_, rows)| judged_text(&Request::from(asked(rows))).into_owned());
            let judged: Vec<String> = judged.collect();
            let judged: Vec<&str> = judged.iter().map(String::as_str).collect();
            embedded.extend(embedder.embed_all(&judged)?.into_iter().map(Some));
        }
    }
    embedded.resize_with(gathered.len(), || None);
    let all = gathered.into_iter().zip(embedded).collect();
    let question = |((hash, rows), embedding): ((u64, Vec<Row>), Option<Embedding>)| {
        let text = asked(&rows);
        let request = Request::from(text.as_str());
        let features = match embedding {
            Some(embedding) => Features::with(&request, embedder, embedding),
            None => Features::of(&request, embedder)?,
        };
        let features = Arc::new(features);
        let family = family(rows.first());
        Ok(Question { group: group_of(&text), hash, family, text, rows, features })
    };
    in_parallel(all, &question).into_iter().collect()
}

/// The benchmark and its finest division.
fn family(row: Option<&Row>) -> String {
    row.map_or_else(String::new, |row| {
        let finest = row.subtask.as_ref().unwrap_or(&row.task);
        if finest.is_empty() { row.source.clone() } else { format!("{}/{finest}", row.source) }
    })
}

/// Maps `items` on all cores; the order is kept.
pub(crate) fn in_parallel<T: Send, U: Send>(
    items: Vec<T>,
    map: &(dyn Fn(T) -> U + Sync),
) -> Vec<U> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(workers).max(1);
    let mut items = items.into_iter();
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|_| items.by_ref().take(share).collect::<Vec<T>>())
            .filter(|part| !part.is_empty())
            .map(|part| scope.spawn(move || part.into_iter().map(map).collect::<Vec<U>>()))
            .collect();
        // A worker only ever ends early by a panic, which is passed on.
        running
            .into_iter()
            .flat_map(|worker| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}
