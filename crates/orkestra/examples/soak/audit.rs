//! Compares, call by call, what the simulator charged, what the callers were told and what the ledger holds.
//!
//! - A call that the simulator answered in full, usage included, to a caller that listened to the end: one entry, with
//!   the same tokens in every bucket, not flagged `estimated`; the same that the caller was told.
//! - A call whose usage never arrived, since it broke off, since the caller let go of it, or since it said none: one
//!   entry, flagged `estimated`.
//! - A call that was refused or never answered, which costs nothing: no entry.
//! - Over all calls of the first kind, the ledger's cost is the simulator's tokens at the catalogue's prices, exactly.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;
use orkestra::{
    Usd,
    catalogue::Catalogue,
    chat::Usage,
    ledger::{Entry, Outcome, Totals},
};
use rust_decimal::Decimal;

use crate::{
    load::{End, Told},
    vendor::Seen,
};

/// Faults after which an answer that was charged for does not come to its end.
const BREAKING: [&str; 5] = ["cut", "end-early", "malformed", "stream-error", "stall"];
const MILLION: u64 = 1_000_000;
/// Each API's place, in the paths of its calls.
const APIS: [&str; 4] = ["/chat/completions", "/responses", "/messages", "GenerateContent"];

/// What one model was called for.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Entries of calls whose usage arrived, and of the others.
    pub(crate) exact: u64,
    pub(crate) estimated: u64,
    /// Of the first kind: the simulator's tokens, and the ledger's.
    pub(crate) charged: Usage,
    pub(crate) entered: Usage,
    /// Of the first kind: the simulator's tokens at the catalogue's prices, and the ledger's cost.
    pub(crate) due: Decimal,
    pub(crate) cost: Usd,
    /// Of the other kind: the ledger's cost.
    pub(crate) estimates: Usd,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) models: BTreeMap<String, Account>,
    pub(crate) calls: usize,
    pub(crate) free: usize,
    pub(crate) by_api: BTreeMap<&'static str, usize>,
    pub(crate) by_fault: BTreeMap<String, usize>,
    pub(crate) violations: Vec<String>,
}

/// The entry that a call must have left.
struct Due<'a> {
    call: &'a Seen,
    /// `None`: whatever it says, flagged as an estimate.
    usage: Option<Usage>,
}

/// All that is compared.
pub(crate) struct Records<'a> {
    pub(crate) seen: &'a [Seen],
    pub(crate) told: &'a [Told],
    pub(crate) entries: &'a [Entry],
    pub(crate) totals: &'a Totals,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) day: Date,
}

impl Findings {
    /// Compares all of it.
    pub(crate) fn of(records: &Records<'_>) -> Result<Self, orkestra::Error> {
        let mut findings = Self { calls: records.seen.len(), ..Self::default() };
        let mut due = findings.due(records);
        let mut entries: HashMap<&str, Vec<&Entry>> = HashMap::new();
        for entry in records.entries {
            entries.entry(&entry.decision_id).or_default().push(entry);
        }
        let mut loose = Vec::new();
        for told in records.told {
            let expected = due.remove(&told.serial).unwrap_or_default();
            match &told.decision {
                Some(decision) => {
                    let found = entries.remove(decision.as_str()).unwrap_or_default();
                    findings.compare(records, told, &expected, found)?;
                }
                // Nobody was told which decision it was.
                None => loose.extend(expected),
            }
        }
        for (serial, calls) in due {
            let count = calls.len();
            findings.violations.push(format!("{count} calls of {serial}, which nobody made"));
        }
        findings.compare_loose(records, &loose, entries)?;
        findings.compare_sums(records);
        Ok(findings)
    }

    /// The entries that each request must have left, in order.
    fn due<'a>(&mut self, records: &Records<'a>) -> HashMap<u64, Vec<Due<'a>>> {
        let let_go = records.told.iter().filter(|told| told.end == End::LetGo);
        let let_go: HashSet<u64> = let_go.map(|told| told.serial).collect();
        let mut calls: HashMap<u64, Vec<&Seen>> = HashMap::new();
        for call in records.seen {
            calls.entry(call.serial).or_default().push(call);
            for api in
                APIS.iter().filter(|api| call.path.to_lowercase().ends_with(&api.to_lowercase()))
            {
                *self.by_api.entry(api).or_default() += 1;
            }
            if let Some(fault) = &call.fault {
                *self.by_fault.entry(fault.clone()).or_default() += 1;
            }
            if call.end == "open" {
                self.violations.push(format!("the simulator still answers {}", call.serial));
            }
        }
        let mut due: HashMap<u64, Vec<Due<'_>>> = HashMap::new();
        for (serial, calls) in calls {
            let last = calls.len() - 1;
            for (at, call) in calls.into_iter().enumerate() {
                let kept = due.entry(serial).or_default();
                match fate(call, at == last && let_go.contains(&serial)) {
                    Fate::Free => self.free += 1,
                    Fate::Exact => kept.push(Due { call, usage: Some(call.usage) }),
                    Fate::Estimated => kept.push(Due { call, usage: None }),
                }
            }
        }
        due
    }

    /// Compares the entries of one decision with the calls of its request.
    fn compare(
        &mut self,
        records: &Records<'_>,
        told: &Told,
        due: &[Due<'_>],
        mut found: Vec<&Entry>,
    ) -> Result<(), orkestra::Error> {
        found.sort_by_key(|entry| entry.attempt);
        let attempts: HashSet<u32> = found.iter().map(|entry| entry.attempt).collect();
        let same = due.len() == found.len()
            && attempts.len() == found.len()
            && due.iter().zip(&found).all(|(due, entry)| due.is(entry, records.catalogue));
        let last = found.last();
        let outcome = match told.end {
            End::Answered => Outcome::Ok,
            End::Broken => Outcome::Cut,
            End::LetGo => Outcome::Dropped,
            End::Failed => Outcome::Failed,
        };
        let ended = last.is_some_and(|entry| entry.outcome == outcome);
        let billed = told.bill.as_ref().is_none_or(|bill| {
            last.is_some_and(|entry| {
                (&entry.model, entry.usage, entry.cost) == (&bill.model, bill.usage, bill.cost)
            })
        });
        if same && ended && billed {
            for (due, entry) in due.iter().zip(found) {
                self.add(records, due, entry)?;
            }
        } else {
            let seen: Vec<_> = due.iter().map(Due::shown).collect();
            let found: Vec<_> = found.iter().map(|entry| shown(entry)).collect();
            self.violations.push(format!("{told:?}: charged {seen:?}, entered {found:?}"));
        }
        Ok(())
    }

    /// Compares what is left over: the entries and the calls of requests that failed before an answer began.
    fn compare_loose(
        &mut self,
        records: &Records<'_>,
        due: &[Due<'_>],
        entries: HashMap<&str, Vec<&Entry>>,
    ) -> Result<(), orkestra::Error> {
        let mut entries: Vec<&Entry> = entries.into_values().flatten().collect();
        for due in due {
            match entries.iter().position(|entry| due.is(entry, records.catalogue)) {
                Some(at) => {
                    let entry = entries.swap_remove(at);
                    self.add(records, due, entry)?;
                }
                None => self.violations.push(format!("no entry for a call: {}", due.shown())),
            }
        }
        let unclaimed = entries.into_iter().map(|entry| format!("no call for {}", shown(entry)));
        self.violations.extend(unclaimed);
        Ok(())
    }

    fn add(
        &mut self,
        records: &Records<'_>,
        due: &Due<'_>,
        entry: &Entry,
    ) -> Result<(), orkestra::Error> {
        let account = self.models.entry(entry.model.to_string()).or_default();
        if due.usage.is_none() {
            account.estimated += 1;
            account.estimates += entry.cost;
            return Ok(());
        }
        let price = records.catalogue.model(entry.model.as_str())?.price_on(records.day)?;
        let (usage, rates) = (&due.call.usage, price.rates_for(due.call.usage.input_tokens()));
        let buckets = [
            (usage.input, rates.input),
            (usage.cache_read, rates.cache_read),
            (usage.cache_write_5m, rates.cache_write_5m),
            (usage.cache_write_1h, rates.cache_write_1h),
            (usage.output, rates.output),
        ];
        account.exact += 1;
        account.charged = account.charged + *usage;
        account.entered = account.entered + entry.usage;
        account.due += buckets
            .iter()
            .map(|(tokens, rate)| Decimal::from(*tokens) * rate / Decimal::from(MILLION))
            .sum::<Decimal>();
        account.cost += entry.cost;
        Ok(())
    }

    fn compare_sums(&mut self, records: &Records<'_>) {
        let mut all = Usd::ZERO;
        for (model, account) in &self.models {
            all += account.cost + account.estimates;
            if account.charged != account.entered || account.due != account.cost.amount() {
                self.violations.push(format!("the sums of {model} differ: {account:?}"));
            }
        }
        let overall = &records.totals.overall;
        if self.violations.is_empty()
            && (overall.cost, overall.calls) != (all, records.entries.len() as u64)
        {
            let (calls, cost) = (overall.calls, overall.cost.amount());
            self.violations.push(format!(
                "the ledger adds up {calls} entries to {cost} dollars, which are {} and {}",
                records.entries.len(),
                all.amount()
            ));
        }
        for api in APIS.iter().filter(|api| !self.by_api.contains_key(*api)) {
            self.violations.push(format!("{api} was never called"));
        }
    }
}

/// What a call costs, and whether its caller could know.
enum Fate {
    Free,
    Exact,
    Estimated,
}

fn fate(call: &Seen, let_go: bool) -> Fate {
    let fault = call.fault.as_deref();
    if call.status != 200 {
        Fate::Free
    } else if let_go
        || fault == Some("no-usage")
        || fault.is_some_and(|fault| BREAKING.contains(&fault))
    {
        Fate::Estimated
    } else {
        Fate::Exact
    }
}

impl Due<'_> {
    fn is(&self, entry: &Entry, catalogue: &Catalogue) -> bool {
        let Ok(model) = catalogue.model(entry.model.as_str()) else { return false };
        let usage = match self.usage {
            Some(usage) => entry.usage == usage,
            None => entry.usage.estimated,
        };
        // Answers may carry a dated name.
        usage && self.call.model.starts_with(&model.upstream_id)
    }

    fn shown(&self) -> String {
        format!("{:?}, estimated: {}", self.call, self.usage.is_none())
    }
}

fn shown(entry: &Entry) -> String {
    let Entry { model, attempt, outcome, usage, .. } = entry;
    format!("{model} attempt {attempt} {outcome} {usage:?}")
}
