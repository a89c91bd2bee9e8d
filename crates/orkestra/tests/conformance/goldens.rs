//! The golden files.

use std::path::PathBuf;

use orkestra::chat::DialectName;
use serde::Deserialize;
use serde_json::Value;

/// What the table's rows are about.
pub(crate) const FEATURES: [&str; 14] = [
    "text",
    "system",
    "multi_turn",
    "image",
    "tools",
    "parallel_tools",
    "tool_result",
    "forced_tool",
    "json_schema",
    "stop",
    "reasoning",
    "cache_hints",
    "refusal",
    "length",
];

/// The four APIs.
pub(crate) const DIALECTS: [DialectName; 4] =
    [DialectName::Openai, DialectName::Responses, DialectName::Anthropic, DialectName::Gemini];

/// One place of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) feature: &'static str,
    /// Of a request the caller's API, of an answer the provider's.
    pub(crate) from: DialectName,
    /// Of a request the provider's API, of an answer the caller's.
    pub(crate) to: DialectName,
    pub(crate) stream: bool,
}

impl Cell {
    /// Every place.
    pub(crate) fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for feature in FEATURES {
            for from in DIALECTS {
                for to in DIALECTS {
                    for stream in [false, true] {
                        cells.push(Self { feature, from, to, stream });
                    }
                }
            }
        }
        cells
    }

    /// Whether caller and provider speak the same.
    pub(crate) fn is_home(&self) -> bool {
        self.from == self.to
    }
}

/// A call as a vendor's SDK made it.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: std::collections::BTreeMap<String, String>,
    pub(crate) body: Value,
}

pub(crate) fn name(dialect: DialectName) -> &'static str {
    dialect.name()
}

pub(crate) fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialect").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn request(feature: &str, dialect: DialectName) -> Recorded {
    serde_json::from_str(&read(&format!("{feature}/{}.request.json", name(dialect)))).unwrap()
}

pub(crate) fn reply(feature: &str, dialect: DialectName) -> Value {
    serde_json::from_str(&read(&format!("{feature}/{}.reply.json", name(dialect)))).unwrap()
}

pub(crate) fn stream(feature: &str, dialect: DialectName) -> String {
    read(&format!("{feature}/{}.stream.txt", name(dialect)))
}

/// The model that the golden request of `feature` in `dialect` is for.
pub(crate) fn model(feature: &str, dialect: DialectName) -> String {
    let models: toml::Table = read("models.toml").parse().unwrap();
    models[feature][name(dialect)].as_str().unwrap().to_owned()
}

/// Where two values differ, in words: what came, and what was expected.
pub(crate) fn differences(path: &str, came: &Value, expected: &Value) -> Vec<String> {
    match (came, expected) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let found = keys.into_iter().flat_map(|key| {
                let path = format!("{path}/{key}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(&path, a, b),
                    (Some(a), None) => vec![format!("{path}: came {a}, expected nothing")],
                    (None, b) => vec![format!("{path}: came nothing, expected {}", b.unwrap())],
                }
            });
            found.collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let found = a.iter().zip(b).enumerate();
            found.flat_map(|(at, (a, b))| differences(&format!("{path}/{at}"), a, b)).collect()
        }
        _ if came == expected => Vec::new(),
        _ => vec![format!("{path}: came {came}, expected {expected}")],
    }
}
