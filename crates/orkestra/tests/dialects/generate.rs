//! Requests and replies by chance, of what a dialect can say.
//!
//! Each dialect names what it can say in a [`Sayable`]; what it writes of such a request must read back as the same.

use orkestra::chat::{
    CacheHint, Chunk, Content, DialectName, Effort, Extra, FinishReason, Format, Function, Message,
    Part, Reply, Request, Role, Source, Thinking, ThinkingMode, Tool, ToolCall, ToolChoice,
    ToolResult, Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a dialect can say. What is false is not generated.
#[derive(Clone, Debug)]
pub(crate) struct Sayable {
    pub(crate) dialect: DialectName,
    /// The role `developer` besides `system`.
    pub(crate) developer: bool,
    /// Instructions between the turns.
    pub(crate) late_instructions: bool,
    pub(crate) names: bool,
    /// Several texts in a message.
    pub(crate) several_texts: bool,
    pub(crate) image_urls: bool,
    pub(crate) image_detail: bool,
    pub(crate) documents: bool,
    pub(crate) document_urls: bool,
    /// Pictures and documents that were uploaded before.
    pub(crate) uploads: bool,
    pub(crate) audio: bool,
    /// The model's refusals, in the conversation and in replies.
    pub(crate) refusals: bool,
    /// What the model thought.
    pub(crate) thoughts: bool,
    /// Every thought has a proof.
    pub(crate) signed_thoughts: bool,
    /// Thoughts that only the provider can read.
    pub(crate) redacted_thoughts: bool,
    /// Proofs of calls.
    pub(crate) call_signatures: bool,
    /// Arguments that are not the compact JSON of an object.
    pub(crate) any_arguments: bool,
    pub(crate) call_ids: bool,
    pub(crate) image_results: bool,
    pub(crate) failed_results: bool,
    pub(crate) result_names: bool,
    pub(crate) cache_hints: bool,
    pub(crate) top_k: bool,
    pub(crate) seed: bool,
    pub(crate) penalties: bool,
    pub(crate) logprobs: bool,
    pub(crate) stop: bool,
    pub(crate) parallel_tool_calls: bool,
    pub(crate) strict_tools: bool,
    pub(crate) allowed_tools: bool,
    /// JSON without a schema.
    pub(crate) json: bool,
    /// Name, description and strictness of a schema.
    pub(crate) named_schemas: bool,
    /// Ways of thinking, each whole.
    pub(crate) thinking: Vec<Thinking>,
    pub(crate) cache_key: bool,
    pub(crate) user: bool,
    pub(crate) metadata: bool,
    /// The limit can be left out.
    pub(crate) limitless: bool,
    /// A field of a request, a message and a function that only this dialect knows.
    pub(crate) unknown: Option<(&'static str, &'static str, &'static str)>,
    /// Fields of a reply that only this dialect knows.
    pub(crate) unknown_in_reply: Extra,
}

impl Sayable {
    /// Nothing but text and tools.
    pub(crate) fn little(dialect: DialectName) -> Self {
        Self {
            dialect,
            developer: false,
            late_instructions: false,
            names: false,
            several_texts: false,
            image_urls: false,
            image_detail: false,
            documents: false,
            document_urls: false,
            uploads: false,
            audio: false,
            refusals: false,
            thoughts: false,
            signed_thoughts: false,
            redacted_thoughts: false,
            call_signatures: false,
            any_arguments: false,
            call_ids: true,
            image_results: false,
            failed_results: false,
            result_names: false,
            cache_hints: false,
            top_k: false,
            seed: false,
            penalties: false,
            logprobs: false,
            stop: false,
            parallel_tool_calls: false,
            strict_tools: false,
            allowed_tools: false,
            json: false,
            named_schemas: false,
            thinking: Vec::new(),
            cache_key: false,
            user: false,
            metadata: false,
            limitless: false,
            unknown: None,
            unknown_in_reply: Extra::new(),
        }
    }
}

/// Text that is not blank, with quotes, line breaks and signs beyond ASCII.
pub(crate) fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z\"\\\\{}:,é🎻日 \n]{1,12}x",
        1 => "[ -~]{0,30}x",
    ]
}

fn identifier() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,12}"
}

fn base64() -> impl Strategy<Value = String> {
    "([a-zA-Z0-9+/]{4}){1,8}"
}

/// Sometimes a value, where `allowed`.
fn maybe<T: std::fmt::Debug + Clone + 'static>(
    allowed: bool,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    if allowed { prop::option::of(value).boxed() } else { Just(None).boxed() }
}

fn cache_hint(sayable: &Sayable) -> BoxedStrategy<Option<CacheHint>> {
    let hints = vec![CacheHint::Default, CacheHint::FiveMinutes, CacheHint::OneHour];
    maybe(sayable.cache_hints, prop::sample::select(hints))
}

fn text_part(sayable: &Sayable) -> BoxedStrategy<Part> {
    let with = |(text, cache)| Part { cache, ..Part::text(text) };
    (words(), cache_hint(sayable)).prop_map(with).boxed()
}

fn inline(media_types: &'static [&'static str]) -> impl Strategy<Value = Source> {
    (prop::sample::select(media_types), base64())
        .prop_map(|(media_type, data)| Source::Base64 { media_type: media_type.to_owned(), data })
}

fn source(
    inline: impl Strategy<Value = Source> + 'static,
    urls: bool,
    uploads: bool,
) -> BoxedStrategy<Source> {
    let mut sources = vec![inline.boxed()];
    if urls {
        let url =
            |path| Source::Url { url: format!("https://example.com/{path}"), media_type: None };
        sources.push("[a-z]{1,8}".prop_map(url).boxed());
    }
    if uploads {
        sources.push("file-[a-z0-9]{4}".prop_map(Source::File).boxed());
    }
    prop::strategy::Union::new(sources).boxed()
}

fn image(sayable: &Sayable) -> BoxedStrategy<Content> {
    let details = prop::sample::select(vec!["low", "high", "auto"]).prop_map(str::to_owned);
    let types = &["image/png", "image/jpeg"];
    (source(inline(types), sayable.image_urls, false), maybe(sayable.image_detail, details))
        .prop_map(|(source, detail)| Content::Image { source, detail })
        .boxed()
}

fn user_part(sayable: &Sayable) -> BoxedStrategy<Part> {
    let plain = |content: Content| Part::from(content);
    let mut parts = vec![image(sayable).prop_map(plain).boxed()];
    if sayable.several_texts {
        parts.push(text_part(sayable));
    }
    if sayable.documents {
        let pdf = source(inline(&["application/pdf"]), sayable.document_urls, sayable.uploads);
        let document = (pdf, identifier());
        let named = |(source, name)| Content::Document { source, name: Some(name) }.into();
        parts.push(document.prop_map(named).boxed());
    }
    if sayable.audio {
        let sound = inline(&["audio/wav", "audio/mpeg"]);
        parts.push(sound.prop_map(|source| Content::Audio { source }.into()).boxed());
    }
    prop::strategy::Union::new(parts).boxed()
}

fn user(sayable: &Sayable) -> BoxedStrategy<Message> {
    let others = prop::collection::vec(user_part(sayable), 0..3);
    let extra = unknown(sayable.unknown.map(|(_, field, _)| field));
    (text_part(sayable), others, maybe(sayable.names, identifier()), extra)
        .prop_map(|(first, others, name, extra)| Message {
            content: std::iter::once(first).chain(others).collect(),
            name,
            extra,
            ..Message::default()
        })
        .boxed()
}

fn unknown(field: Option<&'static str>) -> BoxedStrategy<Extra> {
    let Some(field) = field else { return Just(Extra::new()).boxed() };
    let value = prop_oneof![Just(json!({"a": [1, null]})), Just(json!("x")), Just(json!(true))];
    prop::option::of(value)
        .prop_map(|value| value.map(|value| (field.to_owned(), value)).into_iter().collect())
        .boxed()
}

fn instructions(sayable: &Sayable) -> BoxedStrategy<Message> {
    let role = if sayable.developer {
        prop_oneof![Just(Role::System), Just(Role::Developer)].boxed()
    } else {
        Just(Role::System).boxed()
    };
    (role, text_part(sayable)).prop_map(|(role, part)| Message::of(role, vec![part])).boxed()
}

fn thoughts(sayable: &Sayable) -> BoxedStrategy<Option<Part>> {
    let thought = |(text, signature): (String, Option<String>)| Part {
        signature,
        ..Content::Reasoning { text, redacted: None }.into()
    };
    let proof =
        if sayable.signed_thoughts { base64().prop_map(Some).boxed() } else { Just(None).boxed() };
    let mut kinds = vec![(words(), proof).prop_map(thought).boxed()];
    if sayable.redacted_thoughts {
        let redacted =
            |data| Content::Reasoning { text: String::new(), redacted: Some(data) }.into();
        kinds.push(base64().prop_map(redacted).boxed());
    }
    maybe(sayable.thoughts, prop::strategy::Union::new(kinds))
}

fn arguments(sayable: &Sayable) -> BoxedStrategy<String> {
    let object = prop::collection::vec((identifier(), words()), 0..3).prop_map(|fields| {
        let fields: Extra = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
        Value::from(fields).to_string()
    });
    let odd = prop::sample::select(vec!["{ \"a\" :1}", "", "{\"a\":", "none"]);
    if sayable.any_arguments {
        prop_oneof![4 => object, 1 => odd.prop_map(str::to_owned)].boxed()
    } else {
        object.boxed()
    }
}

/// A call; its id is given later.
fn call(sayable: &Sayable) -> BoxedStrategy<Part> {
    let signature = maybe(sayable.call_signatures, base64());
    (identifier(), arguments(sayable), signature)
        .prop_map(|(name, arguments, signature)| Part {
            signature,
            ..ToolCall { id: String::new(), name, arguments }.into()
        })
        .boxed()
}

/// What the model says: thoughts, text or a refusal, calls, in this order.
fn spoken(sayable: &Sayable) -> BoxedStrategy<Vec<Part>> {
    let refusal = maybe(sayable.refusals, words().prop_map(|text| Content::Refusal(text).into()));
    let text = prop::option::weighted(0.8, words().prop_map(Part::text));
    let calls = prop::collection::vec(call(sayable), 0..3);
    (thoughts(sayable), text, refusal, calls)
        .prop_map(|(thoughts, text, refusal, calls): (_, _, Option<Part>, Vec<Part>)| {
            let calls = if refusal.is_some() { Vec::new() } else { calls };
            thoughts.into_iter().chain(text).chain(refusal).chain(calls).collect()
        })
        .boxed()
}

/// What the tools gave for one turn's calls, as many as there may be.
fn results(sayable: &Sayable) -> BoxedStrategy<Vec<(Vec<Part>, bool)>> {
    let text = words().prop_map(|text| vec![Part::text(text)]).boxed();
    let content = if sayable.image_results {
        let image = image(sayable).prop_map(|image| vec![image.into()]);
        prop_oneof![3 => text, 1 => image].boxed()
    } else {
        text
    };
    let failed = if sayable.failed_results { any::<bool>().boxed() } else { Just(false).boxed() };
    prop::collection::vec((content, failed), 3).boxed()
}

/// A conversation: instructions, then turns of the user's and the model's, the user's last.
pub(crate) fn messages(sayable: &Sayable) -> BoxedStrategy<Vec<Message>> {
    let late = maybe(sayable.late_instructions, instructions(sayable));
    let turn = (user(sayable), late, spoken(sayable), results(sayable));
    let sayable = sayable.clone();
    let leading = prop::collection::vec(instructions(&sayable), 0..3);
    (leading, prop::collection::vec(turn, 0..4), user(&sayable))
        .prop_map(move |(mut messages, turns, last)| {
            let mut numbers = 0..;
            for (user, late, mut spoken, results) in turns {
                messages.push(user);
                messages.extend(late);
                let results = answer_calls(&sayable, &mut numbers, &mut spoken, results);
                let says =
                    spoken.iter().any(|part| !matches!(part.content, Content::Reasoning { .. }));
                if !says {
                    spoken.push(Part::text("yes"));
                }
                messages.push(Message::of(Role::Assistant, spoken));
                if !results.is_empty() {
                    messages.push(Message::of(Role::User, results));
                    messages.push(Message::text(Role::Assistant, "done"));
                }
            }
            messages.push(last);
            messages
        })
        .boxed()
}

/// Gives every call of `spoken` an id and a result.
fn answer_calls(
    sayable: &Sayable,
    numbers: &mut impl Iterator<Item = usize>,
    spoken: &mut [Part],
    results: Vec<(Vec<Part>, bool)>,
) -> Vec<Part> {
    let mut results = results.into_iter();
    let mut answers = Vec::new();
    for part in spoken {
        let Content::ToolCall(call) = &mut part.content else { continue };
        if sayable.call_ids {
            call.id = numbers.next().map(|number| format!("call_{number}")).unwrap_or_default();
        }
        let (content, is_error) = results.next().unwrap_or_default();
        let name = sayable.result_names.then(|| call.name.clone());
        answers.push(ToolResult { call: call.id.clone(), name, content, is_error }.into());
    }
    answers
}

fn function(sayable: &Sayable) -> BoxedStrategy<Function> {
    let schema = json!({"type": "object", "properties": {"b": {"type": "string"}, "a": {}}});
    let extra = unknown(sayable.unknown.map(|(_, _, field)| field));
    let strict = maybe(sayable.strict_tools, any::<bool>());
    (prop::option::of(words()), strict, cache_hint(sayable), extra)
        .prop_map(move |(description, strict, cache, extra)| Function {
            name: String::new(),
            description,
            parameters: Some(schema.clone()),
            strict,
            cache,
            extra,
        })
        .boxed()
}

/// Tools with names that differ, and a choice among them.
fn tools(sayable: &Sayable) -> BoxedStrategy<(Vec<Tool>, Option<ToolChoice>, Option<bool>)> {
    let mut choices = vec![
        None,
        Some(ToolChoice::Auto),
        Some(ToolChoice::None),
        Some(ToolChoice::Required),
        Some(ToolChoice::Function("f0".into())),
    ];
    if sayable.allowed_tools {
        for required in [true, false] {
            choices.push(Some(ToolChoice::Allowed { names: vec!["f0".into()], required }));
        }
    }
    let parallel = maybe(sayable.parallel_tool_calls, any::<bool>());
    (prop::collection::vec(function(sayable), 0..3), prop::sample::select(choices), parallel)
        .prop_map(|(functions, choice, parallel)| {
            let named = |(number, function)| {
                Tool::Function(Function { name: format!("f{number}"), ..function })
            };
            let tools: Vec<Tool> = functions.into_iter().enumerate().map(named).collect();
            let any = !tools.is_empty();
            (tools, choice.filter(|_| any), parallel.filter(|_| any))
        })
        .boxed()
}

fn format(sayable: &Sayable) -> BoxedStrategy<Option<Format>> {
    let named = sayable.named_schemas;
    let schema = (identifier(), maybe(named, words()), maybe(named, any::<bool>())).prop_map(
        move |(name, description, strict)| Format::Schema {
            name: named.then_some(name),
            description,
            schema: json!({"type": "object", "additionalProperties": false}),
            strict,
        },
    );
    let mut formats = vec![schema.boxed()];
    if sayable.json {
        formats.push(Just(Format::Json).boxed());
    }
    prop::option::of(prop::strategy::Union::new(formats)).boxed()
}

/// Hundredths, which JSON keeps exactly.
fn hundredths(low: i32, high: i32) -> impl Strategy<Value = f64> {
    (low..=high).prop_map(|hundredths| f64::from(hundredths) / 100.0)
}

/// A request of what `sayable` says, read from its dialect, for `model`.
pub(crate) fn request(sayable: &Sayable, model: &str) -> BoxedStrategy<Request> {
    let least = usize::from(!sayable.limitless);
    let limit =
        prop::collection::vec(1..100_000_u32, least..=1).prop_map(|limit| limit.first().copied());
    let numbers = (
        limit,
        prop::option::of(hundredths(0, 100)),
        prop::option::of(hundredths(0, 100)),
        maybe(sayable.top_k, 1..100_u32),
        maybe(sayable.seed, any::<i64>()),
        maybe(sayable.penalties, hundredths(-200, 200)),
        maybe(sayable.penalties, hundredths(-200, 200)),
        maybe(sayable.logprobs, any::<bool>()),
    );
    let most_stops = if sayable.stop { 3 } else { 0 };
    let ways: Vec<Thinking> =
        std::iter::once(Thinking::default()).chain(sayable.thinking.iter().copied()).collect();
    let words_about = (
        prop::collection::vec(words(), 0..=most_stops),
        format(sayable),
        prop::sample::select(ways),
        maybe(sayable.cache_key, identifier()),
        maybe(sayable.user, identifier()),
        maybe(sayable.metadata, (identifier(), words())),
        unknown(sayable.unknown.map(|(field, ..)| field)),
    );
    let (dialect, model) = (Some(sayable.dialect), Some(model.to_owned()));
    (messages(sayable), tools(sayable), numbers, words_about)
        .prop_map(move |(messages, (tools, tool_choice, parallel), numbers, about)| {
            let (max_tokens, temperature, top_p, top_k, seed, frequency, presence, logprobs) =
                numbers;
            let (stop, format, thinking, cache_key, user, metadata, extra) = about;
            Request {
                messages,
                max_tokens,
                temperature,
                top_p,
                top_k,
                stop,
                seed,
                frequency_penalty: frequency,
                presence_penalty: presence,
                logprobs,
                tools,
                tool_choice,
                parallel_tool_calls: parallel,
                format,
                thinking,
                cache_key,
                cache: None,
                user,
                metadata: metadata.map(|(name, value)| (name, value.into())).into_iter().collect(),
                model: model.clone(),
                dialect,
                headers: Vec::new(),
                extra,
            }
        })
        .boxed()
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..1_000_u64, 0..1_000_u64, 0..1_000_u64, 0..1_000_u64, 0..1_000_u64).prop_map(
        |(input, cache_read, cache_write_5m, answer, reasoning)| Usage {
            input,
            cache_read,
            cache_write_5m,
            output: answer + reasoning,
            reasoning,
            ..Usage::default()
        },
    )
}

/// A reply of what `sayable` says, read from its dialect, with the model and the id given.
pub(crate) fn reply(sayable: &Sayable, model: &str, id: &str) -> BoxedStrategy<Reply> {
    let (model, id) = (Some(model.to_owned()), Some(id.to_owned()));
    let dialect = Some(sayable.dialect);
    let extras = vec![Extra::new(), sayable.unknown_in_reply.clone()];
    (spoken(sayable), any::<prop::sample::Index>(), usage(), prop::sample::select(extras))
        .prop_map(move |(mut content, reason, usage, extra)| {
            let mut calls = 0;
            for part in &mut content {
                if let Content::ToolCall(call) = &mut part.content {
                    call.id = format!("call_{calls}");
                    calls += 1;
                }
            }
            let refused = content.iter().any(|part| matches!(part.content, Content::Refusal(_)));
            let reasons: &[FinishReason] = match (calls, refused) {
                (0, true) => &[FinishReason::ContentFilter],
                (0, false) => {
                    &[FinishReason::Stop, FinishReason::Length, FinishReason::ContentFilter]
                }
                _ => &[FinishReason::ToolCalls, FinishReason::ToolCalls, FinishReason::Length],
            };
            let usage = Some(usage);
            let (model, id) = (model.clone(), id.clone());
            Reply { usage, model, id, dialect, extra, ..Reply::new(content, *reason.get(reasons)) }
        })
        .boxed()
}

/// The pieces of `reply`, each as long as `sizes` say in turn. With `alternating`, all calls begin before any of them has
/// its arguments.
pub(crate) fn pieces(reply: &Reply, sizes: &[usize], alternating: bool) -> Vec<Chunk> {
    let mut sizes = sizes.iter().copied().cycle();
    let mut cut = |text: &str| {
        let mut pieces: Vec<String> = Vec::new();
        let mut left = 0;
        for c in text.chars() {
            match pieces.last_mut().filter(|_| left > 0) {
                Some(piece) => piece.push(c),
                None => {
                    left = sizes.next().unwrap_or(1).max(1);
                    pieces.push(c.to_string());
                }
            }
            left -= 1;
        }
        pieces
    };
    let (mut before, mut arguments, mut end) = (Vec::new(), Vec::new(), Vec::new());
    for chunk in reply.chunks() {
        match chunk {
            Chunk::Text(text) => before.extend(cut(&text).into_iter().map(Chunk::Text)),
            Chunk::Refusal(text) => before.extend(cut(&text).into_iter().map(Chunk::Refusal)),
            Chunk::Reasoning(text) => before.extend(cut(&text).into_iter().map(Chunk::Reasoning)),
            Chunk::ToolArguments { index, piece } => {
                let pieces = cut(&piece).into_iter();
                let pieces = pieces.map(|piece| Chunk::ToolArguments { index, piece });
                if alternating {
                    arguments.extend(pieces.enumerate());
                } else {
                    before.extend(pieces);
                }
            }
            Chunk::End(_) => end.push(chunk),
            other => before.push(other),
        }
    }
    // The first pieces of all calls, then their second ones, and so on.
    arguments.sort_by_key(|(turn, _)| *turn);
    before.into_iter().chain(arguments.into_iter().map(|(_, chunk)| chunk)).chain(end).collect()
}

/// JSON with `keys` in the wrong places and `words` for values.
pub(crate) fn any_json(
    keys: &'static [&'static str],
    words: &'static [&'static str],
) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..3_u8).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys), inner), 0..6).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
    .boxed()
}

/// JSON of lists and objects, with `keys` for fields and `leaf` at the ends.
pub(crate) fn nested(
    keys: impl Strategy<Value = &'static str> + Clone + 'static,
    leaf: impl Strategy<Value = Value> + 'static,
) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

/// Every effort, and nothing else asked.
pub(crate) fn efforts() -> Vec<Thinking> {
    Effort::ALL.map(Thinking::with_effort).to_vec()
}

/// A way of thinking, with a budget where it has one.
pub(crate) fn way(mode: ThinkingMode, budget: Option<u32>) -> Thinking {
    Thinking { mode: Some(mode), budget, ..Thinking::default() }
}
