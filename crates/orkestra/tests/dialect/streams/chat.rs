//! Chat Completions: a first chunk with the role, pieces, one reason to finish, the usage, `[DONE]`.

use orkestra::dialect::sse;
use serde_json::{Value, json};

use super::{Wrong, add, data, ensure, text};

pub(crate) fn assembled(events: &[sse::Event]) -> Result<Value, Wrong> {
    let Some((last, chunks)) = events.split_last() else { return Err("no events".to_owned()) };
    if last.data != "[DONE]" {
        return Err(format!("the last event is {last:?}, not [DONE]"));
    }
    if let Some(event) = events.iter().find(|event| !event.name.is_empty()) {
        return Err(format!("this API's events have no names: {event:?}"));
    }
    let chunks = chunks.iter().map(data).collect::<Result<Vec<Value>, Wrong>>()?;
    let first = chunks.first().cloned().unwrap_or_default();
    ensure(
        first["choices"][0]["delta"]["role"] == "assistant",
        "the first chunk has no role",
        &first,
    )?;
    let mut message = json!({});
    let (mut finish, mut usage) = (Value::Null, Value::Null);
    for chunk in &chunks {
        ensure(chunk["object"] == "chat.completion.chunk", "no chunk", chunk)?;
        let same = ["id", "created", "model"].iter().all(|field| chunk[field] == first[field]);
        ensure(same, "not of the same answer", chunk)?;
        ensure(usage.is_null(), "something follows the usage", chunk)?;
        let choices = chunk["choices"].as_array().ok_or_else(|| format!("no choices: {chunk}"))?;
        let Some(choice) = choices.first() else {
            ensure(!finish.is_null(), "the usage comes before the reason to finish", chunk)?;
            usage = chunk["usage"].clone();
            ensure(usage.is_object(), "a chunk of nothing", chunk)?;
            continue;
        };
        ensure(chunk.get("usage").is_none_or(Value::is_null), "usage among the pieces", chunk)?;
        ensure(choice["index"] == 0, "another choice", chunk)?;
        ensure(finish.is_null(), "something follows the reason to finish", chunk)?;
        piece(&choice["delta"], &mut message).map_err(|wrong| format!("{wrong} in {chunk}"))?;
        finish = choice["finish_reason"].clone();
    }
    if finish.is_null() {
        return Err("no reason to finish".to_owned());
    }
    message["role"] = json!("assistant");
    let calls: Vec<Value> = list(&message["tool_calls"]);
    for call in &calls {
        let arguments = text(&call["function"], "arguments")?;
        let read = serde_json::from_str::<Value>(arguments);
        ensure(read.is_ok_and(|value| value.is_object()), "arguments are no object", call)?;
    }
    let choice = json!({"index": 0, "message": message, "finish_reason": finish});
    Ok(json!({"id": first["id"], "object": "chat.completion", "created": first["created"],
        "model": first["model"], "choices": [choice], "usage": usage}))
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn piece(delta: &Value, message: &mut Value) -> Result<(), Wrong> {
    for field in ["content", "refusal", "reasoning_content"] {
        if let Some(piece) = delta[field].as_str() {
            add(&mut message[field], piece);
        }
    }
    for piece in list(&delta["tool_calls"]) {
        let index = piece["index"].as_u64().ok_or("a call without an index")?;
        let mut calls = list(&message["tool_calls"]);
        let place = usize::try_from(index).map_err(|cause| cause.to_string())?;
        if let Some(call) = calls.get_mut(place) {
            // Python's SDK would join them to the first ones.
            let again =
                ["/id", "/type", "/function/name"].iter().find_map(|path| piece.pointer(path));
            ensure(again.is_none_or(Value::is_null), "said twice", &piece)?;
            add(&mut call["function"]["arguments"], text(&piece["function"], "arguments")?);
        } else {
            ensure(place == calls.len(), "calls do not begin in order", &piece)?;
            let named =
                !text(&piece, "id")?.is_empty() && !text(&piece["function"], "name")?.is_empty();
            ensure(named && piece["type"] == "function", "a call without a name", &piece)?;
            text(&piece["function"], "arguments")?;
            let mut call = piece.clone();
            if let Value::Object(map) = &mut call {
                map.shift_remove("index");
            }
            calls.push(call);
        }
        message["tool_calls"] = Value::Array(calls);
    }
    Ok(())
}
