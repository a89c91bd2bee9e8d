//! Catalogue files laid over each other: the built-in one first, then the user's.

use std::{collections::BTreeMap, ops::Range};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use toml::{Spanned, Table, Value};

use super::{file::File, near};
use crate::error::{Error, ErrorKind, Result};

/// Everything that the files say, before it is made into models.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    /// Fields of the whole catalogue: `updated`.
    pub(super) updated: Option<Value>,
    pub(super) allow: Vec<String>,
    pub(super) deny: Vec<String>,
    pub(super) rules: BTreeMap<String, Table>,
    pub(super) providers: Vec<Entry>,
    pub(super) models: Vec<Entry>,
    pub(super) pins: Vec<Entry>,
    /// The file that was added last.
    pub(super) file: String,
    digest: [u8; 32],
}

/// One table of a file, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What makes it the same entry as one of another file.
    pub(super) key: String,
    pub(super) fields: Table,
    /// Such as `models.toml, line 12`.
    pub(super) place: String,
}

impl Layers {
    /// Adds a file on top.
    pub(super) fn with(mut self, text: &str, file: &str) -> Result<Self> {
        // Twice over the text: typed, because only that knows lines and unknown fields; and as tables,
        // because only those tell a field that is left out from one that has its default.
        let typed: File = toml::from_str(text).map_err(|error| explain(&error, text, file))?;
        let mut tables: Table =
            toml::from_str(text).map_err(|error| explain(&error, text, file))?;

        let place = |span: Range<usize>| format!("{file}, line {}", line_of(text, span.start));
        let keys = |spans: Vec<(String, Range<usize>)>| {
            spans.into_iter().map(|(key, span)| (key, place(span))).collect::<Vec<_>>()
        };
        let providers = keys(keyed(&typed.provider, |provider| provider.name.clone()));
        let models = keys(keyed(&typed.model, |model| model.id.clone()));
        let pins = keys(keyed(&typed.pin, |pin| format!("{} {}", pin.provider, pin.tier)));
        lay("provider", &mut self.providers, providers, tables.remove("provider"))?;
        lay("model", &mut self.models, models, tables.remove("model"))?;
        lay("pin", &mut self.pins, pins, tables.remove("pin"))?;
        if let Some(Value::Table(rules)) = tables.remove("rules") {
            for (name, value) in rules {
                overlay(self.rules.entry(name).or_default(), tables_of(value));
            }
        }
        self.updated = tables.remove("updated").or(self.updated);
        self.allow.extend(typed.allow);
        self.deny.extend(typed.deny);
        self.digest = Sha256::new().chain_update(self.digest).chain_update(text).finalize().into();
        file.clone_into(&mut self.file);
        Ok(self)
    }

    /// The first digits of a hash over all files.
    pub(super) fn short_hash(&self) -> String {
        self.digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Entry {
    /// Its fields as the type of their file.
    pub(super) fn typed<T: DeserializeOwned>(&self) -> Result<T> {
        Value::Table(self.fields.clone()).try_into().map_err(|error: toml::de::Error| {
            self.error(&with_suggestion(&in_plain_words(error.message())))
        })
    }

    /// An error about this entry.
    pub(super) fn error(&self, problem: &str) -> Error {
        Error::new(ErrorKind::Config, format!("{}: {problem}", self.place))
    }
}

fn keyed<T>(entries: &[Spanned<T>], key: impl Fn(&T) -> String) -> Vec<(String, Range<usize>)> {
    entries.iter().map(|entry| (key(entry.get_ref()), entry.span())).collect()
}

/// Puts the entries of one file over those of the files below it.
fn lay(
    kind: &str,
    below: &mut Vec<Entry>,
    keys: Vec<(String, String)>,
    tables: Option<Value>,
) -> Result<()> {
    let tables = match tables {
        Some(Value::Array(tables)) => tables,
        _ => Vec::new(),
    };
    let mut here: BTreeMap<String, String> = BTreeMap::new();
    for ((key, place), table) in keys.into_iter().zip(tables) {
        let mut entry = Entry { key, fields: tables_of(table), place };
        if let Some(first) = here.insert(entry.key.clone(), entry.place.clone()) {
            return Err(entry.error(&format!(
                "{kind} {:?} is already defined at {first}; keep one of the two",
                entry.key
            )));
        }
        match below.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => {
                settle_price(&mut known.fields, &entry.fields);
                overlay(&mut known.fields, std::mem::take(&mut entry.fields));
                known.place = entry.place;
            }
            None => below.push(entry),
        }
    }
    Ok(())
}

/// A model is either free or has prices: whichever the upper file says takes the other away.
fn settle_price(known: &mut Table, over: &Table) {
    if over.contains_key("prices") {
        known.remove("free");
    } else if over.get("free") == Some(&Value::Boolean(true)) {
        known.remove("prices");
    }
}

/// Puts the fields of `over` into `under`; of `parameters`, each by itself.
pub(super) fn overlay(under: &mut Table, over: Table) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(Value::Table(under)), Value::Table(over)) if name == "parameters" => {
                overlay(under, over);
            }
            (_, value) => {
                under.insert(name, value);
            }
        }
    }
}

pub(super) fn tables_of(value: Value) -> Table {
    match value {
        Value::Table(table) => table,
        _ => Table::new(),
    }
}

/// What `error` says, with the file, the line, its text and the entry it belongs to.
fn explain(error: &toml::de::Error, text: &str, file: &str) -> Error {
    let place = error.span().map_or_else(
        || file.to_owned(),
        |span| {
            let number = line_of(text, span.start);
            let line = text.lines().nth(number - 1).unwrap_or_default().trim();
            let shown: String = line.chars().take(120).collect();
            let entry = entry_around(text, number);
            format!("{file}, line {number}{entry} (`{shown}`)")
        },
    );
    let message = with_suggestion(&in_plain_words(error.message()));
    Error::new(ErrorKind::Config, format!("{place}: {message}"))
}

/// Such as `, id = "gpt-4o"`, for the entry that line `number` is in. The text did not parse, so it is
/// searched as text.
fn entry_around(text: &str, number: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let (before, after) = lines.split_at(number.min(lines.len()));
    let opens = |line: &&str| line.starts_with("[[");
    let Some(start) = before.iter().rposition(opens) else { return String::new() };
    let names = |line: &&&str| {
        let field = line.split('=').next().unwrap_or_default().trim();
        field == "id" || field == "name"
    };
    let rest = after.iter().take_while(|line| !opens(line));
    let named = before[start..].iter().chain(rest).find(names);
    named.map(|line| format!(", {line}")).unwrap_or_default()
}

/// Rust's names of numbers mean nothing to someone who edits a file.
fn in_plain_words(message: &str) -> String {
    message
        .replace("expected u64", "expected a whole number, 0 or more")
        .replace("expected u16", "expected a whole number from 0 to 65535")
        .replace("expected f64", "expected a number like 1.5")
        .replace("expected a boolean", "expected true or false")
}

fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// Adds what was probably meant to serde's ``unknown field `x`, expected one of `a`, `b` ``.
fn with_suggestion(message: &str) -> String {
    let message = message.trim_end();
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next() {
        Some(wrong) if message.starts_with("unknown ") => {
            let meant = near::suggestion(wrong, quoted, "");
            let gap = if meant.is_empty() { "" } else { "; " };
            format!("{message}{gap}{meant}")
        }
        _ => message.to_owned(),
    }
}
