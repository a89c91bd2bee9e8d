//! A value that fits a schema, always the same.

use serde_json::{Map, Value, json};

/// Deeper than this only what is required is filled in, ...
const DEEP: usize = 6;
/// ... and deeper than this nothing.
const DEEPEST: usize = 24;

/// The text in the place of every string.
const TEXT: &str = "simulated";

/// A value that fits `schema`: JSON Schema, or the OpenAPI dialect with its types in capitals.
pub(crate) fn sample(schema: &Value) -> Value {
    Sampler { root: schema }.value(schema, 0)
}

struct Sampler<'a> {
    root: &'a Value,
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, depth: usize) -> Value {
        let Some(map) = schema.as_object().filter(|_| depth < DEEPEST) else {
            return if depth < DEEPEST { json!(TEXT) } else { Value::Null };
        };
        if let Some(target) = map.get("$ref").and_then(Value::as_str) {
            return self
                .resolved(target)
                .map_or(Value::Null, |target| self.value(target, depth + 1));
        }
        if let Some(value) = map.get("const") {
            return value.clone();
        }
        if let Some(first) = map.get("enum").and_then(Value::as_array).and_then(|all| all.first()) {
            return first.clone();
        }
        for name in ["anyOf", "any_of", "oneOf", "one_of"] {
            if let Some(branches) = map.get(name).and_then(Value::as_array) {
                return self.branch(branches, depth);
            }
        }
        if let Some(parts) = map.get("allOf").and_then(Value::as_array) {
            return self.all_of(map, parts, depth);
        }
        match kind_of(map).as_str() {
            "object" => self.object(map, depth),
            "array" => self.array(map, depth),
            "integer" | "number" => number(map),
            "boolean" => json!(true),
            "null" => Value::Null,
            _ => json!(text(map)),
        }
    }

    fn resolved(&self, target: &str) -> Option<&Value> {
        self.root.pointer(target.strip_prefix('#')?)
    }

    /// The first branch; deep down one that ends.
    fn branch(&self, branches: &[Value], depth: usize) -> Value {
        let is_leaf = |branch: &&Value| {
            branch.get("$ref").is_none()
                && branch.get("properties").is_none()
                && branch.get("items").is_none()
        };
        let ending = branches.iter().find(is_leaf).filter(|_| depth >= DEEP);
        ending
            .or_else(|| branches.first())
            .map_or(Value::Null, |branch| self.value(branch, depth + 1))
    }

    /// The parts' objects laid over each other; of other values the last.
    fn all_of(&self, map: &Map<String, Value>, parts: &[Value], depth: usize) -> Value {
        let own = if map.contains_key("properties") { self.object(map, depth) } else { json!({}) };
        parts.iter().map(|part| self.value(part, depth + 1)).fold(own, |mut all, part| {
            match (&mut all, part) {
                (Value::Object(all), Value::Object(part)) => all.extend(part),
                (all, part) => *all = part,
            }
            all
        })
    }

    fn object(&self, map: &Map<String, Value>, depth: usize) -> Value {
        let required =
            map.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_required =
            |name: &str| required.iter().any(|required| required.as_str() == Some(name));
        let properties = map.get("properties").and_then(Value::as_object);
        let mut object = Map::new();
        for (name, schema) in properties.into_iter().flatten() {
            if depth < DEEP || is_required(name) {
                object.insert(name.clone(), self.value(schema, depth + 1));
            }
        }
        // What is required need not be described.
        for name in required.iter().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                object.insert(name.to_owned(), json!(TEXT));
            }
        }
        Value::Object(object)
    }

    fn array(&self, map: &Map<String, Value>, depth: usize) -> Value {
        let count = |names: [&str; 2]| {
            let value = names.iter().find_map(|name| map.get(*name))?;
            // The OpenAPI dialect writes 64-bit numbers as text.
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        };
        let least = count(["minItems", "min_items"]).unwrap_or(u64::from(depth < DEEP));
        let most = count(["maxItems", "max_items"]).unwrap_or(u64::MAX);
        let first =
            map.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let length = least.max(first.len() as u64).min(most).min(100) as usize;
        let items = map.get("items").unwrap_or(&Value::Null);
        let item = |index| self.value(first.get(index).unwrap_or(items), depth + 1);
        Value::Array((0..length).map(item).collect())
    }
}

/// The type, in small letters; guessed where none is named.
fn kind_of(map: &Map<String, Value>) -> String {
    let named = match map.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    let guessed = if map.contains_key("properties") {
        "object"
    } else if map.contains_key("items") || map.contains_key("prefixItems") {
        "array"
    } else {
        "string"
    };
    named.unwrap_or(guessed).to_ascii_lowercase()
}

fn number(map: &Map<String, Value>) -> Value {
    let bound = |name: &str| map.get(name).and_then(Value::as_f64);
    let mut number = match (bound("minimum"), bound("exclusiveMinimum")) {
        (Some(least), _) => least,
        (None, Some(below)) => below + 1.0,
        (None, None) => 1.0,
    };
    if let Some(step) = bound("multipleOf").filter(|step| *step > 0.0) {
        number = (number / step).ceil() * step;
    }
    let most = bound("maximum").or_else(|| Some(bound("exclusiveMaximum")? - 1.0));
    number = most.map_or(number, |most| number.min(most));
    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return json!(number as i64);
    }
    if kind_of(map) == "integer" { json!(number.ceil()) } else { json!(number) }
}

fn text(map: &Map<String, Value>) -> String {
    let format = map.get("format").and_then(Value::as_str).unwrap_or_default();
    let text = match format {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT1S",
        "email" => "simulated@example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "url" => "https://example.com/simulated",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        _ => TEXT,
    };
    let length = |name: &str| map.get(name).and_then(Value::as_u64);
    let mut text = text.to_owned();
    while length("minLength").is_some_and(|least| (text.chars().count() as u64) < least.min(10_000))
    {
        text.push('.');
    }
    match length("maxLength").and_then(|most| usize::try_from(most).ok()) {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::sample;

    #[test]
    fn samples_fit_their_schemas() {
        let cases = [
            (json!({}), json!("simulated")),
            (json!({"type": "STRING", "enum": ["b", "a"]}), json!("b")),
            (json!({"type": ["integer", "null"], "minimum": 5, "multipleOf": 3}), json!(6)),
            (json!({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}), json!(0.5)),
            (json!({"type": "string", "format": "date", "maxLength": 4}), json!("2026")),
            (json!({"type": "string", "minLength": 11}), json!("simulated..")),
            (json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]}), json!(true)),
            (json!({"type": "array", "items": {"type": "integer"}, "minItems": 2}), json!([1, 1])),
            (
                json!({"type": "array", "prefixItems": [{"const": 7}, {"type": "null"}]}),
                json!([7, null]),
            ),
            (json!({"type": "object", "required": ["x"]}), json!({"x": "simulated"})),
            (
                json!({"allOf": [{"$ref": "#/$defs/a"}, {"properties": {"c": {"type": "boolean"}}}],
                       "$defs": {"a": {"type": "object", "properties": {"b": {"type": "integer"}}}}}),
                json!({"b": 1, "c": true}),
            ),
        ];
        for (schema, value) in cases {
            assert_eq!(sample(&schema), value, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["next"],
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}}});
        assert!(sample(&tree)["next"]["next"].is_object());
        let endless = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
        assert_eq!(sample(&endless), json!(null));
    }
}
