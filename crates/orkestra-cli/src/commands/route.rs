//! `orkestra route`: decides, calls nothing.

use std::{fs, path::Path};

use orkestra::{
    ErrorKind, MultiProvider,
    chat::Request,
    ledger::Recorder,
    routing::{Neighbour, Tier},
    strategy::{self, FIXED, Plan},
};
use serde_json::{Map, Value, json};

use crate::{
    args::Route,
    failure::Failure,
    output::{Output, Side, WIDTH, counted, error_json, number, percent, wrapped},
    prompt,
    settings::Settings,
};

/// Says which model would answer, and why.
pub(super) async fn run(
    asked: &Route,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    if let Some(file) = &asked.batch {
        return batch(file, asked, settings, output).await;
    }
    let request = prompt::request(&asked.asking)?;
    let plan = decide(&deciders(settings, output).await?, request, asked)?;
    if output.is_json() {
        return output.json(&as_json(&plan, asked.explain));
    }
    print(&plan, asked.explain, output)
}

/// The pool, which knows what the ledger measured. Without a home there is no ledger to know it from.
async fn deciders(settings: &Settings, output: &Output) -> Result<MultiProvider, Failure> {
    let recorder = settings.recorder().unwrap_or_else(|_| Recorder::off());
    let (engine, unmeasured) = settings.measured_engine(recorder).await?;
    let pool = settings.deciders(&engine)?;
    unmeasured.iter().for_each(|warning| output.warning(warning));
    Ok(pool)
}

fn decide(pool: &MultiProvider, request: Request, asked: &Route) -> Result<Plan, Failure> {
    let strategy = strategy::named(asked.asking.strategy.as_deref().unwrap_or(strategy::NAMES[0]))?;
    Ok(pool.route_by(&*strategy, request)?)
}

/// Decides each line by itself; a line that cannot be decided gives an error object in its place.
async fn batch(
    file: &Path,
    asked: &Route,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let text = if file == Path::new("-") {
        prompt::from_stdin()?
    } else {
        let name = file.display().to_string();
        let bytes = fs::read(file).map_err(|cause| {
            let hint = "name a text file with one prompt a line, or - for standard input";
            Failure::new(
                ErrorKind::InvalidRequest,
                format!("the file {name} cannot be read: {cause}"),
                hint,
            )
        })?;
        prompt::text(bytes, &name)?
    };
    let pool = deciders(settings, output).await?;
    let mut worst = None;
    for line in text.lines() {
        let request = prompt::with_options(Request::from(line), &asked.asking);
        match decide(&pool, request, asked) {
            Ok(plan) => output.json_line(&as_json(&plan, asked.explain))?,
            Err(failure) => {
                worst = worst.max(Some(failure.exit_code()));
                output.json_line(&error_json(&failure))?;
            }
        }
    }
    worst.map_or(Ok(()), |code| Err(Failure::Said(code)))
}

/// The decision as one JSON object.
pub(super) fn as_json(plan: &Plan, explain: bool) -> Value {
    let choice = plan.choice();
    let tiers = &plan.forecast.tiers;
    let per_tier = |value: &dyn Fn(Tier) -> f64| -> Map<String, Value> {
        Tier::ALL.into_iter().map(|tier| (tier.name().to_owned(), value(tier).into())).collect()
    };
    let mut object = json!({
        "provider": choice.provider,
        "model": choice.model,
        "tier": choice.tier,
        "strategy": plan.strategy,
        "forecast": per_tier(&|tier| tiers.get(tier).score),
        "uncertainty": per_tier(&|tier| tiers.get(tier).uncertainty),
        "expected_cost": number(choice.expected_cost),
        "expected_input_tokens": choice.expected_input_tokens,
        "expected_output_tokens": choice.expected_output_tokens,
        "base_model": plan.base.model,
        "expected_base_cost": number(plan.base.expected_cost),
        "expected_savings": number(plan.expected_savings()),
        "reason": plan.reason,
        "quality": plan.quality,
        "margin": plan.margin,
        "candidates": plan.candidates,
        "ruled_out": plan.ruled_out,
        "notes": plan.notes,
        "router": plan.forecast.router,
        "head": plan.forecast.head,
        "catalogue": plan.catalogue,
    });
    if let (true, Some(fields)) = (explain, object.as_object_mut()) {
        fields.insert("neighbours".to_owned(), json!(plan.forecast.neighbours));
    }
    object
}

fn print(plan: &Plan, explain: bool, output: &Output) -> Result<(), Failure> {
    let choice = plan.choice();
    output.line(format!(
        "{}   {}, {}",
        output.bold(choice.model.as_str()),
        choice.provider,
        choice.tier
    ))?;
    output.line(format!(
        "expected   {} for about {} tokens in and {} out",
        choice.expected_cost, choice.expected_input_tokens, choice.expected_output_tokens
    ))?;
    let saved = plan.expected_savings();
    output.line(format!(
        "saves      {saved} ({}) against {} ({})",
        percent(saved.percent_of(plan.base.expected_cost)),
        plan.base.model,
        plan.base.expected_cost
    ))?;
    for (position, line) in wrapped(&plan.reason, usize::from(WIDTH) - 11).iter().enumerate() {
        output.line(format!("{:<11}{line}", if position == 0 { "why" } else { "" }))?;
    }
    output.line("")?;
    forecast(plan, output)?;
    if explain {
        explanation(plan, output)?;
    }
    // Replaced defaults concern only those who want to know, or who named one.
    if explain || plan.strategy == FIXED {
        plan.notes.iter().for_each(|note| output.warning(note));
    }
    Ok(())
}

fn forecast(plan: &Plan, output: &Output) -> Result<(), Failure> {
    let threshold = plan.forecast.tiers.premium.score - plan.margin;
    let row = |tier: Tier| {
        let expected = plan.forecast.tiers.get(tier);
        let enough = if expected.score >= threshold { "yes" } else { "no" };
        vec![
            tier.to_string(),
            format!("{:.3}", expected.score),
            format!("{:.3}", expected.uncertainty),
            enough.to_owned(),
        ]
    };
    let sides = [Side::Left, Side::Right, Side::Right, Side::Left];
    output.table(
        &sides,
        &["tier", "forecast", "+/-", "good enough"],
        Tier::ALL.map(row).to_vec(),
    )?;
    output.line(format!(
        "good enough is {threshold:.3}: premium's forecast minus {:.3}, the margin of quality {}",
        plan.margin, plan.quality
    ))
}

/// Says of each candidate whose output is not the forecast as it stands what it was multiplied with, and why.
fn output_factors(plan: &Plan, output: &Output) -> Result<(), Failure> {
    let said = plan.candidates.iter().filter_map(|candidate| {
        let why = match candidate.output_factor_calls {
            0 if candidate.thinking_estimated => "thinking included, an estimate".to_owned(),
            0 => return None,
            calls => format!("corrected by {} in the ledger", counted(calls, "call")),
        };
        let factor = candidate.output_factor;
        Some(format!("{}: x{factor:.2} of the forecast, {why}", candidate.model))
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        return Ok(());
    }
    output.heading("Expected output tokens")?;
    said.iter().try_for_each(|line| output.prose(line, "  "))
}

fn explanation(plan: &Plan, output: &Output) -> Result<(), Failure> {
    output.heading("Candidates, in the order of trial")?;
    let rows = plan.candidates.iter().map(|candidate| {
        vec![
            candidate.model.to_string(),
            candidate.provider.clone(),
            candidate.tier.to_string(),
            format!("{:.3}", candidate.score),
            candidate.expected_input_tokens.to_string(),
            candidate.expected_output_tokens.to_string(),
            candidate.expected_cost.to_string(),
        ]
    });
    let sides =
        [Side::Left, Side::Left, Side::Left, Side::Right, Side::Right, Side::Right, Side::Right];
    let head = ["model", "provider", "tier", "score", "in", "out", "cost"];
    output.table(&sides, &head, rows.collect())?;
    output_factors(plan, output)?;
    if !plan.ruled_out.is_empty() {
        output.heading("Ruled out")?;
        plan.ruled_out
            .iter()
            .try_for_each(|out| output.prose(&format!("{}: {}", out.model, out.why), "  "))?;
    }
    output.heading("Nearest benchmark questions")?;
    if plan.forecast.neighbours.is_empty() {
        output.line("none is near: the forecast leans on the average")?;
    } else {
        let score = |score: Option<f64>| {
            score.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}"))
        };
        let row = |near: &Neighbour| {
            let mut row = vec![
                near.family.clone(),
                format!("{:.3}", near.similarity),
                format!("{:.3}", near.weight),
            ];
            row.extend(Tier::ALL.map(|tier| score(*near.scores.get(tier))));
            row
        };
        let head = ["family", "similar", "weight", "budget", "balanced", "premium"];
        let sides = [Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Right];
        output.table(&sides, &head, plan.forecast.neighbours.iter().map(row).collect())?;
    }
    output.line("")?;
    let Plan { strategy, catalogue, forecast, .. } = plan;
    output.prose(
        &format!(
            "strategy {strategy}, router {} ({}), catalogue {catalogue}",
            forecast.router, forecast.head
        ),
        "",
    )
}
