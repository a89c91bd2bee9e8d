//! What a simulated model says: as long as the prompt deserves, and always the same for the same prompt.

mod calls;
mod essay;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::schema::sample;
use crate::tokens;
use crate::vendor::{Outcome, Twist};
use crate::wishes::{Tail, Wishes};

pub(crate) use calls::{Call, Choice, Offer, Tool};

/// Every answer starts with it, but for JSON.
const MARKER: &str = "[simulated] ";

/// Added where an answer must not be plain ASCII.
const ACCENTS: &str = " Größe, œuvre, 日本語, 🎻.";

/// The form that the text of an answer must have.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Format {
    #[default]
    Text,
    /// A JSON object.
    Json,
    /// JSON that fits this schema.
    Schema(Value),
}

/// A request as far as the answer depends on it.
#[derive(Debug)]
pub(crate) struct Prompt {
    /// The id that the answer names.
    pub(crate) model: String,
    pub(crate) tail: Tail,
    pub(crate) offer: Offer,
    pub(crate) format: Format,
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
    /// Tools are to be called.
    Calls,
    /// The limit on tokens.
    Length,
    /// One of the request's stop sequences.
    Stop(String),
    /// For a reason in the vendor's own words.
    Named(String),
}

/// What comes back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    /// A line on what was thought, for requests that ask to see it; empty without thinking.
    pub(crate) thoughts: String,
    /// A part of the thinking is not for the user's eyes.
    pub(crate) redacted: bool,
    pub(crate) ending: Ending,
    /// Tokens of the text and the calls.
    pub(crate) text_tokens: u64,
    pub(crate) thinking_tokens: u64,
}

impl Answer {
    /// `text` in pieces of about one word, with the tokens of each, as a stream sends it.
    pub(crate) fn pieces(&self) -> Vec<(&str, f64)> {
        pieces_of(&self.text)
    }
}

/// `text` in pieces of about one word, with the tokens of each.
pub(crate) fn pieces_of(text: &str) -> Vec<(&str, f64)> {
    text.split_inclusive(' ').map(|piece| (piece, tokens::weight(piece))).collect()
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

/// Answers `prompt`, but for what `twist` changes.
pub(crate) fn compose(prompt: &Prompt, twist: &Twist) -> Answer {
    let step = prompt.tail.step();
    let wishes = step.map(Wishes::of).unwrap_or_default();
    let mut calls = prompt.offer.calls(&wishes, prompt.tail.rounds == 0);
    let words = match (&wishes.reply, calls.len()) {
        (Some(reply), _) => reply.split(' ').count().min(40),
        (None, 0) => essay::words_for(&wishes.plain),
        (None, count) => 20 * count,
    };
    let full = text(prompt, &wishes, words, !calls.is_empty());
    let full = if twist.accents { full + ACCENTS } else { full };
    let thinking = thinking_tokens(words, prompt);
    // Thinking comes out of the same limit, and may leave nothing for the answer.
    let mut room = room_for(prompt.limit.saturating_sub(thinking), prompt);
    let (text, mut ending) = fit(&full, room, prompt);
    room -= tokens::weight(&text);
    let weight = calls.iter().map(Call::weight).sum::<f64>();
    if !calls.is_empty() && ending == Ending::Done {
        ending = Ending::Calls;
        if weight > room + 1e-6 {
            ending = Ending::Length;
            calls.clear();
        }
    } else {
        calls.clear();
    }
    if twist.outcome == Outcome::MalformedCall {
        calls.iter_mut().for_each(Call::spoil);
    }
    if let Some(reason) = twist.finish.or(wishes.finish.as_deref()) {
        ending = Ending::Named(reason.to_owned());
    }
    let weight = tokens::weight(&text) + calls.iter().map(Call::weight).sum::<f64>();
    Answer {
        text,
        calls,
        thoughts: thoughts(thinking, words),
        redacted: wishes.redacted && thinking > 0,
        ending,
        text_tokens: tokens::whole(weight * prompt.token_factor),
        thinking_tokens: thinking,
    }
}

/// The text before limits and stops.
fn text(prompt: &Prompt, wishes: &Wishes, words: usize, calls: bool) -> String {
    let marked = |reply: &String| format!("{MARKER}{reply}");
    if calls {
        return wishes.reply.as_ref().map(marked).unwrap_or_default();
    }
    let fitting = match &prompt.format {
        Format::Text => None,
        Format::Json => Some(json!({"simulated": true, "answer": prompt.model})),
        Format::Schema(schema) => Some(sample(schema)),
    };
    match (fitting, &wishes.reply) {
        (Some(_), Some(reply)) if serde_json::from_str::<Value>(reply).is_ok() => reply.clone(),
        (Some(fitting), _) => fitting.to_string(),
        (None, Some(reply)) => marked(reply),
        (None, None) if prompt.tail.rounds == 0 => {
            essay::essay(&prompt.model, &wishes.plain, words)
        }
        (None, None) => essay::quote(&prompt.tail.results),
    }
}

fn thoughts(tokens: u64, words: usize) -> String {
    if tokens == 0 {
        return String::new();
    }
    format!("{MARKER}Weighing what is asked and how to answer it in about {words} words.")
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

fn room_for(tokens: u64, prompt: &Prompt) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
    let room = tokens as f64 / prompt.token_factor;
    room
}

/// The part of `full` that stops before a stop sequence and fits `room`.
fn fit(full: &str, room: f64, prompt: &Prompt) -> (String, Ending) {
    let stop = prompt.stops.iter().filter_map(|stop| Some((full.find(stop)?, stop))).min();
    let (text, ending) = match stop {
        Some((at, stop)) => (&full[..at], Ending::Stop(stop.clone())),
        None => (full, Ending::Done),
    };
    let kept = if room <= 0.0 { "" } else { tokens::start_within(text, room) };
    let ending = if kept.len() < text.len() || room <= 0.0 { Ending::Length } else { ending };
    (kept.to_owned(), ending)
}
