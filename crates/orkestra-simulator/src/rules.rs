//! Which models exist, how large they are, and from which day they are gone.
//!
//! What a model accepts is its family's business; the vendors' modules own those types.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::{anthropic, google, openai};

const TABLE: &str = include_str!("../data/rules.toml");

/// The models of all vendors, as of a day.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) openai: Table<openai::Family>,
    pub(crate) openai_manners: openai::Manners,
    pub(crate) anthropic: Table<anthropic::Family>,
    pub(crate) google: Table<google::Family>,
}

impl Rules {
    /// The table, with the models that are gone on `today` taken out.
    ///
    /// # Errors
    /// A text that names what is wrong with the table.
    pub(crate) fn on(today: Option<Date>) -> Result<Self, String> {
        let file: File = toml::from_str(TABLE).map_err(|error| error.to_string())?;
        Ok(Self {
            openai: file.openai.on(today)?,
            openai_manners: openai::Manners::default(),
            anthropic: file.anthropic.on(today)?,
            google: file.google.on(today)?,
        })
    }
}

/// One vendor's models that are alive.
#[derive(Debug)]
pub(crate) struct Table<F> {
    models: Vec<Model<F>>,
}

impl<F> Table<F> {
    /// The model that `id` names, by its id, its snapshot or another accepted spelling.
    pub(crate) fn find(&self, id: &str) -> Option<&Model<F>> {
        self.models.iter().find(|model| {
            model.id == id
                || model.snapshot.as_deref() == Some(id)
                || model.also.iter().any(|also| also == id)
        })
    }

    pub(crate) fn models(&self) -> &[Model<F>] {
        &self.models
    }
}

/// One model.
#[derive(Debug)]
pub(crate) struct Model<F> {
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// What answers call it.
    pub(crate) snapshot: Option<String>,
    also: Vec<String>,
    /// Largest prompt, in tokens.
    pub(crate) context: u64,
    /// Largest answer, in tokens.
    pub(crate) max_output: u64,
    /// Prompt and answer together must fit the context.
    pub(crate) shared_context: bool,
    pub(crate) retires: Option<Date>,
    pub(crate) family: F,
}

impl<F> Model<F> {
    /// The id that answers carry.
    pub(crate) fn answers_as(&self) -> &str {
        self.snapshot.as_deref().unwrap_or(&self.id)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    openai: Listing<openai::Family>,
    anthropic: Listing<anthropic::Family>,
    google: Listing<google::Family>,
}

/// One vendor's models as the table has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing<F> {
    families: BTreeMap<String, F>,
    models: Vec<Row>,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: Option<String>,
    family: String,
    context: u64,
    max_output: u64,
    snapshot: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    shared_context: bool,
    retires: Option<Date>,
    rerouted: Option<Rerouted>,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Rerouted {
    from: Date,
    to: String,
}

impl<F: Clone> Listing<F> {
    /// The models that are alive on `today`.
    ///
    /// # Errors
    /// A text that names what is wrong with the listing.
    pub(crate) fn on(self, today: Option<Date>) -> Result<Table<F>, String> {
        let reached = |date: Date| today.is_some_and(|today| today >= date);
        let mut models = Vec::new();
        for row in &self.models {
            if row.retires.is_some_and(reached) {
                continue;
            }
            let serving = match &row.rerouted {
                Some(rerouted) if reached(rerouted.from) => {
                    let target = self.models.iter().find(|other| other.id == rerouted.to);
                    target.ok_or_else(|| {
                        format!("{}: rerouted to the unknown model {}", row.id, rerouted.to)
                    })?
                }
                _ => row,
            };
            let family = self.families.get(&serving.family);
            models.push(Model {
                id: row.id.clone(),
                name: row.name.clone().unwrap_or_else(|| row.id.clone()),
                // The rerouting vendor says in the answer which model it really was.
                snapshot: if serving.id == row.id {
                    row.snapshot.clone()
                } else {
                    Some(serving.id.clone())
                },
                also: row.also.clone(),
                context: serving.context,
                max_output: serving.max_output,
                shared_context: serving.shared_context,
                retires: row.retires,
                family: family
                    .ok_or_else(|| format!("{}: unknown family {}", row.id, serving.family))?
                    .clone(),
            });
        }
        Ok(Table { models })
    }
}
