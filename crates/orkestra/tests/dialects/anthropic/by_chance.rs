//! Requests, answers and nonsense by chance.

use orkestra::chat::{
    Assembly, CacheHint, Effort, End, FinishReason, Format, Function, Thinking, ThinkingMode, Tool,
    ToolChoice, ToolResult, Usage,
};
use orkestra::dialect::Failure;
use proptest::prelude::*;

use super::{streams::rich_stream, *};

fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\{}:,é🎻日 \n]{0,12}x"
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,12}"
}

/// Proofs are not ours to read: any bytes that JSON can carry.
fn proof() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9+/=_\\\\\" é\u{0}\t-]{1,20}"
}

fn hint() -> impl Strategy<Value = Option<CacheHint>> {
    let hints = vec![CacheHint::Default, CacheHint::FiveMinutes, CacheHint::OneHour];
    prop::option::weighted(0.1, prop::sample::select(hints))
}

fn extra() -> impl Strategy<Value = Extra> {
    prop_oneof![
        4 => Just(Extra::new()),
        1 => Just(object(json!({"of_tomorrow": {"a": [1, "x", false]}}))),
    ]
}

fn arguments() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        words().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!([null, {"b": 1}])),
    ];
    let fields = prop::collection::vec((name(), value), 0..3);
    fields.prop_map(|fields| Value::Object(fields.into_iter().collect()).to_string())
}

/// What hangs on a part, except on those that travel whole.
fn dressed(content: impl Strategy<Value = Content>) -> impl Strategy<Value = Part> {
    (content, hint(), extra()).prop_map(|(content, cache, extra)| match content {
        Content::Other(_) => content.into(),
        _ => Part { cache, extra, ..content.into() },
    })
}

fn text() -> impl Strategy<Value = Part> {
    dressed(words().prop_map(Content::Text))
}

fn source(media_types: &'static [&'static str]) -> impl Strategy<Value = Source> {
    prop_oneof![
        (prop::sample::select(media_types), "([a-zA-Z0-9+/]{4}){1,4}").prop_map(
            |(media_type, data)| Source::Base64 { media_type: media_type.to_owned(), data }
        ),
        "https://[a-z]{3}/[a-z]{0,5}".prop_map(|url| Source::Url { url, media_type: None }),
        "file_[a-z0-9]{4}".prop_map(Source::File),
    ]
}

fn file() -> impl Strategy<Value = Content> {
    let images = &["image/png", "image/jpeg", "image/gif", "image/webp"];
    let plain = words().prop_map(|text| Source::Base64 {
        media_type: "text/plain".into(),
        data: encoded(text.as_bytes()),
    });
    let documents = prop_oneof![source(&["application/pdf"]), plain];
    prop_oneof![
        source(images).prop_map(|source| Content::Image { source, detail: None }),
        (documents, prop::option::of(name()))
            .prop_map(|(source, name)| Content::Document { source, name }),
        Just(Content::Other(json!({"type": "search_result", "source": "x", "content": []}))),
    ]
}

/// Base64 by the book, to compare with.
fn encoded(bytes: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let mut text: String = (0..bits.len())
        .step_by(6)
        .map(|at| format!("{:0<6}", &bits[at..bits.len().min(at + 6)]))
        .map(|six| SIGNS[usize::from_str_radix(&six, 2).unwrap()] as char)
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn reasoning() -> impl Strategy<Value = Part> {
    let open = ("[a-z é\n]{0,12}", proof()).prop_map(|(text, proof)| thoughts(&text, &proof));
    let redacted = proof()
        .prop_map(|data| Content::Reasoning { text: String::new(), redacted: Some(data) }.into());
    prop_oneof![open, redacted]
}

/// What the model says: thoughts, text, calls whose ids are given later.
fn spoken() -> impl Strategy<Value = Vec<Part>> {
    let calls = (name(), arguments(), extra())
        .prop_map(|(name, arguments, extra)| Part { extra, ..call("", &name, &arguments) });
    let thoughts = prop::collection::vec(reasoning(), 0..3);
    (thoughts, prop::option::of(text()), prop::collection::vec(calls, 0..3))
        .prop_map(|(thoughts, text, calls)| thoughts.into_iter().chain(text).chain(calls).collect())
}

fn numbered(mut parts: Vec<Part>, turn: usize) -> Vec<Part> {
    for (number, part) in parts.iter_mut().enumerate() {
        if let Content::ToolCall(call) = &mut part.content {
            call.id = format!("toolu_{turn}-{number}");
        }
    }
    parts
}

/// A question, the model's turn and what its tools gave.
fn turns() -> impl Strategy<Value = Vec<Message>> {
    let result = (prop::collection::vec(prop_oneof![text(), dressed(file())], 0..3), any::<bool>());
    let turn = (
        prop::collection::vec(prop_oneof![text(), dressed(file())], 1..3),
        spoken(),
        prop::collection::vec(result, 3),
        prop::option::weighted(0.2, (text(), extra())),
    );
    prop::collection::vec(turn, 1..3).prop_map(|turns| {
        let mut messages = Vec::new();
        for (turn, (asked, spoken, results, late)) in turns.into_iter().enumerate() {
            let spoken = numbered(spoken, turn);
            let results = spoken.iter().zip(results).filter_map(|(part, (content, is_error))| {
                let Content::ToolCall(call) = &part.content else { return None };
                Some(ToolResult { call: call.id.clone(), name: None, content, is_error }.into())
            });
            // Results come after all calls of the turn; the next question is in the same message.
            let results: Vec<Part> = results.collect();
            messages.push(Message::of(Role::User, asked));
            messages.extend((!spoken.is_empty()).then(|| Message::of(Role::Assistant, spoken)));
            messages.extend((!results.is_empty()).then(|| Message::of(Role::User, results)));
            if let Some((text, extra)) = late {
                messages.push(Message { extra, ..Message::of(Role::System, vec![text]) });
            }
        }
        joined(messages)
    })
}

/// The API knows no two messages of the same side in a row.
fn joined(messages: Vec<Message>) -> Vec<Message> {
    let mut kept: Vec<Message> = Vec::new();
    for message in messages {
        match kept.last_mut() {
            Some(last) if last.role == message.role => last.content.extend(message.content),
            _ => kept.push(message),
        }
    }
    for message in &mut kept {
        message.content.sort_by_key(|part| !matches!(part.content, Content::ToolResult(_)));
    }
    kept
}

fn tools() -> impl Strategy<Value = (Vec<Tool>, Option<ToolChoice>, Option<bool>)> {
    let schema = prop_oneof![
        Just(json!({"type": "object", "properties": {}})),
        Just(json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})),
    ];
    let function =
        (name(), prop::option::of(words()), schema, any::<Option<bool>>(), hint(), extra())
            .prop_map(|(name, description, schema, strict, cache, extra)| {
                let parameters = Some(schema);
                Tool::Function(Function { name, description, parameters, strict, cache, extra })
            });
    let other = Just(Tool::Other(json!({"type": "bash_20250124", "name": "bash"})));
    let choice = prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::Required),
        name().prop_map(ToolChoice::Function),
    ];
    let choices = prop_oneof![
        Just((None, None)),
        Just((Some(ToolChoice::None), None)),
        (choice.prop_map(Some), any::<Option<bool>>()),
    ];
    (prop::collection::vec(prop_oneof![4 => function, 1 => other], 0..3), choices).prop_map(
        |(tools, (choice, parallel))| {
            if tools.is_empty() { (tools, None, None) } else { (tools, choice, parallel) }
        },
    )
}

/// A number from 0 to 1.
fn share() -> impl Strategy<Value = f64> {
    (0..=100_u8).prop_map(|hundredths| f64::from(hundredths) / 100.0)
}

/// The API takes four.
fn with_few_hints(mut request: Request) -> Request {
    let mut left = 4 - usize::from(request.cache.is_some());
    let mut limit = |cache: &mut Option<CacheHint>| match cache {
        Some(_) if left == 0 => *cache = None,
        Some(_) => left -= 1,
        None => {}
    };
    for tool in &mut request.tools {
        if let Tool::Function(function) = tool {
            limit(&mut function.cache);
        }
    }
    for part in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        limit(&mut part.cache);
        if let Content::ToolResult(result) = &mut part.content {
            result.content.iter_mut().for_each(|part| limit(&mut part.cache));
        }
    }
    request
}

fn thinking() -> impl Strategy<Value = Thinking> {
    let efforts = vec![Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
    let modes = prop_oneof![
        Just((None, None, None)),
        Just((Some(ThinkingMode::Disabled), None, None)),
        Just((Some(ThinkingMode::BetweenTools), None, None)),
        any::<Option<bool>>().prop_map(|shown| (Some(ThinkingMode::Adaptive), None, shown)),
        (1024..9000_u32, any::<Option<bool>>()).prop_map(|(budget, shown)| (
            Some(ThinkingMode::Budget),
            Some(budget),
            shown
        )),
    ];
    (modes, prop::option::of(prop::sample::select(efforts)))
        .prop_map(|((mode, budget, shown), effort)| Thinking { mode, effort, budget, shown })
}

prop_compose! {
    /// Everything that a request in this dialect can say.
    fn sayable()(
        system in prop::option::of(prop::collection::vec(text(), 1..3)),
        turns in turns(),
        (tools, tool_choice, parallel_tool_calls) in tools(),
        thinking in thinking(),
        max_tokens in 1..100_000_u32,
        temperature in prop::option::of(share()),
        top_p in prop::option::of(share()),
        top_k in prop::option::of(1..500_u32),
        stop in prop::collection::vec(words(), 0..3),
        user in prop::option::of(words()),
        cache in hint(),
        format in prop::option::of(Just(Format::Schema {
            name: None, description: None, schema: json!({"type": "object"}), strict: None,
        })),
        (metadata, extra) in (extra(), extra()),
        beta in prop::option::of("[a-z]{3}-2026-01-01"),
    ) -> Request {
        let system = system.map(|parts| Message::of(Role::System, parts));
        with_few_hints(Request {
            messages: system.into_iter().chain(turns).collect(),
            max_tokens: Some(max_tokens),
            temperature, top_p, top_k, stop, tools, tool_choice, parallel_tool_calls, format, thinking,
            cache, user, metadata, extra,
            model: Some("claude-haiku-4-5".into()),
            dialect: Some(DialectName::Anthropic),
            headers: beta.map(|beta| ("anthropic-beta".to_owned(), beta)).into_iter().collect(),
            ..Request::default()
        })
    }
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || 0..1_000_000_u64;
    (count(), count(), count(), count(), count(), count()).prop_map(
        |(input, cache_read, cache_write_5m, cache_write_1h, output, reasoning)| Usage {
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
            ..Usage::default()
        },
    )
}

prop_compose! {
    /// Everything that an answer in this dialect can say.
    fn answer()(
        said in spoken(),
        other in prop::option::of(Just(Content::Other(json!({"type": "web_search_tool_result", "content": []})))),
        (finish_reason, stop_sequence) in prop_oneof![
            prop::sample::select(&FinishReason::ALL[..]).prop_map(|reason| (reason, None)),
            words().prop_map(|stop| (FinishReason::Stop, Some(stop))),
        ],
        usage in usage(),
        extra in prop_oneof![
            Just(Extra::new()),
            Just(object(json!({"stop_details": {"type": "refusal"}, "usage": {"service_tier": "batch"}}))),
        ],
    ) -> Reply {
        let mut content = numbered(said, 0);
        content.extend(other.map(Part::from));
        for part in &mut content {
            // Hints are the caller's; unknown fields of answers have names that a stream knows, too.
            part.cache = None;
            let field = match part.content {
                Content::Text(_) => "citations",
                _ => "caller",
            };
            if let Some(value) = part.extra.shift_remove("of_tomorrow") {
                part.extra.insert(field.to_owned(), value);
            }
        }
        Reply {
            content, finish_reason, stop_sequence, extra,
            usage: Some(usage),
            model: Some("claude-x".into()),
            id: Some("msg_abc".into()),
            request_id: None,
            dialect: Some(DialectName::Anthropic),
        }
    }
}

/// JSON that resembles what is sent, with the wrong things in the wrong places.
fn nonsense() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "type",
        "messages",
        "message",
        "role",
        "content",
        "system",
        "text",
        "thinking",
        "signature",
        "data",
        "source",
        "media_type",
        "tool_use_id",
        "input",
        "id",
        "name",
        "index",
        "delta",
        "content_block",
        "partial_json",
        "usage",
        "cache_creation",
        "ephemeral_1h_input_tokens",
        "cache_creation_input_tokens",
        "input_tokens",
        "output_tokens_details",
        "stop_reason",
        "tools",
        "input_schema",
        "tool_choice",
        "output_config",
        "format",
        "schema",
        "metadata",
        "error",
        "details",
        "error_code",
        "cache_control",
        "max_tokens",
        "stop_sequences",
    ]);
    let texts = prop::sample::select(vec![
        "",
        "text",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_result",
        "image",
        "document",
        "base64",
        "url",
        "file",
        "user",
        "assistant",
        "system",
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "text_delta",
        "input_json_delta",
        "signature_delta",
        "citations_delta",
        "error",
        "enabled",
        "{",
        "server_tool_use",
        "x-anthropic-billing-header: x",
    ]);
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        4 => texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let fields = prop::collection::vec((keys.clone(), inner.clone()), 0..7);
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
            3 => fields.prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

/// Any chunks in any order.
fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let piece =
        prop::sample::select(vec!["", "{", "}", "{}", "\"a\":1", "x"]).prop_map(str::to_owned);
    let chunk = prop_oneof![
        words().prop_map(Chunk::Text),
        words().prop_map(Chunk::Refusal),
        words().prop_map(Chunk::Reasoning),
        proof().prop_map(Chunk::Signature),
        (0..4_usize, name()).prop_map(|(index, name)| Chunk::ToolCall {
            index,
            id: String::new(),
            name
        }),
        (0..4_usize, piece.clone())
            .prop_map(|(index, piece)| Chunk::ToolArguments { index, piece }),
        (0..4_usize, piece).prop_map(|(index, piece)| Chunk::ToolArguments { index, piece }),
        prop_oneof![text(), reasoning(), dressed(file())].prop_map(Chunk::Part),
        usage().prop_map(Chunk::Usage),
    ];
    prop::collection::vec(chunk, 0..20)
}

proptest! {
    #[test]
    fn a_request_that_was_written_reads_back_as_it_was(request in sayable(), stream in any::<bool>()) {
        let encoded = Anthropic.encode(&request, model(), stream);
        prop_assert_eq!(&encoded.warnings, &Vec::<String>::new());
        let again = asked(&encoded.body, &encoded.headers).unwrap();
        prop_assert_eq!(again.stream, stream);
        prop_assert_eq!(again.request, request);
    }

    #[test]
    fn an_answer_that_was_written_reads_back_as_it_was(reply in answer()) {
        let written = Anthropic.write_reply(&reply, &caption());
        prop_assert_eq!(decoded(&written), reply);
    }

    #[test]
    fn a_streamed_answer_reads_back_as_it_was(mut reply in answer()) {
        // Sources come in pieces that no chunk can tell.
        for part in reply.content.iter_mut().filter(|part| part.as_text().is_some()) {
            part.extra.clear();
        }
        let written = write_stream(&reply.chunks(), &caption());
        assert_grammar(&written);
        let mut assembly = Assembly::default();
        let mut ends = Vec::new();
        for chunk in read_stream(&written).unwrap() {
            assembly.add(&chunk);
            if let Chunk::End(end) = chunk {
                ends.push(end);
            }
        }
        prop_assert_eq!(ends.len(), 1);
        prop_assert_eq!(assembly.finish(ends.remove(0)), reply);
    }

    #[test]
    fn chunks_in_any_order_make_a_stream_that_clients_can_read(mut chunks in chunks(), reason in prop::sample::select(&FinishReason::ALL[..])) {
        chunks.push(Chunk::End(End::new(reason)));
        let written = write_stream(&chunks, &caption());
        assert_grammar(&written);
        prop_assert!(read_stream(&written).is_ok());
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same_chunks(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let whole = stream(&rich_stream());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len())).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &whole.as_bytes()[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read_pieces(&pieces).unwrap(), read_pieces(&[whole.as_bytes()]).unwrap());
    }

    #[test]
    fn no_json_breaks_the_dialect(body in nonsense(), more in prop::collection::vec(nonsense(), 0..4), status in 200_u16..600) {
        let text = body.to_string();
        if let Ok(asked) = asked(&body, &[]) {
            let _ = Anthropic.encode(&asked.request, model(), true);
            let foreign = Request { dialect: None, ..asked.request };
            let _ = Anthropic.encode(&foreign, model(), false);
        }
        if let Ok(reply) = Anthropic.decode(text.as_bytes()) {
            let _ = Anthropic.write_reply(&reply, &caption());
        }
        let _ = Anthropic.error(&Failure { status, request_id: None, retry_after: None, body: text.as_bytes() });
        let events: String = more.iter().map(|data| format!("data: {data}\n\n")).collect();
        let _ = read_pieces(&[events.as_bytes()]);
    }

    #[test]
    fn no_bytes_break_the_dialect(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Anthropic.decode(&bytes);
        let _ = read_pieces(&[&bytes]);
        let _ = Anthropic.read_request(&Call { path: "", query: "", headers: &[], body: &bytes });
    }
}
