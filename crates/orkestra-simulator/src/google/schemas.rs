//! Schemas of functions and answers, in the vendor's OpenAPI dialect or as JSON Schema.

use serde_json::Value;

use crate::fields::{Fields, Refusal};
use crate::schema::{Step, Visit, walk};

use super::errors::{Gemini, invalid, invalid_field, unknown_name};

/// The keywords of the OpenAPI dialect.
const KNOWN: [&str; 22] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "minimum",
    "maximum",
];

/// The schema that `fields` holds under one of two names, of which it may have only one.
pub(super) fn one_of(
    fields: &Fields<'_, Gemini>,
    dialect: &str,
    json_schema: &str,
) -> Result<Option<Value>, Refusal> {
    if fields.has(dialect) && fields.has(json_schema) {
        return Err(invalid(&format!(
            "Only one of {} and {} may be set.",
            fields.at(dialect),
            fields.at(json_schema)
        )));
    }
    if let Some(schema) = fields.get(dialect) {
        fields.object(dialect)?;
        check(schema, &fields.at(dialect), true)?;
        return Ok(Some(schema.clone()));
    }
    if let Some(schema) = fields.get(json_schema) {
        check(schema, &fields.at(json_schema), false)?;
        return Ok(Some(schema.clone()));
    }
    Ok(None)
}

fn check(schema: &Value, place: &str, dialect: bool) -> Result<(), Refusal> {
    walk(schema, &mut |visit| {
        let at = || format!("{place}{}", way_of(visit));
        let known = |key: &String| {
            KNOWN.iter().any(|known| *known == key || super::errors::snake(known) == *key)
        };
        if dialect && let Some(key) = visit.map.keys().find(|key| !known(key)) {
            return Err(unknown_name(&at(), key));
        }
        if dialect && visit.map.get("type").is_some_and(Value::is_array) {
            return Err(invalid(&format!(
                "Invalid value at '{}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type)",
                at()
            )));
        }
        if visit.lacks_items() {
            return Err(invalid_field(&format!("{}.items", at()), "missing field."));
        }
        match visit.empty_value() {
            Some(index) => {
                Err(invalid_field(&format!("{}.enum[{index}]", at()), "cannot be empty"))
            }
            None => Ok(()),
        }
    })
}

fn way_of(visit: &Visit<'_, '_>) -> String {
    let step = |step: &Step<'_>| match step {
        Step::Property(name) => format!(".properties[{name}]"),
        Step::Items => ".items".to_owned(),
        Step::Branch(name, index) => format!(".{}[{index}]", super::errors::snake(name)),
        Step::Definition(name) => format!(".$defs[{name}]"),
        Step::Additional => ".additional_properties".to_owned(),
    };
    visit.way.iter().map(step).collect()
}
