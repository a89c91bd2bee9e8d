//! Many streams at once for minutes, with random faults: nothing may leak, and the ledger must agree with the
//! simulator's own record of what it charged, call by call and to the last digit. `audit.rs` says what must hold.
//!
//! `scripts/soak` runs it: `soak [--seconds 300] [--streams 2000] [--seed 1]`. It ends with 1 when something does not hold.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

mod audit;
mod load;
mod memory;
mod vendor;

use std::{
    error::Error,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{civil::Date, tz::Offset};
use orkestra::{
    Result, Settings,
    ledger::{Entry, Ledger, OutputRatios, Query, Recorder, Sqlite, Totals},
};
use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};

use crate::{
    audit::{Findings, Records},
    load::{End, Load},
    memory::{Samples, mib},
    vendor::Vendor,
};

/// The day of all calls. OpenAI's models of this day take tools on its newer API alone, so that every API is called.
const DAY: Date = jiff::civil::date(2027, 2, 1);
/// Progress is printed so often, in seconds.
const EVERY: u64 = 5;
/// Runs that are shorter leave out the faults that only a deadline ends, and say nothing of memory.
const LONG: u64 = 60;
/// The longest that the ledger may take to catch up, and its threads to take an entry.
const CATCH_UP: Duration = Duration::from_secs(120);
/// So many violations are printed.
const SHOWN: usize = 10;

struct Args {
    seconds: u64,
    streams: u64,
    seed: u64,
    /// Be the simulator, and write what it sees there.
    serve: Option<PathBuf>,
    with_silences: bool,
}

impl Args {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut args =
            Self { seconds: 300, streams: 2000, seed: 1, serve: None, with_silences: false };
        let mut given = std::env::args().skip(1);
        while let Some(name) = given.next() {
            if name == "--with-silences" {
                args.with_silences = true;
                continue;
            }
            let value = given.next().ok_or_else(|| format!("{name}: a value is missing"))?;
            let number = || match value.parse::<u64>() {
                Ok(number) if number > 0 || name == "--seed" => Ok(number),
                _ => Err(format!("{name} is {value}; expected a whole number above 0")),
            };
            match name.as_str() {
                "--seconds" => args.seconds = number()?,
                "--streams" => args.streams = number()?,
                "--seed" => args.seed = number()?,
                "--serve" => args.serve = Some(value.into()),
                _ => {
                    return Err(format!("{name}: expected --seconds, --streams or --seed").into());
                }
            }
        }
        Ok(args)
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::read()?;
    if let Some(record) = &args.serve {
        vendor::serve(record, args.seed, args.with_silences).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let violations = soak(&args).await?;
    for violation in violations.iter().take(SHOWN) {
        println!("VIOLATION: {violation}");
    }
    if violations.is_empty() {
        println!("all of it holds");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("{} violations", violations.len());
        Ok(ExitCode::FAILURE)
    }
}

async fn soak(args: &Args) -> Result<Vec<String>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let place = |name: &str| folder.path().join(name);
    let (seen, told) = (place("seen.jsonl"), place("told.jsonl"));
    let vendor = Vendor::start(&seen, args.seed, args.seconds >= LONG)?;
    let ledger = Arc::new(Counted::new(Sqlite::new(place("ledger.db"))));
    let recorder = Recorder::new(ledger.clone(), Some(place("spool")));
    let noon = Offset::UTC.to_timestamp(DAY.at(12, 0, 0, 0))?;
    let settings =
        Settings { recorder: recorder.clone(), clock: Arc::new(move || noon), ..Settings::new()? };
    let started = Instant::now();
    let until = started + Duration::from_secs(args.seconds);
    let load = Arc::new(Load::new(&vendor.address, &settings, until, &told)?);

    let mut callers = JoinSet::new();
    for number in 0..args.streams {
        callers.spawn(Arc::clone(&load).call(args.seed.wrapping_mul(1 << 32) + number));
    }
    let samples = watch(&load, &ledger, started, until).await;
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    let mut violations = recorder.flush(CATCH_UP).await;
    let resident = memory::resident();
    print_progress(&load, &ledger, started);
    let (entries, totals) =
        (ledger.entries(&Query::default()).await?, ledger.totals(&Query::default()).await?);
    let (seen, told) = (vendor.stop(&seen)?, load.told(&told)?);
    let catalogue = &settings.catalogue;
    let records = Records {
        seen: &seen,
        told: &told,
        entries: &entries,
        totals: &totals,
        catalogue,
        day: DAY,
    };
    let findings = Findings::of(&records)?;
    print(&findings, &totals);
    println!("{} answers came with a warning of the ledger's", load.warnings());
    violations.extend(memory_violation(&samples, resident, seen.len(), args.seconds >= LONG));
    violations.extend(findings.violations);
    Ok(violations)
}

/// Prints how it goes, until `until`.
async fn watch(load: &Load, ledger: &Counted, started: Instant, until: Instant) -> Samples {
    let mut samples = Samples::default();
    let mut seconds = interval(Duration::from_secs(1));
    seconds.tick().await;
    let mut passed = 0;
    while Instant::now() < until {
        seconds.tick().await;
        passed += 1;
        samples.take();
        if passed % EVERY == 0 {
            print_progress(load, ledger, started);
        }
    }
    samples
}

fn print_progress(load: &Load, ledger: &Counted, started: Instant) {
    let ends = load.ends();
    let count = |end: End| ends.get(&end).copied().unwrap_or_default();
    println!(
        "{:>5} s: {} answered, {} broken, {} let go, {} failed; {} entries; {:.1} MiB",
        started.elapsed().as_secs(),
        count(End::Answered),
        count(End::Broken),
        count(End::LetGo),
        count(End::Failed),
        ledger.count.load(Ordering::Relaxed),
        memory::resident().map_or(f64::NAN, mib),
    );
}

fn print(findings: &Findings, totals: &Totals) {
    println!(
        "{} calls, {} of them free; by API {:?}",
        findings.calls, findings.free, findings.by_api
    );
    println!("faults {:?}", findings.by_fault);
    println!(
        "{:<24}{:>9}{:>11}{:>14}{:>14}{:>16}{:>16}",
        "model", "exact", "estimated", "input tokens", "output", "due, USD", "ledger, USD"
    );
    for (model, account) in &findings.models {
        println!(
            "{model:<24}{:>9}{:>11}{:>14}{:>14}{:>16}{:>16}",
            account.exact,
            account.estimated,
            account.entered.input_tokens(),
            account.entered.output,
            account.due.normalize().to_string(),
            account.cost.amount().normalize().to_string(),
        );
    }
    let overall = &totals.overall;
    println!(
        "{} entries of {} USD in all, estimates included",
        overall.calls,
        overall.cost.amount().normalize()
    );
}

/// Says what was held; a violation if it grew over a long run.
fn memory_violation(
    samples: &Samples,
    last: Option<u64>,
    calls: usize,
    long: bool,
) -> Option<String> {
    let (warm, end) = samples.warm_and_end()?;
    let last = last.map_or(f64::NAN, mib);
    println!(
        "memory: {:.1} MiB warm, {:.1} MiB at the end of {calls} calls, {last:.1} MiB when all was over",
        mib(warm),
        mib(end)
    );
    let most = Samples::most(warm);
    (long && end > most).then(|| {
        format!("memory grew to {:.1} MiB; at most {:.1} MiB was expected", mib(end), mib(most))
    })
}

/// A ledger that counts what it takes.
#[derive(Debug)]
struct Counted {
    ledger: Sqlite,
    count: AtomicU64,
}

impl Counted {
    fn new(ledger: Sqlite) -> Self {
        Self { ledger, count: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Ledger for Counted {
    async fn append_all(&self, entries: &[Entry]) -> Result<()> {
        self.ledger.append_all(entries).await?;
        self.count.fetch_add(entries.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn entries(&self, query: &Query) -> Result<Vec<Entry>> {
        self.ledger.entries(query).await
    }

    async fn totals(&self, query: &Query) -> Result<Totals> {
        self.ledger.totals(query).await
    }

    async fn output_ratios(&self, router: &str) -> Result<OutputRatios> {
        self.ledger.output_ratios(router).await
    }

    fn location(&self) -> String {
        self.ledger.location()
    }
}
