//! Outcome files → questions, each once, with everything that was measured on it.

use std::{collections::BTreeMap, error::Error, fs::File, io::Read, path::Path};

use flate2::read::GzDecoder;
use orkestra::routing::{normalised_question, question_hash, question_stem};
use serde::Deserialize;

/// The files, their licences, and the order in which a shared question takes its family.
pub(crate) const SOURCES: [(&str, &str); 7] = [
    ("zeroeval", "Apache-2.0, CC BY 4.0"),
    ("mmlu_pro", "Apache-2.0"),
    ("routellm", "Apache-2.0"),
    ("arena_bench_v1", "Apache-2.0"),
    ("misguided_attention", "CC0-1.0"),
    ("bullshit_benchmark", "MIT"),
    ("routerarena", "Apache-2.0"),
];
/// Questions of one fold are never among the references that forecast them.
pub(crate) const FOLDS: u64 = 5;
/// A stem with fewer letters and digits ("Which of these is true?") does not make two questions one.
const SHORTEST_STEM: usize = 40;

/// One line of an outcome file.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) source: String,
    pub(crate) task: String,
    subtask: Option<String>,
    prompt: String,
    question: Option<String>,
    pub(crate) scores: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    pub(crate) output_tokens: BTreeMap<String, Option<f64>>,
}

/// A question and its rows.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) hash: u64,
    pub(crate) fold: u64,
    pub(crate) family: String,
    pub(crate) rows: Vec<Row>,
}

impl Question {
    /// Whether a row of it belongs to `source` and, unless empty, `task`.
    pub(crate) fn stands_in(&self, source: &str, task: &str) -> bool {
        self.rows.iter().any(|row| row.source == source && (task.is_empty() || row.task == task))
    }
}

/// Reads all outcome files in `directory`.
pub(crate) fn questions(directory: &Path) -> Result<Vec<Question>, Box<dyn Error>> {
    let mut questions: Vec<Question> = Vec::new();
    let mut known: BTreeMap<u64, usize> = BTreeMap::new();
    for (source, _) in SOURCES {
        let path = directory.join(format!("{source}.jsonl.gz"));
        let file = File::open(&path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text)?;
        for (number, line) in text.lines().enumerate() {
            let row: Row = serde_json::from_str(line)
                .map_err(|cause| format!("{}:{}: {cause}", path.display(), number + 1))?;
            let asked = row.question.as_ref().unwrap_or(&row.prompt);
            let hash = question_hash(asked);
            let place = *known.entry(hash).or_insert(questions.len());
            if place == questions.len() {
                questions.push(Question {
                    fold: fold(asked),
                    family: format!("{}/{}", row.source, row.subtask.as_ref().unwrap_or(&row.task)),
                    text: asked.clone(),
                    hash,
                    rows: Vec::new(),
                });
            }
            questions[place].rows.push(row);
        }
    }
    Ok(questions)
}

fn fold(asked: &str) -> u64 {
    let stem = question_stem(asked);
    let long = normalised_question(stem).chars().count() >= SHORTEST_STEM;
    question_hash(if long { stem } else { asked }) % FOLDS
}
