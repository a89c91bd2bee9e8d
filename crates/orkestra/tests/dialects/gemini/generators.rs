//! Requests and answers in the form that this API gives them, and JSON in no form at all.

use orkestra::chat::{
    Content, DialectName, Effort, FinishReason, Format, Function, Message, Part, Reply, Request,
    Role, Source, Thinking, ThinkingMode, Tool, ToolCall, ToolChoice, ToolResult, Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gemini::support::{assistant, caption, fields, image, newer, tool, url, user};

pub(crate) fn words() -> impl Strategy<Value = String> {
    "[a-z\u{e9}\u{4e2d}\u{1F3BB}\"\\\\\n {}]{1,12}"
        .prop_filter("blank", |text| !text.trim().is_empty())
}

pub(crate) fn base64() -> impl Strategy<Value = String> {
    prop::collection::vec("[A-Za-z0-9+/]{4}", 1..5).prop_map(|groups| groups.concat())
}

pub(crate) fn proof() -> impl Strategy<Value = Option<String>> {
    prop::option::of(base64())
}

pub(crate) fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        base64().prop_map(|data| Source::Base64 { media_type: "image/webp".into(), data }),
        "[a-z]{3}".prop_map(|name| Source::Url {
            url: format!("gs://bucket/{name}"),
            media_type: Some("image/png".into())
        }),
    ]
}

pub(crate) fn any_media() -> impl Strategy<Value = Part> {
    let typed = |kind: &'static str| {
        base64().prop_map(move |data| Source::Base64 { media_type: kind.into(), data })
    };
    prop_oneof![
        any_source().prop_map(image),
        typed("audio/wav").prop_map(|source| Content::Audio { source }.into()),
        typed("application/pdf").prop_map(|source| Content::Document { source, name: None }.into()),
        "[a-z]{3}".prop_map(|id| Content::Document {
            source: url(&format!("https://youtu.be/{id}")),
            name: None
        }
        .into()),
    ]
}

pub(crate) fn any_arguments() -> impl Strategy<Value = String> {
    prop::collection::vec(
        (
            "[a-z]{1,4}",
            prop_oneof![any::<i32>().prop_map(Value::from), words().prop_map(Value::from)],
        ),
        0..3,
    )
    .prop_map(|fields| Value::Object(fields.into_iter().collect()).to_string())
}

/// What a model may answer: thoughts, text, then calls.
pub(crate) fn any_answer() -> impl Strategy<Value = Vec<Part>> {
    let text =
        (words(), proof()).prop_map(|(text, signature)| Part { signature, ..Part::text(text) });
    let thought = (words(), proof()).prop_map(|(text, signature)| Part {
        signature,
        ..Content::Reasoning { text, redacted: None }.into()
    });
    let calls = prop::collection::vec(("[a-z]{1,5}", any_arguments(), proof()), 0..3);
    (prop::collection::vec(thought, 0..2), prop::collection::vec(text, 1..3), calls).prop_map(
        |(thoughts, texts, calls)| {
            let calls =
                calls.into_iter().enumerate().map(|(number, (name, arguments, signature))| Part {
                    // The first one always has its proof, so that no placeholder is needed.
                    signature: signature.or_else(|| (number == 0).then(|| "c2ln".to_owned())),
                    ..ToolCall { id: String::new(), name, arguments }.into()
                });
            thoughts.into_iter().chain(texts).chain(calls).collect()
        },
    )
}

/// A conversation in the form that this API gives it: turns alternate, every call is answered.
pub(crate) fn any_conversation() -> impl Strategy<Value = Vec<Message>> {
    let step = (
        any_answer(),
        prop::collection::vec((words(), any::<bool>(), prop::option::of(any_media())), 3),
        words(),
    );
    (
        prop::option::of(words()),
        words(),
        prop::collection::vec(any_media(), 0..2),
        prop::collection::vec(step, 0..4),
    )
        .prop_map(|(system, first, media, steps)| {
            let mut messages: Vec<Message> =
                system.map(|text| Message::text(Role::System, text)).into_iter().collect();
            messages.push(user(media.into_iter().chain([Part::text(first)]).collect()));
            for (step, (mut answer, results, words)) in steps.into_iter().enumerate() {
                let mut given = Vec::new();
                for (number, part) in answer.iter_mut().enumerate() {
                    let Content::ToolCall(call) = &mut part.content else { continue };
                    call.id = format!("call-{step}-{number}");
                    let (text, is_error, media) = results[given.len()].clone();
                    let content = std::iter::once(Part::text(text)).chain(media).collect();
                    given.push(
                        ToolResult {
                            call: call.id.clone(),
                            name: Some(call.name.clone()),
                            content,
                            is_error,
                        }
                        .into(),
                    );
                }
                if given.is_empty() {
                    given.push(Part::text(words));
                }
                messages.extend([assistant(answer), user(given)]);
            }
            messages
        })
}

pub(crate) fn any_thinking() -> impl Strategy<Value = Thinking> {
    let wish = Thinking::default();
    let how = prop::sample::select(vec![
        wish,
        Thinking { mode: Some(ThinkingMode::Disabled), ..wish },
        Thinking { mode: Some(ThinkingMode::Adaptive), ..wish },
        Thinking { mode: Some(ThinkingMode::Budget), budget: Some(300), ..wish },
        Thinking::with_effort(Effort::Minimal),
        Thinking::with_effort(Effort::Xhigh),
    ]);
    (how, any::<Option<bool>>()).prop_map(|(how, shown)| Thinking { shown, ..how })
}

pub(crate) fn any_format() -> impl Strategy<Value = Option<Format>> {
    let schema = Format::Schema {
        name: None,
        description: None,
        schema: json!({"type": "object", "$ref": "#"}),
        strict: None,
    };
    prop::sample::select(vec![None, Some(Format::Text), Some(Format::Json), Some(schema)])
}

pub(crate) fn any_choice() -> impl Strategy<Value = Option<ToolChoice>> {
    let names = || vec!["f".to_owned(), "g".to_owned()];
    prop::sample::select(vec![
        None,
        Some(ToolChoice::Auto),
        Some(ToolChoice::None),
        Some(ToolChoice::Required),
        Some(ToolChoice::Function("f".into())),
        Some(ToolChoice::Allowed { names: names(), required: true }),
        Some(ToolChoice::Allowed { names: names(), required: false }),
    ])
}

pub(crate) fn any_request() -> impl Strategy<Value = Request> {
    let tenth = || prop::option::of((-20_i32..=20).prop_map(|number| f64::from(number) / 10.0));
    let numbers = (
        tenth(),
        tenth(),
        tenth(),
        any::<Option<i64>>(),
        any::<Option<u32>>(),
        prop::option::of(1..99_u32),
    );
    let how = (
        any_thinking(),
        any_format(),
        any_choice(),
        prop::collection::vec(words(), 0..3),
        any::<Option<bool>>(),
    );
    (any_conversation(), numbers, how, any::<bool>()).prop_map(|(messages, numbers, how, extra)| {
        let (temperature, presence_penalty, frequency_penalty, seed, max_tokens, top_k) = numbers;
        let (thinking, format, tool_choice, stop, logprobs) = how;
        let extra = if extra {
            json!({"safetySettings": [], "generationConfig": {"mediaResolution": "LOW"}})
        } else {
            json!({})
        };
        Request {
            messages,
            temperature,
            presence_penalty,
            frequency_penalty,
            seed,
            max_tokens,
            top_k,
            stop,
            thinking,
            format,
            tool_choice,
            logprobs,
            top_p: temperature.map(f64::abs),
            tools: vec![
                Tool::Function(tool("f")),
                Tool::Function(Function { name: "g".into(), ..Function::default() }),
                Tool::Other(json!({"urlContext": {}})),
            ],
            model: Some(newer().upstream_id.clone()),
            dialect: Some(DialectName::Gemini),
            extra: fields(extra),
            ..Request::default()
        }
    })
}

pub(crate) fn any_usage() -> impl Strategy<Value = Option<Usage>> {
    let counts = (0..9000_u64, 0..9000_u64, 0..9000_u64, 0..9000_u64);
    prop::option::of(counts.prop_map(|(input, cache_read, output, reasoning)| Usage {
        cache_read,
        reasoning: reasoning.min(output),
        ..Usage::plain(input, output)
    }))
}

/// An answer in the form that this API gives it.
pub(crate) fn any_reply() -> impl Strategy<Value = Reply> {
    let reason = prop::sample::select(vec![
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ContentFilter,
    ]);
    (any_answer(), prop::collection::vec(any_media(), 0..2), reason, any_usage()).prop_map(
        |(mut content, media, reason, usage)| {
            for (number, part) in content.iter_mut().enumerate() {
                if let Content::ToolCall(call) = &mut part.content {
                    call.id = format!("toolu_{number}");
                }
            }
            content.splice(0..0, media);
            let calls = content.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
            Reply {
                usage,
                model: Some(caption().model),
                id: Some(caption().id),
                request_id: Some(caption().id),
                dialect: Some(DialectName::Gemini),
                ..Reply::new(content, if calls { FinishReason::ToolCalls } else { reason })
            }
        },
    )
}

/// Texts that follow each other without a proof between them are one in a stream.
pub(crate) fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), &part.content) {
            (
                Some(Part { content: Content::Text(before), signature: open @ None, .. }),
                Content::Text(text),
            ) => {
                before.push_str(text);
                *open = part.signature;
            }
            (
                Some(Part {
                    content: Content::Reasoning { text: before, .. },
                    signature: open @ None,
                    ..
                }),
                Content::Reasoning { text, .. },
            ) => {
                before.push_str(text);
                *open = part.signature;
            }
            _ => joined.push(part),
        }
    }
    joined
}

/// JSON that resembles this API's, with the wrong things in the wrong places.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "contents",
        "parts",
        "role",
        "text",
        "thought",
        "thoughtSignature",
        "thought_signature",
        "functionCall",
        "function_call",
        "name",
        "args",
        "id",
        "functionResponse",
        "response",
        "output",
        "error",
        "inlineData",
        "mimeType",
        "data",
        "fileData",
        "fileUri",
        "systemInstruction",
        "tools",
        "functionDeclarations",
        "parameters",
        "type",
        "properties",
        "nullable",
        "propertyOrdering",
        "anyOf",
        "enum",
        "toolConfig",
        "functionCallingConfig",
        "mode",
        "allowedFunctionNames",
        "generationConfig",
        "thinkingConfig",
        "thinkingBudget",
        "thinkingLevel",
        "responseMimeType",
        "responseSchema",
        "candidateCount",
        "candidates",
        "content",
        "finishReason",
        "usageMetadata",
        "promptTokenCount",
        "promptTokensDetails",
        "tokenCount",
        "promptFeedback",
        "blockReason",
        "responseId",
        "code",
        "status",
        "details",
        "violations",
        "retryDelay",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "a",
            "user",
            "model",
            "STOP",
            "MALFORMED_RESPONSE",
            "ANY",
            "image/png",
            "QUJD",
            "LOW",
            "99",
            "1e999s",
            "RESOURCE_EXHAUSTED"
        ])
        .prop_map(Value::from),
    ];
    crate::generate::nested(keys, leaf)
}

/// `base` with `odd` put somewhere into it.
pub(crate) fn spoilt(base: &Value, odd: &Value, place: usize) -> Value {
    fn walk(value: &mut Value, odd: &Value, left: &mut usize) {
        if *left == 0 {
            *value = odd.clone();
        }
        *left = left.wrapping_sub(1);
        match value {
            Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, odd, left)),
            Value::Object(fields) => fields.values_mut().for_each(|inner| walk(inner, odd, left)),
            _ => {}
        }
    }
    let (mut spoilt, mut left) = (base.clone(), place);
    walk(&mut spoilt, odd, &mut left);
    spoilt
}
