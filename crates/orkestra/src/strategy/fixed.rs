//! The model that the caller named.

use super::{
    Candidate, Demand,
    candidate::{none_left, obstacle, weigh},
};
use crate::{
    catalogue::Catalogue,
    error::{Error, ErrorKind, Result},
};

/// What a plan says in the place of a strategy's name when the caller named the model.
pub const FIXED: &str = "fixed";

/// The model called `name`, or its successor, checked like any other; the note says what was replaced.
///
/// # Errors
/// [`UnknownModel`](ErrorKind::UnknownModel) when the catalogue does not have it, or none of `providers`
/// offers it; as for routed models when it cannot answer this request.
pub fn fixed(
    catalogue: &Catalogue,
    providers: &[&str],
    name: &str,
    demand: &Demand<'_>,
) -> Result<(Candidate, Option<String>)> {
    let resolved = catalogue.resolve(name, demand.today)?;
    let model = resolved.model;
    if !providers.contains(&model.provider.as_str()) {
        return Err(Error::new(
            ErrorKind::UnknownModel,
            format!(
                "{name} is a model of {}, but only {} can be called here",
                model.provider,
                providers.join(", ")
            ),
        ));
    }
    if let Some(out) = obstacle(model, demand) {
        return Err(none_left(providers, &[out]));
    }
    Ok((weigh(model, demand)?, resolved.note))
}
