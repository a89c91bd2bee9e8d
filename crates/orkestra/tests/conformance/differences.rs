//! `tests/dialect/lossy.toml`: what differs in which cell, and that every entry of it is needed.

use std::{cell::RefCell, collections::BTreeSet};

use orkestra::chat::DialectName;
use serde::Deserialize;
use serde_json::Value;

use crate::goldens::{self, Cell};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    lossy: Vec<Entry>,
    unlike: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    why: String,
    feature: String,
    of: Of,
    #[serde(default = "everyone")]
    from: Vec<DialectName>,
    #[serde(default = "everyone")]
    to: Vec<DialectName>,
    form: Option<Form>,
    #[serde(default)]
    differs: Vec<Difference>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(skip)]
    is_lossy: bool,
}

/// What is converted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Of {
    Request,
    Reply,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Form {
    Whole,
    Stream,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    path: String,
    is: Option<Value>,
    #[serde(default)]
    absent: bool,
    contains: Option<String>,
    #[serde(default)]
    some: bool,
}

fn everyone() -> Vec<DialectName> {
    goldens::DIALECTS.to_vec()
}

/// The list, and which of its words were needed so far.
#[derive(Debug)]
pub(crate) struct Differences {
    of: Of,
    entries: Vec<Entry>,
    needed: RefCell<BTreeSet<(usize, String)>>,
}

impl Differences {
    /// The part of the list that is about `of`.
    pub(crate) fn read(of: Of) -> Self {
        let File { mut lossy, unlike } = toml::from_str(&goldens::read("lossy.toml")).unwrap();
        lossy.iter_mut().for_each(|entry| entry.is_lossy = true);
        let entries = lossy.into_iter().chain(unlike).filter(|entry| entry.of == of).collect();
        Self { of, entries, needed: RefCell::default() }
    }

    fn of_cell(&self, cell: &Cell) -> impl Iterator<Item = (usize, &Entry)> {
        let (cell, form) = (*cell, if cell.stream { Form::Stream } else { Form::Whole });
        self.entries.iter().enumerate().filter(move |(_, entry)| {
            !cell.is_home()
                && entry.feature == cell.feature
                && entry.from.contains(&cell.from)
                && entry.to.contains(&cell.to)
                && entry.form.is_none_or(|only| only == form)
        })
    }

    /// How `came` differs from `twin`, beyond what is listed.
    pub(crate) fn compare(&self, cell: &Cell, came: &Value, twin: &Value) -> Vec<String> {
        let mut expected = twin.clone();
        let mut complaints = Vec::new();
        for (at, entry) in self.of_cell(cell) {
            for difference in &entry.differs {
                let before = expected.clone();
                if let Err(complaint) = difference.apply(came, &mut expected) {
                    complaints.push(complaint);
                }
                if before != expected || difference.some {
                    self.needed.borrow_mut().insert((at, difference.path.clone()));
                }
            }
        }
        complaints.extend(goldens::differences("", came, &expected));
        complaints
    }

    /// How the warnings of a request differ from those that are listed.
    pub(crate) fn compare_warnings(&self, cell: &Cell, warnings: &[String]) -> Vec<String> {
        let mut unlisted: Vec<&String> = warnings.iter().collect();
        let mut complaints = Vec::new();
        for (at, entry) in self.of_cell(cell) {
            for words in &entry.warnings {
                let says = |warning: &String| words.split('|').any(|word| warning.contains(word));
                if warnings.iter().any(says) {
                    unlisted.retain(|warning| !says(warning));
                    self.needed.borrow_mut().insert((at, words.clone()));
                } else {
                    complaints.push(format!("no warning of {words:?} in {warnings:?}"));
                }
            }
        }
        complaints
            .extend(unlisted.iter().map(|warning| format!("a warning not listed: {warning}")));
        complaints
    }

    /// Fails where a cell is complained of, or the list says more than the cells need.
    pub(crate) fn hold(&self, complaints: impl Fn(&Cell) -> Vec<String>) {
        let mut all = Vec::new();
        for cell in Cell::all() {
            let Cell { feature, from, to, stream } = cell;
            let form = if stream { "stream" } else { "whole" };
            let said = complaints(&cell).into_iter();
            all.extend(said.map(|words| format!("{feature} {from} -> {to} {form}: {words}")));
        }
        all.extend(self.unneeded());
        assert!(all.is_empty(), "{} complaints\n{}", all.len(), all.join("\n"));
    }

    /// What of the list no cell needed.
    fn unneeded(&self) -> Vec<String> {
        let needed = self.needed.borrow();
        let mut unneeded = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let paths = entry.differs.iter().map(|difference| &difference.path);
            for word in paths.chain(&entry.warnings) {
                if !needed.contains(&(at, word.clone())) {
                    unneeded.push(format!(
                        "{:?} {}, from {:?} to {:?} ({}): {word} is not needed",
                        self.of, entry.feature, entry.from, entry.to, entry.why
                    ));
                }
            }
            if entry.is_lossy == entry.warnings.is_empty() {
                unneeded.push(format!("{entry:?}: what is lossy warns, and nothing else does"));
            }
        }
        unneeded
    }
}

impl Difference {
    /// Makes `expected` what the entry says, as far as `came` bears it out.
    fn apply(&self, came: &Value, expected: &mut Value) -> Result<(), String> {
        let found = came.pointer(&self.path);
        let holds = match &self.contains {
            Some(text) => found.is_some_and(|found| holds(found, text)),
            None if self.some => found.and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
            None => true,
        };
        if !holds {
            return Err(format!("{}: came {found:?}, expected {self:?}", self.path));
        }
        if self.absent {
            set(expected, &self.path, None);
        } else if let Some(value) = &self.is {
            set(expected, &self.path, Some(value.clone()));
        } else if self.contains.is_some() || self.some {
            set(expected, &self.path, found.cloned());
        } else {
            return Err(format!("{}: the entry does not say what differs", self.path));
        }
        Ok(())
    }
}

fn holds(value: &Value, text: &str) -> bool {
    value.as_str().map_or_else(|| value.to_string().contains(text), |found| found.contains(text))
}

/// Puts `value` at `path`, or takes away what is there; of a list, the others move up.
fn set(root: &mut Value, path: &str, value: Option<Value>) {
    let (parent, key) = path.rsplit_once('/').expect("a path begins with a slash");
    match (root.pointer_mut(parent), value) {
        (Some(Value::Object(fields)), Some(value)) => {
            fields.insert(key.to_owned(), value);
        }
        (Some(Value::Object(fields)), None) => {
            fields.shift_remove(key);
        }
        (Some(Value::Array(items)), value) => {
            let at: usize = key.parse().expect("a list's path ends in a number");
            if at < items.len() {
                items.remove(at);
            }
            if let Some(value) = value {
                items.insert(at.min(items.len()), value);
            }
        }
        (_, _) => {}
    }
}
