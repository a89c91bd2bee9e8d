//! What a router makes of prompts that it never learned from and must never be tuned on.

use std::{
    error::Error,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use orkestra::{
    MultiProvider, Provider, Settings, Usd,
    chat::{Message, Request, Role},
    features::Features,
    routing::{self, GENERAL, PerTier, Router, Tier, Trained},
    strategy::{Choice, Plan},
};
use serde::{Deserialize, de::DeserializeOwned};

/// Which router to probe, and with what.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    /// The router's file. Default: the embedded one.
    #[arg(long)]
    router: Option<PathBuf>,
    /// Paraphrases and neighbours of the documented examples, a JSON object a line.
    #[arg(long, default_value = "evals/probes/examples.jsonl")]
    examples: PathBuf,
    /// Turns of agents, a JSON object a line.
    #[arg(long, default_value = "evals/probes/agent_turns.jsonl")]
    turns: PathBuf,
    /// The day whose prices hold.
    #[arg(long, default_value = "2026-11-24")]
    date: String,
}

/// A prompt like one that the documentation speaks of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    prompt: String,
    /// The documented prompt.
    example: String,
    expected: Expected,
}

/// Where a prompt belongs.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Cheap,
    Premium,
}

/// What an agent sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    system: String,
    messages: Vec<Said>,
    /// How hard it is: trivial, medium or hard.
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    role: Role,
    content: String,
}

/// What a line-up does with some turns.
#[derive(Default)]
struct Bill {
    turns: usize,
    ruled: PerTier<usize>,
    planned: PerTier<usize>,
    cost: Usd,
    base_cost: Usd,
    bases: Vec<String>,
}

pub(crate) fn run(inputs: &Inputs) -> Result<(), Box<dyn Error>> {
    let trained = match &inputs.router {
        Some(path) => routing::from_file(path)?,
        None => routing::embedded()?,
    };
    let examples: Vec<Example> = lines_of(&inputs.examples)?;
    let turns: Vec<Turn> = lines_of(&inputs.turns)?;
    let [shares, misses] = examples_tables(&trained, &examples)?;
    let bills = turns_table(&trained, &turns, &inputs.date)?;
    for (position, table) in [shares, misses, bills].iter().enumerate() {
        let gap = if position == 0 { "" } else { "\n" };
        write!(io::stdout(), "{gap}{}", aligned(table))?;
    }
    Ok(())
}

/// The share that comes out as expected, and each prompt that does not.
fn examples_tables(
    trained: &Trained,
    examples: &[Example],
) -> Result<[Vec<Vec<String>>; 2], Box<dyn Error>> {
    let (embedder, router) = (trained.embedder(), trained.router());
    let heads = router.heads();
    let mut judged = Vec::new();
    for example in examples {
        let features = Features::of(&Request::from(example.prompt.as_str()), &*embedder)?;
        let tiers: Vec<Tier> = heads
            .iter()
            .map(|head| tier(&*router, &features, head))
            .collect::<Result<_, orkestra::Error>>()?;
        judged.push((example, tiers));
    }
    let row = |name: &str, of: &dyn Fn(&Example) -> bool| {
        let these: Vec<_> = judged.iter().filter(|(example, _)| of(example)).collect();
        let shares = (0..heads.len()).map(|head| {
            let right = these.iter().filter(|(example, tiers)| example.fits(tiers[head])).count();
            share(right, these.len())
        });
        [name.to_owned(), these.len().to_string()].into_iter().chain(shares).collect()
    };
    let mut shares = vec![header(&["as expected", "prompts"], &heads, &[])];
    for name in distinct(examples.iter().map(|example| &*example.example)) {
        shares.push(row(name, &|example| example.example == name));
    }
    shares.push(row("all", &|_| true));

    let mut misses = vec![header(&["miss"], &heads, &["prompt"])];
    for (example, tiers) in &judged {
        if tiers.iter().all(|tier| example.fits(*tier)) {
            continue;
        }
        let chosen = tiers
            .iter()
            .map(|tier| if example.fits(*tier) { "-".to_owned() } else { tier.name().to_owned() });
        misses.push(
            [example.example.clone()]
                .into_iter()
                .chain(chosen)
                .chain([shortened(&example.prompt)])
                .collect(),
        );
    }
    Ok([shares, misses])
}

/// What each head makes of the turns, and what the engine expects them to cost.
fn turns_table(
    trained: &Trained,
    turns: &[Turn],
    date: &str,
) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let (embedder, router) = (trained.embedder(), trained.router());
    let settings = Settings {
        embedder: trained.embedder(),
        router: trained.router(),
        clock: standing(date)?,
        ..Settings::new()?
    };
    let heads = router.heads();
    let families: Vec<Provider> = heads
        .iter()
        .filter(|head| **head != GENERAL)
        .map(|head| Provider::builder(head).settings(settings.clone()).build())
        .collect::<Result<_, orkestra::Error>>()?;
    let pool = MultiProvider::new(&families)?;
    let mut notes = distinct(turns.iter().map(|turn| &*turn.note));
    notes.push("all");

    let mut table = vec![header(
        &["agent turns", "note", "turns"],
        &[],
        &[
            "budget",
            "balanced",
            "premium",
            "planned b/b/p",
            "cost",
            "always base",
            "of base",
            "saved",
            "base model",
        ],
    )];
    let mut family = families.iter();
    for head in &heads {
        let line_up = if *head == GENERAL { None } else { family.next() };
        let mut bills: Vec<Bill> = notes.iter().map(|_| Bill::default()).collect();
        for turn in turns {
            let request = turn.request();
            let ruled = tier(&*router, &Features::of(&request, &*embedder)?, head)?;
            let plan = match line_up {
                Some(provider) => provider.route(request)?,
                None => pool.route(request)?,
            };
            for (note, bill) in notes.iter().zip(&mut bills) {
                if *note == turn.note || *note == "all" {
                    bill.add(ruled, &plan);
                }
            }
        }
        table.extend(notes.iter().zip(&bills).map(|(note, bill)| bill.row(head, note)));
    }
    Ok(table)
}

/// The cheapest tier that is good enough at the default quality, whatever its models cost.
fn tier(router: &dyn Router, features: &Features, head: &str) -> Result<Tier, orkestra::Error> {
    let forecast = router.forecast(features, head)?;
    let margin = router.margin(router.default_quality(head), head);
    let choice = Choice { candidates: &[], forecast: &forecast, margin };
    let enough = Tier::ALL.into_iter().find(|tier| choice.is_good_enough(*tier));
    Ok(enough.unwrap_or(Tier::Premium))
}

/// A clock that stands at noon of `date`, whatever type tells its time.
fn standing<T>(date: &str) -> Result<Arc<dyn Fn() -> T + Send + Sync>, Box<dyn Error>>
where
    T: FromStr<Err: Error> + Copy + Send + Sync + 'static,
{
    let noon: T = format!("{date}T12:00:00Z")
        .parse()
        .map_err(|cause| format!("{date:?} is not a date ({cause}); write it like 2026-11-24"))?;
    Ok(Arc::new(move || noon))
}

impl Example {
    fn fits(&self, tier: Tier) -> bool {
        (tier == Tier::Premium) == (self.expected == Expected::Premium)
    }
}

impl Turn {
    fn request(&self) -> Request {
        let messages: Vec<Message> =
            self.messages.iter().map(|said| Message::text(said.role, &*said.content)).collect();
        Request::from(messages).system(&*self.system)
    }
}

impl Bill {
    fn add(&mut self, ruled: Tier, plan: &Plan) {
        self.turns += 1;
        *self.ruled.get_mut(ruled) += 1;
        *self.planned.get_mut(plan.choice().tier) += 1;
        self.cost += plan.choice().expected_cost;
        self.base_cost += plan.base.expected_cost;
        let base = plan.base.model.to_string();
        if !self.bases.contains(&base) {
            self.bases.push(base);
        }
    }

    fn row(&self, head: &str, note: &str) -> Vec<String> {
        let ruled = Tier::ALL.map(|tier| share(*self.ruled.get(tier), self.turns));
        let planned = Tier::ALL.map(|tier| self.planned.get(tier).to_string()).join("/");
        let saved = self.base_cost - self.cost;
        [head.to_owned(), note.to_owned(), self.turns.to_string()]
            .into_iter()
            .chain(ruled)
            .chain([
                planned,
                // A decimal's precision cuts; it does not round.
                format!("${:.4}", self.cost.amount().round_dp(4)),
                format!("${:.4}", self.base_cost.amount().round_dp(4)),
                format!("{:.1} %", self.cost.percent_of(self.base_cost).round_dp(1)),
                format!("{:.1} %", saved.percent_of(self.base_cost).round_dp(1)),
                self.bases.join(", "),
            ])
            .collect()
    }
}

/// Each line of the file, read as JSON.
fn lines_of<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Box<dyn Error>> {
    let place = path.display();
    let text = fs::read_to_string(path)
        .map_err(|cause| format!("the probes {place} cannot be read: {cause}"))?;
    let lines = text.lines().enumerate().map(|(index, line)| {
        serde_json::from_str(line)
            .map_err(|cause| format!("{place}, line {}: {cause}", index + 1).into())
    });
    lines.collect()
}

/// Each name once, in the order of first appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn header(before: &[&str], heads: &[&str], after: &[&str]) -> Vec<String> {
    [before, heads, after].concat().into_iter().map(str::to_owned).collect()
}

fn share(part: usize, whole: usize) -> String {
    format!("{:.0} % ({part})", 100.0 * part as f64 / whole.max(1) as f64)
}

/// The prompt's beginning, on one line.
fn shortened(prompt: &str) -> String {
    const MOST: usize = 90;
    let mut text: String = prompt.chars().take(MOST).collect();
    if text.len() < prompt.len() {
        text.push('…');
    }
    text.replace('\n', " ")
}

/// The rows with their columns one below the other; the last column is as long as it is.
fn aligned(rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
