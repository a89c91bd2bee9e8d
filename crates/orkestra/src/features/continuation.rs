//! Messages that only continue what was asked before: "go on", "yes", "thanks, continue".

use std::sync::LazyLock;

/// Longer messages, in bytes, say something of their own.
const LONGEST: usize = 80;
/// What may stand between words. Other signs below U+0080 are code or sums.
const MARKS: [char; 9] = ['.', ',', ';', ':', '!', '?', '\'', '"', '-'];

/// What makes up a continuation: the phrases' words, and whether each continues by itself.
static PHRASES: LazyLock<Vec<(Vec<String>, bool)>> = LazyLock::new(|| {
    let lines = include_str!("../../data/continuations.txt").lines();
    let phrases = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let courtesy = line.strip_prefix('+');
        (words(courtesy.unwrap_or(line)), courtesy.is_none())
    });
    phrases.filter(|(words, _)| !words.is_empty()).collect()
});

/// Runs of letters and digits, in lower case. Marks that stand above letters are not told from letters.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Whether `text` is made of phrases that continue, courtesies beside them, and nothing else.
pub(super) fn only_continues(text: &str) -> bool {
    let speaks = |c: char| !c.is_ascii_punctuation() || MARKS.contains(&c);
    if text.len() > LONGEST || !text.chars().all(speaks) {
        return false;
    }
    let words = words(text);
    let mut rest = &words[..];
    let mut continues = false;
    while !rest.is_empty() {
        let fitting = PHRASES.iter().filter(|(phrase, _)| rest.starts_with(phrase));
        // What is a phrase in one language and a courtesy in another is a phrase.
        let longest = fitting.max_by_key(|(phrase, by_itself)| (phrase.len(), *by_itself));
        let Some((phrase, by_itself)) = longest else {
            return false;
        };
        continues |= by_itself;
        rest = &rest[phrase.len()..];
    }
    continues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_of_the_list_continues_and_every_courtesy_alone_does_not() {
        assert!(PHRASES.len() > 150);
        for (phrase, by_itself) in &*PHRASES {
            let elsewhere = PHRASES.iter().any(|(other, alone)| other == phrase && *alone);
            assert_eq!(only_continues(&phrase.join(" ")), *by_itself || elsewhere, "{phrase:?}");
        }
    }
}
