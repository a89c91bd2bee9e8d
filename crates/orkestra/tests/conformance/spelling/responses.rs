//! Responses.

use serde_json::{Value, json};

use super::{drop_default, items, joined, listed, schema, usage};

pub(super) fn request(body: &mut Value) {
    drop_default(body, "tool_choice", &json!("auto"));
    drop_default(body, "parallel_tool_calls", &json!(true));
    drop_default(body, "store", &json!(false));
    for tool in items(body, "tools") {
        schema(tool, "parameters");
        if tool["strict"].is_null() {
            tool["strict"] = true.into();
        }
    }
    if body["input"].is_string() {
        body["input"] = json!([{"role": "user", "content": body["input"]}]);
    }
    items(body, "input").for_each(item);
    let input = body["input"].as_array_mut().unwrap();
    let is_system = |item: &&Value| item["role"] == "system" || item["role"] == "developer";
    let leading = input.iter().take_while(is_system).count();
    let mut texts: Vec<String> =
        input.drain(..leading).map(|item| joined(&item["content"])).collect();
    if let Some(first) = body["instructions"].as_str() {
        texts.insert(0, first.to_owned());
    }
    let fields = body.as_object_mut().unwrap();
    fields.shift_remove("instructions");
    if !texts.is_empty() {
        fields.insert("instructions".to_owned(), texts.join("\n\n").into());
    }
}

fn item(item: &mut Value) {
    drop_default(item, "type", &json!("message"));
    if item["role"] == "developer" {
        item["role"] = "system".into();
    }
    if !item["content"].is_null() {
        let kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
        listed(&mut item["content"], kind);
    }
    if !item["output"].is_null() {
        listed(&mut item["output"], "input_text");
    }
    for list in ["content", "output"] {
        for part in items(item, list) {
            drop_default(part, "annotations", &json!([]));
            drop_default(part, "detail", &json!("auto"));
        }
    }
    item.as_object_mut().unwrap().retain(|_, value| !value.is_null());
}

pub(super) fn reply(body: &Value) -> Value {
    let mut output = body["output"].clone();
    for item in output.as_array_mut().unwrap() {
        item.as_object_mut().unwrap().shift_remove("id");
    }
    let count = |path: &str| body["usage"].pointer(path).and_then(Value::as_u64);
    let cached = count("/input_tokens_details/cached_tokens").unwrap_or(0);
    let written = count("/input_tokens_details/cache_write_tokens").unwrap_or(0);
    json!({
        "status": body["status"],
        "incomplete_details": body["incomplete_details"],
        "output": output,
        "usage": usage([
            ("input", count("/input_tokens").map(|all| all - cached - written)),
            ("cache_read", Some(cached)),
            ("cache_write", Some(written)),
            ("cache_write_1h", None),
            ("output", count("/output_tokens")),
            ("reasoning", count("/output_tokens_details/reasoning_tokens")),
        ]),
    })
}
