//! The text of an answer: as long as the prompt deserves, on the prompt's own longer words.

use crate::tokens;

use super::{MARKER, hash_of};

/// What each result of a tool is cut to.
const QUOTED: usize = 80;

/// Words of the answer: a base, more for a longer prompt, more for each sign that real work is asked for.
pub(super) fn words_for(prompt: &str) -> usize {
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

/// About `words` words on the longer words of `prompt`.
pub(super) fn essay(model: &str, prompt: &str, words: usize) -> String {
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
        .split(|char: char| !char.is_alphanumeric())
        .filter(|word| word.chars().count() > 4)
        .collect();
    topics.truncate(64);
    if topics.is_empty() {
        topics.push("the question");
    }
    let mut text =
        format!("{MARKER}No model was called: the simulator answers in the place of {model}.");
    let mut count = text.split(' ').count();
    let seed = hash_of(&[model.as_bytes(), prompt.as_bytes()]);
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

/// What the tools have said, in short.
pub(super) fn quote(results: &[String]) -> String {
    if results.is_empty() {
        return format!("{MARKER}The tools have said nothing.");
    }
    let quoted = |result: &String| {
        let short: String = result.chars().take(QUOTED).collect();
        let more = if short.len() < result.len() { "..." } else { "" };
        format!("\"{short}{more}\"")
    };
    format!("{MARKER}The tools say: {}", results.iter().map(quoted).collect::<Vec<_>>().join(", "))
}
