//! What a simulated model says: as long as the prompt deserves, and always the same for the same prompt.

use sha2::{Digest as _, Sha256};

use crate::tokens;

/// Every answer starts with it.
const MARKER: &str = "[simulated] ";

/// A request as far as the answer depends on it.
#[derive(Debug)]
pub(crate) struct Prompt {
    /// The id that the answer names.
    pub(crate) model: String,
    /// The newest text of the user.
    pub(crate) newest: String,
    /// Most tokens of thinking and answer together.
    pub(crate) limit: u64,
    pub(crate) stops: Vec<String>,
    /// How hard the model thinks: 0 not at all, 1 the usual amount.
    pub(crate) effort: f64,
    /// Most tokens of thinking.
    pub(crate) thinking_limit: Option<u64>,
    /// Thinking is reported in steps of so many tokens.
    pub(crate) thinking_step: u64,
    /// Tokens of this model's tokenizer per token of the plain estimate.
    pub(crate) token_factor: f64,
}

/// Why the answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// The limit on tokens.
    Length,
    /// One of the request's stop sequences.
    Stop(String),
}

/// What comes back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// A line on what was thought, for requests that ask to see it; empty without thinking.
    pub(crate) thoughts: String,
    pub(crate) ending: Ending,
    /// Tokens of `text`.
    pub(crate) text_tokens: u64,
    pub(crate) thinking_tokens: u64,
}

impl Answer {
    /// `text` in pieces of about one word, with the tokens of each, as a stream sends it.
    pub(crate) fn pieces(&self) -> Vec<(&str, f64)> {
        self.text.split_inclusive(' ').map(|piece| (piece, tokens::weight(piece))).collect()
    }
}

/// An id that depends on `parts` alone: 24 hexadecimal digits.
pub(crate) fn id_of(parts: &[&[u8]]) -> String {
    hash_of(parts).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn hash_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Answers `prompt`.
pub(crate) fn compose(prompt: &Prompt) -> Answer {
    let asked_for = reply_asked_for(&prompt.newest);
    let words = asked_for
        .map_or_else(|| words_for(&prompt.newest), |reply| reply.split(' ').count().min(40));
    let thinking = thinking_tokens(words, prompt);
    let full = match asked_for {
        Some(reply) => format!("{MARKER}{reply}"),
        None => essay(prompt, words),
    };
    // Thinking comes out of the same limit, and may leave nothing for the answer.
    let room = prompt.limit.saturating_sub(thinking);
    let (text, ending) =
        if room == 0 { (String::new(), Ending::Length) } else { fit(&full, room, prompt) };
    let thoughts = if thinking == 0 {
        String::new()
    } else {
        format!("{MARKER}Weighing what is asked and how to answer it in about {words} words.")
    };
    let text_tokens = tokens::whole(tokens::weight(&text) * prompt.token_factor);
    Answer { text, thoughts, ending, text_tokens, thinking_tokens: thinking }
}

/// The text that a prompt asks to get back: `[[reply: ...]]`.
fn reply_asked_for(prompt: &str) -> Option<&str> {
    let (_, rest) = prompt.split_once("[[reply:")?;
    let (reply, _) = rest.split_once("]]")?;
    Some(reply.trim())
}

/// Words of the answer: a base, more for a longer prompt, more for each sign that real work is asked for.
fn words_for(prompt: &str) -> usize {
    const DEMANDING: [&str; 16] = [
        "implement",
        "prove",
        "design",
        "analyse",
        "analyze",
        "compare",
        "derive",
        "explain",
        "essay",
        "step by step",
        "in detail",
        "refactor",
        "optimise",
        "optimize",
        "algorithm",
        "write",
    ];
    let lower = prompt.to_lowercase();
    let demands = DEMANDING.iter().filter(|sign| lower.contains(*sign)).count().min(5);
    let length = (tokens::whole(tokens::weight(prompt)).min(800) / 4) as usize;
    30 + length + 60 * demands
}

fn thinking_tokens(words: usize, prompt: &Prompt) -> u64 {
    if prompt.effort <= 0.0 {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred words")]
    let wanted = tokens::whole(words as f64 * 1.5 * prompt.effort);
    let step = prompt.thinking_step.max(1);
    let thinking = wanted.div_ceil(step).max(1) * step;
    thinking.min(prompt.limit).min(prompt.thinking_limit.unwrap_or(u64::MAX))
}

/// The part of `full` that stops before a stop sequence and fits `room` tokens.
fn fit(full: &str, room: u64, prompt: &Prompt) -> (String, Ending) {
    let stop = prompt.stops.iter().filter_map(|stop| Some((full.find(stop)?, stop))).min();
    let (text, ending) = match stop {
        Some((at, stop)) => (&full[..at], Ending::Stop(stop.clone())),
        None => (full, Ending::Done),
    };
    #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
    let kept = tokens::start_within(text, room as f64 / prompt.token_factor);
    let ending = if kept.len() < text.len() { Ending::Length } else { ending };
    (kept.to_owned(), ending)
}

/// About `words` words on the prompt's own longer words.
fn essay(prompt: &Prompt, words: usize) -> String {
    const SENTENCES: [&str; 8] = [
        "A real answer would look at {} here.",
        "Next it would say how {} bears on {}.",
        "This sentence about {} stands in for a paragraph.",
        "An example would make {} concrete.",
        "There would be a caveat on {}, and a reason for it.",
        "Then {} and {} would be weighed against each other.",
        "A short list of steps for {} would follow.",
        "It would close by coming back to {}.",
    ];
    let mut topics: Vec<&str> = prompt
        .newest
        .split(|char: char| !char.is_alphanumeric())
        .filter(|word| word.chars().count() > 4)
        .collect();
    topics.truncate(64);
    if topics.is_empty() {
        topics.push("the question");
    }
    let mut text = format!(
        "{MARKER}No model was called: the simulator answers in the place of {}.",
        prompt.model
    );
    let mut count = text.split(' ').count();
    let seed = hash_of(&[prompt.model.as_bytes(), prompt.newest.as_bytes()]);
    let mut turn = 0;
    while count < words {
        let sentence = SENTENCES[(usize::from(seed[turn % 32]) + turn) % SENTENCES.len()];
        let mut filled = sentence.to_owned();
        for gap in 0..2 {
            let topic =
                topics[(usize::from(seed[(turn + 7 * gap + 1) % 32]) + turn) % topics.len()];
            filled = filled.replacen("{}", topic, 1);
        }
        count += filled.split(' ').count();
        text.push(' ');
        text.push_str(&filled);
        turn += 1;
    }
    text
}
