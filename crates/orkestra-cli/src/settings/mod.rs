//! Flags, environment and files, resolved once: a flag wins over the environment, that over a file, that
//! over the default. The environment is read in this folder and nowhere else.

mod embedder;
mod environment;
mod pool;
mod router;

use std::{io::IsTerminal, path::PathBuf, sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Date, tz::Offset};
use orkestra::{
    ErrorKind,
    catalogue::Catalogue,
    engine::{Clock, Resilience},
    ledger::Recorder,
    provider::Timeouts,
};

use self::environment::path;
pub(crate) use self::{
    embedder::{FORMS as EMBEDDER_FORMS, embedder_named, hub_name},
    environment::variable,
    pool::{Access, KeySource, base_url_variable, keys_of},
    router::{Chosen, DOCUMENTED, EMBEDDED, NEAREST, RouterChoice, is_of, nearest_embedder, title},
};
use crate::{
    args::{Colour, Global},
    failure::Failure,
};

/// How long a command waits to learn what the ledger measured; it can decide without.
const MEASURING: Duration = Duration::from_secs(1);

/// What was asked for, with the environment and the defaults filled in. Files are read when they are needed,
/// so that `doctor` can say what is wrong with them.
#[derive(Debug)]
pub(crate) struct Settings {
    global: Global,
    ledger: Place,
    router: RouterChoice,
    quality: Option<f64>,
    timeouts: Timeouts,
}

/// Where entries are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Off,
    Home,
    At(PathBuf),
}

/// Whether to colour standard output.
pub(crate) fn colour(asked: Colour) -> bool {
    match asked {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            std::io::stdout().is_terminal() && environment::is_unset_or_empty("NO_COLOR")
        }
    }
}

impl Settings {
    /// Fills in what the flags leave open.
    pub(crate) fn resolve(global: Global) -> Result<Self, Failure> {
        let ledger = match global
            .ledger
            .clone()
            .map_or_else(|| variable("ORKESTRA_LEDGER"), |flag| Ok(Some(flag)))?
        {
            None => Place::Home,
            Some(text) if text == "off" => Place::Off,
            Some(text) => Place::At(text.into()),
        };
        let router = RouterChoice::of(global.router.as_deref(), variable("ORKESTRA_ROUTER")?);
        let quality = match (global.quality, variable("ORKESTRA_QUALITY")?) {
            (Some(flag), _) => Some(flag),
            (None, Some(text)) => Some(text.trim().parse().map_err(|_| {
                Failure::new(
                    ErrorKind::Config,
                    format!("ORKESTRA_QUALITY is {text:?}, which is not a number"),
                    "set it to a share from 0 to 1, such as 0.95, or unset it",
                )
            })?),
            (None, None) => None,
        };
        let timeouts = timeouts(global.timeout)?;
        Ok(Self { global, ledger, router, quality, timeouts })
    }

    /// The providers that were named with -p, in the order given.
    pub(crate) fn named_providers(&self) -> &[String] {
        &self.global.provider
    }

    /// The day that was named with --date.
    pub(crate) fn named_date(&self) -> Option<Date> {
        self.global.date
    }

    /// The day whose prices and retirements hold.
    pub(crate) fn date(&self) -> Date {
        self.global.date.unwrap_or_else(|| Offset::UTC.to_datetime(Timestamp::now()).date())
    }

    /// The user's catalogue file, if there is one.
    pub(crate) fn catalogue_file(&self) -> Option<PathBuf> {
        let named = self.global.catalogue.clone().or_else(|| path("ORKESTRA_CATALOGUE"));
        named.or_else(|| {
            home().map(|home| home.join(".orkestra/models.toml")).filter(|file| file.exists())
        })
    }

    /// The built-in catalogue with the user's file on top.
    pub(crate) fn catalogue(&self) -> Result<Arc<Catalogue>, Failure> {
        let Some(file) = self.catalogue_file() else {
            return Ok(Arc::clone(Catalogue::builtin()));
        };
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).map_err(|cause| {
            Failure::new(
                ErrorKind::Config,
                format!("the catalogue file {name} cannot be read: {cause}"),
                "check --catalogue, ORKESTRA_CATALOGUE and the file's rights",
            )
        })?;
        Ok(Arc::new(Catalogue::builtin().merged_with(&text, &name)?))
    }

    /// Whether --router was given; the environment's does not count.
    pub(crate) fn is_router_named(&self) -> bool {
        self.global.router.is_some()
    }

    /// What writes the ledger.
    pub(crate) fn recorder(&self) -> Result<Recorder, Failure> {
        Ok(match &self.ledger {
            Place::Off => Recorder::off(),
            Place::Home => Recorder::at_home()?,
            Place::At(path) => Recorder::sqlite(path),
        })
    }

    /// What writes the demo's ledger: one of its own, unless a place was named.
    pub(crate) fn demo_recorder(&self) -> Recorder {
        match (&self.ledger, home()) {
            (Place::At(path), _) => Recorder::sqlite(path),
            (Place::Home, Some(home)) => Recorder::sqlite(home.join(".orkestra/demo.db")),
            (Place::Off, _) | (Place::Home, None) => Recorder::off(),
        }
    }

    /// What the engine works with.
    pub(crate) fn engine(&self, recorder: Recorder) -> Result<orkestra::Settings, Failure> {
        let Chosen { embedder, router, .. } = self.router()?;
        Ok(orkestra::Settings {
            catalogue: self.catalogue()?,
            recorder,
            quality: self.quality,
            base_model: self.global.base_model.clone(),
            resilience: self.resilience(),
            clock: self.clock(),
            ..orkestra::Settings::routed_by(embedder, router)
        })
    }

    /// [`engine`](Self::engine), its expectations corrected by what `recorder`'s ledger measured; the
    /// text says why they are not.
    pub(crate) async fn measured_engine(
        &self,
        recorder: Recorder,
    ) -> Result<(orkestra::Settings, Option<String>), Failure> {
        let mut engine = self.engine(recorder)?;
        let why = match tokio::time::timeout(MEASURING, engine.measure_output()).await {
            Ok(Ok(())) => return Ok((engine, None)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the ledger did not answer within {MEASURING:?}"),
        };
        Ok((engine, Some(format!("expected output is estimated, not measured: {why}"))))
    }

    /// What the demo's engine works with: the built-in models and router, which the simulator knows.
    pub(crate) fn demo_engine(&self, recorder: Recorder) -> Result<orkestra::Settings, Failure> {
        Ok(orkestra::Settings {
            recorder,
            quality: self.quality,
            base_model: self.global.base_model.clone(),
            // It shows how the next model takes over from one that fails.
            resilience: without_retries(),
            clock: self.clock(),
            ..orkestra::Settings::new()?
        })
    }

    /// The system's clock, moved to the day that was named.
    fn clock(&self) -> Clock {
        let named = self.global.date;
        Arc::new(move || {
            let now = Timestamp::now();
            let Some(date) = named else { return now };
            let time = Offset::UTC.to_datetime(now).time();
            Offset::UTC.to_timestamp(date.to_datetime(time)).unwrap_or(now)
        })
    }

    /// How often to call again.
    fn resilience(&self) -> Resilience {
        let mut resilience = Resilience::default();
        resilience.retry.max_retries = self.global.retries.unwrap_or(resilience.retry.max_retries);
        resilience
    }

    /// How long to wait for providers.
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// The proxy that calls go through, if the environment names one. Its user part is left out.
    pub(crate) fn proxy(&self) -> Option<(&'static str, String)> {
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let set = names.into_iter().find_map(|name| Some((name, variable(name).ok()??)));
        set.map(|(name, url)| match url.rsplit_once('@') {
            Some((_, host)) => (name, host.to_owned()),
            None => (name, url),
        })
    }
}

/// The user's home folder.
fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

fn without_retries() -> Resilience {
    let mut resilience = Resilience::default();
    resilience.retry.max_retries = 0;
    resilience
}

fn timeouts(seconds: Option<f64>) -> Result<Timeouts, Failure> {
    let Some(seconds) = seconds else { return Ok(Timeouts::default()) };
    match Duration::try_from_secs_f64(seconds) {
        Ok(limit) if !limit.is_zero() => Ok(Timeouts::of(limit)),
        _ => Err(Failure::Usage(
            format!("--timeout is {seconds}; it must be a number of seconds above 0"),
            Some("for example --timeout 30".to_owned()),
        )),
    }
}
