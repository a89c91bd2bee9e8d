//! `orkestra routers remove`: routers that are no longer wanted.

use orkestra_registry::Wanted;
use serde_json::json;

use crate::{
    args::Remove, download::Download, failure::Failure, output::Output, registered::failed,
    settings::Settings,
};

/// Removes the routers that were named, and what is there of their downloads.
pub(super) fn run(asked: &Remove, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let store = settings.store()?;
    let mut files = Vec::new();
    for name in &asked.names {
        let removed = store.remove(name, &Download::new(output)).map_err(failed)?;
        if removed.is_empty() {
            let wanted = Wanted { name: name.clone(), version: None };
            // Says that it is not there.
            settings.installed(&store, &wanted)?;
        }
        files.extend(removed.iter().map(|file| file.display().to_string()));
    }
    if output.is_json() {
        return output.json(&json!({"removed": files}));
    }
    files.iter().try_for_each(|file| output.line(format!("removed {file}")))
}
