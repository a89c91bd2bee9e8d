//! Layers of files → a catalogue whose every entry is complete.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::{Table, Value};

use super::{
    Catalogue, Model, ModelId, Parameters, Price, ProviderEntry, Rates, Threshold, check,
    file::{Day, ModelFields, Pin, PriceFields, ProviderFields, Rate, ThresholdFields},
    layers::{Entry, Layers, overlay},
    near,
};
use crate::error::{Error, ErrorKind, Result};

/// Above this a rate is a slip, and products of rates and tokens could leave the range of a decimal.
const HIGHEST_RATE: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

pub(super) fn catalogue(layers: Layers) -> Result<Catalogue> {
    let file = &layers.file;
    let updated = layers.updated.clone().ok_or_else(|| {
        let problem = "`updated` is missing; give the day of the data, like \"2026-11-23\"";
        Error::new(ErrorKind::Config, format!("{file}: {problem}"))
    })?;
    let updated = Day::deserialize(updated)
        .map_err(|error| Error::new(ErrorKind::Config, format!("{file}: `updated`: {error}")))?
        .0;
    let providers = layers.providers.iter().map(provider).collect::<Result<Vec<_>>>()?;
    let models = layers
        .models
        .iter()
        .map(|entry| model(entry, &layers.rules, &providers))
        .collect::<Result<Vec<_>>>()?;
    let pins = layers.pins.iter().map(Entry::typed::<Pin>).collect::<Result<Vec<_>>>()?;
    let index = models.iter().enumerate().map(|(at, model)| (model.id.clone(), at)).collect();
    let catalogue = Catalogue {
        version: format!("{updated}+{}", layers.short_hash()),
        updated,
        providers,
        models,
        index,
        pins,
        allow: layers.allow.iter().cloned().collect(),
        deny: layers.deny.iter().cloned().collect(),
        layers,
    };
    check::all(&catalogue)?;
    Ok(catalogue)
}

fn provider(entry: &Entry) -> Result<ProviderEntry> {
    let fields: ProviderFields = entry.typed()?;
    let name = fields.name;
    let wrong = |problem: String| entry.error(&format!("provider {name:?}: {problem}"));
    if name.is_empty() || name.contains(char::is_whitespace) || name.contains('/') {
        let problem = "`name` must be a word without spaces and slashes";
        return Err(wrong(problem.to_owned()));
    }
    let missing = |field: &str| wrong(format!("`{field}` is missing"));
    let base_url = fields.base_url.ok_or_else(|| missing("base_url"))?;
    if !["https://", "http://"].iter().any(|scheme| base_url.starts_with(scheme)) {
        let problem = "it must begin with https:// (or http://, for a local server)";
        return Err(wrong(format!("`base_url` is {base_url:?}; {problem}")));
    }
    Ok(ProviderEntry {
        dialect: fields.dialect.ok_or_else(|| missing("dialect"))?,
        base_url: base_url.trim_end_matches('/').to_owned(),
        key_variables: fields.key_variables.unwrap_or_default(),
        name,
    })
}

fn model(
    entry: &Entry,
    rules: &BTreeMap<String, Table>,
    providers: &[ProviderEntry],
) -> Result<Model> {
    let fields: ModelFields = entry.typed()?;
    let id = fields.id.clone();
    let about = About { entry, id: &id };
    if id.is_empty() || id.contains(char::is_whitespace) {
        return Err(about.wrong("id", &format!("{id:?}"), "a name without spaces"));
    }
    let provider = about.needed("provider", fields.provider.clone())?;
    if !providers.iter().any(|known| known.name == provider) {
        let names: Vec<&str> = providers.iter().map(|known| known.name.as_str()).collect();
        let expected = format!("one of {}", names.join(", "));
        let meant = near::suggestion(&provider, names.iter().copied(), "");
        return Err(about.wrong(
            "provider",
            &format!("{provider:?}"),
            &format!("{expected}; {meant}"),
        ));
    }
    let free = fields.free.unwrap_or(false);
    let prices = about.prices(free, fields.prices.as_deref().unwrap_or_default())?;
    let parameters = about.parameters(rules, fields.rules.as_deref())?;
    let model = Model {
        upstream_id: fields.upstream_id.unwrap_or_else(|| id.clone()),
        id: ModelId::from(id.as_str()),
        provider,
        tier: about.needed("tier", fields.tier)?,
        rank: about.needed("rank", fields.rank)?,
        default: fields.default.unwrap_or(false),
        context: about.needed("context", fields.context)?,
        max_output: about.needed("max_output", fields.max_output)?,
        shared_context: fields.shared_context.unwrap_or(true),
        abilities: about.needed("abilities", fields.abilities)?,
        parameters,
        prices,
        free,
        retired: fields.retired.map(|day| day.0),
        never_released: fields.never_released.unwrap_or(false),
        successor: fields.successor.as_deref().map(ModelId::from),
        token_factor: fields.token_factor.unwrap_or(1.0),
        thinking_factor: fields.thinking_factor.unwrap_or(1.0),
        source: fields.source.unwrap_or_else(|| entry.place.clone()),
    };
    about.numbers(&model)?;
    Ok(model)
}

/// The rates that may be left out.
#[derive(Clone, Copy)]
struct Others {
    cache_read: Option<Rate>,
    cache_write_5m: Option<Rate>,
    cache_write_1h: Option<Rate>,
    audio_input: Option<Rate>,
    image_input: Option<Rate>,
}

/// A model in the making, for its errors.
struct About<'a> {
    entry: &'a Entry,
    id: &'a str,
}

impl About<'_> {
    fn error(&self, problem: &str) -> Error {
        self.entry.error(&format!("model {:?}: {problem}", self.id))
    }

    fn wrong(&self, field: &str, value: &str, expected: &str) -> Error {
        self.error(&format!("`{field}` is {value}; expected {expected}"))
    }

    fn unpriced(&self, problem: &str) -> Error {
        let place = &self.entry.place;
        let message = format!("{place}: model {:?}: {problem}", self.id);
        Error::new(ErrorKind::UnpricedModel, message)
    }

    fn needed<T>(&self, field: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.error(&format!("`{field}` is missing")))
    }

    /// The shared rules with the model's own parameters over them.
    fn parameters(
        &self,
        rules: &BTreeMap<String, Table>,
        name: Option<&str>,
    ) -> Result<Parameters> {
        let mut merged = match name {
            None => Table::new(),
            Some(name) => rules.get(name).cloned().ok_or_else(|| {
                let names = rules.keys().map(String::as_str);
                let meant = near::suggestion(name, names, "define it as [rules.NAME]");
                self.wrong("rules", &format!("{name:?}"), &format!("known rules; {meant}"))
            })?,
        };
        if let Some(Value::Table(own)) = self.entry.fields.get("parameters") {
            overlay(&mut merged, own.clone());
        }
        let typed = Value::Table(merged).try_into();
        typed.map_err(|error: toml::de::Error| self.error(&format!("`parameters`: {error}")))
    }

    fn prices(&self, free: bool, fields: &[PriceFields]) -> Result<Vec<Price>> {
        match (free, fields.is_empty()) {
            (true, true) => return Ok(Vec::new()),
            (true, false) => {
                return Err(self.wrong(
                    "free",
                    "true",
                    "no `prices` beside it; remove one of them",
                ));
            }
            (false, true) => {
                let problem =
                    "`prices` is missing or empty; give at least one price, or `free = true`";
                return Err(self.unpriced(problem));
            }
            (false, false) => {}
        }
        let mut prices = fields.iter().map(|one| self.price(one)).collect::<Result<Vec<_>>>()?;
        prices.sort_by_key(|price| price.from);
        for pair in prices.windows(2) {
            if pair[0].from == pair[1].from {
                let shown =
                    pair[0].from.map_or_else(|| "missing".to_owned(), |d: Date| d.to_string());
                return Err(self.wrong(
                    "prices.from",
                    &format!("{shown} twice"),
                    "one price a day",
                ));
            }
        }
        Ok(prices)
    }

    fn price(&self, fields: &PriceFields) -> Result<Price> {
        let others = Others {
            cache_read: fields.cache_read,
            cache_write_5m: fields.cache_write_5m,
            cache_write_1h: fields.cache_write_1h,
            audio_input: fields.audio_input,
            image_input: fields.image_input,
        };
        Ok(Price {
            from: fields.from.map(|day| day.0),
            rates: self.rates("prices", fields.input, fields.output, others)?,
            threshold: fields
                .threshold
                .as_ref()
                .map(|fields| self.threshold(fields))
                .transpose()?,
        })
    }

    fn threshold(&self, fields: &ThresholdFields) -> Result<Threshold> {
        let at = "prices.threshold";
        let above_input_tokens = fields.above_input_tokens;
        if above_input_tokens == 0 {
            return Err(self.wrong(&format!("{at}.above_input_tokens"), "0", "at least 1"));
        }
        let others = Others {
            cache_read: fields.cache_read,
            cache_write_5m: fields.cache_write_5m,
            cache_write_1h: fields.cache_write_1h,
            audio_input: fields.audio_input,
            image_input: fields.image_input,
        };
        let rates = self.rates(at, fields.input, fields.output, others)?;
        Ok(Threshold { above_input_tokens, rates })
    }

    fn rates(
        &self,
        at: &str,
        input: Option<Rate>,
        output: Option<Rate>,
        others: Others,
    ) -> Result<Rates> {
        let missing = |field: &str| self.unpriced(&format!("`{at}.{field}` is missing"));
        let input = input.ok_or_else(|| missing("input"))?.0;
        let or_input = |rate: Option<Rate>| rate.map_or(input, |rate| rate.0);
        let cache_write_5m = or_input(others.cache_write_5m);
        let rates = Rates {
            input,
            output: output.ok_or_else(|| missing("output"))?.0,
            cache_read: or_input(others.cache_read),
            cache_write_5m,
            cache_write_1h: others.cache_write_1h.map_or(cache_write_5m, |rate| rate.0),
            audio_input: or_input(others.audio_input),
            image_input: or_input(others.image_input),
        };
        let named = [
            ("input", rates.input),
            ("output", rates.output),
            ("cache_read", rates.cache_read),
            ("cache_write_5m", rates.cache_write_5m),
            ("cache_write_1h", rates.cache_write_1h),
            ("audio_input", rates.audio_input),
            ("image_input", rates.image_input),
        ];
        for (field, rate) in named {
            if rate < Decimal::ZERO || rate > HIGHEST_RATE {
                let expected = "dollars per million tokens, 0 to 1000000";
                return Err(self.wrong(&format!("{at}.{field}"), &rate.to_string(), expected));
            }
        }
        Ok(rates)
    }

    /// What can be wrong with a model's numbers by themselves.
    fn numbers(&self, model: &Model) -> Result<()> {
        if model.context == 0 {
            return Err(self.wrong("context", "0", "at least 1 token"));
        }
        if model.max_output == 0 || model.max_output > model.context {
            let expected = format!("1 to the model's context of {}", model.context);
            return Err(self.wrong("max_output", &model.max_output.to_string(), &expected));
        }
        let factors =
            [("token_factor", model.token_factor), ("thinking_factor", model.thinking_factor)];
        for (field, factor) in factors {
            if !(0.1..=100.0).contains(&factor) {
                return Err(self.wrong(field, &factor.to_string(), "a number from 0.1 to 100"));
            }
        }
        if let super::TemperatureRule::Accepted { max } = model.parameters.temperature
            && !(0.0..=2.0).contains(&max)
        {
            let expected = "a number from 0 to 2";
            return Err(self.wrong(
                "parameters.temperature.accepted.max",
                &max.to_string(),
                expected,
            ));
        }
        Ok(())
    }
}
