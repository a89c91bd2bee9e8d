//! Outcome files in which it is known what a router can learn.

#![allow(
    clippy::allow_attributes,
    reason = "what is not used, and so not expected, varies by test binary"
)]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, reason = "it fails tests")]

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::support::Home;

pub const TIERS: &str = "budget=small,balanced=medium,premium=large";
pub const PAIR: &str = "weak=small,strong=large";

/// A kind of questions. In each, the cheap models fail on one half of the words.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Proofs are hard, small talk is not; any router knows.
    Proofs,
    /// Wines are hard, teas are not, in the same sentences; nobody knows before having seen some.
    Drinks,
}

const EASY: [&str; 6] = ["name", "spell", "list", "repeat", "greet", "count"];
const HARD: [&str; 6] = ["prove", "derive", "formalise", "reconcile", "generalise", "refute"];
const NOUNS: [&str; 8] = ["river", "colour", "month", "city", "planet", "metal", "fruit", "animal"];
const TEAS: [&str; 6] = ["assam", "oolong", "sencha", "matcha", "rooibos", "darjeeling"];
const WINES: [&str; 6] = ["riesling", "merlot", "rioja", "chianti", "malbec", "muscat"];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    /// 1 so often of a hundred times.
    fn often(&mut self, percent: usize) -> f64 {
        f64::from(u8::from(self.below(100) < percent))
    }
}

/// `count` rows; another `seed` gives other questions.
pub fn rows(kind: Kind, count: usize, seed: u64) -> Vec<Value> {
    let mut numbers = Numbers(seed);
    let row = |position: usize| {
        let hard = numbers.below(2) == 1;
        let (one, other) = (numbers.pick(&NOUNS), numbers.pick(&NOUNS));
        let (verb, drink) = match hard {
            true => (numbers.pick(&HARD), numbers.pick(&WINES)),
            false => (numbers.pick(&EASY), numbers.pick(&TEAS)),
        };
        let number = seed * 10_000 + position as u64;
        let prompt = match kind {
            Kind::Proofs if hard => format!(
                "{verb} lemma {number} of the {one} for every {other} and justify each step"
            ),
            Kind::Proofs => format!("{verb} a {one} number {number}"),
            Kind::Drinks => format!("How does {drink} number {number} go with a {one} dish?"),
        };
        let [small, medium] = if hard { [10, 55] } else { [96, 96] };
        json!({
            "prompt": prompt,
            "task": "made up",
            "scores": {
                "small": numbers.often(small),
                "medium": numbers.often(medium),
                "large": numbers.often(93),
            },
        })
    };
    (0..count).map(row).collect()
}

/// Writes rows as JSON lines.
pub fn plain(home: &Home, name: &str, rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
    home.file(name, &lines.concat()).to_str().unwrap().to_owned()
}

/// Writes rows as JSON lines, compressed.
pub fn compressed(home: &Home, name: &str, rows: &[Value]) -> String {
    let path: PathBuf = home.path().join(name);
    let mut file = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
    rows.iter().for_each(|row| writeln!(file, "{row}").unwrap());
    file.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The names of every file in the home's folder itself.
pub fn files(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
