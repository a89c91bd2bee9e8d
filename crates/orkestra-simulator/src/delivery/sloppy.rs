//! Answers of servers that take the grammar lightly.

use std::collections::HashMap;

use serde_json::Value;

use crate::faults::FaultKind;

use super::frame::Frame;

/// The model that never answered.
const OTHER_MODEL: &str = "simulated-other-model";

/// Spoils a whole body as `fault` says.
pub(super) fn spoil(body: &mut Value, fault: FaultKind) {
    match fault {
        FaultKind::WrongModel => rename(body),
        FaultKind::MissingIndex => without_index(body),
        _ => {}
    }
}

/// Spoils every frame as `fault` says.
pub(super) fn spoil_all(frames: &mut [Frame], fault: FaultKind) {
    let spoils = [FaultKind::WrongModel, FaultKind::MissingIndex, FaultKind::DuplicateIdDeltas];
    if !spoils.contains(&fault) {
        return;
    }
    let mut calls = HashMap::new();
    for frame in frames.iter_mut().filter(|frame| !frame.is_bare()) {
        let Ok(mut json) = serde_json::from_str::<Value>(&frame.data) else { continue };
        if fault == FaultKind::DuplicateIdDeltas {
            repeat_calls(&mut json, &mut calls);
        } else {
            spoil(&mut json, fault);
        }
        frame.data = json.to_string();
    }
}

fn rename(body: &mut Value) {
    for place in ["/model", "/modelVersion", "/message/model", "/response/model"] {
        if let Some(model) = body.pointer_mut(place) {
            *model = Value::from(OTHER_MODEL);
        }
    }
}

fn without_index(body: &mut Value) {
    let Some(map) = body.as_object_mut() else { return };
    map.remove("index");
    map.remove("output_index");
    for name in ["choices", "candidates", "tool_calls"] {
        let items = map.get_mut(name).and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(without_index);
    }
    if let Some(delta) = map.get_mut("delta") {
        without_index(delta);
    }
}

/// Gives the later pieces of a call the id, type and name of its first.
fn repeat_calls(body: &mut Value, calls: &mut HashMap<u64, (Value, Value)>) {
    let choices = body.get_mut("choices").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten() {
        let pieces = choice.pointer_mut("/delta/tool_calls").and_then(Value::as_array_mut);
        for piece in pieces.into_iter().flatten() {
            let index = piece["index"].as_u64().unwrap_or_default();
            if piece.get("id").is_some() {
                calls.insert(index, (piece["id"].clone(), piece["function"]["name"].clone()));
            } else if let Some((id, name)) = calls.get(&index) {
                piece["id"] = id.clone();
                piece["type"] = Value::from("function");
                piece["function"]["name"] = name.clone();
            }
        }
    }
}
