//! `orkestra licences`

use serde_json::json;

use crate::{failure::Failure, output::Output};

const DATA_AND_MODELS: &str = include_str!("../../THIRD_PARTY.md");
const CRATES: &str = include_str!("../../THIRD_PARTY_CRATES.md");

/// Prints whose work is inside, and under which licences.
pub(super) fn run(output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(&json!({"data_and_models": DATA_AND_MODELS, "crates": CRATES}));
    }
    output.piece(DATA_AND_MODELS)?;
    output.piece("\n")?;
    output.piece(CRATES)
}
