//! Neutral request → the body of a call.

use serde_json::{Map, Value, json};

use super::{
    super::Encoded,
    blocks_write::{self, Block, cache_control},
};
use crate::{
    catalogue::Model,
    chat::{CacheHint, Content, DialectName, Extra, Format, Message, Part, Request},
};

/// The header that names the API's version, and the only one there is.
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// The output limit of a request that names none: the API wants one.
const USUAL_MAX_TOKENS: u64 = 8192;
/// More `cache_control` in one request is an error.
const MOST_CACHE_HINTS: usize = 4;

/// A request on its way into a body.
pub(super) struct Writer<'a> {
    pub(super) request: &'a Request,
    pub(super) model: &'a Model,
    /// Whether the caller speaks this dialect, too.
    pub(super) own: bool,
    warnings: Vec<String>,
}

/// Writes `request` for `model`.
pub(super) fn encode(request: &Request, model: &Model, stream: bool) -> Encoded {
    let own = request.dialect == Some(DialectName::Anthropic);
    let mut writer = Writer { request, model, own, warnings: Vec::new() };
    let body = writer.body(stream);
    let mut headers = vec![(VERSION.0.to_owned(), VERSION.1.to_owned())];
    if own {
        headers.extend(request.headers.iter().filter(|(name, _)| travels(name)).cloned());
    }
    Encoded { path: "/v1/messages".into(), headers, body: body.into(), warnings: writer.warnings }
}

/// Whether a caller's header belongs to the request, and not to the connection or the key.
pub(super) fn travels(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // The workspace is one of the caller's account, not of ours.
    name.starts_with("anthropic-") && name != VERSION.0 && name != "anthropic-workspace-id"
}

impl Writer<'_> {
    /// Tells the user something, once.
    pub(super) fn warn(&mut self, what: String) {
        if !self.warnings.contains(&what) {
            self.warnings.push(what);
        }
    }

    fn body(&mut self, stream: bool) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("model".into(), self.model.upstream_id.as_str().into());
        body.insert("max_tokens".into(), self.max_tokens().into());
        self.tools(&mut body);
        if let Some(system) = self.system() {
            body.insert("system".into(), system);
        }
        body.insert("messages".into(), self.messages().into());
        self.sampling(&mut body);
        self.thinking(&mut body);
        self.format(&mut body);
        self.identity(&mut body);
        if let Some(hint) = self.request.cache {
            body.insert("cache_control".into(), cache_control(hint));
        }
        if stream {
            body.insert("stream".into(), true.into());
        }
        self.extra(&mut body);
        self.limit_cache_hints(&mut body);
        self.unspeakable();
        body
    }

    fn max_tokens(&self) -> u64 {
        let most = self.model.max_output;
        self.request.max_tokens.map_or_else(
            // Thoughts count, too, and must leave some room for the answer.
            || most.min(USUAL_MAX_TOKENS + u64::from(self.request.thinking.budget.unwrap_or(0))),
            u64::from,
        )
    }

    /// The leading instructions.
    fn system(&mut self) -> Option<Value> {
        let (instructions, _) = self.request.split_instructions();
        let mut blocks: Vec<Block> =
            instructions.iter().flat_map(|message| self.instruction(message)).collect();
        if self.request.format == Some(Format::Json) {
            self.warn(
                "JSON mode: Anthropic's API has none without a schema; an instruction asks for it"
                    .into(),
            );
            blocks.push(blocks_write::text("Answer with a JSON object and nothing else."));
        }
        // A block is more than a paragraph only where something hangs on it.
        if !self.own && blocks.iter().all(|block| block.len() == 2) {
            let texts: Vec<&str> =
                blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect();
            return (!texts.is_empty()).then(|| texts.join("\n\n").into());
        }
        content(blocks)
    }

    /// The blocks of one instruction, which are text.
    pub(super) fn instruction(&mut self, message: &Message) -> Vec<Block> {
        let mut blocks = Vec::new();
        for part in &message.content {
            match &part.content {
                Content::Text(_) | Content::Refusal(_) | Content::Other(_) => {
                    blocks.extend(self.plain(part));
                }
                _ => self.warn("all but the text was left out of the instructions".into()),
            }
        }
        blocks
    }

    /// A part that is text, or that only one API knows.
    pub(super) fn plain(&mut self, part: &Part) -> Option<Block> {
        match &part.content {
            // The API refuses text of nothing but white space.
            Content::Text(text) | Content::Refusal(text) if !text.trim().is_empty() => {
                Some(self.dressed(blocks_write::text(text), part.cache, &part.extra))
            }
            Content::Other(Value::Object(block)) if self.own => Some(block.clone()),
            Content::Other(value) => {
                let kind = value.get("type").and_then(Value::as_str).unwrap_or("unknown");
                self.warn(format!("{kind}: anthropic has no such content; left out"));
                None
            }
            _ => None,
        }
    }

    /// A block or a tool with what hangs on it.
    pub(super) fn dressed(
        &self,
        mut block: Block,
        cache: Option<CacheHint>,
        extra: &Extra,
    ) -> Block {
        if let Some(hint) = cache {
            block.insert("cache_control".into(), cache_control(hint));
        }
        if self.own {
            blocks_write::put_extra(&mut block, extra);
        }
        block
    }

    fn sampling(&mut self, body: &mut Map<String, Value>) {
        let request = self.request;
        let (stop, blank): (Vec<&String>, Vec<&String>) =
            request.stop.iter().partition(|stop| !stop.trim().is_empty());
        if !blank.is_empty() {
            self.warn("stop: Anthropic's API takes no text of white space only; left out".into());
        }
        let fields = [
            ("stop_sequences", (!stop.is_empty()).then(|| json!(stop))),
            ("temperature", request.temperature.map(Value::from)),
            ("top_p", request.top_p.map(Value::from)),
            ("top_k", request.top_k.map(Value::from)),
        ];
        body.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }

    fn identity(&mut self, body: &mut Map<String, Value>) {
        let request = self.request;
        let mut metadata = if self.own { request.metadata.clone() } else { Extra::new() };
        if !self.own && !request.metadata.is_empty() {
            self.warn("metadata: anthropic has no such field; left out".into());
        }
        if let Some(user) = &request.user {
            metadata.insert("user_id".into(), user.as_str().into());
        }
        if !metadata.is_empty() {
            body.insert("metadata".into(), metadata.into());
        }
    }

    /// Puts back what only this API knows, where the caller speaks it.
    fn extra(&mut self, body: &mut Map<String, Value>) {
        let extra = &self.request.extra;
        if !self.own {
            if !extra.is_empty() {
                let names: Vec<&str> = extra.keys().map(String::as_str).collect();
                self.warn(format!("{}: anthropic has no such fields; left out", names.join(", ")));
            }
            return;
        }
        for (name, value) in extra {
            match (body.get_mut(name), value) {
                (Some(Value::Object(known)), Value::Object(more)) => {
                    blocks_write::put_extra(known, more);
                }
                (Some(_), _) => {}
                // What hung on something that the model does not take.
                (None, Value::Object(more))
                    if matches!(name.as_str(), "thinking" | "tool_choice")
                        && !more.contains_key("type") => {}
                (None, _) => {
                    body.insert(name.clone(), value.clone());
                }
            }
        }
    }

    /// Leaves the last hints, which keep the longest prefixes.
    fn limit_cache_hints(&mut self, body: &mut Map<String, Value>) {
        let mut hints = usize::from(body.contains_key("cache_control"));
        each_block(body, &mut |block| hints += usize::from(block.contains_key("cache_control")));
        let surplus = hints.saturating_sub(MOST_CACHE_HINTS);
        if surplus == 0 {
            return;
        }
        let mut left = surplus;
        each_block(body, &mut |block| {
            if left > 0 && block.shift_remove("cache_control").is_some() {
                left -= 1;
            }
        });
        self.warn(format!(
            "{surplus} cache hints were left out: Anthropic's API takes {MOST_CACHE_HINTS}"
        ));
    }

    /// Tells of what the API has no words for.
    fn unspeakable(&mut self) {
        let request = self.request;
        let fields = [
            ("seed", request.seed.is_some()),
            ("frequency_penalty", request.frequency_penalty.is_some()),
            ("presence_penalty", request.presence_penalty.is_some()),
            ("logprobs", request.logprobs == Some(true)),
            ("cache_key", request.cache_key.is_some()),
            ("name", request.messages.iter().any(|message| message.name.is_some())),
        ];
        let asked: Vec<&str> =
            fields.into_iter().filter_map(|(name, asked)| asked.then_some(name)).collect();
        if !asked.is_empty() {
            self.warn(format!("{}: anthropic has no such fields; left out", asked.join(", ")));
        }
    }
}

/// `blocks` as the content of a message: one plain text alone, else a list. `None` where there are none.
pub(super) fn content(blocks: Vec<Block>) -> Option<Value> {
    match &blocks[..] {
        [] => None,
        [only] if only.len() == 2 && only.get("text").is_some_and(Value::is_string) => {
            only.get("text").cloned()
        }
        _ => Some(blocks.into()),
    }
}

/// Visits every tool and block of the prompt, in the order in which the API reads them.
fn each_block(body: &mut Map<String, Value>, visit: &mut dyn FnMut(&mut Block)) {
    for field in ["tools", "system", "messages"] {
        if let Some(Value::Array(list)) = body.get_mut(field) {
            each_of(list, visit);
        }
    }
}

fn each_of(list: &mut [Value], visit: &mut dyn FnMut(&mut Block)) {
    for block in list.iter_mut().filter_map(Value::as_object_mut) {
        visit(block);
        if let Some(Value::Array(inner)) = block.get_mut("content") {
            each_of(inner, visit);
        }
    }
}
