//! From an embedder's name to the embedder.

use std::{path::PathBuf, sync::Arc};

use orkestra::{
    ErrorKind,
    features::Embedder,
    provider::{HttpEmbedder, Key, Timeouts},
    routing,
};

use super::{EMBEDDED, environment::variable, home};
use crate::failure::Failure;

/// The encoder of the documented router.
pub(crate) const LONGFORMER: &str = "allenai/longformer-base-4096";
/// Where an embeddings server's key is read from.
const KEY_VARIABLE: &str = "ORKESTRA_EMBEDDINGS_KEY";
/// How the names of embedders are spelt.
pub(crate) const FORMS: &str = "write nearest:FOLDER, nearest:NAME for ~/.orkestra/encoders/NAME, nearest:https://host/v1/embeddings#MODEL or nearest:embedded";

/// The embedder that `name` stands for: `embedded`, an address with `#MODEL`, or an encoder's folder or name, which may
/// go on with `?prefix=query: &pooling=mean&storage=bf16&global=first&longest=512`.
pub(crate) fn embedder_named(name: &str, timeouts: Timeouts) -> Result<Arc<dyn Embedder>, Failure> {
    if name == EMBEDDED {
        return Ok(routing::embedded()?.embedder());
    }
    if name.starts_with("https://") || name.starts_with("http://") {
        return over_http(name, timeouts);
    }
    encoder(name)
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
fn encoder_folder(name: &str) -> Result<PathBuf, Failure> {
    let as_path = PathBuf::from(name);
    if as_path.is_dir() {
        return Ok(as_path);
    }
    let at_home = home().map(|home| home.join(".orkestra/encoders").join(name));
    if let Some(folder) = at_home.as_ref().filter(|folder| folder.is_dir()) {
        return Ok(folder.clone());
    }
    let beside =
        at_home.map_or_else(String::new, |folder| format!(", nor is {}", folder.display()));
    Err(Failure::new(
        ErrorKind::Config,
        format!("the encoder {name:?} is not there: it is no folder{beside}"),
        "put config.json, tokenizer.json and model.safetensors of the encoder into that folder, or name another one",
    ))
}

#[cfg(feature = "encoders")]
fn encoder(name: &str) -> Result<Arc<dyn Embedder>, Failure> {
    use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings};

    let (folder, options) = name.split_once('?').unwrap_or((name, ""));
    let settings = EncoderSettings::parse(options)?;
    let files = EncoderFiles::in_folder(&encoder_folder(folder)?)?;
    Ok(Arc::new(EncoderEmbedder::load(&files, &settings)?))
}

#[cfg(not(feature = "encoders"))]
fn encoder(name: &str) -> Result<Arc<dyn Embedder>, Failure> {
    let (folder, _) = name.split_once('?').unwrap_or((name, ""));
    encoder_folder(folder)?;
    Err(Failure::new(
        ErrorKind::Config,
        format!("the encoder {name:?} cannot be run: this program was built without encoders"),
        "build it with --features encoders",
    ))
}
