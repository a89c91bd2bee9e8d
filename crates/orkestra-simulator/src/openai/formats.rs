//! Structured output, and the schemas that are refused in it and in tools.

use serde_json::Value;

use crate::answer::Format;
use crate::fields::{Fields, Refusal, Wording};
use crate::schema::{Step, Visit, walk};

use super::errors::{invalid, invalid_value, no_match, too_much};

/// Reads `response_format` or `text.format`. `parts`: what `json_schema` says stands here, or within a field of its own.
pub(super) fn read<W: Wording>(
    format: Option<Fields<'_, W>>,
    nested: bool,
    prompt: impl FnOnce() -> bool,
) -> Result<Format, Refusal> {
    const KINDS: [&str; 3] = ["text", "json_object", "json_schema"];
    let Some(format) = format else { return Ok(Format::Text) };
    match format.required_text("type")? {
        "text" => Ok(Format::Text),
        "json_object" if prompt() => Ok(Format::Json),
        "json_object" => {
            let message = format!(
                "'messages' must contain the word 'json' in some form, to use '{}' of type 'json_object'.",
                format.place
            );
            Err(invalid(&message, Some(&format.place), None))
        }
        "json_schema" => {
            if !nested {
                return schema(&format);
            }
            format.allow(&["type", "json_schema"])?;
            format.required("json_schema")?;
            format.object("json_schema")?.map_or(Ok(Format::Json), |inner| schema(&inner))
        }
        other => Err(invalid_value(&format.at("type"), other, &KINDS)),
    }
}

fn schema<W: Wording>(format: &Fields<'_, W>) -> Result<Format, Refusal> {
    format.allow(&["type", "name", "schema", "strict", "description"])?;
    let name = format.required_text("name")?;
    check_name(name, &format.at("name"))?;
    let strict = format.boolean("strict")?.unwrap_or(false);
    let Some(schema) = format.get("schema") else {
        return if strict { Err(W::missing(&format.at("schema"))) } else { Ok(Format::Json) };
    };
    format.object("schema")?;
    let whose = format!("response_format '{name}'");
    check(schema, strict, &whose, "response_format", None)?;
    Ok(Format::Schema(schema.clone()))
}

/// Refuses names that are too long or have other characters than they may.
pub(super) fn check_name(name: &str, place: &str) -> Result<(), Refusal> {
    if name.chars().count() > 64 {
        return Err(too_much(place, "string", 64, name.chars().count()));
    }
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(no_match(place));
    }
    Ok(())
}

/// Checks the schema of `whose`: what every schema must say, and what a strict one must.
pub(super) fn check(
    schema: &Value,
    strict: bool,
    whose: &str,
    param: &str,
    code: Option<&str>,
) -> Result<(), Refusal> {
    let refused = |message: &str| {
        let message = format!("Invalid schema for {whose}: {message}");
        Err(invalid(&message, Some(param), code))
    };
    let kind = schema.get("type").and_then(Value::as_str);
    if kind != Some("object") && (strict || whose.starts_with("function")) {
        return refused(&format!(
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{}\"'.",
            kind.unwrap_or("None")
        ));
    }
    walk(schema, &mut |visit| {
        if visit.lacks_items() {
            return refused(&format!("{}, array schema missing items.", context(visit)));
        }
        match strict.then(|| complaint(visit)).flatten() {
            Some(complaint) => refused(&format!("{}, {complaint}", context(visit))),
            None => Ok(()),
        }
    })
}

fn complaint(visit: &Visit<'_, '_>) -> Option<String> {
    if let Some(name) = ["allOf", "oneOf"].iter().find(|name| visit.map.contains_key(**name)) {
        return Some(format!("'{name}' is not permitted."));
    }
    if !visit.is("object") {
        return None;
    }
    if visit.map.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Some(
            "'additionalProperties' is required to be supplied and to be false.".to_owned(),
        );
    }
    let missing = visit.properties().find(|name| !visit.requires(name))?;
    Some(format!(
        "'required' is required to be supplied and to be an array including every key in properties. Missing \
         '{missing}'."
    ))
}

/// Where in a schema something is, as the vendor writes it.
fn context(visit: &Visit<'_, '_>) -> String {
    let parts: Vec<String> = visit
        .way
        .iter()
        .flat_map(|step| match step {
            Step::Property(name) => vec!["properties".to_owned(), (*name).to_owned()],
            Step::Items => vec!["items".to_owned()],
            Step::Branch(name, index) => vec![(*name).to_owned(), index.to_string()],
            Step::Definition(name) => vec!["$defs".to_owned(), (*name).to_owned()],
            Step::Additional => vec!["additionalProperties".to_owned()],
        })
        .map(|part| format!("'{part}'"))
        .collect();
    let comma = if parts.len() == 1 { "," } else { "" };
    format!("In context=({}{comma})", parts.join(", "))
}
