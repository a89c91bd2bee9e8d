//! One request from arrival to answer, the same line for every vendor.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::anthropic::Anthropic;
use crate::delivery::{Delivery, Pace, Reply};
use crate::faults::{FaultKind, Script, asked_for_in};
use crate::fields::Refusal;
use crate::google::Google;
use crate::openai::OpenAi;
use crate::record::{Record, Recorded};
use crate::rules::Rules;

/// More than any vendor takes; what the vendors themselves refuse is theirs to say.
const LARGEST_BODY: usize = 128 << 20;

/// Everything that one simulator's requests share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) record: Record,
    pub(crate) script: Script,
    pub(crate) pace: Pace,
}

/// A vendor's API.
pub(crate) trait Vendor: Sync {
    fn name(&self) -> &'static str;
    /// The header that carries a response's id.
    fn id_header(&self) -> &'static str;
    /// Checks the key and what else must come with every request.
    fn admit(&self, call: &Call) -> Result<(), Refusal>;
    /// The model and the newest user text, as far as they can be made out in a request not yet checked.
    fn glance(&self, call: &Call) -> Glance;
    /// Checks the request and answers it.
    fn answer(&self, call: &Call, rules: &Rules, twist: Twist) -> Result<Reply, Refusal>;
    /// The vendor's error for a fault that is a status.
    fn failure(&self, fault: FaultKind, model: &str) -> Refusal;
    /// The vendor's error event in the middle of a stream.
    /// `json`: the stream is one JSON array.
    fn stream_error(&self, json: bool) -> Bytes;
    /// The form in which this call's client expects a refusal.
    fn dressed(&self, _call: &Call, refusal: Refusal) -> Refusal {
        refusal
    }
    /// Largest body in bytes, and the refusal of a larger one.
    fn largest_body(&self) -> (usize, Refusal);
}

/// A request as a vendor reads it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request: Arc<Recorded>,
    /// The path below the vendor's root.
    pub(crate) path: String,
    /// The body, or why it is no JSON.
    pub(crate) json: Result<Value, String>,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?
            .strip_prefix("Bearer ")
            .map(str::trim)
            .filter(|key| !key.is_empty())
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.request.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    /// An id for this request: the same for the same bytes.
    pub(crate) fn id(&self) -> String {
        crate::answer::id_of(&[self.path.as_bytes(), &self.request.body])
    }
}

/// Whether the simulator refuses this key: those that say so themselves.
pub(crate) fn is_refused_key(key: &str) -> bool {
    key.starts_with("bad-") || key.starts_with("invalid")
}

/// What a request seems to be about.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    pub(crate) model: Option<String>,
    pub(crate) newest: String,
}

/// How the content of an answer departs from the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Twist {
    pub(crate) usage: bool,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// The model declines.
    Refused,
    /// The prompt is blocked before a model sees it.
    Blocked,
}

/// Serves one request to a vendor's API.
pub(crate) async fn serve(State(world): State<Arc<World>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let vendor: &dyn Vendor = match path.split('/').nth(1) {
        Some("openai") => &OpenAi,
        Some("anthropic") => &Anthropic,
        Some("google") => &Google,
        _ => return not_here(&path),
    };
    let call = match read(vendor, request).await {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    world.record.keep(Arc::clone(&call.request));
    let (answer, delivery) = answer(&world, vendor, &call);
    let answer = answer.map_err(|refusal| vendor.dressed(&call, refusal));
    world.pace.deliver(vendor, &call.id(), answer, delivery).await
}

/// Decides what is answered and how it is delivered.
fn answer(world: &World, vendor: &dyn Vendor, call: &Call) -> (Result<Reply, Refusal>, Delivery) {
    let (largest, too_large) = vendor.largest_body();
    if call.request.body.len() > largest {
        return (Err(too_large), Delivery::Plain);
    }
    if let Err(refusal) = vendor.admit(call) {
        return (Err(refusal), Delivery::Plain);
    }
    let glance = vendor.glance(call);
    let fault = match fault_for(world, vendor, call, &glance) {
        Ok(fault) => fault,
        Err(refusal) => return (Err(refusal), Delivery::Plain),
    };
    if let Some(fault) = fault
        && is_status(fault)
    {
        let model = glance.model.unwrap_or_default();
        return (Err(vendor.failure(fault, &model)), Delivery::Plain);
    }
    let twist = Twist {
        usage: fault != Some(FaultKind::NoUsage),
        outcome: match fault {
            Some(FaultKind::Refusal) => Outcome::Refused,
            Some(FaultKind::EmptyCandidates) => Outcome::Blocked,
            _ => Outcome::Answered,
        },
    };
    (vendor.answer(call, &world.rules, twist), Delivery::of(fault))
}

/// The fault that strikes this request: by header, by its text, by the script, in this order.
fn fault_for(
    world: &World,
    vendor: &dyn Vendor,
    call: &Call,
    glance: &Glance,
) -> Result<Option<FaultKind>, Refusal> {
    let by_header = call.header("x-orkestra-fault").map(str::parse);
    match by_header.or_else(|| asked_for_in(&glance.newest)) {
        Some(Ok(fault)) => Ok(Some(fault)),
        Some(Err(unknown)) => Err(Refusal {
            status: 400,
            body: json!({"error": {"message": format!("orkestra simulator: {unknown}")}}),
            headers: Vec::new(),
        }),
        None => Ok(world.script.take(vendor.name(), glance.model.as_deref())),
    }
}

const fn is_status(fault: FaultKind) -> bool {
    use FaultKind as F;
    matches!(
        fault,
        F::RateLimited(_)
            | F::QuotaSpent
            | F::BadRequest
            | F::Unauthenticated
            | F::Forbidden
            | F::NotFound
            | F::TooLarge
            | F::ServerError
            | F::Unavailable
            | F::Overloaded
    )
}

async fn read(vendor: &dyn Vendor, request: Request) -> Result<Call, Response> {
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
    let path = head.uri.path().to_owned();
    let below = path.trim_start_matches('/').split_once('/').map_or("", |(_, below)| below);
    let below = format!("/{}", below.trim_end_matches('/').replace("%3A", ":").replace("%3a", ":"));
    let json = serde_json::from_slice(&body).map_err(|error| error.to_string());
    let request = Recorded {
        provider: vendor.name(),
        method: head.method.as_str().to_owned(),
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    Ok(Call { request: Arc::new(request), path: below, json })
}

fn not_here(path: &str) -> Response {
    let text = format!(
        "The Orkestra simulator has nothing at {path}. APIs: /openai/v1, /anthropic, /google. See / for more.\n"
    );
    (StatusCode::NOT_FOUND, Body::from(text)).into_response()
}
