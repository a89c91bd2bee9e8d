//! What no entry can tell by itself: whether the entries fit together.

use std::collections::BTreeMap;

use super::{Catalogue, Model, layers::Entry, near};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn all(catalogue: &Catalogue) -> Result<()> {
    for (model, entry) in catalogue.models.iter().zip(&catalogue.layers.models) {
        succession(catalogue, model, entry)?;
    }
    defaults(catalogue)?;
    pins(catalogue)?;
    lists(catalogue)
}

fn succession(catalogue: &Catalogue, model: &Model, entry: &Entry) -> Result<()> {
    let wrong = |problem: &str| Err(entry.error(&format!("model {:?}: {problem}", entry.key)));
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
    if model.default && successor.tier != model.tier {
        return wrong(&format!(
            "`successor` is \"{id}\" of tier {}; a default's successor must be of its tier, {}",
            successor.tier, model.tier
        ));
    }
    let mut walked = vec![model.id.as_str()];
    let mut next = Some(successor);
    while let Some(step) = next {
        let seen = walked.contains(&step.id.as_str());
        walked.push(step.id.as_str());
        if seen {
            let round = walked.join(" -> ");
            return wrong(&format!("`successor` leads in a circle: {round}; end it somewhere"));
        }
        next = step
            .successor
            .as_ref()
            .and_then(|id| catalogue.index.get(id))
            .map(|at| &catalogue.models[*at]);
    }
    Ok(())
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
            return Err(entry.error(&format!(
                "model {:?}: `default` is true, but {first} is already the default {} model of {}; \
                 use [[pin]] to put another in its place",
                entry.key, model.tier, model.provider
            )));
        }
    }
    Ok(())
}

fn pins(catalogue: &Catalogue) -> Result<()> {
    for (pin, entry) in catalogue.pins.iter().zip(&catalogue.layers.pins) {
        let in_pin = |error: &Error| entry.error(&format!("pin of {:?}: {error}", entry.key));
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
            let mut known = models.chain(providers);
            if known.any(|known| known == name) {
                continue;
            }
            let models = catalogue.models.iter().map(|model| model.id.as_str());
            let providers = catalogue.providers.iter().map(|provider| provider.name.as_str());
            let otherwise = "expected ids of models or names of providers";
            let meant = near::suggestion(name, models.chain(providers), otherwise);
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
