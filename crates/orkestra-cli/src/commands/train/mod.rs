//! `orkestra train`: outcome rows → a router file.

mod lessons;
mod report;

use orkestra::{
    ErrorKind,
    routing::{GENERAL, Trained, embedded},
};

use orkestra_training::Silent;

use self::lessons::{Lessons, Target};
use crate::{
    args::{Build, Train},
    commands::routers::build,
    destination::Destination,
    failure::Failure,
    line_up,
    output::Output,
    progress::{Bar, unless_interrupted},
    settings::{EMBEDDED, NEAREST, Settings},
};

/// Learns a router and writes its file.
pub(super) fn run(asked: &Train, settings: &Settings, output: &Output) -> Result<(), Failure> {
    if let Some(embedder) = &asked.embedder {
        let asked = Build {
            router: format!("{NEAREST}{embedder}"),
            data: asked.data.clone(),
            tiers: asked.tiers.clone(),
            skip_bad: asked.skip_bad,
            out: Some(asked.out.clone()),
        };
        return build::run(&asked, settings, output);
    }
    let (lessons, out) = prepared(asked, settings, output)?;
    let bar = Bar::new("learning", output);
    let (working, telling) = (bar.clone(), *output);
    let learned = unless_interrupted(move || lessons.learn(&working, &telling));
    bar.clear();
    let learned = learned?;
    out.write(&learned.bytes)?;
    report::say(&learned, out.name(), asked, output)
}

/// Learns a router and writes its file, and says nothing.
pub(crate) fn learn(asked: &Train, settings: &Settings) -> Result<(), Failure> {
    let output = Output::silent();
    let (lessons, out) = prepared(asked, settings, &output)?;
    out.write(&lessons.learn(&Silent, &output)?.bytes)
}

fn prepared(
    asked: &Train,
    settings: &Settings,
    output: &Output,
) -> Result<(Lessons, Destination), Failure> {
    let case = line_up::to_learn(asked)?;
    check_family(asked, settings, output)?;
    let out = Destination::new("--out", &asked.out, &asked.data)?;
    let lessons = Lessons {
        case,
        family: asked.family.clone(),
        files: asked.data.clone(),
        skip_bad: asked.skip_bad,
        date: settings.date().to_string(),
        target: target(asked, settings)?,
    };
    Ok((lessons, out))
}

fn target(asked: &Train, settings: &Settings) -> Result<Target, Failure> {
    let base: Option<Trained> =
        asked.base.as_deref().map(|name| settings.router_named(name)).transpose()?;
    let own_base = asked.base.as_ref().is_some_and(|name| name != EMBEDDED);
    Ok(Target { base, embedded: embedded()?, whole: asked.standalone || own_base })
}

/// Heads are found by name, so a name that no provider has is pointed out.
fn check_family(asked: &Train, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let family = asked.family.as_str();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if family.is_empty() || !family.chars().all(fits) {
        return Err(Failure::Usage(
            format!("--family {family:?} is no name"),
            Some("use letters, digits, - and _, as in the name of a provider".to_owned()),
        ));
    }
    if family != GENERAL {
        match settings.catalogue()?.provider(family) {
            Err(error) if *error.kind() == ErrorKind::UnknownModel => output.warning(format!(
                "--family: {error}; only a provider of that name will ask this head"
            )),
            other => other.map(|_| ())?,
        }
    }
    Ok(())
}
