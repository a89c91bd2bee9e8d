//! `orkestra route`: decides, calls nothing.

use std::{fs, path::Path};

use orkestra::{
    ErrorKind, MultiProvider,
    chat::Request,
    ledger::Recorder,
    routing::{Belief, Explanation, Moved, Neighbour, Tier},
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
    let decision = decide(&deciders(settings, output).await?, request, asked)?;
    if output.is_json() {
        return output.json(&decision.as_json());
    }
    decision.print(output)
}

/// What was decided, and where it was asked for, why.
struct Decision {
    plan: Plan,
    why: Option<Why>,
}

/// What `--explain` adds to a plan; the router's own explanation where it has one.
struct Why(Option<Explanation>);

/// The pool, which knows what the ledger measured. Without a home there is no ledger to know it from.
async fn deciders(settings: &Settings, output: &Output) -> Result<MultiProvider, Failure> {
    let recorder = settings.recorder().unwrap_or_else(|_| Recorder::off());
    let (engine, unmeasured) = settings.measured_engine(recorder).await?;
    let pool = settings.deciders(&engine)?;
    unmeasured.iter().for_each(|warning| output.warning(warning));
    Ok(pool)
}

fn decide(pool: &MultiProvider, request: Request, asked: &Route) -> Result<Decision, Failure> {
    let strategy = strategy::named(asked.asking.strategy.as_deref().unwrap_or(strategy::NAMES[0]))?;
    let why = if asked.explain { Some(Why(pool.explain(request.clone())?)) } else { None };
    Ok(Decision { plan: pool.route_by(&*strategy, request)?, why })
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
            Ok(decision) => output.json_line(&decision.as_json())?,
            Err(failure) => {
                worst = worst.max(Some(failure.exit_code()));
                output.json_line(&error_json(&failure))?;
            }
        }
    }
    worst.map_or(Ok(()), |code| Err(Failure::Said(code)))
}

impl Decision {
    /// One JSON object.
    fn as_json(&self) -> Value {
        let plan = &self.plan;
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
        if let (Some(Why(why)), Some(fields)) = (&self.why, object.as_object_mut()) {
            fields.insert("neighbours".to_owned(), json!(plan.forecast.neighbours));
            fields.insert("explanation".to_owned(), json!(why));
        }
        object
    }

    /// For people.
    fn print(&self, output: &Output) -> Result<(), Failure> {
        let Self { plan, why } = self;
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
        labelled("why", &plan.reason, output)?;
        output.line("")?;
        forecast(plan, output)?;
        if let Some(why) = why {
            if let Why(Some(why)) = why {
                explanation(why, output)?;
            }
            details(plan, output)?;
        }
        // Replaced defaults concern only those who want to know, or who named one.
        if why.is_some() || plan.strategy == FIXED {
            plan.notes.iter().for_each(|note| output.warning(note));
        }
        Ok(())
    }
}

/// Text behind its label, wrapped to stay there.
fn labelled(label: &str, text: &str, output: &Output) -> Result<(), Failure> {
    for (position, line) in wrapped(text, usize::from(WIDTH) - 11).iter().enumerate() {
        output.line(format!("{:<11}{line}", if position == 0 { label } else { "" }))?;
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
    output.prose(
        &format!(
            "good enough is {threshold:.3}: premium's forecast minus {:.3}, the margin of quality {}",
            plan.margin, plan.quality
        ),
        "",
    )
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

/// Domains that are shown; the others have small shares.
const DOMAINS: usize = 3;
/// Characters of a feature that are shown.
const FEATURE: usize = 40;

/// What the router says of its own belief: the sentence first, then the numbers behind it.
fn explanation(why: &Explanation, output: &Output) -> Result<(), Failure> {
    output.heading("What the router believes")?;
    output.prose(&why.sentence, "")?;
    output.line("")?;
    let shares = why.domains.iter().take(DOMAINS);
    let shares: Vec<String> =
        shares.map(|domain| format!("{} {:.0} %", domain.name, domain.share * 100.0)).collect();
    labelled("looks like", &shares.join(", "), output)?;
    let familiarity = why.forecast.familiarity;
    labelled("familiar", &format!("{familiarity:.2}, from 0, like nothing known, to 1"), output)?;
    output.line("")?;
    let tiers = |name: &str, value: &dyn Fn(Tier) -> f64| {
        let values = Tier::ALL.map(|tier| format!("{:.3}", value(tier)));
        [vec![name.to_owned()], values.to_vec()].concat()
    };
    let belief = |name: &str, belief: Belief| tiers(name, &|tier| *belief.scores().get(tier));
    let forecast = &why.forecast.tiers;
    let rows = vec![
        belief("network", why.beliefs.network),
        belief("nearest questions", why.beliefs.nearest),
        belief("linear", why.beliefs.linear),
        tiers("forecast: weighed, calibrated", &|tier| forecast.get(tier).score),
        tiers("+/-", &|tier| forecast.get(tier).uncertainty),
    ];
    let sides = [Side::Left, Side::Right, Side::Right, Side::Right];
    output.table(
        &sides,
        &["what each predictor expects", "budget", "balanced", "premium"],
        rows,
    )?;
    if why.features.is_empty() {
        return Ok(());
    }
    output.heading("What moved the linear part most")?;
    let row = |moved: &Moved| vec![shown(&moved.feature), format!("{:+.2}", moved.effect * 100.0)];
    let rows = why.features.iter().map(row).collect();
    output.table(&[Side::Left, Side::Right], &["in the text", "budget loses, points"], rows)
}

/// A feature in quotes, for its blanks count, without anything that a terminal would obey.
fn shown(feature: &str) -> String {
    let mut start: String = feature.chars().take(FEATURE).collect();
    if start.len() < feature.len() {
        start.push('…');
    }
    format!("{start:?}")
}

fn details(plan: &Plan, output: &Output) -> Result<(), Failure> {
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
