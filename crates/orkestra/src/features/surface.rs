//! What can be counted without understanding: the judged text, its surface, token estimates.

use std::borrow::Cow;

use super::{Counts, continuation::only_continues};
use crate::chat::{Content, Message, Part, Request, Role, Source, Tool};

/// The most characters of a message that are judged.
const MOST_JUDGED: usize = 4096;
/// How blocks begin that coding agents add to their users' messages.
const INJECTED: [&str; 3] = ["<system-reminder>", "<environment_context>", "<ide_context>"];
/// Tokens that every message costs beside its text, and that the answer's start costs once.
const PER_MESSAGE: u64 = 4;
/// Tokens of a picture. Each provider counts in a way of its own, from 250 to 3,000; this is for choosing, not for bills.
const PER_IMAGE: u64 = 1200;
/// Tokens that declaring a tool costs beside its JSON.
const PER_TOOL: u64 = 8;
const PRIMING: u64 = 3;

/// The text that the router judges: the newest user message, without the system text. Of one that
/// is longer than 4,096 characters, the first and the last 2,048. A message that only continues ("go
/// on", "thanks, continue") is as hard as what it continues: the newest earlier user message that
/// asks something is judged in its place, where there is one.
#[must_use]
pub fn judged_text(request: &Request) -> Cow<'_, str> {
    // What tools gave is not what the user wrote, and a message of nothing else is no question.
    let users = request.messages.iter().rev().filter(|message| message.role == Role::User);
    let mut asked = users.filter(|message| message.content.iter().any(is_written));
    let newest = asked.next().map_or(Cow::Borrowed(""), text_of);
    let judged = if only_continues(&newest) {
        asked.map(text_of).find(|text| !only_continues(text)).unwrap_or(newest)
    } else {
        newest
    };
    shortened(judged)
}

/// Whether the user wrote it: not what a tool gave, nor what a client put into the user's mouth.
fn is_written(part: &Part) -> bool {
    let injected = |text: &str| INJECTED.iter().any(|start| text.trim_start().starts_with(start));
    part.as_text().is_some_and(|text| !injected(text))
}

fn text_of(message: &Message) -> Cow<'_, str> {
    let written = message.content.iter().filter(|part| is_written(part));
    match written.filter_map(Part::as_text).collect::<Vec<_>>()[..] {
        [only] => Cow::Borrowed(only),
        ref several => Cow::Owned(several.join("\n")),
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

/// Estimates how many tokens `parts` of an answer have: text, thoughts and calls of tools.
#[must_use]
pub fn written_tokens(parts: &[Part]) -> u64 {
    parts.iter().map(tokens_of).sum()
}

fn tokens_of(part: &Part) -> u64 {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) | Content::Reasoning { text, .. } => {
            estimate_tokens(text)
        }
        Content::ToolCall(call) => estimate_tokens(&call.name) + estimate_tokens(&call.arguments),
        Content::Image { .. } => PER_IMAGE,
        Content::Document { source, .. } | Content::Audio { source } => match source {
            // Four characters of base64 are three bytes; about four bytes of a file make a token.
            Source::Base64 { data, .. } => (data.len() as u64 * 3 / 16).max(PER_IMAGE),
            _ => PER_IMAGE,
        },
        // What it holds is counted by itself.
        Content::ToolResult(_) => 0,
        Content::Other(value) => estimate_tokens(&value.to_string()),
    }
}

/// Counts the whole request, given its judged text.
pub(super) fn counts(request: &Request, judged: &str) -> Counts {
    let texts: u64 = request.parts().map(tokens_of).sum();
    let tools: u64 = request.tools.iter().map(tokens_of_tool).sum();
    let spoken = request.messages.iter().filter(|message| !message.role.instructs()).count();
    let mut counts = Counts {
        turns: spoken,
        tools: request.tools.len(),
        images: request
            .parts()
            .filter(|part| matches!(part.content, Content::Image { .. }))
            .count(),
        input_tokens: texts + tools + PER_MESSAGE * request.messages.len() as u64 + PRIMING,
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

fn tokens_of_tool(tool: &Tool) -> u64 {
    let json = |value: &serde_json::Value| estimate_tokens(&value.to_string());
    PER_TOOL
        + match tool {
            Tool::Function(function) => {
                estimate_tokens(&function.name)
                    + function.description.as_deref().map_or(0, estimate_tokens)
                    + function.parameters.as_ref().map_or(0, json)
            }
            Tool::Other(value) => json(value),
        }
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
