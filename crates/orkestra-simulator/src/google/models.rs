//! `GET /v1beta/models`.

use serde_json::{Value, json};

use crate::delivery::Reply;
use crate::fields::Refusal;
use crate::rules::{Model, Rules};
use crate::vendor::Call;

use super::{Family, errors};

pub(super) fn list(call: &Call, rules: &Rules) -> Result<Reply, Refusal> {
    let number = |name: &str| {
        call.parameter(name).filter(|value| !value.is_empty()).map(str::parse::<usize>)
    };
    let size = match number("pageSize") {
        None => 50,
        Some(Ok(size)) => size.clamp(1, 1000),
        Some(Err(_)) => return Err(errors::invalid("Invalid value at 'page_size' (TYPE_INT32)")),
    };
    let from = match number("pageToken") {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Err(errors::invalid("page_token: not a token of this list")),
    };
    let models = rules.google.models();
    let page: Vec<Value> = models.iter().skip(from).take(size).map(entry).collect();
    let next = from.saturating_add(size);
    let mut body = json!({"models": page});
    if next < models.len() {
        body["nextPageToken"] = json!(next.to_string());
    }
    Ok(Reply::listing(body))
}

pub(super) fn one(rules: &Rules, id: &str) -> Result<Reply, Refusal> {
    let model = rules.google.find(id).ok_or_else(|| errors::no_such_model(id, "get"))?;
    Ok(Reply::listing(entry(model)))
}

fn entry(model: &Model<Family>) -> Value {
    json!({
        "name": format!("models/{}", model.id), "version": "simulated", "displayName": model.name,
        "description": "Simulated", "inputTokenLimit": model.context, "outputTokenLimit": model.max_output,
        "supportedGenerationMethods": ["generateContent", "countTokens"], "temperature": 1, "maxTemperature": 2,
        "topP": 0.95, "topK": 64, "thinking": model.family.thinks_unasked.is_some(),
    })
}
