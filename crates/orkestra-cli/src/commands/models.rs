//! `orkestra models`: the catalogue on a day.

use jiff::civil::Date;
use orkestra::{
    ErrorKind,
    catalogue::{Catalogue, Model},
    routing::Tier,
};
use serde_json::{Value, json};

use crate::{
    args::Models,
    failure::Failure,
    output::{Output, Side},
    settings::Settings,
};

/// Lists the models.
pub(super) fn run(asked: &Models, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let catalogue = settings.catalogue()?;
    let today = settings.date();
    let mut names: Vec<&str> = Vec::new();
    for name in settings.named_providers() {
        names.push(&catalogue.provider(name)?.name);
    }
    if names.is_empty() {
        names = catalogue.providers().iter().map(|provider| provider.name.as_str()).collect();
    }
    let listed = |name: &str| -> Vec<&Model> {
        let models = catalogue.models().iter().filter(|model| model.provider == name);
        models.filter(|model| asked.all || model.answers_on(today)).collect()
    };
    let by_provider: Vec<(&str, Vec<&Model>)> = names
        .iter()
        .map(|name| (*name, listed(name)))
        .filter(|(_, models)| !models.is_empty())
        .collect();
    if output.is_json() {
        let models = by_provider.iter().flat_map(|(_, models)| models);
        let models: Vec<Value> =
            models.map(|model| as_json(model, &catalogue, today)).collect::<Result<_, _>>()?;
        return output
            .json(&json!({"date": today, "catalogue": catalogue.version(), "models": models}));
    }
    if by_provider.is_empty() {
        output.line(format!(
            "The catalogue has no models of {}; name some in your own file.",
            names.join(", ")
        ))?;
    }
    print(&by_provider, &catalogue, today, output)
}

fn print(
    by_provider: &[(&str, Vec<&Model>)],
    catalogue: &Catalogue,
    today: Date,
    output: &Output,
) -> Result<(), Failure> {
    let mut replacements = Vec::new();
    for (name, models) in by_provider {
        output.line(output.bold(name))?;
        let mut rows = Vec::new();
        for model in models {
            let prices = match rates(model, today)? {
                Some((input, output)) => [input, output],
                None => ["-".to_owned(), "-".to_owned()],
            };
            let [input, out] = prices;
            let context = tokens(model.context);
            let status = Status::of(model, catalogue, today);
            rows.push(vec![
                model.tier.to_string(),
                model.id.to_string(),
                input,
                out,
                context,
                status.in_short(today),
            ]);
            replacements.extend(status.replacement(model, today));
        }
        let sides = [Side::Left, Side::Left, Side::Right, Side::Right, Side::Right, Side::Left];
        output.table(&sides, &["tier", "model", "$ in", "$ out", "context", "status"], rows)?;
        output.line("")?;
    }
    for line in replacements {
        output.line(line)?;
    }
    output.line(format!(
        "Dollars per million tokens on {today}; catalogue {}.",
        catalogue.version()
    ))?;
    if let Some(note) = catalogue.age_note(today) {
        output.warning(note);
    }
    Ok(())
}

/// Where a model stands on a day.
#[derive(Debug)]
struct Status {
    default: bool,
    denied: bool,
    never_released: bool,
    retired: Option<Date>,
    successor: Option<String>,
}

impl Status {
    fn of(model: &Model, catalogue: &Catalogue, today: Date) -> Self {
        let defaults = Tier::ALL
            .into_iter()
            .filter_map(|tier| catalogue.default_model(&model.provider, tier, today).ok());
        let resolved = catalogue.resolve(model.id.as_str(), today);
        Self {
            default: defaults.into_iter().any(|default| default.model.id == model.id),
            denied: resolved.is_err_and(|error| *error.kind() == ErrorKind::InvalidRequest),
            never_released: model.never_released,
            retired: model.retired,
            successor: model.successor.as_ref().map(ToString::to_string),
        }
    }

    fn name(&self, today: Date) -> &'static str {
        match self.retired {
            _ if self.denied => "denied",
            _ if self.never_released => "never released",
            Some(day) if day <= today => "retired",
            _ if self.default => "default",
            _ => "available",
        }
    }

    fn in_short(&self, today: Date) -> String {
        let name = self.name(today);
        if matches!(name, "default" | "available") && self.retired.is_some() {
            return format!("{name}, ends");
        }
        if name == "available" { String::new() } else { name.to_owned() }
    }

    fn replacement(&self, model: &Model, today: Date) -> Option<String> {
        let successor = self.successor.as_ref()?;
        let id = &model.id;
        Some(match self.retired {
            _ if self.never_released => format!("{id} was never released: {successor} answers"),
            Some(day) if day <= today => format!("{id} was retired on {day}: {successor} answers"),
            Some(day) => format!("{id} ends on {day}, then {successor} answers"),
            None => return None,
        })
    }
}

fn as_json(model: &Model, catalogue: &Catalogue, today: Date) -> Result<Value, Failure> {
    let status = Status::of(model, catalogue, today);
    let price = match model.price_on(today) {
        Ok(price) => json!(price),
        Err(_) => Value::Null,
    };
    Ok(json!({
        "id": model.id,
        "provider": model.provider,
        "tier": model.tier,
        "rank": model.rank,
        "status": status.name(today),
        "default": status.default,
        "retired": model.retired,
        "successor": model.successor,
        "price": price,
        "free": model.free,
        "context": model.context,
        "max_output": model.max_output,
        "abilities": model.abilities,
        "source": model.source,
    }))
}

/// The rates of an ordinary request; `None` before the first price.
fn rates(model: &Model, today: Date) -> Result<Option<(String, String)>, Failure> {
    match model.rates_on(today, 0) {
        Ok(rates) => {
            Ok(Some((rates.input.normalize().to_string(), rates.output.normalize().to_string())))
        }
        Err(error) if *error.kind() == ErrorKind::UnpricedModel => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn tokens(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1_000_000.. => format!("{:.2} M", count as f64 / 1_000_000.0),
        _ => format!("{} k", count / 1000),
    }
}
