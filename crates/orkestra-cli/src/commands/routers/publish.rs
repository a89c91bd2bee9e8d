//! `orkestra routers publish`: a folder of routers becomes a registry.

use indicatif::HumanBytes;
use orkestra_registry::{MANIFEST, publish};
use serde_json::json;

use crate::{
    args::Publish,
    artefact::Artefacts,
    failure::Failure,
    output::{Output, Side},
};

/// Writes the folder's manifest.
pub(super) fn run(asked: &Publish, output: &Output) -> Result<(), Failure> {
    let made = publish(&asked.folder, &Artefacts).map_err(|error| {
        let hint = "routers are files that `orkestra train --out NAME-1.0.0.safetensors` writes";
        Failure::Error(error, Some(hint.to_owned()))
    })?;
    let path = asked.folder.join(MANIFEST).display().to_string();
    if output.is_json() {
        return output.json(&json!({"path": path, "manifest": made}));
    }
    let rows = made.routers.iter().map(|entry| {
        vec![
            entry.name.clone(),
            entry.version.to_string(),
            HumanBytes(entry.size).to_string(),
            entry.date.clone(),
            entry.embedder.clone(),
        ]
    });
    let sides = [Side::Left, Side::Left, Side::Right, Side::Left, Side::Left];
    output.table(&sides, &["name", "version", "size", "built", "embedder"], rows.collect())?;
    output.line(format!("\nWrote {path}. Serve the folder over HTTPS, then"))?;
    output.line("  orkestra routers pull NAME --registry https://HOST/FOLDER")
}
