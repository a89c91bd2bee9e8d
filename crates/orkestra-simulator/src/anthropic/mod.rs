//! Anthropic: Messages, token counts, models.

mod blocks;
mod errors;
mod failures;
mod format;
mod media;
mod messages;
mod models;
mod prompt;
mod reply;
mod request;
mod stream;
mod thinking;
mod tools;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Prompt;
use crate::cache::Hit;
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
    sampling: Sampling,
    /// The last message may be the assistant's, and the first must be the user's.
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
    /// Messages may have the role `system`.
    #[serde(default)]
    system_messages: bool,
    /// Thinking blocks can be bound to the conversation before them, and reasoning told as text is refused.
    #[serde(default)]
    guards_thinking: bool,
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
    /// The hash of the conversation, to which thinking is bound.
    prefix: u64,
    /// The model declines for this reason.
    declined: Option<&'static str>,
}

/// The tokens of a request, in disjoint parts.
#[derive(Debug, Clone, Copy, Default)]
struct Input {
    plain: u64,
    cached: Hit,
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
        let messages = body.get("messages").and_then(Value::as_array);
        let mut tail = Tail::default();
        messages.into_iter().flatten().for_each(|message| heed(message, &mut tail));
        Glance { model, tail }
    }

    fn answer(&self, call: &Call, world: &World, twist: &Twist) -> Result<Reply, Refusal> {
        let method = call.request.method.as_str();
        match (method, call.path.as_str()) {
            ("POST", "/v1/messages") => {
                let (model, asked) = request::read(call, world)?;
                Ok(reply::reply(call, model, &asked, twist))
            }
            ("POST", "/v1/messages/count_tokens") => {
                let count = request::count(call, world)?;
                Ok(Reply::listing(json!({"input_tokens": count})))
            }
            ("GET", "/v1/models") => models::list(call, &world.rules),
            ("GET", path) => match path.strip_prefix("/v1/models/") {
                Some(id) => models::one(&world.rules, id),
                None => Err(errors::not_found("Not found")),
            },
            (_, "/v1/messages" | "/v1/messages/count_tokens" | "/v1/models") => {
                Err(errors::wrong_method())
            }
            _ => Err(errors::not_found("Not found")),
        }
    }

    fn failure(&self, fault: FaultKind, model: &str) -> Refusal {
        failures::failure(fault, model)
    }

    fn stream_error(&self, _call: &Call, fault: FaultKind, _sent: usize) -> Frame {
        let body = failures::failure(FaultKind::Overloaded, "").body;
        match fault {
            FaultKind::BareJsonError => Frame::bare(format!("{body}\n\n")),
            FaultKind::ErrorArray => Frame::bare(format!("[{body}]\n\n")),
            _ => Frame::event(Some("error"), &body, Part::Closing),
        }
    }

    fn largest_body(&self) -> (usize, Refusal) {
        (32 << 20, failures::failure(FaultKind::TooLarge, ""))
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
            ("anthropic-ratelimit-tokens-limit", "2000000"),
            ("anthropic-ratelimit-tokens-remaining", "1999000"),
            ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:00Z"),
        ]
    }
}

/// What `message` adds to the end of the conversation.
fn heed(message: &Value, tail: &mut Tail) {
    let content = message.get("content").unwrap_or(&Value::Null);
    let blocks = content.as_array().map(Vec::as_slice).unwrap_or_default();
    let is = |block: &&Value, kind: &str| block.get("type").and_then(Value::as_str) == Some(kind);
    match message.get("role").and_then(Value::as_str) {
        Some("user") => {
            let mut results = blocks.iter().filter(|block| is(block, "tool_result")).peekable();
            let beside_results = results.peek().is_some();
            for result in results {
                tail.result(text_of(result.get("content").unwrap_or(&Value::Null)));
            }
            tail.said(text_of(content), beside_results);
        }
        Some("assistant") if blocks.iter().any(|block| is(&block, "tool_use")) => tail.called(),
        _ => {}
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
