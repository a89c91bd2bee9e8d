//! A caller's stream, put together the way the vendor's clients do it, as the vendor's whole answer. It shares no code
//! with the product.

use orkestra::chat::DialectName;
use serde_json::{Map, Value, json};

/// The whole answer that `text` is the stream of.
pub(crate) fn whole(dialect: DialectName, text: &str) -> Value {
    // Google ends its lines with both.
    let events = events(&text.replace("\r\n", "\n"));
    match dialect {
        DialectName::Openai => openai(&events),
        DialectName::Responses => responses(&events),
        DialectName::Anthropic => anthropic(&events),
        DialectName::Gemini => gemini(&events),
        other => panic!("{other:?} has no golden files"),
    }
}

fn events(text: &str) -> Vec<Value> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    let data =
        blocks.filter_map(|block| block.lines().find_map(|line| line.strip_prefix("data: ")));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// Adds the text at `key` of `piece` to that of `whole`.
fn append(whole: &mut Value, key: &str, piece: &Value) {
    if let Some(piece) = piece[key].as_str() {
        let before = whole[key].as_str().unwrap_or_default();
        whole[key] = format!("{before}{piece}").into();
    }
}

fn openai(events: &[Value]) -> Value {
    let mut message = json!({"role": "assistant"});
    let (mut calls, mut finish, mut usage) = (Vec::<Value>::new(), Value::Null, Value::Null);
    for event in events {
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
        let Some(choice) = event["choices"].get(0) else { continue };
        let delta = &choice["delta"];
        for key in ["content", "refusal", "reasoning_content"] {
            append(&mut message, key, delta);
        }
        if let Some(annotations) = delta.get("annotations") {
            message["annotations"] = annotations.clone();
        }
        for piece in delta["tool_calls"].as_array().into_iter().flatten() {
            let at =
                usize::try_from(piece["index"].as_u64().expect("a call has an index")).unwrap();
            if at == calls.len() {
                let mut call = piece.clone();
                call.as_object_mut().unwrap().shift_remove("index");
                calls.push(call);
            } else {
                append(&mut calls[at]["function"], "arguments", &piece["function"]);
                if let Some(extra) = piece.get("extra_content") {
                    calls[at]["extra_content"] = extra.clone();
                }
            }
        }
        if choice["finish_reason"].is_string() {
            finish = choice["finish_reason"].clone();
        }
    }
    if message["content"] == "" {
        message["content"] = Value::Null;
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    json!({"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage})
}

/// The last event holds the whole answer; the pieces before it must say the same.
fn responses(events: &[Value]) -> Value {
    let last = &events.last().expect("there are events")["response"];
    let mut pieces = Map::new();
    for event in events {
        let kind = event["type"].as_str().unwrap();
        if kind.ends_with(".delta") {
            let inner = event.get("content_index").or(event.get("summary_index"));
            let place = format!("{}/{}", event["output_index"], inner.unwrap_or(&Value::Null));
            let before = pieces.get(&place).and_then(Value::as_str).unwrap_or_default().to_owned();
            pieces.insert(place, (before + event["delta"].as_str().unwrap()).into());
        }
    }
    let mut expected = Map::new();
    for (at, item) in last["output"].as_array().unwrap().iter().enumerate() {
        if let Some(arguments) = item.get("arguments") {
            expected.insert(format!("{at}/null"), arguments.clone());
        }
        for list in ["content", "summary"] {
            for (inner, part) in item[list].as_array().into_iter().flatten().enumerate() {
                let text = part.get("text").or(part.get("refusal")).unwrap();
                expected.insert(format!("{at}/{inner}"), text.clone());
            }
        }
    }
    assert_eq!(pieces, expected, "the pieces are not what the end says");
    last.clone()
}

fn anthropic(events: &[Value]) -> Value {
    let mut message = Value::Null;
    let mut blocks: Vec<Value> = Vec::new();
    for event in events {
        let at = event["index"].as_u64().map(|at| usize::try_from(at).unwrap());
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(at, Some(blocks.len()));
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => anthropic_delta(&mut blocks[at.unwrap()], &event["delta"]),
            "content_block_stop" => {
                if let Some(text) = blocks[at.unwrap()]["input_text"].as_str() {
                    let text = if text.is_empty() { "{}".to_owned() } else { text.to_owned() };
                    blocks[at.unwrap()]["input"] = serde_json::from_str(&text).unwrap();
                    blocks[at.unwrap()]["input_text"] = text.into();
                }
            }
            "message_delta" => {
                for (field, value) in event["delta"].as_object().unwrap() {
                    message[field] = value.clone();
                }
                for (field, value) in event["usage"].as_object().unwrap() {
                    message["usage"][field] = value.clone();
                }
            }
            _ => {}
        }
    }
    message["content"] = blocks.into();
    message
}

fn anthropic_delta(block: &mut Value, delta: &Value) {
    match delta["type"].as_str().unwrap() {
        "text_delta" => append(block, "text", delta),
        "thinking_delta" => append(block, "thinking", delta),
        "signature_delta" => block["signature"] = delta["signature"].clone(),
        "citations_delta" => match block["citations"].as_array_mut() {
            Some(citations) => citations.push(delta["citation"].clone()),
            None => block["citations"] = json!([delta["citation"]]),
        },
        "input_json_delta" => {
            append(block, "input_text", &json!({"input_text": delta["partial_json"]}));
        }
        other => panic!("{other} is no delta"),
    }
}

fn gemini(events: &[Value]) -> Value {
    let mut answer = json!({});
    let mut parts: Vec<Value> = Vec::new();
    let mut candidate = json!({});
    for event in events {
        for (field, value) in event.as_object().unwrap() {
            if field != "candidates" {
                answer[field] = value.clone();
            }
        }
        let Some(piece) = event["candidates"].get(0) else { continue };
        for (field, value) in piece.as_object().unwrap() {
            if field != "content" {
                candidate[field] = value.clone();
            }
        }
        for part in piece["content"]["parts"].as_array().into_iter().flatten() {
            gemini_part(&mut parts, part);
        }
    }
    if !parts.is_empty() {
        candidate["content"] = json!({"role": "model", "parts": parts});
    }
    if candidate != json!({}) {
        answer["candidates"] = json!([candidate]);
    }
    answer
}

fn gemini_part(parts: &mut Vec<Value>, part: &Value) {
    let is_text = |part: &Value| part["text"].is_string();
    match parts
        .last_mut()
        .filter(|last| is_text(last) && is_text(part) && last["thought"] == part["thought"])
    {
        Some(last) => {
            append(last, "text", part);
            if let Some(proof) = part.get("thoughtSignature") {
                last["thoughtSignature"] = proof.clone();
            }
        }
        None => parts.push(part.clone()),
    }
}
