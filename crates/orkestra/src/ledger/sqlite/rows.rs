//! Entries to rows and back.

use std::{str::FromStr, time::Duration};

use rusqlite::{
    Connection, Row, ToSql, TransactionBehavior,
    types::{Type, ValueRef},
};

use crate::{
    chat::{FinishReason, Usage},
    error::{Error, ErrorKind},
    ledger::{Entry, Outcome, OutputRatio, OutputRatios, Query, Totals, entry::to_micros},
    money::Usd,
    tier::Tier,
};

pub(super) type Result<T> = std::result::Result<T, rusqlite::Error>;

/// The columns in the order of the statements below.
const COLUMNS: [&str; 35] = [
    "id",
    "decision_id",
    "attempt",
    "at",
    "day",
    "provider",
    "model",
    "tier",
    "strategy",
    "router",
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "audio_input",
    "image_input",
    "estimated",
    "input_cost",
    "output_cost",
    "cost",
    "base_model",
    "base_cost",
    "savings",
    "outcome",
    "stream",
    "latency_us",
    "first_token_us",
    "request_id",
    "simulated",
    "expected_cost",
    "expected_output_tokens",
    "finish_reason",
    "forecast_output_tokens",
];

/// Adds `entries` in one transaction, leaving out those whose id is known.
pub(super) fn insert(connection: &mut Connection, entries: &[Entry]) -> Result<()> {
    let columns = COLUMNS.join(", ");
    let values = vec!["?"; COLUMNS.len()].join(", ");
    let statement =
        format!("INSERT INTO entries ({columns}) VALUES ({values}) ON CONFLICT (id) DO NOTHING");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare_cached(&statement)?;
        for entry in entries {
            insert_one(&mut statement, entry)?;
        }
    }
    transaction.commit()
}

fn insert_one(statement: &mut rusqlite::CachedStatement<'_>, entry: &Entry) -> Result<()> {
    let usage = &entry.usage;
    let amount = |usd: Usd| usd.amount().to_string();
    statement.execute(rusqlite::params_from_iter::<[&dyn ToSql; COLUMNS.len()]>([
        &entry.id,
        &entry.decision_id,
        &entry.attempt,
        &moment(entry.at),
        &entry.day.to_string(),
        &entry.provider,
        &entry.model.as_str(),
        &entry.tier.name(),
        &entry.strategy,
        &entry.router,
        &usage.input,
        &usage.cache_read,
        &usage.cache_write_5m,
        &usage.cache_write_1h,
        &usage.output,
        &usage.reasoning,
        &usage.audio_input,
        &usage.image_input,
        &usage.estimated,
        &amount(entry.input_cost),
        &amount(entry.output_cost),
        &amount(entry.cost),
        &entry.base_model.as_str(),
        &amount(entry.base_cost),
        &amount(entry.savings),
        &entry.outcome.name(),
        &entry.stream,
        &to_micros(entry.latency),
        &entry.first_token.map(to_micros),
        &entry.request_id,
        &entry.simulated,
        &amount(entry.expected_cost),
        &entry.expected_output_tokens,
        &entry.finish_reason.map(FinishReason::name),
        &entry.forecast_output_tokens,
    ]))?;
    Ok(())
}

/// The entries that `query` asks for, the newest first.
pub(super) fn select(connection: &Connection, query: &Query) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for_each(connection, query, "DESC", |entry| {
        entries.push(entry);
        true
    })?;
    Ok(entries)
}

/// Adds up in the order of time, as the memory ledger does: float sums depend on the order.
pub(super) fn add_up(
    connection: &Connection,
    query: &Query,
) -> Result<crate::error::Result<Totals>> {
    let mut totals = Totals::default();
    let mut added = Ok(());
    for_each(connection, query, "ASC", |entry| {
        added = totals.add(&entry);
        added.is_ok()
    })?;
    Ok(added.map(|()| totals))
}

/// Says the same as [`Entry::measured_forecast`], and the same as the index, word for word.
const MEASURED: &str = "simulated = 0 AND estimated = 0 AND outcome = 'ok' AND output > 0 AND forecast_output_tokens > 0 \
    AND (finish_reason IS NULL OR finish_reason IN ('stop', 'tool_calls'))";

/// One run through an index that holds nothing else, however long the ledger is.
fn output_ratios_query() -> String {
    format!(
        "SELECT model, count(*), sum(min(output, {most} * forecast_output_tokens)), \
         sum(forecast_output_tokens) \
         FROM (SELECT model, output, forecast_output_tokens FROM entries \
         WHERE router = ?1 AND {MEASURED} ORDER BY at DESC LIMIT ?2) GROUP BY model",
        most = OutputRatio::MOST_OF_ONE_CALL
    )
}

/// What each model billed for the output that `router` had forecast.
pub(super) fn output_ratios(connection: &Connection, router: &str) -> Result<OutputRatios> {
    let mut statement = connection.prepare_cached(&output_ratios_query())?;
    let ratio = |row: &Row<'_>| {
        let model: String = row.get(0)?;
        Ok((model.as_str().into(), OutputRatio::of_sums(row.get(1)?, row.get(2)?, row.get(3)?)))
    };
    statement.query_map((router, OutputRatios::MOST_CALLS), ratio)?.collect()
}

/// How SQLite goes about it.
#[cfg(test)]
pub(super) fn steps_of_output_ratios(connection: &Connection) -> Result<Vec<String>> {
    let query = format!("EXPLAIN QUERY PLAN {}", output_ratios_query());
    let mut statement = connection.prepare(&query)?;
    statement.query_map(("router", 1), |row| row.get("detail"))?.collect()
}

/// Visits the entries that `query` asks for until `visit` says false.
fn for_each(
    connection: &Connection,
    query: &Query,
    order: &str,
    mut visit: impl FnMut(Entry) -> bool,
) -> Result<()> {
    let columns = COLUMNS.join(", ");
    let (conditions, mut values) = conditions(query);
    let limit = query.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    values.push(Box::new(limit));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns} FROM entries WHERE {conditions} ORDER BY at {order}, id {order} LIMIT ?"
    ))?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if !visit(entry(row)?) {
            break;
        }
    }
    Ok(())
}

fn conditions(query: &Query) -> (String, Vec<Box<dyn ToSql>>) {
    let mut conditions = vec!["TRUE"];
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut add = |condition, value: Option<Box<dyn ToSql>>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let text = |text: String| Box::new(text) as Box<dyn ToSql>;
    add("at >= ?", query.since.map(|since| text(moment(since))));
    add("at < ?", query.until.map(|until| text(moment(until))));
    add("provider = ?", query.provider.clone().map(text));
    add("model = ?", query.model.as_ref().map(|model| text(model.to_string())));
    add("decision_id = ?", query.decision_id.clone().map(text));
    add("simulated = ?", query.simulated.map(|simulated| Box::new(simulated) as Box<dyn ToSql>));
    (conditions.join(" AND "), values)
}

/// RFC 3339 with nine decimals. Moments before 1970 are not stored, so none of them has more
/// digits in its year; as bounds of a query they sort before everything, as they should.
fn moment(at: jiff::Timestamp) -> String {
    format!("{:.9}", at.max(jiff::Timestamp::UNIX_EPOCH))
}

fn entry(row: &Row<'_>) -> Result<Entry> {
    let model = |column| row.get::<_, String>(column).map(|id| id.as_str().into());
    let micros = |column| row.get::<_, Option<u64>>(column).map(|us| us.map(Duration::from_micros));
    Ok(Entry {
        id: row.get("id")?,
        decision_id: row.get("decision_id")?,
        attempt: row.get("attempt")?,
        at: parsed(row, "at")?,
        day: parsed(row, "day")?,
        provider: row.get("provider")?,
        model: model("model")?,
        tier: named(row, "tier", &Tier::ALL, Tier::name)?,
        strategy: row.get("strategy")?,
        router: row.get("router")?,
        usage: Usage {
            input: row.get("input")?,
            cache_read: row.get("cache_read")?,
            cache_write_5m: row.get("cache_write_5m")?,
            cache_write_1h: row.get("cache_write_1h")?,
            output: row.get("output")?,
            reasoning: row.get("reasoning")?,
            audio_input: row.get("audio_input")?,
            image_input: row.get("image_input")?,
            estimated: row.get("estimated")?,
        },
        input_cost: parsed(row, "input_cost")?,
        output_cost: parsed(row, "output_cost")?,
        cost: parsed(row, "cost")?,
        base_model: model("base_model")?,
        base_cost: parsed(row, "base_cost")?,
        savings: parsed(row, "savings")?,
        outcome: named(row, "outcome", &Outcome::ALL, Outcome::name)?,
        stream: row.get("stream")?,
        latency: micros("latency_us")?.unwrap_or_default(),
        first_token: micros("first_token_us")?,
        request_id: row.get("request_id")?,
        simulated: row.get("simulated")?,
        expected_cost: parsed(row, "expected_cost")?,
        expected_output_tokens: row.get("expected_output_tokens")?,
        finish_reason: match row.get_ref("finish_reason")? {
            ValueRef::Null => None,
            _ => Some(named(row, "finish_reason", &FinishReason::ALL, FinishReason::name)?),
        },
        forecast_output_tokens: row.get("forecast_output_tokens")?,
    })
}

fn parsed<T>(row: &Row<'_>, column: &str) -> Result<T>
where
    T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|cause: T::Err| unreadable(row, column, cause))
}

fn named<T: Copy>(
    row: &Row<'_>,
    column: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T> {
    let text: String = row.get(column)?;
    let found = all.iter().copied().find(|value| name(*value) == text);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
        let message = format!("{column} is {text:?}, expected one of {}", names.join(", "));
        unreadable(row, column, Error::new(ErrorKind::Storage, message))
    })
}

fn unreadable(
    row: &Row<'_>,
    column: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, cause.into())
}
