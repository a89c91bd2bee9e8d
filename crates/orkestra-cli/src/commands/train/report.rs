//! What is said when a router was learned.

use orkestra::routing::{GENERAL, Tier};
use serde_json::{Map, Value, json};

use super::lessons::Learned;
use crate::{
    args::Train,
    failure::Failure,
    output::{Output, Side, counted},
};

/// Says what was learned, where it is and what to do with it.
pub(super) fn say(
    learned: &Learned,
    file: &str,
    asked: &Train,
    output: &Output,
) -> Result<(), Failure> {
    if let [(cheap, low), .., (dear, high)] = &learned.models[..]
        && high <= low
    {
        output.warning(format!(
            "{dear} scores no better than {cheap} on these rows: the router will hardly choose it"
        ));
    }
    if output.is_json() {
        return output.json(&as_json(learned, file, asked));
    }
    let Learned { rows, bad, questions, usable, .. } = learned;
    let skipped = if bad.is_empty() {
        String::new()
    } else {
        format!(", {} skipped", counted(bad.len() as u64, "bad row"))
    };
    output.line(format!(
        "Learned from {} ({}{skipped}), {usable} with a score of both ends.",
        counted(*questions as u64, "question"),
        counted(*rows as u64, "row"),
    ))?;
    output.line(beside(learned, asked))?;
    output.line("")?;
    let row = |(tier, (model, mean)): (Tier, &(String, f64))| {
        vec![tier.to_string(), model.clone(), format!("{mean:.3}")]
    };
    let rows = tiers(learned).into_iter().zip(&learned.models).map(row).collect();
    output.table(&[Side::Left, Side::Left, Side::Right], &["tier", "model", "mean score"], rows)?;
    output.line("")?;
    output.prose(&written(learned, file), "")?;
    next(learned, file, asked, output)
}

/// What else the router knows.
fn beside(learned: &Learned, asked: &Train) -> String {
    match &asked.base {
        Some(base) => format!("Added to the router {base}."),
        None => format!("The project's own {} prompts were learned beside them.", learned.prompts),
    }
}

fn written(learned: &Learned, file: &str) -> String {
    let id = learned.router.router().id().to_owned();
    let stands = if learned.router.metadata().base.is_some() {
        "adds to this program's embedded router and needs it"
    } else {
        "stands alone"
    };
    format!("Wrote {file}: {}, {id}; it {stands}.", size(learned.bytes.len()))
}

fn next(learned: &Learned, file: &str, asked: &Train, output: &Output) -> Result<(), Failure> {
    let file = quoted(file);
    let provider =
        if asked.family == GENERAL { String::new() } else { format!("-p {} ", asked.family) };
    let others = learned.router.router().heads().len() > 1;
    if asked.family == GENERAL && others {
        output.prose(
            "The general head answers where several providers take part; a provider that is used alone asks the \
             head of its own name, which --family trains.",
            "",
        )?;
    }
    output.line(format!("\nNext: orkestra route --router {file} {provider}\"...\""))?;
    output.line("      orkestra eval on rows it has not seen says what it is worth")
}

fn as_json(learned: &Learned, file: &str, asked: &Train) -> Value {
    let metadata = learned.router.metadata();
    let by_tier = |value: &dyn Fn(&(String, f64)) -> Value| -> Map<String, Value> {
        let named = tiers(learned).into_iter().zip(&learned.models);
        named.map(|(tier, model)| (tier.name().to_owned(), value(model))).collect()
    };
    let bad: Vec<Value> = learned
        .bad
        .iter()
        .map(|bad| json!({"file": bad.file, "line": bad.line, "why": bad.why}))
        .collect();
    json!({
        "file": file,
        "bytes": learned.bytes.len(),
        "router": learned.router.router().id(),
        "sha256": metadata.sha256,
        "base": metadata.base,
        "date": metadata.date,
        "family": asked.family,
        "heads": learned.router.router().heads(),
        "rows": learned.rows,
        "questions": learned.questions,
        "usable_questions": learned.usable,
        "own_prompts": learned.prompts,
        "tiers": by_tier(&|(model, _)| model.clone().into()),
        "means": by_tier(&|(_, mean)| (*mean).into()),
        "sources": learned.sources,
        "bad_rows": bad,
    })
}

/// The tier of each model.
fn tiers(learned: &Learned) -> Vec<Tier> {
    match learned.models.len() {
        2 => vec![Tier::Budget, Tier::Premium],
        _ => Tier::ALL.to_vec(),
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        1_000_000.. => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.0} kB", bytes as f64 / 1e3),
    }
}

/// The file as a shell takes it.
fn quoted(file: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+,:@%".contains(c);
    if file.chars().all(plain) {
        file.to_owned()
    } else {
        format!("'{}'", file.replace('\'', "'\\''"))
    }
}
