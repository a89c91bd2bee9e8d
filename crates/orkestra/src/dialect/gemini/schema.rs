//! A schema in this API's older words → JSON Schema.
//!
//! `parameters` and `responseSchema` are a selection of OpenAPI 3.0; `parametersJsonSchema` and `responseJsonSchema`
//! are JSON Schema, which everybody else speaks too. Both say the same.

use serde_json::{Map, Value};

/// Keywords that protocol buffers may write in quotes: they are 64 bits wide.
const NUMBERS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// `schema` as JSON Schema.
pub(super) fn json_schema(schema: Value) -> Value {
    let Value::Object(fields) = schema else { return schema };
    let mut written = Map::new();
    let (mut nullable, mut order) = (false, None);
    for (name, value) in fields {
        let name = camel(&name);
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("nullable", value) => nullable = value == Value::Bool(true),
            ("propertyOrdering", value) => order = Some(value),
            ("type", Value::String(word)) if word == "TYPE_UNSPECIFIED" => {}
            ("type", Value::String(word)) => {
                written.insert(name, word.to_ascii_lowercase().into());
            }
            // Says that a text is one of a list, which `enum` says by itself.
            ("format", Value::String(word)) if word == "enum" => {}
            ("example", value) => {
                written.insert("examples".into(), vec![value].into());
            }
            ("properties" | "defs" | "$defs", Value::Object(properties)) => {
                let inner = properties.into_iter().map(|(key, inner)| (key, json_schema(inner)));
                written.insert(name, Value::Object(inner.collect()));
            }
            ("items" | "additionalProperties", value) => {
                written.insert(name, json_schema(value));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(choices)) => {
                written.insert(name, choices.into_iter().map(json_schema).collect());
            }
            (keyword, Value::String(digits)) if NUMBERS.contains(&keyword) => {
                let number = digits.parse::<u64>().map_or(Value::String(digits), Value::from);
                written.insert(name, number);
            }
            (_, value) => {
                written.insert(name, value);
            }
        }
    }
    if nullable {
        allow_null(&mut written);
    }
    if let (Some(Value::Array(order)), Some(Value::Object(properties))) =
        (order, written.get_mut("properties"))
    {
        put_in_order(properties, &order);
    }
    Value::Object(written)
}

fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(kind) = schema.get_mut("type").filter(|kind| kind.is_string()) {
        *kind = vec![kind.take(), "null".into()].into();
    } else if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(serde_json::json!({"type": "null"}));
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
}

/// JSON Schema has no word for the order of properties; the models keep to the order in which they are written.
fn put_in_order(properties: &mut Map<String, Value>, order: &[Value]) {
    let mut rest = std::mem::take(properties);
    for name in order.iter().filter_map(Value::as_str) {
        if let Some((name, property)) = rest.shift_remove_entry(name) {
            properties.insert(name, property);
        }
    }
    properties.extend(rest);
}

/// `any_of` → `anyOf`; names with a sign in front, such as `$ref`, stay.
fn camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut characters = part.chars();
        camel.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(characters.as_str());
    }
    camel
}
