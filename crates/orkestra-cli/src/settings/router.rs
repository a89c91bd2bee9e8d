//! Which router decides, and where routers and encoders come from.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use orkestra::{
    Error, ErrorKind,
    features::Embedder,
    routing::{
        self, Router, Trained,
        vote::{VoteRouter, is_vote_file},
    },
};
use orkestra_registry::{Hub, Installed, Patience, Registry, Store, Wanted};
use secrecy::SecretString;

use super::{
    Settings,
    embedder::{LONGFORMER, embedder_named},
    environment::{path, variable},
    home,
};
use crate::failure::Failure;

/// What the router that is part of the program is called.
pub(crate) const EMBEDDED: &str = "embedded";

/// The documented router: Longformer and five neighbours.
pub(crate) const DOCUMENTED: &str = "documented";
/// What stands before an embedder to name the router of five neighbours over its vectors.
pub(crate) const NEAREST: &str = "nearest:";
/// The longest piece of an embedder's name that becomes one of a file's.
const LONGEST_NAME: usize = 120;

/// A router and the embedder whose vectors it takes.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) router: Arc<dyn Router>,
    /// The day it was made.
    pub(crate) date: String,
    /// Hashes of the questions it knows, sorted.
    pub(crate) question_hashes: Vec<u64>,
}

impl From<Trained> for Chosen {
    fn from(trained: Trained) -> Self {
        Self {
            embedder: trained.embedder(),
            router: trained.router(),
            date: trained.metadata().date.clone(),
            question_hashes: trained.question_hashes().to_vec(),
        }
    }
}

/// The embedder of the router of five neighbours that `name` stands for, if it stands for one.
pub(crate) fn nearest_embedder(name: &str) -> Option<&str> {
    if name == DOCUMENTED { Some(LONGFORMER) } else { name.strip_prefix(NEAREST) }
}

/// The router that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RouterChoice {
    /// The one that is part of the program.
    Embedded,
    /// The one in a file.
    File(PathBuf),
    /// One in the folder of routers, or at the registry.
    Registered(Wanted),
    /// That of five neighbours over an embedder's vectors, by its whole name.
    Nearest(String),
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
            _ if text.starts_with(NEAREST) => Self::Nearest(text.to_owned()),
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
            RouterChoice::Nearest(name) => name.clone(),
        }
    }

    /// The router that was asked for. Nothing is downloaded here.
    pub(crate) fn router(&self) -> Result<Chosen, Failure> {
        match &self.router {
            RouterChoice::Embedded => Ok(routing::embedded()?.into()),
            RouterChoice::File(file) => self.in_file(file),
            RouterChoice::Registered(wanted) => self.registered(wanted),
            RouterChoice::Nearest(name) => {
                let file = self.nearest_file(name)?;
                if file.is_file() { self.in_file(&file) } else { Err(not_built(name)) }
            }
        }
    }

    /// The router that another flag calls `name`, as one that can be added to. Nothing is downloaded here.
    pub(crate) fn router_named(&self, name: &str) -> Result<Trained, Failure> {
        Ok(match RouterChoice::named(name) {
            RouterChoice::Embedded => routing::embedded()?,
            RouterChoice::File(file) => routing::from_file(&file)?,
            RouterChoice::Registered(wanted) => {
                let store = self.store()?;
                routing::from_file(&self.installed(&store, &wanted)?.path)?
            }
            RouterChoice::Nearest(_) => {
                return Err(Failure::new(
                    ErrorKind::Config,
                    format!("{name} only remembers questions; nothing can be added to it"),
                    "name the embedded router or one that `orkestra train` made",
                ));
            }
        })
    }

    fn in_file(&self, file: &Path) -> Result<Chosen, Failure> {
        if is_vote_file(file) {
            return self.with_embedder(VoteRouter::from_file(file)?, file);
        }
        Ok(routing::from_file(file)?.into())
    }

    fn with_embedder(&self, router: VoteRouter, file: &Path) -> Result<Chosen, Failure> {
        let card = router.card();
        let hub = self.hub()?.offline(true);
        let embedder = embedder_named(&card.embedder_source, self.timeouts, &hub)?;
        if embedder.id() != card.embedder {
            return Err(Failure::new(
                ErrorKind::Config,
                format!(
                    "the router {} was made with the embedder {}, but there is {}",
                    file.display(),
                    card.embedder,
                    embedder.id()
                ),
                "bring that embedder's files back, or build the router again with orkestra routers build",
            ));
        }
        Ok(Chosen {
            date: card.date.clone(),
            question_hashes: router.question_hashes(),
            router: Arc::new(router),
            embedder,
        })
    }

    fn registered(&self, wanted: &Wanted) -> Result<Chosen, Failure> {
        let store = self.store()?;
        let installed = self.installed(&store, wanted)?;
        if installed.receipt.is_none() {
            return self.in_file(&installed.path);
        }
        let bytes = store.read(&installed).or_else(|error| {
            // Another process may have put a newer version in place in between.
            match store.find(&wanted.name)? {
                Some(newer) if newer.path != installed.path => store.read(&newer),
                _ => Err(error),
            }
        })?;
        if !is_vote_file(&installed.path) {
            return Ok(registered(&installed, &bytes)?.into());
        }
        let router = VoteRouter::from_bytes(&bytes)?;
        check_embedder(&installed, &router.card().embedder)?;
        self.with_embedder(router, &installed.path)
    }

    /// Where the router of five neighbours that is called `name` is kept.
    pub(crate) fn nearest_file(&self, name: &str) -> Result<PathBuf, Failure> {
        let own = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let mut stem: String = name.chars().map(own).collect();
        while stem.contains("--") {
            stem = stem.replace("--", "-");
        }
        let start = stem.len().saturating_sub(LONGEST_NAME);
        let stem = stem[start..].trim_matches(['-', '.']);
        Ok(self.store()?.folder().join(format!("{stem}.safetensors")))
    }

    /// The router `wanted`, which must be there.
    pub(crate) fn installed(&self, store: &Store, wanted: &Wanted) -> Result<Installed, Failure> {
        if let Some(installed) = store.find(&wanted.name)?.filter(|found| is_of(found, wanted)) {
            return Ok(installed);
        }
        if wanted.name == DOCUMENTED && wanted.version.is_none() {
            return Err(not_built(DOCUMENTED));
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
    check_embedder(installed, &trained.metadata().embedder.id)?;
    Ok(trained)
}

fn check_embedder(installed: &Installed, found: &str) -> Result<(), Error> {
    let path = installed.path.display();
    if let Some(receipt) = &installed.receipt
        && receipt.entry.embedder != found
    {
        let (name, expected) = (&installed.name, &receipt.entry.embedder);
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "{path}: its embedder is {found}, expected {expected}; pull the router {name} again"
            ),
        ));
    }
    Ok(())
}

fn not_built(name: &str) -> Failure {
    Failure::new(
        ErrorKind::Config,
        format!("the router {name:?} was not built yet"),
        format!(
            "orkestra routers build {name:?} --data FILE... --tiers budget=MODEL,balanced=MODEL,premium=MODEL"
        ),
    )
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
