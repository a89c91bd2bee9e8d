//! The only place that prints: answers to standard output, everything about them to standard error.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use orkestra::{Error, Usd};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Every table fits this many columns.
pub(crate) const WIDTH: u16 = 80;

/// Prints, as text or as JSON, with colours or without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
    silent: bool,
}

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

impl Output {
    pub(crate) fn new(json: bool, colour: bool) -> Self {
        Self { json, colour, silent: false }
    }

    /// For other faces: remarks are not printed, and whatever fails says all there is to say.
    pub(crate) fn silent() -> Self {
        Self { json: true, colour: false, silent: true }
    }

    /// Whether JSON was asked for.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line of text.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        Ok(writeln!(io::stdout().lock(), "{}", text.as_ref())?)
    }

    /// A heading, with an empty line before it.
    pub(crate) fn heading(&self, text: &str) -> Result<(), Failure> {
        self.line(format!("\n{}", self.bold(text)))
    }

    /// Paragraphs, wrapped to the width, each line behind `indent`.
    pub(crate) fn prose(&self, text: &str, indent: &str) -> Result<(), Failure> {
        wrapped(text, usize::from(WIDTH) - indent.len())
            .iter()
            .try_for_each(|line| self.line(format!("{indent}{line}")))
    }

    /// A piece of a line, at once.
    pub(crate) fn piece(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// One JSON value on many lines.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(serde_json::to_string_pretty(value).map_err(io::Error::from)?)
    }

    /// One JSON value on one line, at once.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.piece(&format!("{}\n", serde_json::to_string(value).map_err(io::Error::from)?))
    }

    /// A table; the first row is its head.
    pub(crate) fn table(
        &self,
        sides: &[Side],
        head: &[&str],
        rows: Vec<Vec<String>>,
    ) -> Result<(), Failure> {
        self.line(table(sides, head, rows))
    }

    /// A remark about the answer; with JSON an object of its own line.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if self.silent {
            return;
        }
        if self.json { to_stderr(&json!({"note": text}).to_string()) } else { to_stderr(text) }
    }

    /// Something that happened meanwhile, which only programs want to know: seen with JSON alone.
    pub(crate) fn event(&self, value: &Value) {
        if self.json {
            to_stderr(&value.to_string());
        }
    }

    /// Something that the user should know; with JSON an object of its own line.
    pub(crate) fn warning(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if self.silent {
            return;
        }
        if self.json {
            to_stderr(&json!({"warning": text}).to_string());
        } else {
            to_stderr(&format!("{} {text}", self.tint("warning:", AnsiColor::Yellow)));
        }
    }

    /// What ended the command early.
    pub(crate) fn failure(&self, failure: &Failure) {
        if matches!(failure, Failure::ClosedPipe | Failure::Said(_)) {
            return;
        }
        if self.json {
            return to_stderr(&error_json(failure).to_string());
        }
        let message = match failure {
            Failure::Error(error, _) => one_line(&error.to_string()),
            Failure::Usage(message, _) => message.clone(),
            _ => "interrupted".to_owned(),
        };
        to_stderr(&format!("{} {message}", self.tint("error:", AnsiColor::Red)));
        if let Some(hint) = failure.hint() {
            to_stderr(&format!("{} {hint}", self.tint("hint:", AnsiColor::Cyan)));
        }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    pub(crate) fn tint(&self, text: &str, colour: AnsiColor) -> String {
        self.styled(text, colour.on_default().bold())
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Prints what clap says, which may be the help that was asked for, and gives the exit code.
pub(crate) fn usage(refused: &clap::Error, as_json: bool) -> u8 {
    if as_json && refused.use_stderr() {
        let text = refused.to_string();
        let said =
            text.trim_start_matches("error: ").split("\n\nUsage:").next().unwrap_or_default();
        let failure = Failure::Usage(one_line(said), None);
        to_stderr(&error_json(&failure).to_string());
        return failure.exit_code();
    }
    // Nothing is left to say it with when this fails.
    let _ = refused.print();
    u8::try_from(refused.exit_code()).unwrap_or(2)
}

/// The failure as every JSON output spells it.
pub(crate) fn error_json(failure: &Failure) -> Value {
    let mut error = match failure {
        Failure::Error(error, _) => engine_error_json(error),
        Failure::Usage(message, _) => json!({"kind": "usage", "message": message}),
        _ => json!({"kind": "interrupted", "message": "interrupted"}),
    };
    if let (Some(hint), Some(fields)) = (failure.hint(), error.as_object_mut()) {
        fields.insert("hint".to_owned(), hint.into());
    }
    json!({"error": error})
}

fn engine_error_json(error: &Error) -> Value {
    json!({
        "kind": error.kind().name(),
        "message": error.to_string(),
        "provider": error.provider(),
        "model": error.model(),
        "request_id": error.request_id(),
        "status": error.status(),
        "retry_after_seconds": error.retry_after().map(|wait| wait.as_secs_f64()),
    })
}

/// A table that fits [`WIDTH`]; `sides` says how each column stands.
pub(crate) fn table(sides: &[Side], head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(head.to_vec());
    table.add_rows(rows);
    for (position, (column, side)) in table.column_iter_mut().zip(sides).enumerate() {
        let last = position + 1 == sides.len();
        column.set_padding((0, if last { 0 } else { 2 }));
        if *side == Side::Right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// An amount as a JSON number of dollars.
pub(crate) fn number(amount: Usd) -> Value {
    amount.amount().to_f64().map_or(Value::Null, Value::from)
}

/// A number of things: "1 call", "2 calls".
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A percentage for people, with one decimal.
pub(crate) fn percent(share: Decimal) -> String {
    format!("{:.1} %", share.round_dp(1))
}

/// `text` in lines of at most `width` characters; longer words are left whole.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// `text` with its line breaks turned to spaces: an error is one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn to_stderr(text: &str) {
    // Where standard error is closed, there is no other place to say so.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
