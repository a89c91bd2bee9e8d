//! Writing a manifest for the routers in a folder.

use std::{
    fs,
    io::ErrorKind as IoKind,
    path::{Path, PathBuf},
};

use orkestra::{Error, ErrorKind, Result};
use semver::Version;

use crate::{
    Card, ReadArtefact, digest,
    manifest::{Entry, MANIFEST, Manifest, config, is_file_name},
    place::{self, failed},
};

const ENDING: &str = ".safetensors";

/// Writes `manifest.json` for every router file (`NAME-VERSION.safetensors`, or `NAME.safetensors`, whose version is then
/// the day it was built) in `folder`, which any static server can serve then. The same files give the same bytes.
///
/// # Errors
/// [`Config`](ErrorKind::Config) when there is no router file, one has no proper name, cannot be used, or has changed
/// since it was published under the same version; [`Storage`](ErrorKind::Storage) when the folder cannot be read or
/// written.
pub fn publish(folder: &Path, artefacts: &dyn ReadArtefact) -> Result<Manifest> {
    let files = artefact_files(folder)?;
    if files.is_empty() {
        let folder = folder.display();
        return Err(config(format!(
            "{folder} has no router file to publish; expected files like NAME-1.0.0{ENDING}"
        )));
    }
    let entries = files.iter().map(|file| entry(file, artefacts)).collect::<Result<_>>()?;
    let made = Manifest::new(entries)?;
    let path = folder.join(MANIFEST);
    if let Some(published) = read(&path)? {
        check_unchanged(&published, &made, &path)?;
    }
    let mut text =
        serde_json::to_vec_pretty(&made).map_err(|cause| failed(&path, "written", cause.into()))?;
    text.push(b'\n');
    place::write(&path, &text).map_err(|cause| failed(&path, "written", cause))?;
    Ok(made)
}

fn artefact_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |cause| failed(folder, "read", cause);
    let mut files = Vec::new();
    for file in fs::read_dir(folder).map_err(unreadable)? {
        let path = file.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(ENDING) && !name.starts_with('.') && path.is_file() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn entry(path: &Path, artefacts: &dyn ReadArtefact) -> Result<Entry> {
    let named = |error: Error| {
        config(format!("{} cannot be published: {error}", path.display())).because(error)
    };
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !is_file_name(&file) {
        return Err(named(config("its name must be of letters, digits, '.', '-' and '_'")));
    }
    let card = artefacts.card(path).map_err(named)?;
    let (name, version) = name_and_version(&file, &card).map_err(named)?;
    let (size, sha256) = digest::of_file(path).map_err(|cause| failed(path, "read", cause))?;
    let entry = Entry {
        name,
        version,
        file,
        size,
        sha256,
        embedder: card.embedder,
        date: card.date,
        minimum_format: card.format,
    };
    entry.check().map_err(named)?;
    Ok(entry)
}

fn name_and_version(file: &str, card: &Card) -> Result<(String, Version)> {
    let stem = file.strip_suffix(ENDING).unwrap_or(file);
    // The first dash that a version follows: versions may have dashes themselves.
    let splits = stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..]));
    for (name, version) in splits {
        if let Ok(version) = Version::parse(version) {
            return Ok((name.to_owned(), version));
        }
    }
    let day = card.date.splitn(3, '-').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
    match day.as_deref() {
        Some([year, month, day]) => Ok((stem.to_owned(), Version::new(*year, *month, *day))),
        _ => Err(config(format!(
            "its name has no version, and its date {:?} gives none; call it NAME-1.0.0{ENDING}",
            card.date
        ))),
    }
}

/// The manifest at `path`, if there is one.
fn read(path: &Path) -> Result<Option<Manifest>> {
    let named =
        |cause: Error| config(format!("{}: {cause}; remove it to start anew", path.display()));
    match fs::read(path) {
        Ok(bytes) => Manifest::parse(&bytes).map(Some).map_err(named),
        Err(cause) if cause.kind() == IoKind::NotFound => Ok(None),
        Err(cause) => Err(failed(path, "read", cause)),
    }
}

/// What was published under a version stays what it was: others hold it to the hash that they know.
fn check_unchanged(published: &Manifest, made: &Manifest, path: &Path) -> Result<()> {
    for old in &published.routers {
        let same = |new: &&Entry| new.name == old.name && new.version == old.version;
        if let Some(new) = made.routers.iter().find(same)
            && new.sha256 != old.sha256
        {
            let message = format!(
                "{} changed since it was published as {}: its SHA-256 is {}, was {}; give it a new version in its name, or remove {} to start anew",
                new.file,
                old.title(),
                new.sha256,
                old.sha256,
                path.display()
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
    }
    Ok(())
}
