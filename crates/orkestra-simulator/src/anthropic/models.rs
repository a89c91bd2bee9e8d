//! `GET /v1/models`.

use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::fields::Refusal;
use crate::rules::{Model, Rules};
use crate::vendor::Call;

use super::{Family, errors};

pub(super) fn list(call: &Call, rules: &Rules) -> Result<Reply, Refusal> {
    let models = rules.anthropic.models();
    let limit = match call.parameter("limit").map(str::parse::<usize>) {
        None => 20,
        Some(Ok(limit)) if (1..=1000).contains(&limit) => limit,
        Some(_) => return Err(errors::invalid("limit: Input should be between 1 and 1000")),
    };
    let place = |name: &str| {
        let id = call.parameter(name)?;
        models.iter().position(|model| model.id == id)
    };
    let (from, to) = match (place("after_id"), place("before_id")) {
        (Some(after), _) => (after + 1, (after + 1 + limit).min(models.len())),
        (None, Some(before)) => (before.saturating_sub(limit), before),
        (None, None) => (0, limit.min(models.len())),
    };
    let page = models.get(from..to).unwrap_or_default();
    let data: Vec<Value> = page.iter().map(entry).collect();
    let id = |model: Option<&Model<Family>>| model.map(|model| model.id.clone());
    Ok(Reply::listing(json!({
        "data": data, "has_more": to < models.len(), "first_id": id(page.first()), "last_id": id(page.last()),
    })))
}

pub(super) fn one(rules: &Rules, id: &str) -> Result<Reply, Refusal> {
    let model =
        rules.anthropic.find(id).ok_or_else(|| errors::not_found(&format!("model: {id}")))?;
    Ok(Reply::listing(entry(model)))
}

fn entry(model: &Model<Family>) -> Value {
    json!({
        "type": "model", "id": model.id, "display_name": model.name, "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": model.context, "max_tokens": model.max_output,
    })
}
