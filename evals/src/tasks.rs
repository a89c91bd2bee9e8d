//! The tasks of docs/router.md, by cross-validation: the same figures as `orkestra eval --folds 5`, in one table.

use std::{
    error::Error,
    io::{self, Write as _},
};

use orkestra_training::{
    Silent,
    evaluate::{Case, Division, cross_validate},
    measure::{Options, Report, report},
    prompts,
    questions::{Question, gather},
};

use crate::inputs::Outcomes;

/// What to measure on.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    #[command(flatten)]
    outcomes: Outcomes,
    /// Only tasks whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Decides how questions are divided.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// A benchmark and the models that are told apart on it.
struct Task {
    name: &'static str,
    file: &'static str,
    task: Option<&'static str>,
    models: &'static [&'static str],
    prices: &'static [f64],
    /// Learn from so many labels, and how often to draw them.
    labels: Option<(usize, u64)>,
}

const PAIR: &[&str] = &["Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"];

const TASKS: &[Task] = &[
    pair("MMLU", "mmlu", None),
    pair("MMLU, 1,500 labels", "mmlu", Some((1500, 5))),
    pair("GSM8K", "gsm8k", None),
    triple(
        "ZeroEval, OpenAI",
        "zeroeval",
        &["gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06", "o1-mini-2024-09-12"],
        &[0.75, 12.5, 50.0],
    ),
    triple(
        "ZeroEval, Anthropic",
        "zeroeval",
        &["claude-3-haiku-20240307", "claude-3-sonnet-20240229", "claude-3-5-sonnet-20240620"],
        &[4.8, 18.0, 90.0],
    ),
    triple(
        "MMLU-Pro, Google",
        "mmlu_pro",
        &["gemini-1.5-flash-002", "gemini-1.5-pro-002", "gemini-3.1-pro"],
        &[0.5, 3.5, 14.0],
    ),
];

const fn pair(name: &'static str, task: &'static str, labels: Option<(usize, u64)>) -> Task {
    Task { name, file: "routellm", task: Some(task), models: PAIR, prices: &[0.0, 1.0], labels }
}

const fn triple(
    name: &'static str,
    file: &'static str,
    models: &'static [&'static str],
    prices: &'static [f64],
) -> Task {
    Task { name, file, task: None, models, prices, labels: None }
}

pub(crate) fn run(inputs: &Inputs) -> Result<(), Box<dyn Error>> {
    let line_ups = inputs.outcomes.line_ups()?;
    let parts = inputs.outcomes.seed("")?;
    let settings = inputs.outcomes.settings();
    let embedder = parts.embedder()?;
    let read = |names: &[&str]| -> Result<Vec<Question>, Box<dyn Error>> {
        Ok(gather(inputs.outcomes.rows(names)?, &*embedder)?)
    };
    say(
        "| task | rows | area [95 %] | 5 neighbours | cost at 0.95 / 0.98 / 0.99 | dial: asked, kept, cost | ECE |\n|---|---|---|---|---|---|---|",
    )?;
    for task in TASKS.iter().filter(|task| task.name.contains(&inputs.only)) {
        let judged = read(&[task.file])?;
        // Cross-validation adds the project's own prompts itself.
        let mut others = line_ups.source_names();
        others.retain(|name| ![task.file, prompts::SOURCE].contains(name));
        let more = read(&others)?;
        let case = Case {
            models: task.models.iter().map(|model| (*model).to_owned()).collect(),
            prices: task.prices.to_vec(),
            task: task.task.map(str::to_owned),
        };
        let draws = task.labels.map_or(1, |(_, draws)| draws);
        let mut reports = Vec::new();
        for draw in 0..draws {
            let division = Division {
                folds: 5,
                seed: inputs.seed + draw,
                labels: task.labels.map(|(labels, _)| labels),
            };
            let found =
                cross_validate(&parts, &judged, &more, &case, division, &settings, &Silent)?;
            let options = Options::default();
            reports.push(report(&case.measured(), &found.judged, Some(found.target), &options)?);
        }
        say(&line(task, &reports))?;
    }
    Ok(())
}

fn line(task: &Task, reports: &[Report]) -> String {
    let json = reports.first().map(Report::to_json).unwrap_or_default();
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
    let areas: Vec<f64> = reports.iter().map(|one| number(&one.to_json()["apgr"])).collect();
    let area = areas.iter().sum::<f64>() / areas.len() as f64;
    let interval = &json["intervals"]["apgr"];
    let shown = match areas.len() {
        1 => format!("{area:.3} [{:.3}, {:.3}]", number(&interval[0]), number(&interval[1])),
        draws => format!("{area:.3}, mean of {draws} draws: {}", joined(&areas)),
    };
    let costs: Vec<f64> =
        ["0.95", "0.98", "0.99"].map(|kept| number(&json["cost_at_quality"][kept])).to_vec();
    let errors: Vec<f64> =
        json["ece"].as_object().map(|ece| ece.values().map(number).collect()).unwrap_or_default();
    let dial = &json["dial"];
    format!(
        "| {} | {} | {shown} | {:.3} | {} | {:.3}, {:.3}, {:.2} | {} |",
        task.name,
        json["rows"],
        number(&json["baselines"]["nearest_5"]["apgr"]),
        joined(&costs),
        number(&dial["target"]),
        number(&dial["quality"]),
        number(&dial["cost"]),
        joined(&errors),
    )
}

/// The numbers, or a dash where a measure does not apply.
fn joined(numbers: &[f64]) -> String {
    if numbers.iter().any(|number| number.is_nan()) {
        return "-".to_owned();
    }
    numbers.iter().map(|number| format!("{number:.3}")).collect::<Vec<_>>().join(" / ")
}

fn say(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
