//! The models there are, as data: prices, limits, abilities and parameter rules, each with its dates.
//!
//! Text comes in as text and the day as an argument: nothing here opens a file or reads a clock. What a
//! call costs is worked out here ([`Price::cost`]); which model is called is decided elsewhere.

mod build;
mod check;
mod file;
mod layers;
mod model;
mod near;
mod parameters;
mod price;
mod resolve;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use jiff::civil::Date;

use self::{file::Pin, layers::Layers};
pub use self::{
    model::{Ability, Model, ProviderEntry},
    parameters::{
        Acceptance, MaxTokensField, Parameters, RequiredWord, SeedField, TemperatureRule,
    },
    price::{Cost, Price, Rates, Threshold},
    resolve::Resolved,
};
use crate::error::{Error, ErrorKind, Result};
pub use crate::model_id::ModelId;

/// After so many days prices and line-ups have probably moved on.
const STALE_AFTER_DAYS: i64 = 60;

/// Every model and provider that is known.
///
/// ```
/// use orkestra::{catalogue::Catalogue, chat::Usage};
///
/// let day = jiff::civil::date(2026, 11, 23);
/// let model = Catalogue::builtin().resolve("gemini-3-flash-preview", day)?.model;
/// let cost = model.price_on(day)?.cost(&Usage::plain(500, 1_000));
/// assert_eq!(cost.total().to_string(), "$0.00325");
/// # Ok::<(), orkestra::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    version: String,
    updated: Date,
    providers: Vec<ProviderEntry>,
    models: Vec<Model>,
    index: BTreeMap<ModelId, usize>,
    pins: Vec<Pin>,
    allow: BTreeSet<String>,
    deny: BTreeSet<String>,
    /// What the above was built from, kept for the next layer.
    layers: Layers,
}

impl Catalogue {
    /// The catalogue that comes with this version of Orkestra.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the text is compiled in, and a test loads it")]
    pub fn builtin() -> &'static Arc<Self> {
        static BUILTIN: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
            let text = include_str!("../../data/models.toml");
            Arc::new(Catalogue::parse(text).expect("the built-in catalogue loads"))
        });
        &BUILTIN
    }

    /// Reads a whole catalogue, which needs nothing beside it.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming line, model, field, value and what was expected;
    /// [`UnpricedModel`](ErrorKind::UnpricedModel) for a model without a price that is not `free`.
    pub fn parse(text: &str) -> Result<Self> {
        build::catalogue(Layers::default().with(text, "models.toml")?)
    }

    /// This catalogue with a user's file on top. The file overrides fields of known models by `id` (a list
    /// of prices replaces the whole list) and of providers by `name`, adds others, sets a tier's model
    /// with `[[pin]]`, offers further models with `allow = [..]` and forbids some with `deny = [..]`; both
    /// lists name models or providers, and `deny` wins. `name_of_file` is for error messages.
    ///
    /// ```
    /// use orkestra::{catalogue::Catalogue, routing::Tier};
    ///
    /// let mine = r#"
    ///     deny = ["google"]
    ///
    ///     [[pin]]
    ///     provider = "openai"
    ///     tier = "budget"
    ///     model = "gpt-6-luna"
    ///
    ///     [[model]]
    ///     id = "gpt-4o"
    ///     prices = [{ input = "2.00", output = "8.00" }]
    /// "#;
    /// let catalogue = Catalogue::builtin().merged_with(mine, "mine.toml")?;
    /// let day = jiff::civil::date(2026, 11, 23);
    /// let budget = catalogue.default_model("openai", Tier::Budget, day)?;
    /// assert_eq!(budget.model.id.as_str(), "gpt-6-luna");
    /// # Ok::<(), orkestra::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn merged_with(&self, user_toml: &str, name_of_file: &str) -> Result<Self> {
        build::catalogue(self.layers.clone().with(user_toml, name_of_file)?)
    }

    /// The day of its data and a hash of its text: the same version decides and bills alike.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The day on which its data was last checked.
    #[must_use]
    pub fn updated(&self) -> Date {
        self.updated
    }

    /// A warning when the data is more than 60 days old on `today`.
    #[must_use]
    pub fn age_note(&self, today: Date) -> Option<String> {
        let days = self.updated.duration_until(today).as_hours() / 24;
        (days > STALE_AFTER_DAYS).then(|| {
            format!(
                "the catalogue is of {}, {days} days old: prices and models may have changed; \
                 update Orkestra or correct them in your own catalogue file",
                self.updated
            )
        })
    }

    /// All models, in the order of the file.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// All providers, in the order of the file.
    #[must_use]
    pub fn providers(&self) -> &[ProviderEntry] {
        &self.providers
    }

    /// The provider called `name`.
    ///
    /// # Errors
    /// [`UnknownModel`](ErrorKind::UnknownModel), listing what is near.
    pub fn provider(&self, name: &str) -> Result<&ProviderEntry> {
        self.providers.iter().find(|provider| provider.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.providers.iter().map(|p| p.name.as_str()).collect();
            let all = format!("there are {}", names.join(", "));
            let near = near::suggestion(name, names.iter().copied(), &all);
            Error::new(ErrorKind::UnknownModel, format!("unknown provider {name:?}; {near}"))
                .whatever_the_model()
        })
    }

    /// The entry called `name`, or `provider/name`, whether or not it still answers.
    ///
    /// # Errors
    /// [`UnknownModel`](ErrorKind::UnknownModel), listing what is near.
    pub fn model(&self, name: &str) -> Result<&Model> {
        self.find(name).ok_or_else(|| {
            let ids = self.models.iter().map(|model| model.id.as_str());
            let otherwise = "`orkestra models` lists all";
            let near = near::suggestion(name, ids, otherwise);
            Error::new(ErrorKind::UnknownModel, format!("unknown model {name:?}; {near}"))
                .whatever_the_model()
        })
    }

    fn find(&self, name: &str) -> Option<&Model> {
        let by_id = |id: &str| self.index.get(&ModelId::from(id)).map(|at| &self.models[*at]);
        by_id(name).or_else(|| {
            let (provider, id) = name.split_once('/')?;
            by_id(id).filter(|model| model.provider == provider)
        })
    }
}
