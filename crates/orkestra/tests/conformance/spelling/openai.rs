//! Chat Completions.

use serde_json::{Value, json};

use super::{drop_default, items, joined, listed, schema, usage};

pub(super) fn request(body: &mut Value) {
    drop_default(body, "tool_choice", &json!("auto"));
    drop_default(body, "parallel_tool_calls", &json!(true));
    drop_default(body, "store", &json!(false));
    for tool in items(body, "tools") {
        schema(&mut tool["function"], "parameters");
        drop_default(&mut tool["function"], "strict", &json!(false));
    }
    let messages = body["messages"].as_array_mut().unwrap();
    for message in messages.iter_mut() {
        listed(&mut message["content"], "text");
        if message["role"] == "developer" {
            message["role"] = "system".into();
        }
        let fields = message.as_object_mut().unwrap();
        fields.retain(|_, value| !value.is_null());
    }
    let leading = messages.iter().take_while(|message| message["role"] == "system").count();
    let texts: Vec<String> =
        messages.drain(..leading).map(|message| joined(&message["content"])).collect();
    if !texts.is_empty() {
        let content = json!([{"type": "text", "text": texts.join("\n\n")}]);
        messages.insert(0, json!({"role": "system", "content": content}));
    }
}

pub(super) fn reply(body: &Value) -> Value {
    let choice = &body["choices"][0];
    let mut message = choice["message"].clone();
    drop_default(&mut message, "content", &json!(""));
    let count = |path: &str| body["usage"].pointer(path).and_then(Value::as_u64);
    let cached = count("/prompt_tokens_details/cached_tokens").unwrap_or(0);
    let written = count("/prompt_tokens_details/cache_write_tokens").unwrap_or(0);
    json!({
        "choices": [{"message": message, "finish_reason": choice["finish_reason"]}],
        "usage": usage([
            ("input", count("/prompt_tokens").map(|all| all - cached - written)),
            ("cache_read", Some(cached)),
            ("cache_write", Some(written)),
            ("cache_write_1h", None),
            ("output", count("/completion_tokens")),
            ("reasoning", count("/completion_tokens_details/reasoning_tokens")),
        ]),
    })
}
