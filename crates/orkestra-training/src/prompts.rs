//! The prompts that were written for this project, as rows: what each tier is expected to score on them.

use std::collections::BTreeMap;

use orkestra::{Error, ErrorKind, Result, routing::Tier};
use serde::Deserialize;

use crate::rows::Row;

/// The source that the prompts' rows name.
pub const SOURCE: &str = "prompts";
/// What a tier is expected to score on a prompt that it suffices for, and one or two tiers below that.
const EXPECTED: [f64; 3] = [1.0, 0.3, 0.1];

include!(concat!(env!("OUT_DIR"), "/families.rs"));

/// One line of a family's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    prompt: String,
    tier: Tier,
    second: Tier,
    #[expect(dead_code, reason = "for readers of the files")]
    why: String,
}

/// All prompts, family by family.
///
/// # Errors
/// [`Config`](ErrorKind::Config) when the program was built with a damaged file, which a test excludes.
pub fn rows() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (family, text) in FAMILIES {
        for line in text.lines() {
            let prompt: Prompt = serde_json::from_str(line).map_err(|cause| {
                let message = format!("the prompts of {family} are damaged: {cause}");
                Error::new(ErrorKind::Config, message).because(cause)
            })?;
            rows.push(row(family, prompt));
        }
    }
    Ok(rows)
}

fn row(family: &str, prompt: Prompt) -> Row {
    let expected =
        |tier: Tier, needed: Tier| EXPECTED[(needed as usize).saturating_sub(tier as usize)];
    let score =
        |tier: Tier| f64::midpoint(expected(tier, prompt.tier), expected(tier, prompt.second));
    let scores: BTreeMap<String, Option<f64>> =
        Tier::ALL.into_iter().map(|tier| (tier.name().to_owned(), Some(score(tier)))).collect();
    Row {
        source: SOURCE.to_owned(),
        task: String::new(),
        subtask: Some(family.to_owned()),
        question: None,
        scores,
        output_tokens: BTreeMap::new(),
        prompt: prompt.prompt,
    }
}
