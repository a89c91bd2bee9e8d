//! What a registry holds: the text of its `manifest.json`.

use std::{collections::HashSet, ops::RangeInclusive};

use orkestra::{Error, ErrorKind, Result};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::is_sha256;

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// The version of the manifest's own form.
const FORM: u32 = 1;

/// No router file is larger than a gibibyte; none is empty.
const SIZES: RangeInclusive<u64> = 1..=1 << 30;

const LONGEST_NAME: usize = 64;

/// What a registry holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form: 1.
    pub manifest: u32,
    /// Every version of every router.
    pub routers: Vec<Entry>,
}

/// One version of a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What users call it: lower-case letters, digits, `-` and `_`, at most 64, the first a letter.
    pub name: String,
    /// Its version; the highest that a program can read is taken unless another is named.
    pub version: Version,
    /// The file's name, beside the manifest: letters, digits, `.`, `-` and `_`, the first a letter or digit.
    pub file: String,
    /// The file's bytes, at most a gibibyte.
    pub size: u64,
    /// The file's SHA-256, in lower-case hex.
    pub sha256: String,
    /// Which embedder its vectors come from.
    pub embedder: String,
    /// The day it was built: `2026-11-25`.
    pub date: String,
    /// The least artefact format that a program must read.
    pub minimum_format: u32,
}

impl Entry {
    /// Name and version, as messages say it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the field, its value and what was expected.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let wrong = |field: &str, value: &str, expected: &str| {
            Err(config(format!("router {}: {field} is {value}, expected {expected}", self.title())))
        };
        if !is_file_name(&self.file) {
            let expected = "a file name of letters, digits, '.', '-' and '_'";
            return wrong("file", &format!("{:?}", self.file), expected);
        }
        if !SIZES.contains(&self.size) {
            let expected = format!("{} to {} bytes", SIZES.start(), SIZES.end());
            return wrong("size", &self.size.to_string(), &expected);
        }
        if !is_sha256(&self.sha256) {
            let expected = "64 lower-case hexadecimal digits";
            return wrong("sha256", &format!("{:?}", self.sha256), expected);
        }
        if self.embedder.is_empty() {
            return wrong("embedder", "empty", "the id of an embedder");
        }
        Ok(())
    }
}

impl Manifest {
    /// A manifest of `routers`, sorted by name and version.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when an entry is wrong, or two are of the same name and version.
    pub fn new(mut routers: Vec<Entry>) -> Result<Self> {
        routers.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        let made = Self { manifest: FORM, routers };
        made.check()?;
        Ok(made)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), saying where it is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Form {
            manifest: u32,
        }
        let unreadable = |cause: serde_json::Error| {
            config(format!("the manifest cannot be read: {cause}")).because(cause)
        };
        // The version of the form first: another form's fields may not be ours.
        let Form { manifest } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if manifest != FORM {
            return Err(config(format!(
                "the manifest's form is version {manifest}, this program reads {FORM}; use a newer program"
            )));
        }
        let read: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        read.check()?;
        Ok(read)
    }

    /// The version `version` of the router `name`, or the highest whose format is at most `newest_format`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when there is none; it says which there are.
    pub fn find(
        &self,
        name: &str,
        version: Option<&Version>,
        newest_format: u32,
    ) -> Result<&Entry> {
        let of_name: Vec<&Entry> = self.routers.iter().filter(|entry| entry.name == name).collect();
        if of_name.is_empty() {
            let mut names: Vec<&str> =
                self.routers.iter().map(|entry| entry.name.as_str()).collect();
            names.dedup();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(config(format!("the registry has no router {name:?}; it has {known}")));
        }
        if let Some(wanted) = version {
            let found = of_name.iter().find(|entry| entry.version == *wanted).ok_or_else(|| {
                let versions: Vec<String> =
                    of_name.iter().map(|entry| entry.version.to_string()).collect();
                let known = versions.join(", ");
                config(format!("the registry has no version {wanted} of {name}; it has {known}"))
            })?;
            return readable(found, newest_format);
        }
        let newest_first = || {
            let mut sorted = of_name.clone();
            sorted.sort_by(|a, b| b.version.cmp(&a.version));
            sorted.into_iter()
        };
        let mut fitting = newest_first().filter(|entry| entry.minimum_format <= newest_format);
        match (fitting.next(), newest_first().next()) {
            (Some(entry), _) => Ok(entry),
            (None, Some(newest)) => readable(newest, newest_format),
            (None, None) => Err(config(format!("the registry has no router {name:?}"))),
        }
    }

    fn check(&self) -> Result<()> {
        self.routers.iter().try_for_each(Entry::check)?;
        let mut seen = HashSet::new();
        for entry in &self.routers {
            if !seen.insert((&entry.name, &entry.version)) {
                return Err(config(format!("the manifest names router {} twice", entry.title())));
            }
        }
        Ok(())
    }
}

/// Checks that `name` can be the name of a router: lower-case letters, digits, `-` and `_`, at most 64 of them, the
/// first a letter. "embedded" is the one that is part of the program.
///
/// # Errors
/// [`Config`](ErrorKind::Config) that says so.
pub fn check_name(name: &str) -> Result<()> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !begins || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
        return Err(config(format!(
            "{name:?} is no router's name: expected lower-case letters, digits, - and _, at most {LONGEST_NAME}, the first a letter"
        )));
    }
    if name == "embedded" {
        return Err(config(
            "\"embedded\" is the router that is part of the program; no other can have its name",
        ));
    }
    Ok(())
}

fn readable(entry: &Entry, newest_format: u32) -> Result<&Entry> {
    if entry.minimum_format <= newest_format {
        return Ok(entry);
    }
    Err(config(format!(
        "router {} needs a program that reads format {}, this one reads up to {newest_format}; use a newer program, or an older version of the router",
        entry.title(),
        entry.minimum_format
    )))
}

/// Whether `name` is a plain file name on every system, and no hidden one.
pub(crate) fn is_file_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    name.len() <= 255
        && name.bytes().all(fits)
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !name.ends_with('.')
}

pub(crate) fn config(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, version: &str, minimum_format: u32) -> Entry {
        Entry {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            file: format!("{name}-{version}.safetensors"),
            size: 10,
            sha256: "0".repeat(64),
            embedder: "static-abc".to_owned(),
            date: "2026-11-25".to_owned(),
            minimum_format,
        }
    }

    #[test]
    fn the_highest_version_that_can_be_read_is_found() {
        let all = ["1.9.0", "1.10.0", "2.0.0-rc.1"].map(|version| entry("a", version, 3));
        let made = Manifest::new([&all[..], &[entry("a", "3.0.0", 4)]].concat()).unwrap();
        assert_eq!(made.find("a", None, 3).unwrap().version.to_string(), "2.0.0-rc.1");
        assert_eq!(made.find("a", None, 4).unwrap().version.to_string(), "3.0.0");
        let named = "1.9.0".parse().unwrap();
        assert_eq!(made.find("a", Some(&named), 3).unwrap().version, named);
    }

    #[test]
    fn what_is_not_found_says_what_there_is() {
        let made = Manifest::new(vec![entry("a", "1.0.0", 4), entry("b", "1.0.0", 3)]).unwrap();
        let said = |name, version: Option<&str>| {
            let version = version.map(|version| version.parse().unwrap());
            made.find(name, version.as_ref(), 3).unwrap_err().to_string()
        };
        assert!(said("c", None).contains("it has a, b"), "{}", said("c", None));
        assert!(said("b", Some("2.0.0")).contains("it has 1.0.0"));
        assert!(said("a", None).contains("format 4"), "{}", said("a", None));
        assert!(said("a", Some("1.0.0")).contains("up to 3"));
    }

    #[test]
    fn each_field_is_checked_and_named() {
        type Change = fn(&mut Entry);
        let changes: [(&str, Change); 8] = [
            ("name", |entry| entry.name = "../x".to_owned()),
            ("embedded", |entry| entry.name = "embedded".to_owned()),
            ("file", |entry| entry.file = "../../etc/passwd".to_owned()),
            ("file", |entry| entry.file = ".hidden".to_owned()),
            ("size", |entry| entry.size = 0),
            ("size", |entry| entry.size = (1 << 30) + 1),
            ("sha256", |entry| entry.sha256 = "F".repeat(64)),
            ("embedder", |entry| entry.embedder.clear()),
        ];
        for (field, change) in changes {
            let mut wrong = entry("a", "1.0.0", 3);
            change(&mut wrong);
            let text = serde_json::to_vec(&Manifest { manifest: 1, routers: vec![wrong] }).unwrap();
            let error = Manifest::parse(&text).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(field), "{field}: {error}");
        }
        let twice = Manifest::new(vec![entry("a", "1.0.0", 3), entry("a", "1.0.0", 3)]);
        assert!(twice.unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn another_form_is_named_and_new_fields_are_no_error() {
        let error = Manifest::parse(br#"{"manifest": 2, "models": []}"#).unwrap_err();
        assert!(error.to_string().contains("version 2"), "{error}");
        let more = br#"{"manifest": 1, "routers": [], "signed": true}"#;
        assert_eq!(Manifest::parse(more).unwrap().routers.len(), 0);
        assert!(Manifest::parse(b"<html>").unwrap_err().to_string().contains("cannot be read"));
    }
}
