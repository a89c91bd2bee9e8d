//! Routers by name: downloaded at their first use.

use orkestra::{Error, ErrorKind};
use orkestra_registry::{Pulled, Registry, Store, Wanted};

use crate::{
    artefact::Artefacts,
    download::Download,
    failure::Failure,
    output::Output,
    settings::{DOCUMENTED, RouterChoice, Settings, is_of, title},
};

/// Brings the router that was asked for by name, where it is not there yet. Where there is no network, the embedded one
/// takes its place with a warning, unless that is forbidden.
pub(crate) fn at_hand(settings: Settings, output: &Output) -> Result<Settings, Failure> {
    let RouterChoice::Registered(wanted) = settings.router_choice() else { return Ok(settings) };
    let (store, title) = (settings.store()?, title(wanted));
    if store.find(&wanted.name)?.is_some_and(|found| is_of(&found, wanted)) {
        return Ok(settings);
    }
    let registry = registry(&settings, wanted)?;
    let (url, folder) = (registry.url(), store.folder().display());
    output
        .note(format!("the router {title} is not here yet: downloading it from {url} to {folder}"));
    let error = match pull(&registry, &store, wanted, output) {
        Ok(_) => return Ok(settings),
        Err(error) => error,
    };
    if !is_about_the_network(&error) || settings.is_router_strict()? {
        return Err(failed(error));
    }
    output.warning(format!("the embedded router decides instead of {title}: {error}"));
    Ok(settings.with_embedded_router())
}

/// The registry, which must be set.
pub(crate) fn registry(settings: &Settings, wanted: &Wanted) -> Result<Registry, Failure> {
    settings.registry()?.ok_or_else(|| {
        let message = format!(
            "there is no file and no router {} on this machine, and no registry is set that it could be downloaded from",
            title(wanted)
        );
        let build = if wanted.name == DOCUMENTED {
            "`orkestra routers build \"documented\" --data FILE... --tiers ...` makes it of your rows; or "
        } else {
            ""
        };
        let hint = format!(
            "{build}name a registry with --registry URL or ORKESTRA_REGISTRY; or do without: --router embedded, or --router FILE"
        );
        Failure::new(ErrorKind::Config, message, hint)
    })
}

/// Downloads a router, showing how far it is.
pub(crate) fn pull(
    registry: &Registry,
    store: &Store,
    wanted: &Wanted,
    output: &Output,
) -> Result<Pulled, Error> {
    registry.pull(store, wanted, &Artefacts, &Download::new(output))
}

/// Whether another day, or another network, may be all that is needed.
fn is_about_the_network(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited { .. }
    )
}

/// The failure of a download, with what may mend it.
pub(crate) fn failed(error: Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::Storage => {
            "check the folder's room and rights, or name another with --routers DIR or ORKESTRA_ROUTERS"
        }
        ErrorKind::Timeout => "run it again to go on, or give it longer with --timeout SECONDS",
        ErrorKind::Unavailable | ErrorKind::RateLimited { .. } => {
            "run it again to go on; check the network, --registry and HTTPS_PROXY; --router embedded needs none"
        }
        ErrorKind::Unauthenticated => "check --registry: what a registry holds can be read by all",
        _ => "`orkestra routers list` shows what there is; --router embedded needs no registry",
    };
    Failure::Error(error, Some(hint.to_owned()))
}
