//! The usual spelling: of what an API lets one say in several ways, one. It shares no code with the product.

mod anthropic;
mod gemini;
mod openai;
mod responses;

use orkestra::chat::DialectName;
use serde_json::{Map, Value, json};

/// The body of a request.
pub(crate) fn request(dialect: DialectName, body: &Value) -> Value {
    let mut body = numbers(body);
    match dialect {
        DialectName::Openai => openai::request(&mut body),
        DialectName::Responses => responses::request(&mut body),
        DialectName::Anthropic => anthropic::request(&mut body),
        DialectName::Gemini => body = gemini::request(&body),
        other => panic!("{other:?} has no golden files"),
    }
    body
}

/// What the model said, why it ended and what it consumed; the rest of an answer is about the call.
pub(crate) fn reply(dialect: DialectName, body: &Value) -> Value {
    let mut reply = match dialect {
        DialectName::Openai => openai::reply(body),
        DialectName::Responses => responses::reply(body),
        DialectName::Anthropic => anthropic::reply(body),
        DialectName::Gemini => gemini::reply(body),
        other => panic!("{other:?} has no golden files"),
    };
    drop_empty(&mut reply);
    reply
}

/// 40.0 is 40.
fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap();
            let rounded = float.round();
            if (float - rounded).abs() < f64::EPSILON && rounded.abs() < 1e15 {
                format!("{rounded}").parse::<i64>().unwrap().into()
            } else {
                value.clone()
            }
        }
        Value::Array(items) => items.iter().map(numbers).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), numbers(value))).collect()
        }
        _ => value.clone(),
    }
}

/// A bare text as a list of one text.
fn listed(content: &mut Value, kind: &str) {
    if let Value::String(text) = content {
        *content = json!([{"type": kind, "text": text}]);
    }
}

/// The texts of a list of texts, joined the way instructions are.
fn joined(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        content => {
            let parts = content.as_array().into_iter().flatten();
            let texts: Vec<&str> = parts.filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n\n")
        }
    }
}

/// Takes away a field that says what holds without it.
fn drop_default(object: &mut Value, name: &str, default: &Value) {
    if let Some(fields) = object.as_object_mut().filter(|fields| fields.get(name) == Some(default))
    {
        fields.shift_remove(name);
    }
}

/// The schema of a tool that takes nothing.
fn no_parameters() -> Value {
    json!({"type": "object", "properties": {}})
}

/// Puts in the schema of a tool that takes nothing, where none is given.
fn schema(tool: &mut Value, name: &str) {
    if tool.get(name).is_none_or(Value::is_null) {
        tool[name] = no_parameters();
    }
}

fn items<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Disjoint counts of tokens, without those that are 0.
fn usage(buckets: [(&str, Option<u64>); 6]) -> Value {
    let counted = buckets.into_iter().filter_map(|(name, tokens)| Some((name, tokens?)));
    let counted = counted.filter(|(_, tokens)| *tokens > 0);
    counted.map(|(name, tokens)| (name.to_owned(), tokens.into())).collect::<Map<_, _>>().into()
}

/// Takes away what says nothing, at any depth but inside the arguments of a call.
fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if name != "input" && name != "args" {
                    drop_empty(value);
                }
            }
            fields.retain(|_, value| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        _ => {}
    }
}
