//! `orkestra routers verify`: whether the files are what they should be.

use clap::builder::styling::AnsiColor;
use orkestra::{Error, ErrorKind};
use orkestra_registry::{Card, Store, Wanted};
use serde_json::{Value, json};

use crate::{
    args::Verify, artefact::Artefacts, failure::Failure, output::Output, settings::Settings,
};

/// Checks the routers that were named, or all.
pub(super) fn run(asked: &Verify, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let store = settings.store()?;
    let names = if asked.names.is_empty() { store.names()? } else { asked.names.clone() };
    let checked: Vec<(&String, Result<Card, Failure>)> =
        names.iter().map(|name| (name, check(name, &store, settings))).collect();
    let damaged = checked.iter().filter(|(_, outcome)| outcome.is_err()).count();
    if output.is_json() {
        let rows: Vec<Value> =
            checked.iter().map(|(name, outcome)| as_json(name, outcome)).collect();
        output.json(&json!({"ok": damaged == 0, "routers": rows}))?;
    } else {
        for (name, outcome) in &checked {
            say(name, outcome, output)?;
        }
        if checked.is_empty() {
            let folder = store.folder().display();
            output.line(format!("No routers in {folder}: nothing to check."))?;
        }
    }
    if damaged > 0 { Err(Failure::Said(ErrorKind::Config.exit_code())) } else { Ok(()) }
}

fn check(name: &str, store: &Store, settings: &Settings) -> Result<Card, Failure> {
    let wanted = Wanted { name: name.to_owned(), version: None };
    let found = settings.installed(store, &wanted)?;
    Ok(store.verify(&found, &Artefacts)?)
}

fn as_json(name: &str, outcome: &Result<Card, Failure>) -> Value {
    match outcome {
        Ok(card) => json!({
            "name": name,
            "ok": true,
            "format": card.format,
            "embedder": card.embedder,
            "date": card.date,
        }),
        Err(failure) => json!({"name": name, "ok": false, "error": why(failure)}),
    }
}

fn say(name: &str, outcome: &Result<Card, Failure>, output: &Output) -> Result<(), Failure> {
    match outcome {
        Ok(card) => {
            let good = output.tint("good   ", AnsiColor::Green);
            output.line(format!("{good}  {name}: {} of {}", card.embedder, card.date))
        }
        Err(failure) => {
            let damaged = output.tint("DAMAGED", AnsiColor::Red);
            output.line(format!("{damaged}  {name}: {}", why(failure)))
        }
    }
}

fn why(failure: &Failure) -> String {
    match failure {
        Failure::Error(error, _) => Error::to_string(error),
        Failure::Usage(message, _) => message.clone(),
        _ => "interrupted".to_owned(),
    }
}
