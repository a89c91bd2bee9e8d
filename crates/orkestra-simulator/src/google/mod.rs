//! Google: `generateContent`, `streamGenerateContent`, `countTokens`, models.

mod config;
mod contents;
mod errors;
mod failures;
mod models;
mod parts;
mod reply;
mod request;
mod schemas;
mod signatures;
mod thinking;
mod tools;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Prompt;
use crate::delivery::{Frame, Part, Reply};
use crate::exchange::World;
use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::vendor::{Call, Glance, Twist, Vendor, is_refused_key};
use crate::wishes::Tail;

/// What a family of models accepts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    thinking: Control,
    /// Smallest `thinkingBudget` beside 0 (off) and -1 (the model decides).
    #[serde(default)]
    lowest_budget: i64,
    #[serde(default)]
    can_stop_thinking: bool,
    /// The values of `thinkingLevel`.
    #[serde(default)]
    levels: Vec<String>,
    /// The level that applies when none is named; none: no thinking.
    thinks_unasked: Option<String>,
    #[serde(default)]
    penalties: bool,
    /// The last content may be the model's.
    #[serde(default)]
    prefill: bool,
    #[serde(default)]
    several_candidates: bool,
    /// Calls have ids, and signatures that must come back.
    #[serde(default)]
    signs: bool,
    /// JSON and tools go together.
    #[serde(default)]
    json_with_tools: bool,
    min_cacheable: u64,
}

/// How thinking is controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Control {
    Budget,
    Either,
    Level,
}

/// A checked request.
struct Asked {
    prompt: Prompt,
    input: u64,
    cached: u64,
    candidates: u64,
    /// The thinking is sent along.
    thoughts_shown: bool,
    logprobs: bool,
}

#[derive(Debug)]
pub(crate) struct Google;

/// `models/ID:VERB` of a path.
fn model_and_verb(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix("/v1beta/").or_else(|| path.strip_prefix("/v1/"))?;
    below.strip_prefix("models/")?.split_once(':')
}

impl Vendor for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        match call
            .header("x-goog-api-key")
            .or_else(|| call.parameter("key"))
            .or_else(|| call.bearer())
        {
            None => Err(errors::no_key()),
            Some(key) if is_refused_key(key) => Err(errors::refused_key()),
            Some(_) => Ok(()),
        }
    }

    fn glance(&self, call: &Call) -> Glance {
        let model = model_and_verb(&call.path).map(|(model, _)| model.to_owned());
        let mut tail = Tail::default();
        let contents = call.json.as_ref().ok().and_then(|body| body.get("contents"));
        let contents = contents.and_then(Value::as_array);
        contents.into_iter().flatten().for_each(|content| heed(content, &mut tail));
        Glance { model, tail }
    }

    fn answer(&self, call: &Call, world: &World, twist: &Twist) -> Result<Reply, Refusal> {
        let method = call.request.method.as_str();
        let models = call
            .path
            .strip_prefix("/v1beta/models")
            .or_else(|| call.path.strip_prefix("/v1/models"));
        match (method, model_and_verb(&call.path), models) {
            ("POST", Some((id, verb @ ("generateContent" | "streamGenerateContent"))), _) => {
                let (model, asked) = request::read(call, world, id, verb)?;
                let streams = verb == "streamGenerateContent";
                Ok(reply::reply(call, model, &asked, twist, streams))
            }
            ("POST", Some((id, "countTokens")), _) => {
                let count = request::count(call, world, id)?;
                let details = json!([{"modality": "TEXT", "tokenCount": count}]);
                Ok(Reply::listing(json!({"totalTokens": count, "promptTokensDetails": details})))
            }
            ("GET", None, Some("")) => models::list(call, &world.rules),
            ("GET", None, Some(id)) => models::one(&world.rules, id.trim_start_matches('/')),
            (_, Some((id, verb)), _) => Err(errors::no_such_model(id, verb)),
            _ => Err(errors::not_found()),
        }
    }

    fn failure(&self, fault: FaultKind, model: &str) -> Refusal {
        failures::failure(fault, model)
    }

    fn stream_error(&self, call: &Call, fault: FaultKind, sent: usize) -> Frame {
        let body = failures::failure(FaultKind::Unavailable, "").body;
        let body = if fault == FaultKind::ErrorArray { json!([body]) } else { body };
        if !reply::as_events(call) {
            return Frame::bare(format!("{}{body}]", if sent == 0 { "[" } else { ",\r\n" }));
        }
        match fault {
            FaultKind::StreamErrorEarly => Frame::event(None, &body, Part::Closing),
            // The vendor sends it as it is, without `data:`.
            _ => Frame::bare(format!("{body}\n\n")),
        }
    }

    fn dressed(&self, call: &Call, refusal: Refusal) -> Refusal {
        let streams = matches!(model_and_verb(&call.path), Some((_, "streamGenerateContent")));
        if streams && !reply::as_events(call) {
            // A client that reads an array gets an array.
            return Refusal { body: json!([refusal.body]), ..refusal };
        }
        refusal
    }

    fn largest_body(&self) -> (usize, Refusal) {
        let largest = 20 << 20;
        (
            largest,
            errors::invalid(&format!("Request payload size exceeds the limit: {largest} bytes.")),
        )
    }
}

/// What `content` adds to the end of the conversation.
fn heed(content: &Value, tail: &mut Tail) {
    let parts = content.get("parts").and_then(Value::as_array).map(Vec::as_slice);
    let parts = parts.unwrap_or_default();
    let field =
        |part: &Value, name: [&str; 2]| name.iter().find_map(|name| part.get(*name).cloned());
    if content.get("role").and_then(Value::as_str) == Some("model") {
        if parts.iter().any(|part| field(part, ["functionCall", "function_call"]).is_some()) {
            tail.called();
        }
        return;
    }
    let mut beside_results = false;
    for part in parts {
        if let Some(response) = field(part, ["functionResponse", "function_response"]) {
            beside_results = true;
            tail.result(response.get("response").map(Value::to_string).unwrap_or_default());
        }
    }
    tail.said(text_of(parts), beside_results);
}

/// The text of parts, thoughts left out.
fn text_of(parts: &[Value]) -> String {
    let said =
        parts.iter().filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true));
    said.filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
}
