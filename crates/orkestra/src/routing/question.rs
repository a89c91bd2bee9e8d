//! When two texts are the same question.
//!
//! Benchmarks repeat each other's questions in other dress. Training keeps them together when it
//! validates, and an artefact lists what it has seen, so that nobody measures a router on it.

use sha2::{Digest, Sha256};

/// Words around a question that are not part of it.
const LEADS: [&str; 2] = ["question:", "[turn 1]"];

/// A 64-bit hash of the question in `text`: letters and digits only, in lower case, without the
/// markers of options (`A.`, `(B)`) and the words that benchmarks put around a question.
#[must_use]
pub fn question_hash(text: &str) -> u64 {
    let digest = Sha256::digest(normalised_question(text));
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// What [`question_hash`] hashes.
#[must_use]
pub fn normalised_question(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        let mut line = line.trim().to_lowercase();
        for lead in LEADS.iter().filter(|_| number == 0) {
            line = line.strip_prefix(lead).unwrap_or(&line).to_owned();
        }
        let line = line.strip_prefix("options:").unwrap_or(&line).trim_start();
        if !line.starts_with("answer:") {
            normalised.extend(without_marker(line).chars().filter(|c| c.is_alphanumeric()));
        }
    }
    normalised
}

/// The line without the letter that numbers an option.
fn without_marker(line: &str) -> &str {
    let rest = line.strip_prefix("- ").unwrap_or(line);
    let rest = rest.strip_prefix('(').unwrap_or(rest);
    let mut characters = rest.chars();
    let letter = characters.next().is_some_and(|c| c.is_ascii_lowercase());
    let mark = matches!(characters.next(), Some('.' | ')'));
    let space = characters.next().is_none_or(char::is_whitespace);
    if letter && mark && space { characters.as_str() } else { line }
}

/// The question without its options, where it has some.
#[must_use]
pub fn question_stem(text: &str) -> &str {
    let starts = ["\nOptions:", "\nA. ", "\nA) ", "\n(A) ", "\n- (A) "];
    let end = starts.iter().filter_map(|start| text.find(start)).min();
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}
