//! The ledger through its public face: exact sums, clear errors, and no entry lost or doubled.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting fails")]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::date};
use orkestra::{
    ErrorKind, Result,
    chat::Usage,
    ledger::{
        Entry, Ledger, Memory, Outcome, OutputRatio, OutputRatios, Query, Recorder, Sqlite, Totals,
    },
    money::Usd,
    routing::Tier,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

const LONG: Duration = Duration::from_secs(60);

/// An entry that cost `cost` where the baseline costs `base_cost`.
fn entry(cost: Usd, base_cost: Usd) -> Entry {
    Entry {
        id: Entry::new_id(),
        decision_id: "decision".to_owned(),
        attempt: 1,
        at: Timestamp::from_second(1_780_000_000).unwrap(),
        day: date(2026, 5, 28),
        provider: "google".to_owned(),
        model: "gemini-3-flash-preview".into(),
        tier: Tier::Budget,
        strategy: "cheapest".to_owned(),
        router: "nearest".to_owned(),
        usage: Usage::plain(500, 1_000),
        input_cost: Usd::ZERO,
        output_cost: cost,
        cost,
        base_model: "gemini-3-pro-preview".into(),
        base_cost,
        savings: base_cost - cost,
        outcome: Outcome::Ok,
        stream: false,
        latency: Duration::from_millis(800),
        first_token: None,
        request_id: None,
        simulated: true,
        expected_cost: cost,
        expected_output_tokens: 900.0,
        finish_reason: None,
        forecast_output_tokens: Some(300.0),
    }
}

fn cheap() -> Entry {
    entry("0.00325".parse().unwrap(), "0.013".parse().unwrap())
}

/// A recorder that outwaits a busy machine.
fn recorder(path: &Path) -> Recorder {
    Recorder::sqlite(path).waiting_at_most(LONG)
}

/// How often each id is in the ledger at `path`.
async fn stored(path: &Path) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    let ledger = Sqlite::open(path).await.unwrap();
    for entry in ledger.entries(&Query::default()).await.unwrap() {
        *ids.entry(entry.id).or_default() += 1;
    }
    ids
}

fn spool_files(ledger: &Path) -> Vec<String> {
    let Ok(found) = fs::read_dir(ledger.with_file_name("ledger.db.spool")) else { return vec![] };
    found.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn what_is_recorded_is_in_the_ledger_after_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/below/ledger.db");
    let recorder = recorder(&path);
    let mut entries: Vec<_> = (0..600).map(|_| cheap()).collect();
    for entry in &entries {
        assert_eq!(recorder.record(entry.clone()).await, None);
    }
    let from_a_destructor = cheap();
    assert_eq!(recorder.record_blocking(from_a_destructor.clone()), None);
    entries.push(from_a_destructor);
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new());

    let ledger = recorder.ledger().unwrap();
    let mut read = ledger.entries(&Query::default()).await.unwrap();
    read.sort_by(|one, other| one.id.cmp(&other.id));
    entries.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(read, entries);
    let totals = ledger.totals(&Query::default()).await.unwrap();
    assert_eq!(totals.overall.cost, "1.95325".parse().unwrap());
    assert_eq!(totals.overall.savings, "5.85975".parse().unwrap());
    assert_eq!(spool_files(&path), Vec::<String>::new(), "nothing is left behind");
}

#[tokio::test]
async fn an_entry_recorded_twice_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(&folder.path().join("ledger.db"));
    let entry = cheap();
    recorder.record(entry.clone()).await;
    recorder.flush(LONG).await;
    recorder.record(entry).await;
    recorder.flush(LONG).await;
    let totals = recorder.ledger().unwrap().totals(&Query::default()).await.unwrap();
    assert_eq!(totals.overall.calls, 1);
}

#[tokio::test]
async fn switched_off_it_writes_nothing_and_warns_of_nothing() {
    let recorder = Recorder::off();
    assert_eq!(recorder.record(cheap()).await, None);
    assert_eq!(recorder.record_blocking(cheap()), None);
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new());
    assert!(recorder.ledger().is_none());
}

#[tokio::test]
async fn a_recorder_over_memory_needs_no_file() {
    let ledger = Arc::new(Memory::new());
    let recorder = Recorder::new(ledger.clone(), None).waiting_at_most(LONG);
    for _ in 0..100 {
        assert_eq!(recorder.record(cheap()).await, None);
    }
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new());
    assert_eq!(ledger.totals(&Query::default()).await.unwrap().overall.calls, 100);
}

#[tokio::test]
async fn a_broken_entry_is_refused_and_does_not_block_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let recorder = recorder(&path);
    let mut broken = cheap();
    broken.expected_output_tokens = f64::NAN;
    let warning = recorder.record(broken).await.unwrap();
    assert!(warning.contains("expected_output_tokens is NaN, expected 0 or more"), "{warning}");
    let good = cheap();
    assert_eq!(recorder.record(good.clone()).await, None);
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new());
    assert_eq!(stored(&path).await, BTreeMap::from([(good.id, 1)]));
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_a_warning_and_never_an_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    for path in [file.join("ledger.db"), "/proc/nope/ledger.db".into()] {
        let error = Sqlite::open(&path).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Storage);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(error.to_string().contains("choose another path"), "{error}");

        let recorder = recorder(&path);
        let warning = recorder.record(cheap()).await.unwrap();
        assert!(warning.contains("ledger.db.spool failed"), "{warning}");
        assert!(warning.contains("held in memory"), "{warning}");
        let said = recorder.flush(LONG).await.join("\n");
        assert!(said.contains("cannot be opened or made"), "{said}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
}

#[tokio::test]
async fn a_directory_in_the_file_s_place_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Sqlite::open(folder.path()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("choose another path"), "{error}");
}

#[tokio::test]
async fn entries_outlive_a_broken_database_in_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    fs::write(&path, "this is not a database, but long enough to be looked at ".repeat(100))
        .unwrap();
    let recorder = recorder(&path);
    let entries = [cheap(), cheap()];
    for entry in &entries {
        recorder.record(entry.clone()).await;
    }
    let said = recorder.flush(LONG).await.join("\n");
    assert!(said.contains("is damaged or no SQLite database"), "{said}");
    assert!(said.contains("entries wait in"), "{said}");
    let warning = recorder.record(cheap()).await.unwrap();
    assert!(warning.contains("is damaged"), "a later answer says so too: {warning}");
    assert_eq!(spool_files(&path).len(), 1);

    fs::rename(&path, folder.path().join("aside")).unwrap();
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new(), "mended without a restart");
    let stored = stored(&path).await;
    assert_eq!(stored.len(), 3);
    assert!(entries.iter().all(|entry| stored[&entry.id] == 1));
}

#[tokio::test]
async fn half_a_line_is_skipped_and_a_foreign_line_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let spool = folder.path().join("ledger.db.spool");
    fs::create_dir(&spool).unwrap();
    let whole = cheap();
    let line = serde_json::to_string(&whole).unwrap();
    fs::write(spool.join("1-torn.jsonl"), format!("{line}\n{}", &line[..line.len() / 2])).unwrap();
    let other = cheap();
    let other_line = serde_json::to_string(&other).unwrap();
    fs::write(spool.join("2-foreign.jsonl"), format!("{{\"v\":9}}\n{other_line}\n\0\0\n")).unwrap();
    fs::write(spool.join("3-empty.jsonl"), "").unwrap();

    let recorder = recorder(&path);
    let said = recorder.flush(LONG).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("1-torn.jsonl ends in half a line"), "{said:?}");
    assert!(said[1].contains("2-foreign.jsonl holds a line at byte 0"), "{said:?}");
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new(), "said once");
    assert_eq!(stored(&path).await, BTreeMap::from([(whole.id, 1), (other.id, 1)]));
    assert_eq!(spool_files(&path), ["2-foreign.rejected"]);
}

/// A ledger whose disk never answers.
#[derive(Debug)]
struct Hanging;

#[async_trait]
impl Ledger for Hanging {
    async fn append_all(&self, _: &[Entry]) -> Result<()> {
        std::future::pending().await
    }
    async fn entries(&self, _: &Query) -> Result<Vec<Entry>> {
        std::future::pending().await
    }
    async fn totals(&self, _: &Query) -> Result<Totals> {
        std::future::pending().await
    }
    async fn output_ratios(&self, _: &str) -> Result<OutputRatios> {
        std::future::pending().await
    }
    fn location(&self) -> String {
        "nowhere".to_owned()
    }
}

#[tokio::test]
async fn a_ledger_that_hangs_delays_nothing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("ledger.db.spool");
    let recorder = Recorder::new(Arc::new(Hanging), Some(spool.clone())).waiting_at_most(LONG);
    for _ in 0..100 {
        assert_eq!(recorder.record(cheap()).await, None);
    }
    let said = recorder.flush(Duration::from_millis(20)).await.join("\n");
    assert!(said.contains("did not answer within 20ms"), "{said}");
    let files: Vec<_> = fs::read_dir(&spool).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(fs::read_to_string(&files[0]).unwrap().lines().count(), 100);
}

#[tokio::test]
async fn an_impatient_caller_is_not_held_up_and_its_entry_still_lands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let recorder = Recorder::sqlite(&path).waiting_at_most(Duration::ZERO);
    let entries: Vec<_> = (0..200).map(|_| cheap()).collect();
    let mut hurried = 0;
    for pair in entries.chunks(2) {
        let at_once = recorder.record_blocking(pair[0].clone());
        hurried += usize::from(at_once.is_some());
        // A timer is coarser: this one may or may not be in time.
        let soon = recorder.record(pair[1].clone()).await;
        for warning in at_once.into_iter().chain(soon) {
            assert!(
                warning.contains("did not answer within 0ns; it goes on by itself"),
                "{warning}"
            );
        }
    }
    assert!(hurried > 0, "no disk is that fast a hundred times");
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new());
    assert_eq!(stored(&path).await.len(), entries.len());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_what_was_spent() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/ledger.db");
    let recorder = Recorder::new(Arc::new(Hanging), Some(folder.path().join("made/spool")))
        .waiting_at_most(LONG);
    assert_eq!(recorder.record(cheap()).await, None);
    let ledger = Sqlite::open(&path).await.unwrap();
    ledger.append(&cheap()).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("ledger.db-wal")), 0o600);
    let spool = fs::read_dir(folder.path().join("made/spool")).unwrap().next().unwrap().unwrap();
    assert_eq!(mode(&spool.path()), 0o600);
}

#[tokio::test]
async fn a_ledger_from_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    Sqlite::open(&path).await.unwrap().append(&cheap()).await.unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 7).unwrap();
    let error = Sqlite::open(&path).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Storage);
    let message = error.to_string();
    assert!(message.contains("has schema version 7") && message.contains("up to 3"), "{message}");
    assert!(message.contains("update Orkestra"), "{message}");
}

#[tokio::test]
async fn a_ledger_from_before_output_was_measured_is_carried_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let old = Entry { forecast_output_tokens: None, simulated: false, ..cheap() };
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(include_str!("../migrations/sqlite/0001_entries.sql")).unwrap();
    raw.pragma_update(None, "application_id", 0x4F52_4B45).unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    raw.execute(
        "INSERT INTO entries VALUES (?, 'decision', 1, '2026-05-28T20:26:40.000000000Z', '2026-05-28',
         'google', 'gemini-3-flash-preview', 'budget', 'cheapest', 'nearest', 500, 0, 0, 0, 1000, 0, 0,
         '0', '0.00325', '0.00325', 'gemini-3-pro-preview', '0.013', '0.00975', 'ok', 0, 800000, NULL,
         NULL, 0, '0.00325', 900.0)",
        [&old.id],
    )
    .unwrap();
    drop(raw);

    let ledger = Sqlite::open(&path).await.unwrap();
    assert_eq!(ledger.entries(&Query::default()).await.unwrap(), std::slice::from_ref(&old));
    assert!(ledger.output_ratios(&old.router).await.unwrap().is_empty());
    ledger.append(&Entry { simulated: false, ..cheap() }).await.unwrap();
    let ratios = ledger.output_ratios(&old.router).await.unwrap();
    assert_eq!(ratios.get(&old.model), Some(&OutputRatio::of_sums(1, 1_000.0, 300.0)));
}

#[test]
fn a_spooled_line_from_before_output_was_measured_is_an_entry() {
    let old = Entry { forecast_output_tokens: None, ..cheap() };
    let mut line = serde_json::to_value(&old).unwrap();
    for field in ["finish_reason", "forecast_output_tokens"] {
        assert!(line.as_object_mut().unwrap().remove(field).is_some());
    }
    assert_eq!(serde_json::from_value::<Entry>(line).unwrap(), old);
}

#[tokio::test]
async fn asking_for_ratios_makes_no_file_and_a_damaged_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("below/ledger.db");
    let ledger = Sqlite::new(&path);
    assert!(ledger.output_ratios("nearest").await.unwrap().is_empty());
    assert!(!path.parent().unwrap().exists());
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "this is not a database, but long enough to be looked at ".repeat(100))
        .unwrap();
    let error = ledger.output_ratios("nearest").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("is damaged or no SQLite database"), "{error}");
}

#[test]
fn a_ratio_replaces_the_estimate_in_proportion_to_its_calls() {
    let factor = |calls: u32, estimate| {
        let mut ratio = OutputRatio::default();
        (0..calls).for_each(|_| ratio.add(600, 200.0));
        ratio.factor(estimate)
    };
    assert_eq!(factor(0, 1.5), 1.5);
    assert_eq!(factor(20, 1.0), 2.0, "as many calls as are assumed count for a half");
    assert_eq!(factor(20, 5.0), 4.0);
    assert!((factor(100_000, 1.0) - 3.0).abs() < 0.001);
    // Never farther than that from what the catalogue says.
    assert_eq!(OutputRatio::of_sums(1_000_000, 1e9, 1e6).factor(1.5), 30.0);
    assert_eq!(OutputRatio::of_sums(1_000_000, 1.0, 1e6).factor(1.5), 0.075);
}

proptest! {
    #[test]
    fn a_factor_lies_between_the_estimate_and_what_was_measured(
        calls in prop::collection::vec((1_u64..100_000, 1.0..5_000.0_f64), 0..100),
        estimate in 0.5..5.0_f64,
    ) {
        let mut ratio = OutputRatio::default();
        calls.iter().for_each(|(billed, forecast)| ratio.add(*billed, *forecast));
        let (factor, measured) = (ratio.factor(estimate), ratio.measured().unwrap_or(estimate));
        let slack = 1e-9 * estimate.max(measured);
        prop_assert!(factor >= estimate.min(measured) - slack, "{factor}");
        prop_assert!(factor <= estimate.max(measured) + slack, "{factor}");
    }
}

#[tokio::test]
async fn another_program_s_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("songs.db");
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    let error = Sqlite::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("is another program's database"), "{error}");
    let tables: i64 =
        raw.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    Sqlite::open(&path).await.unwrap().append(&cheap()).await.unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    for statement in ["UPDATE entries SET cost = '0'", "DELETE FROM entries"] {
        let error = raw.execute(statement, []).unwrap_err();
        assert!(error.to_string().contains("never"), "{error}");
    }
    let kind: String =
        raw.query_row("SELECT typeof(cost) FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(kind, "text", "money is never a float");
}

#[tokio::test]
async fn a_damaged_amount_is_an_error_that_names_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Sqlite::open(&path).await.unwrap();
    ledger.append(&cheap()).await.unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DROP TRIGGER entries_never_change; UPDATE entries SET savings = 'lots'")
        .unwrap();
    let error = ledger.totals(&Query::default()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("\"lots\" is not an amount"), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_sum_that_would_have_to_be_rounded_is_an_error() {
    let ledger = Memory::new();
    ledger.append(&entry(Usd::new(Decimal::from(10_i64.pow(18))), Usd::ZERO)).await.unwrap();
    ledger.append(&entry(Usd::new(Decimal::new(1, 28)), Usd::ZERO)).await.unwrap();
    let error = ledger.totals(&Query::default()).await.unwrap_err();
    assert!(error.to_string().contains("more than 28 digits"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Amounts down to 1e-12 dollars, far below any price per token.
    #[test]
    fn totals_are_the_exact_sums_of_the_entries(
        amounts in prop::collection::vec((0_i64..1 << 50, 0_i64..1 << 50, 0_u32..=12), 1..60),
    ) {
        let entries: Vec<_> = amounts.iter().map(|&(cost, base, scale)| {
            entry(Usd::new(Decimal::new(cost, scale)), Usd::new(Decimal::new(base, scale)))
        }).collect();
        // Picodollars as integers: an arithmetic that shares nothing with the ledger's.
        let pico = |value: i64, scale: u32| i128::from(value) * 10_i128.pow(12 - scale);
        let cost: i128 = amounts.iter().map(|&(cost, _, scale)| pico(cost, scale)).sum();
        let base: i128 = amounts.iter().map(|&(_, base, scale)| pico(base, scale)).sum();

        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::new(folder.path().join("ledger.db"));
        let memory = Memory::new();
        let ledgers: [&dyn Ledger; 2] = [&sqlite, &memory];
        for ledger in ledgers {
            runtime.block_on(ledger.append_all(&entries)).unwrap();
            let totals = runtime.block_on(ledger.totals(&Query::default())).unwrap().overall;
            prop_assert_eq!(totals.calls, entries.len() as u64);
            prop_assert_eq!(totals.cost.amount(), Decimal::from_i128_with_scale(cost, 12));
            prop_assert_eq!(totals.base_cost.amount(), Decimal::from_i128_with_scale(base, 12));
            prop_assert_eq!(totals.savings + totals.cost, totals.base_cost);
        }
    }
}

/// The variable that tells [`a_child_that_records`] where.
const CHILD: &str = "ORKESTRA_TEST_LEDGER";

/// Runs in a process of its own, for the tests below: records so many entries and prints each id
/// once its recording is acknowledged.
#[tokio::test]
#[ignore = "runs in a child process, started by other tests"]
async fn a_child_that_records() {
    let place = std::env::var_os(CHILD).expect("started by a test");
    let place = place.into_string().unwrap();
    let (count, path) = place.split_once(' ').unwrap();
    let recorder = recorder(path.as_ref());
    for _ in 0..count.parse::<u64>().unwrap() {
        let entry = cheap();
        let id = entry.id.clone();
        assert_eq!(recorder.record(entry).await, None);
        println!("acknowledged {id}.");
    }
    assert_eq!(recorder.flush(LONG).await, Vec::<String>::new());
}

fn child(count: u64, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "a_child_that_records", "--nocapture"])
        .env(CHILD, format!("{count} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The ids that a child acknowledged; it is killed after `kill_after` of them.
fn acknowledged(mut child: Child, kill_after: Option<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // A killed child's last line may be cut.
        let line = line.unwrap();
        let Some((_, id)) = line.split_once("acknowledged ") else { continue };
        let Some(id) = id.strip_suffix('.') else { continue };
        ids.push(id.to_owned());
        if Some(ids.len()) == kill_after {
            child.kill().unwrap();
        }
    }
    assert_eq!(child.wait().unwrap().success(), kill_after.is_none());
    ids
}

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_entry_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut expected = Vec::new();
    // Early, while the database is being made; later, between any two steps.
    for kill_after in [1, 2, 50, 777, 2_000] {
        expected.extend(acknowledged(child(u64::MAX, &path), Some(kill_after)));
    }
    assert!(expected.len() >= 2_830);
    let said = recorder(&path).flush(LONG).await;
    assert!(said.iter().all(|line| line.contains("half a line")), "{said:?}");
    let stored = stored(&path).await;
    let missing: Vec<_> = expected.iter().filter(|id| !stored.contains_key(*id)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(stored.values().all(|count| *count == 1));
    assert!(stored.len() <= expected.len() + 5, "at most one unacknowledged entry for each child");
    assert_eq!(spool_files(&path), Vec::<String>::new());
}

#[tokio::test]
async fn processes_share_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let children: Vec<_> = (0..4).map(|_| child(300, &path)).collect();
    let readers: Vec<_> = children
        .into_iter()
        .map(|child| std::thread::spawn(|| acknowledged(child, None)))
        .collect();
    let expected: Vec<_> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
    assert_eq!(expected.len(), 1_200);
    let stored = stored(&path).await;
    assert_eq!(stored.len(), 1_200);
    assert!(expected.iter().all(|id| stored[id] == 1));
    assert_eq!(spool_files(&path), Vec::<String>::new());
}
