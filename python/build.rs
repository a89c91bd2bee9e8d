//! Cuts the docstrings out of the stubs, so that `help()` shows what editors show and each is written once.

use std::{env, error::Error, fs, path::Path};

const STUBS: &str = "orkestra/_orkestra.pyi";
const QUOTES: &str = "\"\"\"";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={STUBS}");
    let out = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    let text = fs::read_to_string(STUBS)?;
    let mut lines = text.lines();
    let (mut class, mut owner) = (String::new(), None);
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let word = line.trim_start();
        if let Some(rest) = word.strip_prefix("class ").filter(|_| indent == 0) {
            class = name(rest);
            owner = Some(class.clone());
        } else if let Some(rest) = word.strip_prefix("def ").or(word.strip_prefix("async def ")) {
            owner = Some(if indent == 0 { name(rest) } else { format!("{class}.{}", name(rest)) });
        } else if let Some(first) = word.strip_prefix(QUOTES) {
            let docstring = docstring(first, &mut lines);
            if let Some(owner) = owner.take() {
                fs::write(Path::new(&out).join(owner), docstring)?;
            }
        }
    }
    Ok(())
}

/// The identifier that `text` begins with.
fn name(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// What stands between the quotes, without the indentation of its later lines.
fn docstring<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    if let Some(whole) = first.strip_suffix(QUOTES) {
        return whole.to_owned();
    }
    let mut rest = Vec::new();
    for line in lines {
        if let Some(last) = line.trim_end().strip_suffix(QUOTES) {
            rest.extend((!last.trim().is_empty()).then_some(last));
            break;
        }
        rest.push(line);
    }
    let indents = rest.iter().filter(|line| !line.trim().is_empty());
    let indent = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let rest = rest.iter().map(|line| line.get(indent..).unwrap_or_default());
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n")
}
