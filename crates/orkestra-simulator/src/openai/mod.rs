//! OpenAI: Chat Completions, Responses, models. The compatible providers share the first.

pub(crate) mod chat;
mod errors;
mod failures;
mod formats;
mod input;
mod manners;
mod media;
mod models;
mod parameters;
mod responses;
mod tools;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Prompt;
use crate::delivery::{Frame, Part, Reply};
use crate::exchange::World;
use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::rules::{Model, Table};
use crate::vendor::{Call, Glance, Twist, Vendor, is_refused_key};
use crate::wishes::Tail;

pub(crate) use errors::no_such_url;
pub(crate) use failures::failure;
pub(crate) use manners::Manners;
pub(crate) use models::{list as list_models, one as one_model};

use input::Input;

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
    /// Cache writes are billed and reported, and may be asked for.
    #[serde(default)]
    cache_writes: bool,
    /// It sees images and reads files.
    #[serde(default = "yes")]
    images: bool,
    /// It is not served on Chat Completions.
    #[serde(default)]
    responses_only: bool,
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

/// Whoever serves the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct House<'w> {
    pub(crate) provider: &'static str,
    pub(crate) models: &'w Table<Family>,
    pub(crate) manners: &'w Manners,
    /// It serves whatever model it is asked for.
    pub(crate) any_model: bool,
}

impl<'w> House<'w> {
    /// The model that `id` names, and the id that answers carry.
    fn find(&self, id: &str) -> Result<(&'w Model<Family>, String), Refusal> {
        if let Some(model) = self.models.find(id) {
            return Ok((model, model.answers_as().to_owned()));
        }
        let any = self.models.models().first().filter(|_| self.any_model && !id.is_empty());
        any.map(|model| (model, id.to_owned())).ok_or_else(|| errors::no_such_model(id))
    }
}

/// A checked request of either API.
struct Asked {
    prompt: Prompt,
    input: Input,
    stream: bool,
    /// A last chunk with the usage (Chat Completions).
    include_usage: bool,
    choices: u64,
    /// The probabilities of so many alternatives are sent along.
    logprobs: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct OpenAi;

impl OpenAi {
    fn house(world: &World) -> House<'_> {
        let manners = &world.rules.openai_manners;
        House { provider: "openai", models: &world.rules.openai, manners, any_model: false }
    }
}

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
        glance(call)
    }

    fn answer(&self, call: &Call, world: &World, twist: &Twist) -> Result<Reply, Refusal> {
        let house = Self::house(world);
        let method = call.request.method.as_str();
        match (method, call.path.as_str()) {
            ("POST", "/v1/chat/completions") => chat::answer(call, &world.cache, house, twist),
            ("POST", "/v1/responses") => {
                let asked = responses::read(call, &world.cache, house)?;
                Ok(responses::reply(call, &asked, twist))
            }
            ("POST", "/v1/responses/input_tokens") => {
                let count = responses::count(call, house)?;
                Ok(Reply::listing(
                    json!({"object": "response.input_tokens", "input_tokens": count}),
                ))
            }
            ("GET", "/v1/models") => Ok(models::list(house)),
            ("GET", path) => match path.strip_prefix("/v1/models/") {
                Some(id) => models::one(house, id),
                None => Err(errors::no_such_url(method, path)),
            },
            (method, path) => Err(errors::no_such_url(method, path)),
        }
    }

    fn failure(&self, fault: FaultKind, model: &str) -> Refusal {
        failure(fault, model)
    }

    fn stream_error(&self, call: &Call, fault: FaultKind, sent: usize) -> Frame {
        let body = failure(FaultKind::ServerError, "").body;
        if call.path.ends_with("/responses") && !is_bare(fault) {
            return responses::error_event(&body, sent);
        }
        error_frame(&body, fault)
    }

    fn largest_body(&self) -> (usize, Refusal) {
        (64 << 20, failure(FaultKind::TooLarge, ""))
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("openai-version", "2020-10-01"),
            ("openai-processing-ms", "1"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-tokens", "1999000"),
            ("x-ratelimit-reset-tokens", "1m0s"),
        ]
    }
}

const fn is_bare(fault: FaultKind) -> bool {
    matches!(fault, FaultKind::BareJsonError | FaultKind::ErrorArray)
}

/// An error in the middle of a stream of chunks.
pub(crate) fn error_frame(body: &Value, fault: FaultKind) -> Frame {
    match fault {
        FaultKind::BareJsonError => Frame::bare(format!("{body}\n\n")),
        FaultKind::ErrorArray => Frame::bare(format!("[{body}]\n\n")),
        _ => Frame::event(None, body, Part::Closing),
    }
}

/// The model and the end of the conversation of a request to either API.
pub(crate) fn glance(call: &Call) -> Glance {
    let Ok(body) = &call.json else { return Glance::default() };
    let model = body.get("model").and_then(Value::as_str).map(str::to_owned);
    let mut tail = Tail::default();
    match body.get("messages").or_else(|| body.get("input")) {
        Some(Value::String(text)) => tail.said(text.clone(), false),
        Some(Value::Array(turns)) => turns.iter().for_each(|turn| heed(turn, &mut tail)),
        _ => {}
    }
    Glance { model, tail }
}

/// What a message or an item adds to the end of the conversation.
fn heed(turn: &Value, tail: &mut Tail) {
    let text = |name: &str| turn.get(name).map(text_of).unwrap_or_default();
    let field = |name: &str| turn.get(name).and_then(Value::as_str);
    match (field("role"), field("type")) {
        (Some("user"), _) => tail.said(text("content"), false),
        (Some("tool"), _) => tail.result(text("content")),
        (Some("assistant"), _) if turn.get("tool_calls").is_some_and(Value::is_array) => {
            tail.called();
        }
        (None, Some("function_call" | "custom_tool_call")) => tail.called(),
        (None, Some("function_call_output" | "custom_tool_call_output")) => {
            tail.result(text("output"));
        }
        _ => {}
    }
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
