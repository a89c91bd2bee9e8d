//! generateContent. Google's servers take names in camel case and with underscores.

use serde_json::{Map, Value, json};

use super::{drop_default, items, joined, no_parameters, usage};

/// Fields whose names are the user's own below them.
const OWN: [&str; 5] = ["args", "response", "parametersJsonSchema", "responseJsonSchema", "labels"];

pub(super) fn request(body: &Value) -> Value {
    let mut body = camel_case(body);
    if body["systemInstruction"].is_object() {
        let text = joined(&body["systemInstruction"]["parts"]);
        body["systemInstruction"] = json!({"parts": [{"text": text}]});
    }
    drop_default(&mut body, "toolConfig", &json!({"functionCallingConfig": {"mode": "AUTO"}}));
    for tools in items(&mut body, "tools") {
        for function in items(tools, "functionDeclarations") {
            drop_default(function, "parametersJsonSchema", &no_parameters());
        }
    }
    for content in items(&mut body, "contents") {
        if content["role"].is_null() {
            content["role"] = "user".into();
        }
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    body
}

fn camel_case(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(camel_case).collect(),
        Value::Object(fields) => {
            let named = fields.iter().map(|(name, value)| {
                let name = camel_name(name);
                let value =
                    if OWN.contains(&name.as_str()) { value.clone() } else { camel_case(value) };
                (name, value)
            });
            named.collect::<Map<_, _>>().into()
        }
        _ => value.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |so_far, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        so_far + &head.to_uppercase() + tail
    })
}

pub(super) fn reply(body: &Value) -> Value {
    let usage_of = &body["usageMetadata"];
    let count = |name: &str| usage_of[name].as_u64();
    let cached = count("cachedContentTokenCount").unwrap_or(0);
    let thoughts = count("thoughtsTokenCount").unwrap_or(0);
    let candidates: Vec<Value> = body["candidates"].as_array().map_or_else(Vec::new, |candidates| {
        let spelt = candidates.iter().map(
            |candidate| json!({"content": candidate["content"], "finishReason": candidate["finishReason"]}),
        );
        spelt.collect()
    });
    json!({
        "candidates": candidates,
        "promptFeedback": body["promptFeedback"],
        "usage": usage([
            ("input", count("promptTokenCount").map(|all| all - cached)),
            ("cache_read", Some(cached)),
            ("cache_write", None),
            ("cache_write_1h", None),
            ("output", Some(count("candidatesTokenCount").unwrap_or(0) + thoughts)),
            ("reasoning", Some(thoughts)),
        ]),
    })
}
