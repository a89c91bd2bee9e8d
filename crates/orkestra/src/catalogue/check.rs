//! What no entry can tell by itself: whether the entries fit together.

use std::collections::BTreeMap;

use super::{Catalogue, Model, ModelId, layers::Entry, near};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn all(catalogue: &Catalogue) -> Result<()> {
    // What the last file says first: a mistake is most likely there.
    let entries = || catalogue.models.iter().zip(&catalogue.layers.models);
    let (last, below): (Vec<_>, Vec<_>) =
        entries().partition(|(_, entry)| in_last_file(catalogue, entry));
    for (model, entry) in last.into_iter().chain(below) {
        succession(catalogue, model, entry)?;
    }
    defaults(catalogue)?;
    pins(catalogue)?;
    lists(catalogue)
}

fn in_last_file(catalogue: &Catalogue, entry: &Entry) -> bool {
    entry.place.starts_with(&catalogue.layers.file)
}

/// An error about `entry` that names the last file even where the entry is of one below it.
fn misfit(catalogue: &Catalogue, entry: &Entry, problem: &str) -> Error {
    if in_last_file(catalogue, entry) {
        return entry.error(problem);
    }
    let Entry { place, .. } = entry;
    let file = &catalogue.layers.file;
    Error::new(ErrorKind::Config, format!("{file} does not fit {place}: {problem}"))
}

fn succession(catalogue: &Catalogue, model: &Model, entry: &Entry) -> Result<()> {
    let wrong =
        |problem: &str| Err(misfit(catalogue, entry, &format!("model {:?}: {problem}", entry.key)));
    let Some(id) = &model.successor else {
        return match model.retired {
            Some(day) => wrong(&format!(
                "`retired` is {day} but `successor` is missing; name the model that answers then"
            )),
            None if model.never_released => wrong(
                "`never_released` is true but `successor` is missing; name the model that answers",
            ),
            None => Ok(()),
        };
    };
    let Some(successor) = catalogue.index.get(id).map(|at| &catalogue.models[*at]) else {
        let ids = catalogue.models.iter().map(|model| model.id.as_str());
        let meant = near::suggestion(id.as_str(), ids, "add it, or name another");
        return wrong(&format!("`successor` is \"{id}\"; there is no such model; {meant}"));
    };
    if successor.provider != model.provider {
        return wrong(&format!(
            "`successor` is \"{id}\" of provider {}; expected a model of {}",
            successor.provider, model.provider
        ));
    }
    let mut walked = vec![&model.id, &successor.id];
    // A circle is reported where it closes on its own start; others on the way have their own turn.
    while let Some(next) = walked.last().and_then(|id| successor_of(catalogue, id)) {
        if walked.last() == Some(&&model.id) || walked.len() > catalogue.models.len() {
            break;
        }
        walked.push(&next.id);
    }
    if walked.last() == Some(&&model.id) {
        let round: Vec<&str> = walked.iter().map(|id| id.as_str()).collect();
        let round = round.join(" -> ");
        return wrong(&format!("`successor` leads in a circle: {round}; end it somewhere"));
    }
    // Otherwise the provider would one day be without a model for the tier.
    let tier_of = |id: &ModelId| catalogue.index.get(id).map(|at| catalogue.models[*at].tier);
    match walked.iter().find(|id| model.default && tier_of(id) != Some(model.tier)) {
        Some(stray) => wrong(&format!(
            "`successor` leads to {stray}, of another tier; those of a default must be of its tier, {}",
            model.tier
        )),
        None => Ok(()),
    }
}

fn successor_of<'a>(catalogue: &'a Catalogue, id: &ModelId) -> Option<&'a Model> {
    let at = |id: &ModelId| catalogue.index.get(id).map(|at| &catalogue.models[*at]);
    at(id)?.successor.as_ref().and_then(at)
}

/// Only one model is flagged for a tier, and its line of successors does not branch: so there is exactly
/// one default on any day.
fn defaults(catalogue: &Catalogue) -> Result<()> {
    let mut flagged = BTreeMap::new();
    for (model, entry) in catalogue.models.iter().zip(&catalogue.layers.models) {
        if !model.default {
            continue;
        }
        if let Some(first) = flagged.insert((&model.provider, model.tier), &model.id) {
            let problem = format!(
                "model {:?}: `default` is true, but {first} is already the default {} model of {}; \
                 use [[pin]] to put another in its place",
                entry.key, model.tier, model.provider
            );
            return Err(misfit(catalogue, entry, &problem));
        }
    }
    Ok(())
}

fn pins(catalogue: &Catalogue) -> Result<()> {
    for (pin, entry) in catalogue.pins.iter().zip(&catalogue.layers.pins) {
        let in_pin =
            |error: &Error| misfit(catalogue, entry, &format!("pin of {:?}: {error}", entry.key));
        catalogue.provider(&pin.provider).map_err(|error| in_pin(&error))?;
        let model = catalogue.model(pin.model.as_str()).map_err(|error| in_pin(&error))?;
        if model.provider != pin.provider {
            return Err(entry.error(&format!(
                "pin of {:?}: `model` is \"{}\" of provider {}; expected a model of {}",
                entry.key, model.id, model.provider, pin.provider
            )));
        }
    }
    Ok(())
}

fn lists(catalogue: &Catalogue) -> Result<()> {
    let file = &catalogue.layers.file;
    for (field, names) in [("allow", &catalogue.allow), ("deny", &catalogue.deny)] {
        for name in names {
            let models = catalogue.models.iter().map(|model| model.id.as_str());
            let providers = catalogue.providers.iter().map(|provider| provider.name.as_str());
            let known: Vec<&str> = models.chain(providers).collect();
            if known.contains(&name.as_str()) {
                continue;
            }
            let otherwise = "expected ids of models or names of providers";
            let meant = near::suggestion(name, known, otherwise);
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{file}: `{field}` has {name:?}; there is no such model or provider; {meant}"
                ),
            ));
        }
    }
    Ok(())
}
