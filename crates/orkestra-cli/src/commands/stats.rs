//! `orkestra stats`: what was spent and saved.

use std::{collections::BTreeMap, fmt::Display, path::Path};

use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use orkestra::{
    ErrorKind,
    ledger::{Ledger, Query, Recorder, Spent, Totals},
};
use serde_json::{Map, Value, json};

use super::chat::FLUSH;
use crate::{
    args::{Grouping, Stats},
    failure::Failure,
    output::{Output, Side, counted, number, percent},
    settings::Settings,
};

/// Adds up the ledger.
pub(super) async fn run(
    asked: &Stats,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let recorder = settings.recorder()?;
    let Some(ledger) = recorder.ledger() else {
        return Err(Failure::Usage(
            "the ledger is off, so there is nothing to add up".to_owned(),
            Some(
                "name one with --ledger PATH, or leave --ledger and ORKESTRA_LEDGER out".to_owned(),
            ),
        ));
    };
    // Reading must not make the file, nor fail where nothing was ever written.
    let begun = has_begun(&ledger.location());
    if begun {
        for warning in recorder.flush(FLUSH).await {
            output.warning(warning);
        }
    }
    let real = sums(&**ledger, asked, settings, false, begun).await?;
    let simulated = sums(&**ledger, asked, settings, true, begun).await?;
    if output.is_json() {
        return output.json(&json!({
            "ledger": ledger.location(),
            "since": asked.since,
            "until": asked.until,
            "real": as_json(&real),
            "simulated": as_json(&simulated),
        }));
    }
    print(asked, &recorder, &real, &simulated, output)
}

fn has_begun(location: &str) -> bool {
    let spool = format!("{location}.spool");
    Path::new(location).exists() || Path::new(&spool).exists()
}

async fn sums(
    ledger: &dyn Ledger,
    asked: &Stats,
    settings: &Settings,
    simulated: bool,
    begun: bool,
) -> Result<Totals, Failure> {
    let mut sums = Totals::default();
    if !begun {
        return Ok(sums);
    }
    let since = asked.since.map(start_of).transpose()?;
    let until = asked
        .until
        .map(|day| {
            day.checked_add(1.day()).map_err(|cause| out_of_range(&cause)).and_then(start_of)
        })
        .transpose()?;
    let query = Query { since, until, simulated: Some(simulated), ..Query::default() };
    let providers = settings.named_providers();
    if providers.is_empty() {
        return Ok(ledger.totals(&query).await?);
    }
    for provider in providers {
        let query = Query { provider: Some(provider.clone()), ..query.clone() };
        let found = ledger.totals(&query).await?;
        if found.overall.calls == 0 {
            // Nothing there may mean nothing spent, or a misspelt name.
            settings.catalogue()?.provider(provider)?;
        }
        merge(&mut sums, found)?;
    }
    Ok(sums)
}

/// Adds sums over other entries.
fn merge(sums: &mut Totals, other: Totals) -> Result<(), Failure> {
    fn each<K: Ord>(
        sums: &mut BTreeMap<K, Spent>,
        other: BTreeMap<K, Spent>,
    ) -> orkestra::Result<()> {
        other.into_iter().try_for_each(|(key, spent)| sums.entry(key).or_default().add(&spent))
    }
    sums.overall.add(&other.overall)?;
    each(&mut sums.by_model, other.by_model)?;
    each(&mut sums.by_provider, other.by_provider)?;
    each(&mut sums.by_tier, other.by_tier)?;
    Ok(each(&mut sums.by_day, other.by_day)?)
}

fn start_of(day: Date) -> Result<Timestamp, Failure> {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_err(|cause| out_of_range(&cause))
}

fn out_of_range(cause: &jiff::Error) -> Failure {
    Failure::new(
        ErrorKind::InvalidRequest,
        cause.to_string(),
        "name a day of this age, such as 2026-11-23",
    )
}

fn print(
    asked: &Stats,
    recorder: &Recorder,
    real: &Totals,
    simulated: &Totals,
    output: &Output,
) -> Result<(), Failure> {
    let place = recorder.ledger().map_or_else(String::new, |ledger| ledger.location());
    if real.overall.calls == 0 {
        output.line("No real call is in the ledger for this question.")?;
        if simulated.overall.calls == 0 {
            output.line("To begin: `orkestra demo` needs no key; with a key set, `orkestra chat \"Hello\"`.")?;
        }
    } else {
        section(asked.by, real, output)?;
    }
    let hidden = simulated.overall.calls;
    if asked.simulated && hidden > 0 {
        output.heading("Simulated calls (no money was spent, and nothing is proved)")?;
        section(asked.by, simulated, output)?;
    } else if hidden > 0 {
        output.line(format!(
            "{} not counted; --simulated shows them.",
            counted(hidden, "simulated call")
        ))?;
    }
    output.line(format!("Ledger: {place}"))
}

fn section(by: Grouping, totals: &Totals, output: &Output) -> Result<(), Failure> {
    let all = &totals.overall;
    output.line(format!(
        "{}: spent {}, saved {} ({})",
        counted(all.calls, "call"),
        all.cost,
        all.savings,
        percent(all.savings.percent_of(all.base_cost))
    ))?;
    output.line(format!("always the baseline (premium) would have cost {}\n", all.base_cost))?;
    let rows = match by {
        Grouping::Model => rows(&totals.by_model),
        Grouping::Provider => rows(&totals.by_provider),
        Grouping::Tier => rows(&totals.by_tier),
        Grouping::Day => rows(&totals.by_day),
    };
    let name = match by {
        Grouping::Model => "model",
        Grouping::Provider => "provider",
        Grouping::Tier => "tier",
        Grouping::Day => "day",
    };
    let sides =
        [Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Right, Side::Right];
    output.table(&sides, &[name, "calls", "in", "out", "cost", "baseline", "saved"], rows)
}

fn rows<'a, K: Display + 'a>(
    sums: impl IntoIterator<Item = (&'a K, &'a Spent)>,
) -> Vec<Vec<String>> {
    let row = |(key, spent): (&K, &Spent)| {
        vec![
            key.to_string(),
            spent.calls.to_string(),
            spent.usage.input_tokens().to_string(),
            spent.usage.output.to_string(),
            spent.cost.to_string(),
            spent.base_cost.to_string(),
            percent(spent.savings.percent_of(spent.base_cost)),
        ]
    };
    sums.into_iter().map(row).collect()
}

fn as_json(totals: &Totals) -> Value {
    fn by<'a, K: Display + 'a>(sums: impl IntoIterator<Item = (&'a K, &'a Spent)>) -> Value {
        let named = sums.into_iter().map(|(key, spent)| (key.to_string(), spent_json(spent)));
        named.collect::<Map<String, Value>>().into()
    }
    let mut object = spent_json(&totals.overall);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("by_model".to_owned(), by(&totals.by_model));
        fields.insert("by_provider".to_owned(), by(&totals.by_provider));
        fields.insert("by_tier".to_owned(), by(&totals.by_tier));
        fields.insert("by_day".to_owned(), by(&totals.by_day));
    }
    object
}

fn spent_json(spent: &Spent) -> Value {
    json!({
        "calls": spent.calls,
        "input_tokens": spent.usage.input_tokens(),
        "output_tokens": spent.usage.output,
        "usage": spent.usage,
        "cost": number(spent.cost),
        "input_cost": number(spent.input_cost),
        "output_cost": number(spent.output_cost),
        "base_cost": number(spent.base_cost),
        "savings": number(spent.savings),
        "savings_percent": spent.savings.percent_of(spent.base_cost).round_dp(2).to_string().parse::<f64>().ok(),
        "expected_cost": number(spent.expected_cost),
    })
}
