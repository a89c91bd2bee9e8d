//! One model, and one provider, as the catalogue knows them.

use std::{collections::BTreeSet, fmt};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ModelId, Parameters, Price, Rates};
use crate::{
    chat::DialectName,
    error::{Error, ErrorKind, Result},
    tier::Tier,
};

/// A model: where it is called, what it can do, what it costs and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// The name it has here and in every output.
    pub id: ModelId,
    /// The name of the [`ProviderEntry`] that serves it.
    pub provider: String,
    /// The name that is sent to the provider. Default: `id`.
    pub upstream_id: String,
    /// Its place in the provider's line-up.
    pub tier: Tier,
    /// Capability, higher is more capable, comparable across providers. It follows how vendors position
    /// their models and was not measured.
    pub rank: u16,
    /// Whether it is its provider's model for its tier. Others are used only when named, pinned or allowed.
    pub default: bool,
    /// The most input tokens it takes; with `shared_context` the output counts against it as well.
    pub context: u64,
    /// The most output tokens it writes, reasoning included.
    pub max_output: u64,
    /// Whether input and output share `context`.
    pub shared_context: bool,
    /// What it can do.
    pub abilities: BTreeSet<Ability>,
    /// What its API takes.
    pub parameters: Parameters,
    /// Its prices, the oldest first. Empty only when `free`.
    pub prices: Vec<Price>,
    /// Whether it costs nothing, as local models do.
    pub free: bool,
    /// The first day on which it no longer answers.
    pub retired: Option<Date>,
    /// Whether the name is in use but no such model was ever served; it always resolves to `successor`.
    pub never_released: bool,
    /// The model that answers in its place once it does not.
    pub successor: Option<ModelId>,
    /// How many of its tokens a text has per o200k token. Default 1.
    pub token_factor: f64,
    /// How many output tokens it bills per token of a model that does not think first. An estimate, for
    /// models that think unless told otherwise; 1 for the others. What a ledger measured replaces it.
    pub thinking_factor: f64,
    /// Where its prices and limits were read.
    pub source: String,
}

impl Model {
    /// Whether it answers on `day`.
    #[must_use]
    pub fn answers_on(&self, day: Date) -> bool {
        !self.never_released && self.retired.is_none_or(|retired| day < retired)
    }

    /// Whether it has `ability`.
    #[must_use]
    pub fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }

    /// Whether `input` tokens and an answer of up to `output` tokens fit, in this model's own tokens.
    #[must_use]
    pub fn fits(&self, input: u64, output: u64) -> bool {
        let taken = if self.shared_context { input.saturating_add(output) } else { input };
        taken <= self.context && output <= self.max_output
    }

    /// The price on `day`; a [`free`](Self::free) model's is zero.
    ///
    /// # Errors
    /// [`UnpricedModel`](crate::ErrorKind::UnpricedModel) when its first price begins later.
    pub fn price_on(&self, day: Date) -> Result<&Price> {
        if self.free {
            return Ok(Price::free());
        }
        let began = |price: &&Price| price.from.is_none_or(|from| from <= day);
        self.prices.iter().rev().find(began).ok_or_else(|| {
            let first = self.prices.first().and_then(|price| price.from);
            let known = first.map_or_else(String::new, |from| {
                format!("; its first price is of {from}, bill from that day on")
            });
            Error::new(
                ErrorKind::UnpricedModel,
                format!("the catalogue has no price of {} on {day}{known}", self.id),
            )
            .at(&self.provider, &self.id)
        })
    }

    /// The rates on `day` for a request of `input_tokens`.
    ///
    /// # Errors
    /// As [`price_on`](Self::price_on).
    pub fn rates_on(&self, day: Date, input_tokens: u64) -> Result<&Rates> {
        Ok(self.price_on(day)?.rates_for(input_tokens))
    }
}

/// Something that a request may need of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ability {
    /// Calls functions.
    Tools,
    /// Reads images.
    Images,
    /// Answers in a given JSON schema.
    Schema,
    /// Thinks before it answers, at least on demand.
    Reasoning,
    /// Follows a temperature other than the default.
    Sampling,
    /// Streams its answer.
    Streaming,
}

impl Ability {
    /// Every ability once.
    pub const ALL: [Self; 6] =
        [Self::Tools, Self::Images, Self::Schema, Self::Reasoning, Self::Sampling, Self::Streaming];

    /// The ability's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Images => "images",
            Self::Schema => "schema",
            Self::Reasoning => "reasoning",
            Self::Sampling => "sampling",
            Self::Streaming => "streaming",
        }
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where models are called and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderEntry {
    /// The name by which models and callers refer to it.
    pub name: String,
    /// The API it speaks.
    pub dialect: DialectName,
    /// Where its API begins, without a slash at the end.
    pub base_url: String,
    /// The environment variables that may hold its key, the first that is set wins. Empty: it needs none.
    pub key_variables: Vec<String>,
}
