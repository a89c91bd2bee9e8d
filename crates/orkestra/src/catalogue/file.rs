//! The form of a catalogue file, field by field. Everything is optional here, because a user's file may
//! override a single field; `build` demands what a model cannot do without.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::{Ability, ModelId, Parameters};
use crate::{chat::DialectName, tier::Tier};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) updated: Option<Day>,
    pub(super) allow: BTreeSet<String>,
    pub(super) deny: BTreeSet<String>,
    /// Parameter rules that several models share.
    pub(super) rules: BTreeMap<String, Parameters>,
    pub(super) provider: Vec<Spanned<ProviderFields>>,
    pub(super) model: Vec<Spanned<ModelFields>>,
    pub(super) pin: Vec<Spanned<Pin>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderFields {
    pub(super) name: String,
    pub(super) dialect: Option<DialectName>,
    pub(super) base_url: Option<String>,
    pub(super) key_variables: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelFields {
    pub(super) id: String,
    pub(super) provider: Option<String>,
    pub(super) upstream_id: Option<String>,
    pub(super) tier: Option<Tier>,
    pub(super) rank: Option<u16>,
    pub(super) default: Option<bool>,
    pub(super) context: Option<u64>,
    pub(super) max_output: Option<u64>,
    pub(super) shared_context: Option<bool>,
    pub(super) abilities: Option<BTreeSet<Ability>>,
    /// The name of the shared rules that `parameters` refines.
    pub(super) rules: Option<String>,
    #[expect(dead_code, reason = "read for its errors; the values are merged as tables")]
    pub(super) parameters: Option<Parameters>,
    pub(super) prices: Option<Vec<PriceFields>>,
    pub(super) free: Option<bool>,
    pub(super) retired: Option<Day>,
    pub(super) never_released: Option<bool>,
    pub(super) successor: Option<String>,
    pub(super) token_factor: Option<f64>,
    pub(super) thinking_factor: Option<f64>,
    pub(super) source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFields {
    pub(super) from: Option<Day>,
    pub(super) input: Option<Rate>,
    pub(super) output: Option<Rate>,
    pub(super) cache_read: Option<Rate>,
    pub(super) cache_write_5m: Option<Rate>,
    pub(super) cache_write_1h: Option<Rate>,
    pub(super) audio_input: Option<Rate>,
    pub(super) image_input: Option<Rate>,
    pub(super) threshold: Option<ThresholdFields>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThresholdFields {
    pub(super) above_input_tokens: u64,
    pub(super) input: Option<Rate>,
    pub(super) output: Option<Rate>,
    pub(super) cache_read: Option<Rate>,
    pub(super) cache_write_5m: Option<Rate>,
    pub(super) cache_write_1h: Option<Rate>,
    pub(super) audio_input: Option<Rate>,
    pub(super) image_input: Option<Rate>,
}

/// The model that stands for a tier of a provider instead of the default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    pub(super) provider: String,
    pub(super) tier: Tier,
    #[serde(deserialize_with = "model_id")]
    pub(super) model: ModelId,
}

fn model_id<'de, D: Deserializer<'de>>(from: D) -> Result<ModelId, D::Error> {
    String::deserialize(from).map(|id| ModelId::from(id.as_str()))
}

/// Dollars per million tokens. Text, because a TOML float is binary and money is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate(pub(super) Decimal);

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Rate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("dollars per million tokens as text, like \"0.25\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
                Decimal::from_str_exact(text.trim())
                    .map(Rate)
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Rate, E> {
                Ok(Rate(Decimal::from(whole)))
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// A day, as text or as TOML's own kind of date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Day;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day like \"2026-11-30\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                // jiff would also take a time of day, and drop it.
                let plain = text.len() == "2026-11-30".len();
                let day = text.parse().ok().filter(|_| plain).map(Day);
                day.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Day, A::Error> {
                let datetime =
                    toml::value::Datetime::deserialize(de::value::MapAccessDeserializer::new(map))?;
                self.visit_str(&datetime.to_string())
            }
        }
        from.deserialize_any(Visitor)
    }
}
