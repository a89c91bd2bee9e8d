//! Which router decides, and where routers and encoders come from.

use std::path::{Path, PathBuf};

use orkestra::{
    Error, ErrorKind,
    routing::{self, Trained},
};
use orkestra_registry::{Hub, Installed, Patience, Registry, Store, Wanted};
use secrecy::SecretString;

use super::{
    Settings,
    environment::{path, variable},
    home,
};
use crate::failure::Failure;

/// What the router that is part of the program is called.
pub(crate) const EMBEDDED: &str = "embedded";

/// The router that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RouterChoice {
    /// The one that is part of the program.
    Embedded,
    /// The one in a file.
    File(PathBuf),
    /// One in the folder of routers, or at the registry.
    Registered(Wanted),
}

impl RouterChoice {
    /// What a flag, or else a variable, names.
    pub(super) fn of(flag: Option<&str>, variable: Option<String>) -> Self {
        flag.map(str::to_owned).or(variable).map_or(Self::Embedded, |text| Self::named(&text))
    }

    /// A file that is there is meant first; what cannot be a router's name is a file.
    fn named(text: &str) -> Self {
        let file = Path::new(text);
        match Wanted::parse(text) {
            _ if text == EMBEDDED => Self::Embedded,
            Ok(wanted) if !file.is_file() => Self::Registered(wanted),
            _ => Self::File(file.to_owned()),
        }
    }
}

impl Settings {
    /// The router that was asked for.
    pub(crate) fn router_choice(&self) -> &RouterChoice {
        &self.router
    }

    /// The same settings with the embedded router.
    pub(crate) fn with_embedded_router(self) -> Self {
        Self { router: RouterChoice::Embedded, ..self }
    }

    /// Whether nothing may take the place of the router that was asked for.
    pub(crate) fn is_router_strict(&self) -> Result<bool, Failure> {
        let set = variable("ORKESTRA_STRICT_ROUTER")?;
        Ok(self.global.strict_router || set.is_some_and(|text| is_yes(&text)))
    }

    /// Where the router comes from, for people.
    pub(crate) fn router_source(&self) -> String {
        match &self.router {
            RouterChoice::Embedded => EMBEDDED.to_owned(),
            RouterChoice::File(file) => file.display().to_string(),
            RouterChoice::Registered(wanted) => format!("registered as {}", wanted.name),
        }
    }

    /// The router that was asked for. Nothing is downloaded here.
    pub(crate) fn router(&self) -> Result<Trained, Failure> {
        self.loaded(&self.router)
    }

    /// The router that another flag calls `name`. Nothing is downloaded here.
    pub(crate) fn router_named(&self, name: &str) -> Result<Trained, Failure> {
        self.loaded(&RouterChoice::named(name))
    }

    fn loaded(&self, choice: &RouterChoice) -> Result<Trained, Failure> {
        Ok(match choice {
            RouterChoice::Embedded => routing::embedded()?,
            RouterChoice::File(file) => routing::from_file(file)?,
            RouterChoice::Registered(wanted) => {
                let store = self.store()?;
                let installed = self.installed(&store, wanted)?;
                if installed.receipt.is_none() {
                    return Ok(routing::from_file(&installed.path)?);
                }
                let bytes = store.read(&installed).or_else(|error| {
                    // Another process may have put a newer version in place in between.
                    match store.find(&wanted.name)? {
                        Some(newer) if newer.path != installed.path => store.read(&newer),
                        _ => Err(error),
                    }
                })?;
                registered(&installed, &bytes)?
            }
        })
    }

    /// The router `wanted`, which must be there.
    pub(crate) fn installed(&self, store: &Store, wanted: &Wanted) -> Result<Installed, Failure> {
        if let Some(installed) = store.find(&wanted.name)?.filter(|found| is_of(found, wanted)) {
            return Ok(installed);
        }
        let (title, folder) = (title(wanted), store.folder().display());
        Err(Failure::new(
            ErrorKind::Config,
            format!("there is no router {title} in {folder}, and no file of that name"),
            format!(
                "`orkestra routers pull {title}` downloads it; `orkestra routers list` shows what is there"
            ),
        ))
    }

    /// The folder of routers.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let named = self.global.routers.clone().or_else(|| path("ORKESTRA_ROUTERS"));
        match named.or_else(|| home().map(|home| home.join(".orkestra/routers"))) {
            Some(folder) => Ok(Store::at(folder)),
            None => Err(Failure::new(
                ErrorKind::Config,
                "there is no home folder to keep routers in",
                "name a folder with --routers DIR or ORKESTRA_ROUTERS",
            )),
        }
    }

    /// The registry, if one is set.
    pub(crate) fn registry(&self) -> Result<Option<Registry>, Failure> {
        let url = match &self.global.registry {
            Some(flag) => Some(flag.clone()),
            None => variable("ORKESTRA_REGISTRY")?,
        };
        let hint =
            "set --registry or ORKESTRA_REGISTRY to the address of a folder with a manifest.json";
        let made = url.map(|url| Registry::new(&url, self.patience())).transpose();
        made.map_err(|error| Failure::Error(error, Some(hint.to_owned())))
    }

    /// The hub that encoders come from, as its own programs are set up.
    pub(crate) fn hub(&self) -> Result<Hub, Failure> {
        let endpoint = variable("HF_ENDPOINT")?;
        let endpoint = endpoint.as_deref().unwrap_or(Hub::ENDPOINT);
        let offline = match variable("HF_HUB_OFFLINE")? {
            Some(text) => is_yes(&text),
            None => variable("TRANSFORMERS_OFFLINE")?.is_some_and(|text| is_yes(&text)),
        };
        let hub = Hub::new(endpoint, hub_cache()?, self.patience())
            .map_err(|error| Failure::Error(error, Some("check HF_ENDPOINT".to_owned())))?
            .offline(offline);
        Ok(match hub_token()? {
            Some(token) => hub.token(token),
            None => hub,
        })
    }

    /// How long to wait for downloads: --timeout is the longest wait for a piece.
    fn patience(&self) -> Patience {
        let usual = Patience::default();
        if self.global.timeout.is_none() {
            return usual;
        }
        let idle = self.timeouts.idle;
        Patience { idle, connect: usual.connect.min(idle), ..usual }
    }
}

/// Whether `found` is the version that is wanted. A file that was built here has none.
pub(crate) fn is_of(found: &Installed, wanted: &Wanted) -> bool {
    let version = found.receipt.as_ref().map(|receipt| &receipt.entry.version);
    wanted.version.is_none() || wanted.version.as_ref() == version
}

/// Name and version, as they were asked for.
pub(crate) fn title(wanted: &Wanted) -> String {
    match &wanted.version {
        Some(version) => format!("{}@{version}", wanted.name),
        None => wanted.name.clone(),
    }
}

/// The router in `bytes`, which must be what its receipt says.
fn registered(installed: &Installed, bytes: &[u8]) -> Result<Trained, Error> {
    let path = installed.path.display();
    let trained = routing::from_bytes(bytes).map_err(|cause| {
        Error::new(ErrorKind::Config, format!("{path}: {cause}")).because(cause)
    })?;
    let found = &trained.metadata().embedder.id;
    if let Some(receipt) = &installed.receipt
        && receipt.entry.embedder != *found
    {
        let (name, expected) = (&installed.name, &receipt.entry.embedder);
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "{path}: its embedder is {found}, expected {expected}; pull the router {name} again"
            ),
        ));
    }
    Ok(trained)
}

fn is_yes(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

/// The hub's cache, found as its Python library finds it.
fn hub_cache() -> Result<PathBuf, Failure> {
    let named = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
    named.or_else(|| hub_home().map(|home| home.join("hub"))).ok_or_else(|| {
        Failure::new(
            ErrorKind::Config,
            "there is no home folder to keep encoders in",
            "name a folder with HF_HOME",
        )
    })
}

fn hub_home() -> Option<PathBuf> {
    path("HF_HOME").or_else(|| {
        let caches = path("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")));
        caches.map(|caches| caches.join("huggingface"))
    })
}

/// The hub's token: HF_TOKEN, or what its own program wrote down at a login.
fn hub_token() -> Result<Option<SecretString>, Failure> {
    if let Some(token) = variable("HF_TOKEN")? {
        return Ok(Some(token.trim().into()));
    }
    if variable("HF_HUB_DISABLE_IMPLICIT_TOKEN")?.is_some_and(|text| is_yes(&text)) {
        return Ok(None);
    }
    let file = path("HF_TOKEN_PATH").or_else(|| hub_home().map(|home| home.join("token")));
    let token = file.and_then(|file| std::fs::read_to_string(file).ok());
    Ok(token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()).map(Into::into))
}
