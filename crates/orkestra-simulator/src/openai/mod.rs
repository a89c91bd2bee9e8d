//! OpenAI: Chat Completions, Responses, models.

mod chat;
mod chat_reply;
mod errors;
mod messages;
mod models;
mod parameters;
mod responses;
mod responses_reply;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Prompt;
use crate::delivery::Reply;
use crate::exchange::{Call, Glance, Twist, Vendor, is_refused_key};
use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::rules::{Model, Rules};
use crate::tokens;

/// What a model that declines says.
const REFUSAL: &str = "[simulated] I'm sorry, but I can't help with that.";

/// The moment at which every simulated answer was made: 2026-01-01T00:00:00Z.
const CREATED: u64 = 1_767_225_600;

/// What a family of models accepts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    #[serde(default)]
    legacy_max_tokens: bool,
    sampling: Sampling,
    #[serde(default)]
    stop: bool,
    #[serde(default)]
    penalties: bool,
    #[serde(default = "yes")]
    parallel_tool_calls: bool,
    /// Empty: the family does not reason.
    #[serde(default)]
    efforts: Vec<String>,
    #[serde(default)]
    more_efforts_on_responses: Vec<String>,
    default_effort: Option<String>,
    /// On Chat Completions function tools are refused while the model reasons.
    #[serde(default)]
    tools_without_reasoning: bool,
    /// Cache writes are billed and reported.
    #[serde(default)]
    cache_writes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Sampling {
    Free,
    DefaultOnly,
    WithoutReasoning,
}

const fn yes() -> bool {
    true
}

/// A checked request of either API.
struct Asked {
    prompt: Prompt,
    input: Input,
    stream: bool,
    /// A last chunk with the usage (Chat Completions).
    include_usage: bool,
    choices: u64,
}

/// The tokens of a request.
#[derive(Debug, Clone, Copy, Default)]
struct Input {
    total: u64,
    cached: u64,
    written: u64,
}

impl Input {
    /// Prefixes of 1,024 tokens and more are cached, in steps of 128. A conversation in which the model has spoken is
    /// taken to follow right upon its last turn, so that what came before it is read from the cache.
    fn of(whole: f64, before_last_answer: f64, family: &Family) -> Self {
        let total = tokens::whole(whole);
        let cached = match tokens::whole(before_last_answer) / 128 * 128 {
            short if short < 1024 => 0,
            long => long.min(total),
        };
        let written =
            if family.cache_writes && total >= 1024 { (total - cached) / 128 * 128 } else { 0 };
        Self { total, cached, written }
    }
}

pub(crate) struct OpenAi;

impl Vendor for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        match call.bearer() {
            None => Err(errors::no_key()),
            Some(key) if is_refused_key(key) => Err(errors::refused_key(key)),
            Some(_) => Ok(()),
        }
    }

    fn glance(&self, call: &Call) -> Glance {
        let Ok(body) = &call.json else { return Glance::default() };
        let model = body.get("model").and_then(Value::as_str).map(str::to_owned);
        let turns = body.get("messages").or_else(|| body.get("input"));
        let newest = match turns {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(turns)) => newest_of(turns),
            _ => String::new(),
        };
        Glance { model, newest }
    }

    fn answer(&self, call: &Call, rules: &Rules, twist: Twist) -> Result<Reply, Refusal> {
        let method = call.request.method.as_str();
        match (method, call.path.as_str()) {
            ("POST", "/v1/chat/completions") => {
                let (model, asked) = chat::read(call, rules)?;
                Ok(chat_reply::reply(call, model, &asked, twist))
            }
            ("POST", "/v1/responses") => {
                let (model, asked) = responses::read(call, rules)?;
                Ok(responses_reply::reply(call, model, &asked, twist))
            }
            ("POST", "/v1/responses/input_tokens") => {
                let (_, asked) = responses::read(call, rules)?;
                let count = asked.input.total;
                Ok(Reply::listing(
                    json!({"object": "response.input_tokens", "input_tokens": count}),
                ))
            }
            ("GET", "/v1/models") => Ok(models::list(rules)),
            ("GET", path) => match path.strip_prefix("/v1/models/") {
                Some(id) => models::one(rules, id),
                None => Err(errors::no_such_url(method, path)),
            },
            (method, path) => Err(errors::no_such_url(method, path)),
        }
    }

    fn failure(&self, fault: FaultKind, model: &str) -> Refusal {
        errors::failure(fault, model)
    }

    fn stream_error(&self, _json: bool) -> Bytes {
        let body = errors::failure(FaultKind::ServerError, "").body;
        Bytes::from(format!("data: {body}\n\n"))
    }

    fn largest_body(&self) -> (usize, Refusal) {
        (64 << 20, errors::failure(FaultKind::TooLarge, ""))
    }
}

/// The body and its model.
fn find_model<'r>(rules: &'r Rules, id: &str) -> Result<&'r Model<Family>, Refusal> {
    rules.openai.find(id).ok_or_else(|| errors::no_such_model(id))
}

/// The text of the last message that a user wrote.
fn newest_of(turns: &[Value]) -> String {
    let user =
        turns.iter().rev().find(|turn| turn.get("role").and_then(Value::as_str) == Some("user"));
    user.and_then(|turn| turn.get("content")).map(text_of).unwrap_or_default()
}

/// The text of a content: a string, or the parts that carry one.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
