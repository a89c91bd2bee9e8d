//! Names and days → the model that answers.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Catalogue, Model, ModelId};
use crate::{
    error::{Error, ErrorKind, Result},
    tier::Tier,
};

/// The model that answers on a day when another, or itself, was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<'a> {
    /// The model that answers.
    pub model: &'a Model,
    /// Why it is not the one that was asked for; `None` when it is.
    pub note: Option<String>,
}

impl Catalogue {
    /// The model that answers on `today` when `name` is asked for: itself, or the successor of one that is
    /// retired or never was.
    ///
    /// # Errors
    /// [`UnknownModel`](crate::ErrorKind::UnknownModel), listing what is near;
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the user's file denies the model.
    pub fn resolve(&self, name: &str, today: Date) -> Result<Resolved<'_>> {
        let resolved = self.follow(self.model(name)?, today)?;
        if self.denies(resolved.model) {
            return Err(Error::invalid(format!(
                "the catalogue denies {}; take it, or its provider {}, from the deny list to use it",
                resolved.model.id, resolved.model.provider
            )));
        }
        Ok(resolved)
    }

    /// `provider`'s model for `tier` on `today`: the pinned one, or else the default.
    ///
    /// # Errors
    /// [`UnknownModel`](crate::ErrorKind::UnknownModel) when there is no such provider or it has no model
    /// for the tier; [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the user's file denies it.
    pub fn default_model(&self, provider: &str, tier: Tier, today: Date) -> Result<Resolved<'_>> {
        let entry = self.provider(provider)?;
        let chosen = self.chosen(&entry.name, tier).ok_or_else(|| {
            Error::new(
                ErrorKind::UnknownModel,
                format!("the catalogue has no default {tier} model of provider {provider:?}"),
            )
        })?;
        self.resolve(chosen.as_str(), today)
    }

    /// The models that may be chosen on `today` when nobody names one: each provider's default of each tier
    /// and whatever the user's file allows, without what it denies. No model comes twice. In the order of
    /// `providers`, then of tiers.
    ///
    /// # Errors
    /// [`UnknownModel`](crate::ErrorKind::UnknownModel) when there is no such provider.
    pub fn candidates(&self, providers: &[&str], today: Date) -> Result<Vec<Resolved<'_>>> {
        let mut candidates = Vec::new();
        let mut seen = BTreeSet::new();
        for provider in providers {
            let provider = &self.provider(provider)?.name;
            let defaults = Tier::ALL.into_iter().filter_map(|tier| self.chosen(provider, tier));
            let allowed = self.models.iter().filter(|model| self.allows(model, provider));
            for id in defaults.chain(allowed.map(|model| &model.id)) {
                let resolved = self.follow(self.model(id.as_str())?, today)?;
                if !self.denies(resolved.model) && seen.insert(resolved.model.id.clone()) {
                    candidates.push(resolved);
                }
            }
        }
        Ok(candidates)
    }

    /// The id that stands for `tier` at `provider`, before any day is looked at.
    fn chosen(&self, provider: &str, tier: Tier) -> Option<&ModelId> {
        let pinned = self.pins.iter().find(|pin| pin.provider == provider && pin.tier == tier);
        let default =
            || self.models.iter().find(|m| m.default && m.provider == provider && m.tier == tier);
        pinned.map(|pin| &pin.model).or_else(|| default().map(|model| &model.id))
    }

    fn denies(&self, model: &Model) -> bool {
        self.deny.contains(model.id.as_str()) || self.deny.contains(&model.provider)
    }

    fn allows(&self, model: &Model, provider: &str) -> bool {
        model.provider == provider
            && (self.allow.contains(model.id.as_str()) || self.allow.contains(provider))
    }

    /// Walks from `asked` to the model that answers on `today`.
    fn follow<'a>(&'a self, asked: &'a Model, today: Date) -> Result<Resolved<'a>> {
        let mut model = asked;
        let mut steps = Vec::new();
        // Loading refuses cycles; the bound keeps a mistake there from hanging a caller.
        while !model.answers_on(today) && steps.len() <= self.models.len() {
            let successor = model.successor.as_ref().and_then(|id| self.find(id.as_str()));
            let Some(successor) = successor else {
                return Err(Error::new(
                    ErrorKind::UnknownModel,
                    format!("{} does not answer on {today} and names no successor", model.id),
                ));
            };
            steps.push(match model.retired {
                _ if model.never_released => format!("{} was never released", model.id),
                Some(day) => format!("{} was retired on {day}", model.id),
                None => format!("{} does not answer", model.id),
            });
            model = successor;
        }
        let note = (!steps.is_empty())
            .then(|| format!("{}; {} answers instead", steps.join(", "), model.id));
        Ok(Resolved { model, note })
    }
}
