//! Entries added up, exactly.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Entry;
use crate::{
    catalogue::ModelId,
    chat::Usage,
    error::{Error, ErrorKind, Result},
    money::Usd,
    tier::Tier,
};

/// Sums over entries: of all of them, and of each part.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Everything.
    pub overall: Spent,
    /// By model.
    pub by_model: BTreeMap<ModelId, Spent>,
    /// By provider.
    pub by_provider: BTreeMap<String, Spent>,
    /// By tier.
    pub by_tier: BTreeMap<Tier, Spent>,
    /// By UTC day.
    pub by_day: BTreeMap<Date, Spent>,
}

/// Sums over some entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// How many entries.
    pub calls: u64,
    /// The tokens they consumed. `estimated` when any of them was.
    pub usage: Usage,
    /// What their input cost.
    pub input_cost: Usd,
    /// What their output cost.
    pub output_cost: Usd,
    /// What they cost.
    pub cost: Usd,
    /// What the baseline would have cost.
    pub base_cost: Usd,
    /// `base_cost` minus `cost`. May be negative.
    pub savings: Usd,
    /// What their plans expected them to cost.
    pub expected_cost: Usd,
    /// How many output tokens their plans expected.
    pub expected_output_tokens: f64,
}

impl Totals {
    /// Adds one entry everywhere it belongs.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when a sum would have to be rounded.
    pub fn add(&mut self, entry: &Entry) -> Result<()> {
        let one = Spent::from(entry);
        self.overall.add(&one)?;
        self.by_model.entry(entry.model.clone()).or_default().add(&one)?;
        self.by_provider.entry(entry.provider.clone()).or_default().add(&one)?;
        self.by_tier.entry(entry.tier).or_default().add(&one)?;
        self.by_day.entry(entry.day).or_default().add(&one)
    }
}

impl From<&Entry> for Spent {
    fn from(entry: &Entry) -> Self {
        Self {
            calls: 1,
            usage: entry.usage,
            input_cost: entry.input_cost,
            output_cost: entry.output_cost,
            cost: entry.cost,
            base_cost: entry.base_cost,
            savings: entry.savings,
            expected_cost: entry.expected_cost,
            expected_output_tokens: entry.expected_output_tokens,
        }
    }
}

impl Spent {
    /// Adds `other`, exactly.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when a sum would have to be rounded.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.calls += other.calls;
        self.usage = self.usage + other.usage;
        for (sum, amount) in [
            (&mut self.input_cost, other.input_cost),
            (&mut self.output_cost, other.output_cost),
            (&mut self.cost, other.cost),
            (&mut self.base_cost, other.base_cost),
            (&mut self.savings, other.savings),
            (&mut self.expected_cost, other.expected_cost),
        ] {
            *sum = exact_sum(*sum, amount)?;
        }
        self.expected_output_tokens += other.expected_output_tokens;
        Ok(())
    }
}

/// A decimal holds 28 digits and silently drops the lowest ones beyond that. A sum keeps its
/// addends' scale as long as nothing was dropped.
fn exact_sum(one: Usd, other: Usd) -> Result<Usd> {
    let (one, other) = (one.amount().normalize(), other.amount().normalize());
    let scale = one.scale().max(other.scale());
    match one.checked_add(other) {
        Some(sum) if sum.scale() >= scale || sum.is_zero() => Ok(Usd::new(sum)),
        _ => Err(Error::new(
            ErrorKind::Storage,
            format!(
                "the ledger holds amounts whose sum has more than 28 digits: \
                 {one} and {other} dollars"
            ),
        )),
    }
}
