//! From an embedder's name to the embedder.

use std::{path::PathBuf, sync::Arc};

use orkestra::{
    ErrorKind,
    features::Embedder,
    provider::{HttpEmbedder, Key, Timeouts},
    routing,
};
use orkestra_registry::Hub;

use super::{EMBEDDED, environment::variable, home};
use crate::failure::Failure;

/// The encoder of the documented router.
pub(crate) const LONGFORMER: &str = "allenai/longformer-base-4096";
/// Where an embeddings server's key is read from.
const KEY_VARIABLE: &str = "ORKESTRA_EMBEDDINGS_KEY";
/// How the names of embedders are spelt.
pub(crate) const FORMS: &str = "write nearest:FOLDER, nearest:NAME for ~/.orkestra/encoders/NAME, nearest:ORG/NAME for the hub, nearest:https://host/v1/embeddings#MODEL or nearest:embedded";

/// The embedder that `name` stands for: `embedded`, an address with `#MODEL`, or an encoder's folder or name, which may
/// go on with `?prefix=query: &pooling=mean&storage=bf16&global=first&longest=512`.
/// What lies neither in a folder nor there is looked for at `hub`.
pub(crate) fn embedder_named(
    name: &str,
    timeouts: Timeouts,
    hub: &Hub,
) -> Result<Arc<dyn Embedder>, Failure> {
    if name == EMBEDDED {
        return Ok(routing::embedded()?.embedder());
    }
    if is_address(name) {
        return over_http(name, timeouts);
    }
    encoder(name, hub)
}

/// The repository of the hub that the embedder called `name` comes from, where it is none of this machine's.
pub(crate) fn hub_name(name: &str) -> Option<&str> {
    let (folder, _) = name.split_once('?').unwrap_or((name, ""));
    let elsewhere = name != EMBEDDED && !is_address(name) && local_folder(folder).is_none();
    // As the hub spells them; everything else is a path.
    let is_repository = folder.split('/').count() == 2 && !folder.starts_with(['.', '/', '~']);
    (elsewhere && is_repository).then_some(folder)
}

fn is_address(name: &str) -> bool {
    name.starts_with("https://") || name.starts_with("http://")
}

fn over_http(name: &str, timeouts: Timeouts) -> Result<Arc<dyn Embedder>, Failure> {
    let Some((url, model)) = name.split_once('#') else {
        let message = format!("the embeddings address {name:?} names no model");
        return Err(Failure::new(
            ErrorKind::Config,
            message,
            "write it as https://host/v1/embeddings#MODEL",
        ));
    };
    let key = variable(KEY_VARIABLE)?.map(|key| Key::new("embeddings", &key)).transpose()?;
    Ok(Arc::new(HttpEmbedder::new(url, model, key, None, timeouts)?))
}

/// The folder of an encoder: a path, or what lies under that name in `~/.orkestra/encoders/`.
fn local_folder(name: &str) -> Option<PathBuf> {
    let at_home = home().map(|home| home.join(".orkestra/encoders").join(name));
    [Some(PathBuf::from(name)), at_home].into_iter().flatten().find(|folder| folder.is_dir())
}

fn encoder_folder(name: &str, hub: &Hub) -> Result<PathBuf, Failure> {
    if let Some(folder) = local_folder(name) {
        return Ok(folder);
    }
    if hub_name(name).is_some()
        && let Ok(snapshot) = hub.encoder(name, "main", &())
    {
        return Ok(snapshot.folder);
    }
    let beside = home().map_or_else(String::new, |home| {
        format!(", nor is {}", home.join(".orkestra/encoders").join(name).display())
    });
    let pull = hub_name(name).map_or_else(String::new, |name| {
        format!("; `orkestra routers pull --encoder {name}` downloads it from the hub")
    });
    Err(Failure::new(
        ErrorKind::Config,
        format!("the encoder {name:?} is not there: it is no folder{beside}"),
        format!(
            "put config.json, tokenizer.json and model.safetensors of the encoder into that folder, or name another one{pull}"
        ),
    ))
}

#[cfg(feature = "encoders")]
fn encoder(name: &str, hub: &Hub) -> Result<Arc<dyn Embedder>, Failure> {
    use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings};

    let (folder, options) = name.split_once('?').unwrap_or((name, ""));
    let settings = EncoderSettings::parse(options)?;
    let files = EncoderFiles::in_folder(&encoder_folder(folder, hub)?)?;
    Ok(Arc::new(EncoderEmbedder::load(&files, &settings)?))
}

#[cfg(not(feature = "encoders"))]
fn encoder(name: &str, hub: &Hub) -> Result<Arc<dyn Embedder>, Failure> {
    let (folder, _) = name.split_once('?').unwrap_or((name, ""));
    encoder_folder(folder, hub)?;
    Err(Failure::new(
        ErrorKind::Config,
        format!("the encoder {name:?} cannot be run: this program was built without encoders"),
        "build it with --features encoders",
    ))
}
