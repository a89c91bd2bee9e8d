//! What the environment says, for other faces that shall heed it as the command does.

use std::sync::Arc;

use orkestra::{
    Error, ErrorKind, Result, catalogue::ProviderEntry, features::Embedder, routing::Router,
};

use crate::{
    args::Global,
    failure::Failure,
    settings::{self, Settings},
};

/// The engine's settings as the command without flags has them: `ORKESTRA_CATALOGUE`, `ORKESTRA_ROUTER`, `ORKESTRA_QUALITY`,
/// `ORKESTRA_LEDGER`, and the files in `~/.orkestra`.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) for what cannot be read or is wrong.
pub fn engine_settings() -> Result<orkestra::Settings> {
    let engine = || -> Result<_, Failure> {
        let settings = Settings::resolve(Global::default())?;
        settings.engine(settings.recorder()?)
    };
    engine().map_err(error)
}

/// The router called `name`, as `--router` names them: a file, `embedded`, `documented`, `nearest:EMBEDDER` or one in the
/// folder of routers; and the embedder whose vectors it takes. Nothing is downloaded.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) for one that is not there, or not whole.
pub fn router(name: &str) -> Result<(Arc<dyn Embedder>, Arc<dyn Router>)> {
    let global = Global { router: Some(name.to_owned()), ..Global::default() };
    let chosen = Settings::resolve(global).and_then(|settings| settings.router());
    chosen.map(|chosen| (chosen.embedder, chosen.router)).map_err(error)
}

/// The address that `ORKESTRA_<PROVIDER>_BASE_URL` names.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) for one that is not UTF-8.
pub fn base_url(provider: &str) -> Result<Option<String>> {
    settings::variable(&settings::base_url_variable(provider)).map_err(error)
}

/// The keys of the provider's variables; a stand-in where its API is on this machine and none is set. Empty: there are
/// none.
///
/// # Errors
/// [`Config`](orkestra::ErrorKind::Config) for a variable that is not UTF-8.
pub fn keys(entry: &ProviderEntry, base_url: Option<&str>) -> Result<Vec<String>> {
    settings::keys_of(entry, base_url).map_err(error)
}

pub(crate) fn error(failure: Failure) -> Error {
    match failure {
        Failure::Error(error, _) => error,
        Failure::Usage(message, _) => Error::invalid(message),
        other => {
            Error::new(ErrorKind::Config, format!("the environment cannot be read: {other:?}"))
        }
    }
}
