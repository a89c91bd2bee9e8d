//! A walk through a schema, so that every vendor can refuse what it refuses, in its own words.

use serde_json::{Map, Value};

use crate::fields::Refusal;

/// One step on the way into a schema.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    Property(&'a str),
    Items,
    Branch(&'a str, usize),
    Definition(&'a str),
    Additional,
}

/// A schema met on the walk.
#[derive(Debug)]
pub(crate) struct Visit<'w, 'a> {
    /// The way to it.
    pub(crate) way: &'w [Step<'a>],
    pub(crate) map: &'a Map<String, Value>,
}

impl<'a> Visit<'_, 'a> {
    /// Whether its type is or may be `kind` (small letters).
    pub(crate) fn is(&self, kind: &str) -> bool {
        match self.map.get("type") {
            Some(Value::String(named)) => named.eq_ignore_ascii_case(kind),
            Some(Value::Array(kinds)) => kinds.iter().any(|named| named.as_str() == Some(kind)),
            _ => kind == "object" && self.map.contains_key("properties"),
        }
    }

    /// An array that does not say what is in it.
    pub(crate) fn lacks_items(&self) -> bool {
        self.is("array") && !self.map.contains_key("items") && !self.map.contains_key("prefixItems")
    }

    /// The place of an empty text among its values.
    pub(crate) fn empty_value(&self) -> Option<usize> {
        let values = self.map.get("enum")?.as_array()?;
        values.iter().position(|value| value.as_str() == Some(""))
    }

    /// The names of its properties.
    pub(crate) fn properties(&self) -> impl Iterator<Item = &'a str> {
        let properties = self.map.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Whether `name` is among its required properties.
    pub(crate) fn requires(&self, name: &str) -> bool {
        let required = self.map.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|known| known.as_str() == Some(name)))
    }
}

/// Shows `check` every schema within `schema`, the outer ones first.
pub(crate) fn walk(
    schema: &Value,
    check: &mut dyn FnMut(&Visit<'_, '_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    step(schema, &mut Vec::new(), check)
}

fn step<'a>(
    schema: &'a Value,
    way: &mut Vec<Step<'a>>,
    check: &mut dyn FnMut(&Visit<'_, '_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let Some(map) = schema.as_object() else { return Ok(()) };
    check(&Visit { way, map })?;
    let mut into = |next: Step<'a>, schema: &'a Value, way: &mut Vec<Step<'a>>| {
        way.push(next);
        let done = step(schema, way, check);
        way.pop();
        done
    };
    for (name, below) in map {
        match (name.as_str(), below) {
            ("properties", Value::Object(properties)) => {
                for (name, schema) in properties {
                    into(Step::Property(name), schema, way)?;
                }
            }
            ("$defs" | "definitions", Value::Object(definitions)) => {
                for (name, schema) in definitions {
                    into(Step::Definition(name), schema, way)?;
                }
            }
            ("items", schema) => into(Step::Items, schema, way)?,
            ("additionalProperties", schema) => into(Step::Additional, schema, way)?,
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(branches)) => {
                for (index, schema) in branches.iter().enumerate() {
                    into(Step::Branch(name, index), schema, way)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
