//! Anthropic: Messages, token counts, models.

mod errors;
mod messages;
mod models;
mod reply;
mod request;
mod thinking;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Prompt;
use crate::delivery::Reply;
use crate::exchange::{Call, Glance, Twist, Vendor, is_refused_key};
use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::rules::Rules;

/// What a family of models accepts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    sampling: Sampling,
    /// The last message may be the assistant's.
    #[serde(default)]
    prefill: bool,
    /// The types of `thinking` that are accepted.
    thinking: Vec<String>,
    #[serde(default)]
    thinks_unasked: bool,
    /// Thinking cannot be switched off at efforts above "high".
    #[serde(default)]
    always_thinks_above_high: bool,
    /// `tool_choice` may be `any` or a tool.
    #[serde(default)]
    forced_tools: bool,
    min_cacheable: u64,
    token_factor: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sampling {
    Free,
    /// Only temperature 1.
    One,
    Refused,
}

/// A checked request.
struct Asked {
    prompt: Prompt,
    input: Input,
    stream: bool,
    /// The text of the thinking is sent along.
    thinking_shown: bool,
}

/// The tokens of a request, in disjoint parts.
#[derive(Debug, Clone, Copy, Default)]
struct Input {
    plain: u64,
    read: u64,
    written_5m: u64,
    written_1h: u64,
}

pub(crate) struct Anthropic;

impl Vendor for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn id_header(&self) -> &'static str {
        "request-id"
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        match (call.header("x-api-key"), call.bearer()) {
            (None, None) => return Err(errors::unauthenticated("x-api-key header is required")),
            (Some(key), _) if is_refused_key(key) => {
                return Err(errors::unauthenticated("invalid x-api-key"));
            }
            (None, Some(key)) if is_refused_key(key) => {
                return Err(errors::unauthenticated("Invalid bearer token"));
            }
            _ => {}
        }
        match call.header("anthropic-version") {
            None => Err(errors::invalid("anthropic-version: header is required")),
            // The newest is what the vendor's SDK sends since 2.12; both take the same Messages requests here.
            Some("2023-01-01" | "2023-06-01" | "2026-10-21") => Ok(()),
            Some(version) => Err(errors::invalid(&format!(
                "anthropic-version: {version:?} is not a valid version"
            ))),
        }
    }

    fn glance(&self, call: &Call) -> Glance {
        let Ok(body) = &call.json else { return Glance::default() };
        let model = body.get("model").and_then(Value::as_str).map(str::to_owned);
        let messages =
            body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let user = messages
            .iter()
            .rev()
            .find(|message| message.get("role").and_then(Value::as_str) == Some("user"));
        let newest =
            user.and_then(|message| message.get("content")).map(text_of).unwrap_or_default();
        Glance { model, newest }
    }

    fn answer(&self, call: &Call, rules: &Rules, twist: Twist) -> Result<Reply, Refusal> {
        let method = call.request.method.as_str();
        match (method, call.path.as_str()) {
            ("POST", "/v1/messages") => {
                let (model, asked) = request::read(call, rules)?;
                Ok(reply::reply(call, model, &asked, twist))
            }
            ("POST", "/v1/messages/count_tokens") => {
                let count = request::count(call, rules)?;
                Ok(Reply::listing(json!({"input_tokens": count})))
            }
            ("GET", "/v1/models") => models::list(call, rules),
            ("GET", path) => match path.strip_prefix("/v1/models/") {
                Some(id) => models::one(rules, id),
                None => Err(errors::not_found("Not found")),
            },
            (_, "/v1/messages" | "/v1/messages/count_tokens" | "/v1/models") => {
                Err(errors::wrong_method())
            }
            _ => Err(errors::not_found("Not found")),
        }
    }

    fn failure(&self, fault: FaultKind, model: &str) -> Refusal {
        errors::failure(fault, model)
    }

    fn stream_error(&self, _json: bool) -> Bytes {
        let body = errors::failure(FaultKind::Overloaded, "").body;
        Bytes::from(format!("event: error\ndata: {body}\n\n"))
    }

    fn largest_body(&self) -> (usize, Refusal) {
        (32 << 20, errors::failure(FaultKind::TooLarge, ""))
    }
}

/// The text of a content: a string, or the blocks that are text.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
