//! `orkestra routers path`: where a router lies.

use orkestra_registry::Wanted;
use serde_json::json;

use crate::{args::Named, failure::Failure, output::Output, settings::Settings};

/// Prints the path.
pub(super) fn run(asked: &Named, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let found = settings.installed(&settings.store()?, &Wanted::parse(&asked.name)?)?;
    let path = found.path.display().to_string();
    if output.is_json() {
        return output.json(&json!({"name": found.name, "path": path}));
    }
    output.line(path)
}
