//! The control surface over HTTP, for tests in other languages: what was sent, what it is billed, what shall go wrong.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::World;
use crate::faults::{Fault, Order};
use crate::usage::Total;

/// `GET /health`
pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "simulated": true}))
}

/// `GET /requests`: the recorded requests, keys redacted, and what became of them.
pub(crate) async fn requests(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.record.all().iter().map(crate::Recorded::shown).collect())
}

/// `DELETE /requests`: the requests, the totals and the prompt caches are forgotten.
pub(crate) async fn forget(State(world): State<Arc<World>>) -> StatusCode {
    world.record.clear();
    world.cache.clear();
    StatusCode::NO_CONTENT
}

/// `GET /usage`: what is billed, by model and overall.
pub(crate) async fn usage(State(world): State<Arc<World>>) -> Json<Value> {
    let models = world.record.totals();
    let mut overall = Total::default();
    models.values().for_each(|total| overall += *total);
    Json(json!({"models": models, "overall": overall}))
}

/// `POST /faults`: `{"fault": "429=2", "provider"?, "model"?, "times"?, "every"?}` or a list of these; all or none are
/// taken.
pub(crate) async fn push_faults(
    State(world): State<Arc<World>>,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    match read(&body) {
        Ok(faults) => {
            let count = faults.len();
            faults.into_iter().for_each(|fault| world.script.push(fault));
            (StatusCode::OK, Json(json!({"pushed": count})))
        }
        Err(message) => (StatusCode::BAD_REQUEST, Json(json!({"error": {"message": message}}))),
    }
}

/// `DELETE /faults`: the faults still to come are forgotten.
pub(crate) async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.script.clear();
    StatusCode::NO_CONTENT
}

fn read(body: &[u8]) -> Result<Vec<Fault>, String> {
    let json: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    let orders = match json {
        Value::Array(orders) => orders,
        order => vec![order],
    };
    let fault = |order| {
        let order: Order = serde_json::from_value(order).map_err(|error| error.to_string())?;
        Fault::try_from(order)
    };
    orders.into_iter().map(fault).collect()
}
