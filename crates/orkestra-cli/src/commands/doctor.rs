//! `orkestra doctor`: what is configured, what is missing, how to mend it.

use std::{fs, path::Path, sync::Arc, time::Instant};

use clap::builder::styling::AnsiColor;
use orkestra::{
    catalogue::Catalogue,
    ledger::{Query, Recorder},
};
use serde::Serialize;
use serde_json::json;

use super::chat::FLUSH;
use crate::{
    failure::Failure,
    output::{Output, WIDTH, wrapped},
    settings::{Access, Chosen, KeySource, Settings, base_url_variable},
};

/// Routed to see that a decision comes out.
const PROBE: &str = "Which of these two train tickets is cheaper per kilometre?";

/// As wide as a finding's state and name.
const INDENT: &str = "                    ";

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// Not there, and not needed for everything.
    Missing,
    /// Works, but should be looked at.
    Warning,
    /// Must be mended.
    Damaged,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    state: State,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn new(what: impl Into<String>, state: State, says: impl Into<String>) -> Self {
        Self { what: what.into(), state, says: says.into(), remedy: None }
    }

    fn damaged(what: &str, failure: &Failure) -> Self {
        let says = match failure {
            Failure::Error(error, _) => error.to_string(),
            Failure::Usage(message, _) => message.clone(),
            _ => "interrupted".to_owned(),
        };
        Self { remedy: failure.hint(), ..Self::new(what, State::Damaged, says) }
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Looks at everything and says how it stands; fails only when something must be mended.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let mut findings = vec![Finding::new("version", State::Good, env!("CARGO_PKG_VERSION"))];
    let catalogue = settings.catalogue();
    findings.push(about_catalogue(settings, &catalogue));
    let router = settings.router();
    findings.push(about_router(settings, &router));
    findings.push(about_routers(settings));
    if let (Ok(_), Ok(_)) = (&catalogue, &router) {
        findings.push(self_test(settings));
    }
    match catalogue.as_ref().map(|catalogue| settings.accesses(catalogue)) {
        Ok(Ok(accesses)) => findings.extend(about_providers(&accesses, catalogue.as_deref().ok())),
        Ok(Err(failure)) => findings.push(Finding::damaged("providers", &failure)),
        Err(_) => {}
    }
    findings.push(match settings.recorder() {
        Ok(recorder) => about_ledger(&recorder).await,
        Err(failure) => Finding::damaged("ledger", &failure),
    });
    findings.push(match settings.proxy() {
        Some((name, host)) => Finding::new("proxy", State::Good, format!("{host} (from {name})")),
        None => Finding::new("proxy", State::Good, "none"),
    });
    print(&findings, output)?;
    let damaged = findings.iter().any(|finding| finding.state == State::Damaged);
    if damaged { Err(Failure::Said(orkestra::ErrorKind::Config.exit_code())) } else { Ok(()) }
}

fn about_catalogue(settings: &Settings, catalogue: &Result<Arc<Catalogue>, Failure>) -> Finding {
    let catalogue = match catalogue {
        Ok(catalogue) => catalogue,
        Err(failure) => return Finding::damaged("catalogue", failure),
    };
    let file = settings
        .catalogue_file()
        .map_or_else(|| "built in".to_owned(), |file| format!("with {}", file.display()));
    let says = format!("{}, {} models, {file}", catalogue.version(), catalogue.models().len());
    match catalogue.age_note(settings.date()) {
        None => Finding::new("catalogue", State::Good, says),
        Some(note) => Finding::new("catalogue", State::Warning, says).remedy(note),
    }
}

fn about_router(settings: &Settings, router: &Result<Chosen, Failure>) -> Finding {
    match router {
        Ok(Chosen { router, date, .. }) => {
            let source = settings.router_source();
            let heads = router.heads().join(", ");
            let says = format!("{} of {date}, {source}, heads {heads}", router.id());
            Finding::new("router", State::Good, says)
        }
        Err(failure) => {
            let finding = Finding::damaged("router", failure);
            finding.remedy(
                "--router embedded, or unset ORKESTRA_ROUTER, uses the one that is built in",
            )
        }
    }
}

/// Which other routers are here, and where more come from.
fn about_routers(settings: &Settings) -> Finding {
    let look = || -> Result<String, Failure> {
        let (store, registry) = (settings.store()?, settings.registry()?);
        let names = store.names()?;
        let here = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let from = registry.as_ref().map_or("no registry", |registry| registry.url());
        Ok(format!("{here} in {}; {from}", store.folder().display()))
    };
    match look() {
        Ok(says) => Finding::new("routers", State::Good, says),
        Err(failure) => Finding::damaged("routers", &failure),
    }
}

/// Routes a prompt, and says how long that took.
fn self_test(settings: &Settings) -> Finding {
    let decide = || -> Result<String, Failure> {
        let pool = settings.deciders(&settings.engine(Recorder::off())?)?;
        let started = Instant::now();
        let plan = pool.route(PROBE)?;
        let took = started.elapsed();
        Ok(format!("chose {} in {:.2} ms", plan.choice().model, took.as_secs_f64() * 1000.0))
    };
    match decide() {
        Ok(says) => Finding::new("decision", State::Good, says),
        Err(failure) => Finding::damaged("decision", &failure),
    }
}

fn about_providers(accesses: &[Access], catalogue: Option<&Catalogue>) -> Vec<Finding> {
    let Some(catalogue) = catalogue else { return Vec::new() };
    let mut findings = Vec::new();
    for access in accesses {
        let Ok(entry) = catalogue.provider(&access.name) else { continue };
        let has_models = catalogue.models().iter().any(|model| model.provider == access.name);
        let set_up = access.base_url.is_some()
            || matches!(access.key_source, Some(KeySource::Variable(_) | KeySource::File(_)));
        // Providers that nobody set up and that have no models are no news.
        if !has_models && !set_up {
            continue;
        }
        let address = match &access.base_url {
            Some((url, from)) => format!("{url} (from {from})"),
            None => entry.base_url.clone(),
        };
        let (state, key) = match &access.key_source {
            Some(KeySource::Variable(name)) => (State::Good, format!("key from {name}")),
            Some(KeySource::File(file)) => (State::Good, format!("key from the file {file}")),
            Some(KeySource::Loopback) => {
                (State::Good, "no key set, none needed on this machine".to_owned())
            }
            Some(KeySource::NotNeeded) => (State::Good, "needs no key".to_owned()),
            None => (State::Missing, "no key".to_owned()),
        };
        let finding = Finding::new(&access.name, state, format!("{key}; {address}"));
        findings.push(match state {
            State::Missing => finding.remedy(format!(
                "set {}; {} moves it elsewhere",
                entry.key_variables.join(" or "),
                base_url_variable(&access.name)
            )),
            _ if !has_models => {
                finding.remedy("it has no models: name them in your catalogue file")
            }
            _ => finding,
        });
    }
    findings
}

async fn about_ledger(recorder: &Recorder) -> Finding {
    let Some(ledger) = recorder.ledger() else {
        return Finding::new("ledger", State::Missing, "off: nothing that is spent is kept");
    };
    let place = ledger.location();
    let spool = recorder.spool().unwrap_or(Path::new(""));
    if !Path::new(&place).exists() && !spool.exists() {
        return not_begun(&place);
    }
    let troubles = recorder.flush(FLUSH).await;
    let entries = match ledger.totals(&Query::default()).await {
        Ok(totals) => totals.overall.calls,
        Err(error) => return Finding::damaged("ledger", &Failure::from(error)),
    };
    let size = fs::metadata(&place).map_or(0, |file| file.len());
    let waiting = fs::read_dir(spool).map_or(0, |files| {
        files
            .flatten()
            .filter(|file| file.metadata().is_ok_and(|data| data.is_file() && data.len() > 0))
            .count()
    });
    let says = format!("{place}, {entries} entries, {} kB", size.div_ceil(1024));
    match troubles.first() {
        Some(trouble) => Finding::new("ledger", State::Damaged, says).remedy(trouble),
        None if waiting > 0 => {
            let remedy = format!(
                "{waiting} spool files in {} wait; another process may be using them",
                spool.display()
            );
            Finding::new("ledger", State::Warning, says).remedy(remedy)
        }
        None => Finding::new("ledger", State::Good, says),
    }
}

/// Whether a ledger could be made at `place`, judged by the folder that would hold it.
fn not_begun(place: &str) -> Finding {
    let says = format!("{place}, begins with the first call");
    let existing = Path::new(place)
        .ancestors()
        .skip(1)
        .find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let writable = existing.is_some_and(|folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::metadata(folder).is_ok_and(|data| data.is_dir() && !data.permissions().readonly())
    });
    if writable {
        return Finding::new("ledger", State::Good, says);
    }
    let finding = Finding::new(
        "ledger",
        State::Damaged,
        format!("{place} cannot be made: its folder is not writable"),
    );
    finding.remedy("name another place with --ledger PATH, or --ledger off")
}

fn print(findings: &[Finding], output: &Output) -> Result<(), Failure> {
    if output.is_json() {
        let ok = findings.iter().all(|finding| finding.state != State::Damaged);
        return output.json(&json!({"ok": ok, "findings": findings}));
    }
    for finding in findings {
        let state = match finding.state {
            State::Good => output.tint("ok     ", AnsiColor::Green),
            State::Missing => output.tint("missing", AnsiColor::Yellow),
            State::Warning => output.tint("warning", AnsiColor::Yellow),
            State::Damaged => output.tint("DAMAGED", AnsiColor::Red),
        };
        let says = wrapped(&finding.says, usize::from(WIDTH) - INDENT.len());
        for (position, line) in says.iter().enumerate() {
            if position == 0 {
                output.line(format!("{state}  {:<10} {line}", finding.what))?;
            } else {
                output.line(format!("{INDENT}{line}"))?;
            }
        }
        if let Some(remedy) = &finding.remedy {
            output.prose(remedy, INDENT)?;
        }
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    output.line(match (count(State::Damaged), count(State::Missing)) {
        (0, 0) => "\nAll is well.".to_owned(),
        (0, _) => "\nDeciding works. What is missing is needed for calls only.".to_owned(),
        (damaged, _) => format!("\n{damaged} to mend."),
    })
}
