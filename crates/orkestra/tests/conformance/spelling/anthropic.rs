//! Messages.

use serde_json::{Value, json};

use super::{drop_default, items, joined, listed, schema, usage};

pub(super) fn request(body: &mut Value) {
    drop_default(body, "tool_choice", &json!({"type": "auto"}));
    for tool in items(body, "tools") {
        drop_default(tool, "type", &json!("custom"));
        drop_default(tool, "strict", &json!(false));
        schema(tool, "input_schema");
    }
    if !body["system"].is_null() {
        listed(&mut body["system"], "text");
        let marked =
            body["system"].as_array().unwrap().iter().any(|part| !part["cache_control"].is_null());
        if !marked {
            body["system"] = json!([{"type": "text", "text": joined(&body["system"])}]);
        }
    }
    for message in items(body, "messages") {
        listed(&mut message["content"], "text");
        for part in items(message, "content") {
            if part["type"] == "tool_result" {
                listed(&mut part["content"], "text");
                drop_default(part, "is_error", &json!(false));
            }
        }
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
}

pub(super) fn reply(body: &Value) -> Value {
    let count = |path: &str| body["usage"].pointer(path).and_then(Value::as_u64);
    json!({
        "content": body["content"],
        "stop_reason": body["stop_reason"],
        "stop_sequence": body["stop_sequence"],
        "stop_details": body["stop_details"],
        "usage": usage([
            ("input", count("/input_tokens")),
            ("cache_read", count("/cache_read_input_tokens")),
            ("cache_write", count("/cache_creation_input_tokens")),
            ("cache_write_1h", count("/cache_creation/ephemeral_1h_input_tokens")),
            ("output", count("/output_tokens")),
            ("reasoning", count("/output_tokens_details/thinking_tokens")),
        ]),
    })
}
