//! `GET /v1/models`.

use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::fields::Refusal;
use crate::rules::Model;

use super::{CREATED, Family, House, errors};

pub(crate) fn list(house: House<'_>) -> Reply {
    let data: Vec<Value> = house.models.models().iter().map(entry).collect();
    Reply::listing(json!({"object": "list", "data": data}))
}

pub(crate) fn one(house: House<'_>, id: &str) -> Result<Reply, Refusal> {
    let model = house.models.find(id).ok_or_else(|| errors::no_such_model(id))?;
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
