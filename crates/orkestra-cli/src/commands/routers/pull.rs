//! `orkestra routers pull`: routers from the registry, or an encoder from the hub.

use orkestra_registry::{Pulled, Wanted};
use serde_json::{Value, json};

use crate::{
    args::Pull,
    download::Download,
    failure::Failure,
    output::Output,
    registered::{failed, pull, registry},
    settings::Settings,
};

/// Downloads what was asked for.
pub(super) fn run(asked: &Pull, settings: &Settings, output: &Output) -> Result<(), Failure> {
    if let Some(repository) = &asked.encoder {
        return encoder(repository, &asked.revision, settings, output);
    }
    let wanted: Vec<Wanted> =
        asked.names.iter().map(|name| Wanted::parse(name)).collect::<Result<_, _>>()?;
    let store = settings.store()?;
    let mut pulled = Vec::new();
    for wanted in &wanted {
        let registry = registry(settings, wanted)?;
        let router = pull(&registry, &store, wanted, output).map_err(failed)?;
        if !output.is_json() {
            say(&router, output)?;
        }
        pulled.push(as_json(&router));
    }
    if output.is_json() { output.json(&json!({"routers": pulled})) } else { Ok(()) }
}

fn encoder(
    repository: &str,
    revision: &str,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let hub = settings.hub()?;
    let found = hub.encoder(repository, revision, &Download::new(output)).map_err(|error| {
        let hint = "HF_ENDPOINT, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE say where and how; run it again to go on";
        Failure::Error(error, Some(hint.to_owned()))
    })?;
    let (folder, weights) = (found.folder.display(), found.weights.display());
    if output.is_json() {
        return output.json(&json!({
            "encoder": repository,
            "commit": found.commit,
            "folder": folder.to_string(),
            "weights": weights.to_string(),
            "from_cache": found.from_cache,
        }));
    }
    if found.from_cache {
        output.note("the hub was not asked or could not be reached: this is what is in the cache");
    }
    output.line(format!("{repository} ({}): {folder}", found.commit))
}

fn say(pulled: &Pulled, output: &Output) -> Result<(), Failure> {
    let title = pulled.router.receipt.as_ref().map(|receipt| receipt.entry.title());
    let title = title.unwrap_or_else(|| pulled.router.name.clone());
    let path = pulled.router.path.display();
    let how = if pulled.fetched { "downloaded" } else { "is here already, and right" };
    output.line(format!("{title} {how}: {path}"))
}

fn as_json(pulled: &Pulled) -> Value {
    json!({
        "name": pulled.router.name,
        "path": pulled.router.path.display().to_string(),
        "fetched": pulled.fetched,
        "receipt": pulled.router.receipt,
    })
}
