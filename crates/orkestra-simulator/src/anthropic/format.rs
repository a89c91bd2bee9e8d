//! Structured output: `output_config.format`, and what its schemas may not say.

use serde_json::Value;

use crate::answer::Format;
use crate::fields::{Fields, Refusal, Wording as _};
use crate::schema::{Visit, walk};

use super::errors::{Messages, invalid, none_of};

/// Reads `output_config.format`.
pub(super) fn read(body: &Fields<'_, Messages>) -> Result<Format, Refusal> {
    let Some(output) = body.object("output_config")? else { return Ok(Format::Text) };
    let Some(format) = output.object("format")? else { return Ok(Format::Text) };
    format.allow(&["type", "schema"])?;
    if format.required_text("type")? != "json_schema" {
        return Err(none_of(&format.at("type"), &["json_schema"]));
    }
    let schema = format.get("schema").ok_or_else(|| Messages::missing(&format.at("schema")))?;
    format.object("schema")?;
    strict(schema, &format.at("schema"))?;
    Ok(Format::Schema(schema.clone()))
}

/// Refuses what a schema that is enforced may not say.
pub(super) fn strict(schema: &Value, place: &str) -> Result<(), Refusal> {
    walk(schema, &mut |visit| match complaint(visit) {
        Some(complaint) => Err(invalid(&format!("{place}: {complaint}"))),
        None => Ok(()),
    })
}

fn complaint(visit: &Visit<'_, '_>) -> Option<String> {
    const UNSUPPORTED: [(&str, &[&str]); 4] = [
        ("integer", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
        ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
        ("string", &["minLength", "maxLength"]),
        ("array", &["maxItems"]),
    ];
    if visit.is("object") && visit.map.get("additionalProperties") != Some(&Value::Bool(false)) {
        let wanted = "For 'object' type, 'additionalProperties' must be explicitly set to false";
        return Some(wanted.to_owned());
    }
    for (kind, names) in UNSUPPORTED.iter().filter(|(kind, _)| visit.is(kind)) {
        if let Some(name) = names.iter().find(|name| visit.map.contains_key(**name)) {
            return Some(format!("For '{kind}' type, property '{name}' is not supported"));
        }
    }
    let least = visit.map.get("minItems").and_then(Value::as_u64);
    if visit.is("array") && least.is_some_and(|least| least > 1) {
        return Some(
            "For 'array' type, 'minItems' values other than 0 or 1 are not supported".to_owned(),
        );
    }
    None
}
