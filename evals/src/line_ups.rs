//! `line_ups.toml`: which heads the embedded router has, and what each learns from.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use orkestra::routing::{GENERAL, PerTier};
use orkestra_training::heads::{HeadPlan, LineUp};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineUps {
    heads: BTreeMap<String, Head>,
    line_ups: Vec<Entry>,
    pub(crate) sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    prices: PerTier<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    family: String,
    source: String,
    budget: Option<String>,
    balanced: Option<String>,
    premium: String,
}

/// Where outcomes come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) licence: String,
}

impl LineUps {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text =
            fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        Ok(toml::from_str(&text).map_err(|cause| format!("{}: {cause}", path.display()))?)
    }

    /// The names of all sources, in the file's order.
    pub(crate) fn source_names(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.name.as_str()).collect()
    }

    /// The heads, the general one last; every one learns from the project's prompts too.
    pub(crate) fn plans(&self) -> Vec<HeadPlan> {
        let mut names: Vec<&String> = self.heads.keys().filter(|name| *name != GENERAL).collect();
        names.extend(self.heads.keys().filter(|name| *name == GENERAL));
        let plan = |name: &String| {
            let own = self.line_ups.iter().filter(|entry| name == GENERAL || entry.family == *name);
            let mut line_ups: Vec<LineUp> = own
                .map(|entry| LineUp {
                    source: Some(entry.source.clone()),
                    budget: entry.budget.clone(),
                    balanced: entry.balanced.clone(),
                    premium: entry.premium.clone(),
                })
                .collect();
            line_ups.push(LineUp::of_prompts());
            HeadPlan { name: name.clone(), line_ups, prices: self.heads[name].prices, task: None }
        };
        names.into_iter().map(plan).collect()
    }
}
