//! Holds the invariants of ARCHITECTURE.md that the compiler cannot: who may know whom, and how long a file may be.

#![cfg(test)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Each module and the modules of this crate that it may name. Whatever is not listed here fails.
const MAY_KNOW: [(&str, &[&str]); 15] = [
    // Nouns.
    ("model_id", &[]),
    ("tier", &[]),
    ("error", &["model_id"]),
    ("money", &["error"]),
    ("output_ratios", &["model_id"]),
    ("chat", &["error"]),
    // Pure stages.
    ("catalogue", &["chat", "error", "model_id", "money", "tier"]),
    ("dialect", &["catalogue", "chat", "error"]),
    ("features", &["chat", "error"]),
    ("routing", &["error", "features", "tier"]),
    (
        "strategy",
        &["catalogue", "chat", "error", "features", "money", "output_ratios", "routing", "tier"],
    ),
    // The rim.
    ("ledger", &["catalogue", "chat", "error", "money", "output_ratios", "tier"]),
    // An embedder that asks a server is a provider of vectors.
    ("provider", &["catalogue", "chat", "dialect", "error", "features"]),
    // The conductor and the faces' nouns.
    (
        "engine",
        &[
            "catalogue",
            "chat",
            "error",
            "features",
            "ledger",
            "money",
            "provider",
            "routing",
            "strategy",
            "tier",
        ],
    ),
    ("client", &["chat", "engine", "error", "ledger", "provider", "routing", "strategy"]),
];

/// Stages that must not fail slowly: they are handed what varies.
const PURE: [&str; 10] = [
    "chat",
    "money",
    "error",
    "output_ratios",
    "tier",
    "catalogue",
    "dialect",
    "features",
    "routing",
    "strategy",
];
const IMPURE_WORDS: [&str; 8] = [
    "async fn",
    ".await",
    "tokio",
    "reqwest",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "std::env",
];

const MOST_LINES: usize = 500;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The file's lines that are neither comments nor inline tests.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let product =
        text.lines().take_while(|line| *line != "#[cfg(test)]" || path.ends_with("mod.rs"));
    product.filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

/// The top-level modules that `line` names with `crate::` or inside a `use crate::{ … }`.
fn named_modules(line: &str, in_use_block: bool) -> Vec<String> {
    let word = |text: &str| {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let mut named: Vec<String> = line.split("crate::").skip(1).map(word).collect();
    if in_use_block && line.starts_with("    ") && !line.starts_with("     ") {
        named.push(word(line.trim_start()));
    }
    named.retain(|name| name.chars().next().is_some_and(char::is_lowercase));
    named
}

/// Every file of the engine: its module, its path below `src/`, its code.
fn engine_files() -> Vec<(String, PathBuf, Vec<String>)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let described = rust_files(&source).into_iter().map(|path| {
        let inner = path.strip_prefix(&source).unwrap().to_owned();
        let first = inner.components().next().unwrap().as_os_str().to_str().unwrap();
        (first.trim_end_matches(".rs").to_owned(), inner.clone(), code(&path))
    });
    described.filter(|(module, ..)| module != "lib").collect()
}

#[test]
fn every_module_knows_only_what_lies_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_KNOW.into_iter().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (module, inner, lines) in engine_files() {
        let may = allowed
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{module} has no place in MAY_KNOW"));
        let mut in_use_block = false;
        for line in lines {
            if line.starts_with("use crate::{") {
                in_use_block = !line.contains("};");
            }
            for named in named_modules(&line, in_use_block) {
                seen += 1;
                if named != module && !may.contains(&named.as_str()) {
                    wrong.push(format!(
                        "{}: {module} must not know {named}: {}",
                        inner.display(),
                        line.trim()
                    ));
                }
            }
            in_use_block &= !line.starts_with("};");
        }
    }
    assert!(seen > 50, "the test found only {seen} references: it no longer reads the code");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_middle_cannot_fail_slowly() {
    let mut wrong = Vec::new();
    for (module, inner, lines) in engine_files() {
        if PURE.contains(&module.as_str()) {
            for line in lines {
                if let Some(word) = IMPURE_WORDS.iter().find(|word| line.contains(**word)) {
                    wrong.push(format!("{}: {word}: {}", inner.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let mut long = Vec::new();
    for folder in ["crates", "evals", "python/src"] {
        for path in rust_files(&workspace().join(folder)) {
            let lines = code(&path).len();
            if lines > MOST_LINES && !path.components().any(|part| part.as_os_str() == "tests") {
                long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "more than {MOST_LINES} lines:\n{}", long.join("\n"));
}
