//! The neutral form → a request's body.

use serde_json::{Map, Value, json};

use super::{
    input_write::{self, Conversation},
    place::object,
};
use crate::{
    catalogue::Model,
    chat::{
        DialectName, Effort, Extra, Format, Function, Request, Thinking, ThinkingMode, Tool,
        ToolChoice,
    },
    dialect::{Encoded, openai::is_request_header},
};

/// The API refuses a smaller output limit.
const LEAST_OUTPUT_TOKENS: u32 = 16;
/// The API refuses a longer name of a user.
const MOST_USER_CHARACTERS: usize = 64;
/// What Chat Completions calls by the same name and means the same by; both are the same account's.
const SHARED_WITH_CHAT: [&str; 7] = [
    "service_tier",
    "store",
    "top_logprobs",
    "moderation",
    "prompt_cache_options",
    "prompt_cache_retention",
    "verbosity",
];
const ENCRYPTED_THOUGHTS: &str = "reasoning.encrypted_content";
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

/// What could not be said, each thing once.
#[derive(Debug)]
pub(super) struct Warnings {
    model: String,
    list: Vec<String>,
}

impl Warnings {
    pub(super) fn say(&mut self, what: impl AsRef<str>) {
        let warning = format!("{}: {}", self.model, what.as_ref());
        if !self.list.contains(&warning) {
            self.list.push(warning);
        }
    }
}

/// Writes `request` for `model`.
pub(super) fn write(request: &Request, model: &Model, stream: bool) -> Encoded {
    let mut warnings = Warnings { model: model.id.to_string(), list: Vec::new() };
    let own = request.dialect == Some(DialectName::Responses);
    let extra = extra(request, own, &mut warnings);
    let stored = is_stored(&extra);
    let Conversation { instructions, input } =
        input_write::write(request, own, stored, &mut warnings);

    let mut body = Map::new();
    body.insert("model".into(), model.upstream_id.as_str().into());
    set(&mut body, "instructions", instructions);
    body.insert("input".into(), input.into());
    write_sampling(request, &mut body, &mut warnings);
    set(&mut body, "reasoning", reasoning(&request.thinking, &mut warnings));
    set(&mut body, "text", request.format.as_ref().map(|format| json!({"format": said(format)})));
    write_tools(request, own, &mut body, &mut warnings);
    if !request.metadata.is_empty() {
        body.insert("metadata".into(), request.metadata.clone().into());
    }
    let newer = extra.get("safety_identifier").and_then(Value::as_str);
    if newer.is_none() || newer != request.user.as_deref() {
        set(&mut body, "user", user(request, &mut warnings));
    }
    set(&mut body, "prompt_cache_key", request.cache_key.clone());
    if !own && request.hints_at_caching() {
        warnings.say("cache hints were left out: OpenAI's API caches by itself");
    }
    if !stored && !extra.contains_key("store") {
        body.insert("store".into(), false.into());
    }
    let include = include(request, model, &extra, stored);
    set(&mut body, "include", include);
    if stream {
        body.insert("stream".into(), true.into());
    }
    put_back(extra, &mut body, stream);
    let headers = request.headers.iter().filter(|(name, _)| own && is_request_header(name));
    Encoded {
        path: "/responses".into(),
        headers: headers.cloned().collect(),
        body: body.into(),
        warnings: warnings.list,
    }
}

fn set(body: &mut Map<String, Value>, field: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(field.into(), value.into());
    }
}

/// The fields that go back as they came.
fn extra(request: &Request, own: bool, warnings: &mut Warnings) -> Extra {
    if own {
        let mut extra = request.extra.clone();
        // How the thoughts are summarised; a model that shows none refuses it.
        if request.thinking.shown != Some(true)
            && let Some(Value::Object(reasoning)) = extra.get_mut("reasoning")
        {
            reasoning.shift_remove("summary");
        }
        extra.retain(|_, value| value.as_object().is_none_or(|fields| !fields.is_empty()));
        return extra;
    }
    let chat = request.dialect == Some(DialectName::Openai);
    let mut kept = Extra::new();
    let mut dropped = Vec::new();
    for (name, value) in &request.extra {
        match name.as_str() {
            "verbosity" if chat => {
                kept.insert("text".into(), json!({"verbosity": value}));
            }
            shared if chat && SHARED_WITH_CHAT.contains(&shared) => {
                kept.insert(name.clone(), value.clone());
            }
            _ => dropped.push(name.as_str()),
        }
    }
    if !dropped.is_empty() {
        let fields = dropped.join(", ");
        warnings.say(format!("{fields}: the Responses API has no such fields; left out"));
    }
    kept
}

/// Whether the provider keeps the conversation: where the caller says so, or goes on with one that it keeps.
fn is_stored(extra: &Extra) -> bool {
    match extra.get("store") {
        Some(store) => *store == Value::Bool(true),
        None => ["previous_response_id", "conversation"].iter().any(|at| extra.contains_key(*at)),
    }
}

/// Puts fields back that the neutral form does not know. What it does know has precedence.
fn put_back(extra: Extra, body: &mut Map<String, Value>, stream: bool) {
    for (name, value) in extra {
        match (body.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(unknown)) => {
                for (field, value) in unknown {
                    // The neutral form knows only whether thoughts are shown, not at what length.
                    let summary = field == "summary" && known.contains_key("summary");
                    if summary || !known.contains_key(&field) {
                        known.insert(field, value);
                    }
                }
            }
            (Some(_), _) => {}
            // The API refuses it without a stream.
            (None, _) if name == "stream_options" && !stream => {}
            (None, value) => {
                body.insert(name, value);
            }
        }
    }
}

fn write_sampling(request: &Request, body: &mut Map<String, Value>, warnings: &mut Warnings) {
    let limit = request.max_tokens.map(|limit| {
        if limit < LEAST_OUTPUT_TOKENS {
            warnings.say(format!(
                "max_tokens {limit} was raised to {LEAST_OUTPUT_TOKENS}, the least that the Responses API takes"
            ));
        }
        limit.max(LEAST_OUTPUT_TOKENS)
    });
    set(body, "max_output_tokens", limit);
    set(body, "temperature", request.temperature);
    set(body, "top_p", request.top_p);
    let strangers = [
        ("stop", (!request.stop.is_empty()).then(|| format!("{:?}", request.stop))),
        ("seed", request.seed.map(|value| value.to_string())),
        ("frequency_penalty", request.frequency_penalty.map(|value| value.to_string())),
        ("presence_penalty", request.presence_penalty.map(|value| value.to_string())),
        ("top_k", request.top_k.map(|value| value.to_string())),
    ];
    for (field, value) in strangers {
        if let Some(value) = value {
            warnings.say(format!("{field} {value} was left out, the Responses API has none"));
        }
    }
}

fn reasoning(thinking: &Thinking, warnings: &mut Warnings) -> Option<Value> {
    if let Some(budget) = thinking.budget {
        warnings.say(format!(
            "the thinking budget {budget} was left out, the Responses API knows efforts only"
        ));
    }
    let off = thinking.mode == Some(ThinkingMode::Disabled);
    let effort = thinking.effort.or(off.then_some(Effort::None));
    let mut reasoning = Map::new();
    set(&mut reasoning, "effort", effort.map(Effort::name));
    match thinking.shown {
        Some(true) => set(&mut reasoning, "summary", Some("auto")),
        Some(false) => set(&mut reasoning, "summary", Some(Value::Null)),
        None => {}
    }
    (!reasoning.is_empty()).then(|| reasoning.into())
}

fn said(format: &Format) -> Value {
    match format {
        Format::Text => json!({"type": "text"}),
        Format::Json => json!({"type": "json_object"}),
        Format::Schema { name, description, schema, strict } => {
            // The API wants a name.
            let name = name.as_deref().unwrap_or("answer");
            let mut said = object([
                ("type", "json_schema".into()),
                ("name", name.into()),
                ("schema", schema.clone()),
            ]);
            set(&mut said, "description", description.clone());
            set(&mut said, "strict", *strict);
            said.into()
        }
    }
}

fn write_tools(
    request: &Request,
    own: bool,
    body: &mut Map<String, Value>,
    warnings: &mut Warnings,
) {
    let mut tools = Vec::new();
    for tool in &request.tools {
        match tool {
            Tool::Function(known) => tools.push(function(known, own)),
            Tool::Other(tool) if own => tools.push(tool.clone()),
            Tool::Other(tool) => {
                let kind = tool.get("type").and_then(Value::as_str).unwrap_or("of unknown type");
                warnings.say(format!("the tool {kind} was left out, it belongs to another API"));
            }
        }
    }
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    set(body, "tool_choice", request.tool_choice.as_ref().map(choice));
    set(body, "parallel_tool_calls", request.parallel_tool_calls);
}

fn function(function: &Function, own: bool) -> Value {
    let mut said = object([("type", "function".into()), ("name", function.name.as_str().into())]);
    set(&mut said, "description", function.description.clone());
    said.insert("parameters".into(), function.parameters.clone().unwrap_or_default());
    // This API takes silence for yes where the schema allows it, the others take it for no.
    let strict = function.strict.or((!own).then_some(false));
    set(&mut said, "strict", strict);
    if own {
        put_back(function.extra.clone(), &mut said, true);
    }
    said.into()
}

fn choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Function(name) => json!({"type": "function", "name": name}),
        ToolChoice::Allowed { names, required } => {
            let mode = if *required { "required" } else { "auto" };
            let tools: Vec<Value> =
                names.iter().map(|name| json!({"type": "function", "name": name})).collect();
            json!({"type": "allowed_tools", "mode": mode, "tools": tools})
        }
    }
}

fn user(request: &Request, warnings: &mut Warnings) -> Option<String> {
    let user = request.user.as_ref()?;
    let cut: String = user.chars().take(MOST_USER_CHARACTERS).collect();
    if cut.len() < user.len() {
        warnings.say(format!(
            "user was cut to {MOST_USER_CHARACTERS} characters, the most that the Responses API takes"
        ));
    }
    Some(cut)
}

/// What the answer shall hold besides what it always does.
fn include(request: &Request, model: &Model, extra: &Extra, stored: bool) -> Option<Vec<Value>> {
    let asked = extra.get("include").and_then(Value::as_array);
    let mut include = asked.cloned().unwrap_or_default();
    // A model that does not reason refuses to be asked for it.
    let rules = &model.parameters;
    let reasons = rules.default_effort.is_some() || !rules.efforts.is_empty();
    if asked.is_none() && !stored && reasons {
        include.push(ENCRYPTED_THOUGHTS.into());
    }
    if request.logprobs == Some(true) {
        include.push(LOGPROBS.into());
    }
    (asked.is_some() || !include.is_empty()).then_some(include)
}
