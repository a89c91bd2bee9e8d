//! The shape of a text: what can be counted without knowing a word of it.

/// How many numbers describe a shape.
pub const SHAPE: usize = 22;

/// Names of the numbers of a [`shape`], in order.
pub const SHAPE_NAMES: [&str; SHAPE] = [
    "characters",
    "words",
    "lines",
    "digits",
    "share of digits",
    "numbers",
    "share of capitals",
    "characters beyond ASCII",
    "share beyond ASCII",
    "operators",
    "backslashes and dollars",
    "question marks",
    "commas",
    "brackets",
    "full stops",
    "answer options",
    "has answer options",
    "code lines",
    "letters a word",
    "longest word",
    "is short",
    "is long",
];

/// Shorter texts, in characters, are "short"; longer ones than [`LONG`] are "long".
const SHORT: f32 = 120.0;
const LONG: f32 = 1000.0;

/// What is counted in one pass over the characters.
#[derive(Default)]
struct Tally {
    characters: f32,
    digits: f32,
    numbers: f32,
    capitals: f32,
    beyond_ascii: f32,
    operators: f32,
    latex: f32,
    questions: f32,
    commas: f32,
    brackets: f32,
    stops: f32,
}

impl Tally {
    fn of(text: &str) -> Self {
        let mut tally = Self::default();
        let mut in_number = false;
        for c in text.chars() {
            tally.characters += 1.0;
            let digit = c.is_ascii_digit();
            tally.numbers += f32::from(u8::from(digit && !in_number));
            in_number = digit;
            match c {
                '0'..='9' => tally.digits += 1.0,
                'A'..='Z' => tally.capitals += 1.0,
                '+' | '-' | '*' | '/' | '=' | '^' | '<' | '>' => tally.operators += 1.0,
                '\\' | '$' => tally.latex += 1.0,
                '?' => tally.questions += 1.0,
                ',' => tally.commas += 1.0,
                '(' | ')' | '[' | ']' | '{' | '}' => tally.brackets += 1.0,
                '.' => tally.stops += 1.0,
                c if !c.is_ascii() => {
                    tally.beyond_ascii += 1.0;
                    tally.capitals += f32::from(u8::from(c.is_uppercase()));
                }
                _ => {}
            }
        }
        tally
    }
}

/// Whether a line begins as an option of a multiple choice does: `A. `, `(B) `.
fn is_option(line: &str) -> bool {
    let bytes = line.trim_start().trim_start_matches('(').as_bytes();
    matches!(bytes, [letter, mark, _, ..] if letter.is_ascii_uppercase() && matches!(mark, b'.' | b')'))
}

/// Twenty-two numbers of comparable size, for [`SHAPE_NAMES`]. Counts enter as logarithms.
#[must_use]
pub fn shape(text: &str) -> [f32; SHAPE] {
    let tally = Tally::of(text);
    let (mut words, mut longest) = (0.0_f32, 0);
    for word in text.split_whitespace() {
        words += 1.0;
        longest = longest.max(word.len());
    }
    let (mut lines, mut options, mut code) = (0.0_f32, 0.0_f32, 0.0_f32);
    for line in text.lines() {
        lines += 1.0;
        options += f32::from(u8::from(is_option(line)));
        code += f32::from(u8::from(super::surface::looks_like_code(line)));
    }
    let characters = tally.characters;
    let log = |count: f32| (1.0 + count).ln();
    let share = |count: f32| count / (characters + 1.0);
    let flag = |holds: bool| f32::from(u8::from(holds));
    [
        log(characters) / 3.0 - 1.5,
        log(words) / 2.0 - 2.0,
        log(lines) - 1.5,
        log(tally.digits) - 1.5,
        share(tally.digits) * 5.0,
        log(tally.numbers) - 1.0,
        share(tally.capitals) * 10.0 - 0.5,
        log(tally.beyond_ascii),
        share(tally.beyond_ascii) * 3.0,
        log(tally.operators) - 1.0,
        log(tally.latex) - 0.5,
        log(tally.questions) - 0.5,
        log(tally.commas) - 1.0,
        log(tally.brackets) - 1.0,
        log(tally.stops) - 1.0,
        log(options) - 1.0,
        flag(options > 0.0),
        log(code) * 0.5,
        (characters / (words + 1.0) - 5.0) / 2.0,
        log(longest as f32) - 2.0,
        flag(characters < SHORT),
        flag(characters > LONG),
    ]
}
