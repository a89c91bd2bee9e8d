//! Outcome files → rows: what several models scored on a prompt.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    ops::RangeInclusive,
    path::Path,
};

use flate2::read::MultiGzDecoder;
use orkestra::{Error, ErrorKind, Result};
use serde::Deserialize;

use crate::prompts;

/// The most bytes a line may have; a longer one is no row.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// Bad rows that an error lists; the rest is counted.
const LISTED: usize = 20;

/// One line of an outcome file: JSON with at least `prompt` and `scores`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Row {
    /// Where it comes from. Default: the file's name without its endings.
    #[serde(default)]
    pub source: String,
    /// The task within the source.
    #[serde(default)]
    pub task: String,
    /// A finer division of the task.
    #[serde(default)]
    pub subtask: Option<String>,
    /// The text the models saw.
    pub prompt: String,
    /// The bare question, where the prompt wraps it. It is what is embedded.
    #[serde(default)]
    pub question: Option<String>,
    /// What each model scored, 0 to 1; `null` for one that was not measured.
    pub scores: BTreeMap<String, Option<f64>>,
    /// How many tokens each model's answer had.
    #[serde(default)]
    pub output_tokens: BTreeMap<String, Option<f64>>,
}

impl Row {
    /// What is embedded: the question where there is one, else the prompt.
    #[must_use]
    pub fn asked(&self) -> &str {
        self.question.as_deref().unwrap_or(&self.prompt)
    }

    /// The score of `model`, where it was measured.
    #[must_use]
    pub fn score(&self, model: &str) -> Option<f64> {
        self.scores.get(model).copied().flatten()
    }

    /// The benchmark and task it belongs to.
    #[must_use]
    pub fn domain(&self) -> String {
        if self.task.is_empty() {
            self.source.clone()
        } else {
            format!("{}/{}", self.source, self.task)
        }
    }

    /// What is wrong with it, if anything.
    fn fault(&self) -> Option<String> {
        if self.asked().trim().is_empty() {
            return Some("its text is empty; expected a prompt".to_owned());
        }
        if let Some((model, score)) = outside(&self.scores, 0.0..=1.0) {
            return Some(format!("scores.{model} is {score}; expected a number from 0 to 1"));
        }
        let (model, tokens) = outside(&self.output_tokens, 0.0..=1e9)?;
        Some(format!("output_tokens.{model} is {tokens}; expected a count"))
    }
}

/// The first model whose value is not in `range`.
fn outside(
    values: &BTreeMap<String, Option<f64>>,
    range: RangeInclusive<f64>,
) -> Option<(&str, f64)> {
    let mut known = values.iter().filter_map(|(model, value)| Some((model.as_str(), (*value)?)));
    known.find(|(_, value)| !range.contains(value))
}

/// A line that is no usable row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The file.
    pub file: String,
    /// The line's number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

/// What was read from some files.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The usable rows, in the order of the files.
    pub rows: Vec<Row>,
    /// The others.
    pub bad: Vec<BadRow>,
}

impl Rows {
    /// Itself, when no row is bad.
    ///
    /// # Errors
    /// [`InvalidRequest`](ErrorKind::InvalidRequest), naming file and line of the bad rows.
    pub fn without_fault(self) -> Result<Self> {
        if self.bad.is_empty() {
            return Ok(self);
        }
        let mut message = format!("{} bad rows (--skip-bad leaves them out):", self.bad.len());
        for bad in self.bad.iter().take(LISTED) {
            message += &format!("\n  {bad}");
        }
        if self.bad.len() > LISTED {
            message += &format!("\n  and {} more", self.bad.len() - LISTED);
        }
        Err(Error::invalid(message))
    }
}

/// Reads outcome files: JSON lines, plain or gzip, whatever they are called.
///
/// # Errors
/// [`Config`](ErrorKind::Config) when a file cannot be read;
/// [`InvalidRequest`](ErrorKind::InvalidRequest), naming file and line, for bad rows unless `skip_bad`, and when
/// no row is left.
pub fn read<P: AsRef<Path>>(files: &[P], skip_bad: bool) -> Result<Rows> {
    let mut all = Rows::default();
    for file in files {
        read_file(file.as_ref(), &mut all)?;
    }
    if !skip_bad {
        all = all.without_fault()?;
    }
    if all.rows.is_empty() {
        let names: Vec<String> =
            files.iter().map(|file| file.as_ref().display().to_string()).collect();
        let fault = all.bad.first().map(|bad| format!("; {bad}")).unwrap_or_default();
        return Err(Error::invalid(format!("no usable row in {}{fault}", names.join(", "))));
    }
    Ok(all)
}

fn read_file(path: &Path, all: &mut Rows) -> Result<()> {
    let name = path.display().to_string();
    let unreadable = |cause: std::io::Error| {
        Error::new(ErrorKind::Config, format!("{name} cannot be read: {cause}")).because(cause)
    };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let gzip = reader.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    let mut lines: Box<dyn BufRead> =
        if gzip { Box::new(BufReader::new(MultiGzDecoder::new(reader))) } else { Box::new(reader) };
    let stem = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default().to_owned();
    let (mut buffer, mut line) = (Vec::new(), 0);
    loop {
        buffer.clear();
        line += 1;
        let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut buffer);
        if read.map_err(unreadable)? == 0 {
            return Ok(());
        }
        if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match parse(&buffer, &stem) {
            Ok(row) => all.rows.push(row),
            Err(why) => all.bad.push(BadRow { file: name.clone(), line, why }),
        }
    }
}

fn parse(line: &[u8], stem: &str) -> Result<Row, String> {
    let mut row: Row = serde_json::from_slice(line).map_err(|cause| {
        // Its "line 1" would be taken for the file's.
        let (text, column) = (cause.to_string(), cause.column());
        let what = text.split(" at line ").next().unwrap_or_default();
        format!(
            "{what} at column {column}; expected {{\"prompt\": text, \"scores\": {{model: 0..1}}}}"
        )
    })?;
    if row.source.is_empty() {
        stem.clone_into(&mut row.source);
    }
    if row.source == prompts::SOURCE {
        // That name stands for the project's own prompts, whose scores are written down, not measured.
        row.source = format!("{} (own)", prompts::SOURCE);
    }
    row.fault().map_or(Ok(row), Err)
}
