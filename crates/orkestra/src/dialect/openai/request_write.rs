//! Neutral request → the body of a call.

use serde_json::{Map, Value, json};

use super::{
    super::{Encoded, fields},
    is_request_header,
};
use crate::{
    catalogue::{MaxTokensField, Model, SeedField},
    chat::{DialectName, Effort, Extra, Format, Request, ThinkingMode},
};

/// A request on its way into a body.
pub(super) struct Writer<'a> {
    pub(super) request: &'a Request,
    pub(super) model: &'a Model,
    /// Whether the caller speaks this dialect, too.
    pub(super) own: bool,
    /// Whether the server is not OpenAI's own, but one that calls itself compatible: it knows the older half of the API.
    pub(super) compatible: bool,
    warnings: Vec<String>,
}

/// Writes `request` for `model`.
pub(super) fn encode(request: &Request, model: &Model, stream: bool) -> Encoded {
    let mut writer = Writer {
        request,
        model,
        own: request.dialect == Some(DialectName::Openai),
        // The newer name of the limit is the mark of the newer half.
        compatible: model.parameters.max_tokens == MaxTokensField::MaxTokens,
        warnings: Vec::new(),
    };
    let body = writer.body(stream);
    let headers = if writer.own { headers(request) } else { Vec::new() };
    Encoded {
        path: "/chat/completions".into(),
        headers,
        body: body.into(),
        warnings: writer.warnings,
    }
}

fn headers(request: &Request) -> Vec<(String, String)> {
    request
        .headers
        .iter()
        .filter(|(name, _)| is_request_header(&name.to_ascii_lowercase()))
        .cloned()
        .collect()
}

impl Writer<'_> {
    /// Tells the user something, once.
    pub(super) fn warn(&mut self, what: String) {
        if !self.warnings.contains(&what) {
            self.warnings.push(what);
        }
    }

    /// Puts back what only this API knows, where the caller speaks it.
    pub(super) fn put_extra(&self, into: &mut Map<String, Value>, extra: &Extra) {
        if self.own {
            for (name, value) in extra {
                into.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
    }

    fn body(&mut self, stream: bool) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("model".into(), self.model.upstream_id.as_str().into());
        body.insert("messages".into(), self.messages().into());
        self.tools(&mut body);
        self.sampling(&mut body);
        self.format(&mut body);
        self.thinking(&mut body);
        self.identity(&mut body);
        if stream {
            body.insert("stream".into(), true.into());
            // Without it a stream says nothing of what it cost.
            body.insert("stream_options".into(), json!({"include_usage": true}));
        }
        self.put_extra(&mut body, &self.request.extra);
        if let Some(warning) = fields::left_out_extra(self.request, DialectName::Openai) {
            self.warn(warning);
        }
        self.context_size(&mut body);
        body
    }

    fn sampling(&mut self, body: &mut Map<String, Value>) {
        let request = self.request;
        let limit = if self.compatible { "max_tokens" } else { "max_completion_tokens" };
        let seed = match self.model.parameters.seed_field {
            SeedField::Seed => "seed",
            SeedField::RandomSeed => "random_seed",
        };
        let top_k = request.top_k.filter(|_| self.compatible);
        let fields = [
            (limit, request.max_tokens.map(Value::from)),
            ("temperature", request.temperature.map(Value::from)),
            ("top_p", request.top_p.map(Value::from)),
            ("top_k", top_k.map(Value::from)),
            ("stop", (!request.stop.is_empty()).then(|| request.stop.clone().into())),
            (seed, request.seed.map(Value::from)),
            ("frequency_penalty", request.frequency_penalty.map(Value::from)),
            ("presence_penalty", request.presence_penalty.map(Value::from)),
            ("logprobs", request.logprobs.map(Value::from)),
            // Refused where there are no tools.
            (
                "parallel_tool_calls",
                request.parallel_tool_calls.filter(|_| body.contains_key("tools")).map(Value::from),
            ),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                body.insert(name.into(), value);
            }
        }
        if let Some(top_k) = request.top_k.filter(|_| !self.compatible) {
            self.warn(format!("top_k {top_k} was left out: OpenAI's API has none"));
        }
    }

    fn format(&self, body: &mut Map<String, Value>) {
        let format = match &self.request.format {
            None => return,
            Some(Format::Text) => json!({"type": "text"}),
            Some(Format::Json) => json!({"type": "json_object"}),
            Some(Format::Schema { name, description, schema, strict }) => {
                let mut inner = Map::new();
                // The API wants a name.
                inner.insert("name".into(), name.as_deref().unwrap_or("answer").into());
                if let Some(description) = description {
                    inner.insert("description".into(), description.as_str().into());
                }
                inner.insert("schema".into(), schema.clone());
                if let Some(strict) = strict {
                    inner.insert("strict".into(), (*strict).into());
                }
                json!({"type": "json_schema", "json_schema": inner})
            }
        };
        body.insert("response_format".into(), format);
    }

    /// OpenAI's models are told an effort. DeepSeek, Moonshot and Z.ai have a switch besides, in Anthropic's words.
    fn thinking(&mut self, body: &mut Map<String, Value>) {
        let thinking = &self.request.thinking;
        let off = thinking.mode == Some(ThinkingMode::Disabled);
        let by_effort = self.model.parameters.efforts.contains(&Effort::None);
        let effort = thinking.effort.or((off && by_effort).then_some(Effort::None));
        if let Some(effort) = effort {
            body.insert("reasoning_effort".into(), effort.name().into());
        }
        let switch = match thinking.mode {
            Some(ThinkingMode::Disabled) if by_effort => return,
            Some(ThinkingMode::Disabled) => "disabled",
            Some(ThinkingMode::Adaptive | ThinkingMode::Budget) => "enabled",
            _ if thinking.budget.is_some() => "enabled",
            Some(ThinkingMode::BetweenTools) => {
                self.warn(
                    "thinking between tools was left out: OpenAI's API has no word for it".into(),
                );
                return;
            }
            Some(ThinkingMode::Level) | None => return,
        };
        if !self.compatible {
            self.warn(format!("thinking {switch} was left out: OpenAI's API knows efforts only"));
            return;
        }
        let mut value = json!({"type": switch});
        if let Some(budget) = thinking.budget.filter(|_| !off) {
            value["budget_tokens"] = budget.into();
        }
        body.insert("thinking".into(), value);
    }

    /// Who asks, and what for. Compatible servers may refuse these fields: they see them only where the caller wrote
    /// them in this very dialect.
    fn identity(&mut self, body: &mut Map<String, Value>) {
        let request = self.request;
        let told = self.own || !self.compatible;
        if let Some(key) = request.cache_key.as_deref().filter(|_| told) {
            body.insert("prompt_cache_key".into(), key.into());
        }
        let newer = request.extra.get("safety_identifier").filter(|_| self.own);
        let newer = newer.and_then(Value::as_str);
        if let Some(user) = request.user.as_deref().filter(|user| told && newer != Some(user)) {
            body.insert("user".into(), user.into());
        }
        if !request.metadata.is_empty() {
            // "The 'metadata' parameter is only allowed when 'store' is enabled." To store is not ours to decide.
            let stored =
                request.extra.get("store").is_some_and(|store| *store == Value::Bool(true));
            if self.own && (self.compatible || stored) {
                body.insert("metadata".into(), request.metadata.clone().into());
            } else {
                self.warn(
                    "metadata was left out: OpenAI's API takes it only of answers that it shall store"
                        .into(),
                );
            }
        }
        if request.hints_at_caching() && !self.own {
            self.warn("cache hints were left out: OpenAI's API caches by itself".into());
        }
    }

    /// Ollama cuts a prompt silently to a few thousand tokens unless it is told the size of the context.
    fn context_size(&self, body: &mut Map<String, Value>) {
        if self.model.parameters.num_ctx {
            let options = body.entry("options").or_insert_with(|| json!({}));
            if let Value::Object(options) = options {
                options.entry("num_ctx").or_insert_with(|| self.model.context.into());
            }
        }
    }
}
