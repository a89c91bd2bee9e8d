//! One request from arrival to answer, the same line for every vendor.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::anthropic::Anthropic;
use crate::cache::Cache;
use crate::compatible::Personas;
use crate::delivery::{Delivery, Pace, Reply, Settlement};
use crate::faults::{FaultKind, Script, asked_for_in};
use crate::fields::Refusal;
use crate::google::Google;
use crate::line::Line;
use crate::openai::OpenAi;
use crate::record::{End, Record, Recorded};
use crate::rules::Rules;
use crate::vendor::{Call, Glance, Twist, Vendor};

/// More than any vendor takes; what the vendors themselves refuse is theirs to say.
const LARGEST_BODY: usize = 128 << 20;

/// Everything that one simulator's requests share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) personas: Personas,
    pub(crate) cache: Cache,
    pub(crate) record: Arc<Record>,
    pub(crate) script: Script,
    pub(crate) pace: Pace,
    /// Thinking blocks are bound to the conversation before them.
    pub(crate) bind_thinking: bool,
}

impl World {
    /// The API at `path`, and the path below its root.
    fn vendor_at<'p>(&self, path: &'p str) -> Option<(&dyn Vendor, &'p str)> {
        let (root, below) = split(path);
        match root {
            "openai" => Some((&OpenAi, below)),
            "anthropic" => Some((&Anthropic, below)),
            "google" => Some((&Google, below)),
            "openai-compatible" => {
                let (name, below) = split(below);
                Some((self.personas.named(name)?, below))
            }
            _ => None,
        }
    }
}

/// The first part of a path, and the rest.
fn split(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.find('/').map_or((path, ""), |at| path.split_at(at))
}

/// Serves one request to a vendor's API.
pub(crate) async fn serve(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let Some((vendor, below)) = world.vendor_at(&path) else { return not_here(&path) };
    let call = match read(vendor, below, request).await {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    let number = world.record.keep(Arc::clone(&call.request));
    let mut settlement = Settlement::new(Arc::clone(&world.record), number, vendor.name());
    let glance = vendor.glance(&call);
    let (answer, fault) = answer(&world, vendor, &call, &glance);
    settlement.concerns(glance.model, fault);
    if fault == Some(FaultKind::ConnectReset) {
        line.reset();
        settlement.end(End::Cut);
        return Response::new(Body::empty());
    }
    let answer = answer.map_err(|refusal| vendor.dressed(&call, refusal));
    Delivery { vendor, call: &call, fault }.send(answer, &world.pace, settlement).await
}

/// Decides what is answered and what shall happen to it.
fn answer(
    world: &World,
    vendor: &dyn Vendor,
    call: &Call,
    glance: &Glance,
) -> (Result<Reply, Refusal>, Option<FaultKind>) {
    let (largest, too_large) = vendor.largest_body();
    if call.request.body.len() > largest {
        return (Err(too_large), None);
    }
    if let Err(refusal) = vendor.admit(call) {
        return (Err(refusal), None);
    }
    let fault = match fault_for(world, vendor, call, glance) {
        Ok(fault) => fault,
        Err(refusal) => return (Err(refusal), None),
    };
    if let Some(fault) = fault.filter(|fault| fault.is_status()) {
        let model = glance.model.as_deref().unwrap_or_default();
        return (Err(vendor.failure(fault, model)), Some(fault));
    }
    (vendor.answer(call, world, &Twist::of(fault)), fault)
}

/// The fault that strikes this request: by header, by its text, by the script, in this order.
fn fault_for(
    world: &World,
    vendor: &dyn Vendor,
    call: &Call,
    glance: &Glance,
) -> Result<Option<FaultKind>, Refusal> {
    let by_header = call.header("x-orkestra-fault").map(str::parse);
    let by_text = || asked_for_in(glance.tail.step()?);
    let fault = match by_header.or_else(by_text) {
        Some(Ok(fault)) => Some(fault),
        Some(Err(unknown)) => {
            let message = format!("orkestra simulator: {unknown}");
            let body = json!({"error": {"message": message}});
            return Err(Refusal { status: 400, body, headers: Vec::new() });
        }
        None => world.script.take(vendor.name(), glance.model.as_deref()),
    };
    // Only this API has a status for it.
    Ok(match fault {
        Some(FaultKind::Failed) if !call.path.ends_with("/responses") => {
            Some(FaultKind::StreamError)
        }
        fault => fault,
    })
}

async fn read(vendor: &dyn Vendor, below: &str, request: Request) -> Result<Call, Response> {
    let (head, body) = request.into_parts();
    let body = match to_bytes(body, LARGEST_BODY).await {
        Ok(body) => body,
        Err(_) => return Err(StatusCode::PAYLOAD_TOO_LARGE.into_response()),
    };
    let mut headers = BTreeMap::new();
    for (name, value) in &head.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        // A repeated header is one list.
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|all: &mut String| *all = format!("{all}, {value}"))
            .or_insert(value);
    }
    let path = below.trim_end_matches('/').replace("%3A", ":").replace("%3a", ":");
    let json = serde_json::from_slice(&body).map_err(|error| error.to_string());
    let request = Recorded {
        provider: vendor.name(),
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
        answer: None,
    };
    Ok(Call { request: Arc::new(request), path, json })
}

fn not_here(path: &str) -> Response {
    let text = format!(
        "The Orkestra simulator has nothing at {path}. APIs: /openai/v1, /anthropic, /google, \
         /openai-compatible/NAME/v1. See / for more.\n"
    );
    (StatusCode::NOT_FOUND, Body::from(text)).into_response()
}
