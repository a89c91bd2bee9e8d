//! `orkestra routers list`: what is here, and what could be.

use std::fs;

use indicatif::HumanBytes;
use orkestra_registry::{Entry, Installed, Manifest, ReadArtefact as _, Store};
use serde::Serialize;
use serde_json::json;

use crate::{
    artefact::Artefacts,
    failure::Failure,
    output::{Output, Side},
    settings::Settings,
};

/// A router that is here, or could be.
#[derive(Debug, Default, Serialize)]
struct Row {
    name: String,
    /// `None` for one that was built here.
    version: Option<String>,
    state: &'static str,
    /// The version that pulling it would bring.
    newer: Option<String>,
    size: Option<u64>,
    embedder: Option<String>,
    date: Option<String>,
    path: Option<String>,
    /// Why it is damaged.
    error: Option<String>,
}

/// Lists the routers.
pub(super) fn run(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let (store, registry) = (settings.store()?, settings.registry()?);
    let manifest = registry.as_ref().and_then(|registry| {
        let read = registry.manifest(&());
        read.inspect_err(|error| {
            output.warning(format!("what the registry has is not listed: {error}"));
        })
        .ok()
    });
    let rows = rows(&store, manifest.as_ref())?;
    let url = registry.as_ref().map(|registry| registry.url());
    if output.is_json() {
        let folder = store.folder().display().to_string();
        return output.json(&json!({"folder": folder, "registry": url, "routers": rows}));
    }
    print(&rows, &store, url, output)
}

fn rows(store: &Store, manifest: Option<&Manifest>) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for name in store.names()? {
        let row = match store.find(&name) {
            Ok(Some(found)) => here(&found),
            // Removed in between.
            Ok(None) => continue,
            Err(error) => {
                Row { state: "damaged", error: Some(error.to_string()), ..Row::default() }
            }
        };
        rows.push(Row { name, ..row });
    }
    let Some(manifest) = manifest else { return Ok(rows) };
    let mut names: Vec<&str> = manifest.routers.iter().map(|entry| entry.name.as_str()).collect();
    names.dedup();
    for name in names {
        let Ok(best) = manifest.find(name, None, Artefacts.newest_format()) else { continue };
        match rows.iter_mut().find(|row| row.name == name) {
            Some(row) => {
                let version = best.version.to_string();
                row.newer = (row.version.as_ref() != Some(&version)).then_some(version);
            }
            None => rows.push(Row { state: "at the registry", ..described(best) }),
        }
    }
    Ok(rows)
}

fn here(found: &Installed) -> Row {
    let size = fs::metadata(&found.path).map(|file| file.len());
    let path = Some(found.path.display().to_string());
    let Some(receipt) = &found.receipt else {
        return Row { state: "built here", size: size.ok(), path, ..Row::default() };
    };
    let error = match size {
        Ok(size) if size == receipt.entry.size => None,
        Ok(size) => Some(format!("it has {size} bytes, expected {}", receipt.entry.size)),
        Err(cause) => Some(cause.to_string()),
    };
    let state = if error.is_some() { "damaged" } else { "here" };
    Row { state, path, error, ..described(&receipt.entry) }
}

fn described(entry: &Entry) -> Row {
    Row {
        name: entry.name.clone(),
        version: Some(entry.version.to_string()),
        size: Some(entry.size),
        embedder: Some(entry.embedder.clone()),
        date: Some(entry.date.clone()),
        ..Row::default()
    }
}

fn print(rows: &[Row], store: &Store, url: Option<&str>, output: &Output) -> Result<(), Failure> {
    let folder = store.folder().display();
    if rows.is_empty() {
        output.line(format!("No routers in {folder}; the embedded one needs no file."))?;
    } else {
        let cells = rows.iter().map(|row| {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let newer = row.newer.as_ref().map(|version| format!(", {version} at the registry"));
            vec![
                row.name.clone(),
                or_dash(&row.version),
                format!("{}{}", row.state, newer.unwrap_or_default()),
                row.size.map_or_else(|| "-".to_owned(), |size| HumanBytes(size).to_string()),
                or_dash(&row.date),
                or_dash(&row.embedder),
            ]
        });
        let sides = [Side::Left, Side::Left, Side::Left, Side::Right, Side::Left, Side::Left];
        let head = ["name", "version", "state", "size", "built", "embedder"];
        output.table(&sides, &head, cells.collect())?;
        output.line(format!("\nRouters lie in {folder}."))?;
    }
    match url {
        Some(url) => output.line(format!("The registry is {url}.")),
        None => output.line("No registry is set: --registry URL or ORKESTRA_REGISTRY names one."),
    }
}
