//! `GET /v1/models`.

use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::fields::Refusal;
use crate::rules::{Model, Rules};

use super::{CREATED, Family, errors};

pub(super) fn list(rules: &Rules) -> Reply {
    let data: Vec<Value> = rules.openai.models().iter().map(entry).collect();
    Reply::listing(json!({"object": "list", "data": data}))
}

pub(super) fn one(rules: &Rules, id: &str) -> Result<Reply, Refusal> {
    let model = rules.openai.find(id).ok_or_else(|| errors::no_such_model(id))?;
    Ok(Reply::listing(entry(model)))
}

fn entry(model: &Model<Family>) -> Value {
    let mut entry =
        json!({"id": model.id, "object": "model", "created": CREATED, "owned_by": "system"});
    if let Some(date) = model.retires {
        entry["shutdown_date"] = json!(date.to_string());
    }
    entry
}
