//! What can be counted without understanding: the judged text, its surface, token estimates.

use std::borrow::Cow;

use super::{Counts, continuation::only_continues};
use crate::chat::{Message, Part, Request, Role};

/// The most characters of a message that are judged.
const MOST_JUDGED: usize = 4096;
/// Tokens that every message costs beside its text, and that the answer's start costs once.
const PER_MESSAGE: u64 = 4;
const PRIMING: u64 = 3;

/// The text that the router judges: the newest user message, without the system text. Of one that
/// is longer than 4,096 characters, the first and the last 2,048. A message that only continues ("go
/// on", "thanks, continue") is as hard as what it continues: the newest earlier user message that
/// asks something is judged in its place, where there is one.
#[must_use]
pub fn judged_text(request: &Request) -> Cow<'_, str> {
    let mut asked = request.messages.iter().rev().filter(|message| message.role == Role::User);
    let newest = asked.next().map_or(Cow::Borrowed(""), text_of);
    let judged = if only_continues(&newest) {
        asked.map(text_of).find(|text| !only_continues(text)).unwrap_or(newest)
    } else {
        newest
    };
    shortened(judged)
}

fn text_of(message: &Message) -> Cow<'_, str> {
    match &message.content[..] {
        [Part::Text { text }] => Cow::Borrowed(text.as_str()),
        _ => Cow::Owned(message.joined_text()),
    }
}

fn shortened(text: Cow<'_, str>) -> Cow<'_, str> {
    // Bytes are never fewer than characters, so short texts need no counting.
    if text.len() <= MOST_JUDGED || text.char_indices().nth(MOST_JUDGED).is_none() {
        return text;
    }
    let half = MOST_JUDGED / 2;
    let head = text.char_indices().nth(half).map_or(text.len(), |(at, _)| at);
    let tail = text.char_indices().nth_back(half - 1).map_or(0, |(at, _)| at);
    Cow::Owned([&text[..head], &text[tail..]].concat())
}

/// Estimates how many o200k tokens `text` has, without a tokenizer: letters in ASCII / 4.5 +
/// digits and ASCII punctuation / 2 + ideographs, kana and hangul x 0.75 + other characters
/// beyond ASCII / 3.5. White space belongs to the word after it and is free. At least 1 unless
/// `text` is empty; expect errors of 15 to 20 %.
///
/// ```
/// assert_eq!(orkestra::features::estimate_tokens(""), 0);
/// assert_eq!(orkestra::features::estimate_tokens("internationalisation"), 4);
/// ```
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    let (mut letters, mut symbols, mut ideographs, mut other) = (0_u64, 0_u64, 0_u64, 0_u64);
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            letters += 1;
        } else if c.is_ascii() {
            symbols += u64::from(!c.is_ascii_whitespace());
        } else if matches!(u32::from(c), 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xAC00..=0xD7AF
            | 0xF900..=0xFAFF | 0x20000..=0x3134F)
        {
            ideographs += 1;
        } else {
            other += 1;
        }
    }
    let estimate =
        letters as f64 / 4.5 + symbols as f64 / 2.0 + ideographs as f64 * 0.75 + other as f64 / 3.5;
    let rounded = estimate.round() as u64;
    if text.is_empty() { 0 } else { rounded.max(1) }
}

/// Counts the whole request, given its judged text.
pub(super) fn counts(request: &Request, judged: &str) -> Counts {
    let texts: u64 = request.texts().map(estimate_tokens).sum();
    let messages = request.messages.len() + usize::from(request.system.is_some());
    let mut counts = Counts {
        turns: request.messages.len(),
        input_tokens: texts + PER_MESSAGE * messages as u64 + PRIMING,
        words: judged.split_whitespace().count(),
        code_lines: judged.lines().filter(|line| looks_like_code(line)).count(),
        ..Counts::default()
    };
    for c in judged.chars() {
        counts.characters += 1;
        counts.digits += usize::from(c.is_ascii_digit());
        counts.questions += usize::from(matches!(c, '?' | '？' | '؟'));
    }
    counts
}

/// A fence, or a line that ends or begins as programs do and prose does not.
pub(super) fn looks_like_code(line: &str) -> bool {
    const STARTS: [&str; 12] = [
        "```",
        "def ",
        "class ",
        "fn ",
        "pub ",
        "import ",
        "from ",
        "#include",
        "function ",
        "const ",
        "let ",
        "return ",
    ];
    let line = line.trim();
    let starts = STARTS.iter().any(|start| line.starts_with(start));
    starts && (line.starts_with("```") || line.contains(['(', ';', '=', '{', '.', '<', ':']))
        || line.ends_with([';', '{', '}'])
}
