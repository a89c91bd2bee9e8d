//! What providers are asked.

use orkestra::chat::{
    CacheHint, Effort, Format, Function, Thinking, ThinkingMode, Tool, ToolChoice, ToolResult,
};

use super::*;

#[test]
fn messages_are_arranged_as_the_api_wants_them() {
    let result = |id: &str| Part::from(ToolResult::text(id, "r"));
    let both = Message::of(Role::Assistant, vec![call("a", "f", "{}"), call("b", "f", "{}")]);
    let tool_use = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
    let tool_result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "r"});
    let text = |text: &str| json!({"type": "text", "text": text});
    let cases = [
        (
            "the same side twice is one message",
            vec![user("a"), user("b"), assistant("c"), assistant("d"), user("e")],
            json!([
                {"role": "user", "content": [text("a"), text("b")]},
                {"role": "assistant", "content": [text("c"), text("d")]},
                {"role": "user", "content": "e"},
            ]),
        ),
        (
            "all results of a turn stand in one message, before all else",
            vec![
                user("q"),
                both,
                Message::of(Role::User, vec![Part::text("first"), result("a")]),
                Message::text(Role::System, "late"),
                Message::of(Role::User, vec![result("b")]),
            ],
            json!([
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": [tool_use("a"), tool_use("b")]},
                {"role": "user", "content": [
                    tool_result("a"), tool_result("b"), text("first"),
                    text("<system>\nlate\n</system>"),
                ]},
            ]),
        ),
        (
            "the user begins",
            vec![assistant("hello"), user("x")],
            json!([
                {"role": "user", "content": "."},
                {"role": "assistant", "content": "hello"},
                {"role": "user", "content": "x"},
            ]),
        ),
        (
            "text of nothing but white space is left out, with its message",
            vec![
                Message::of(Role::User, vec![Part::text(""), Part::text("x"), Part::text("\n ")]),
                assistant(" "),
                user("y"),
            ],
            json!([{"role": "user", "content": [text("x"), text("y")]}]),
        ),
        (
            "a begun answer does not end with white space",
            vec![user("x"), assistant("The answer is \n")],
            json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "The answer is"}]),
        ),
        (
            "a refusal is text",
            vec![
                user("x"),
                Message::of(Role::Assistant, vec![Content::Refusal("no".into()).into()]),
                user("y"),
            ],
            json!([
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": "no"},
                {"role": "user", "content": "y"},
            ]),
        ),
        (
            "an empty result has no content",
            vec![
                user("q"),
                Message::of(Role::Assistant, vec![call("a", "f", "")]),
                Message::of(
                    Role::User,
                    vec![
                        ToolResult { call: "a".into(), is_error: true, ..ToolResult::default() }
                            .into(),
                    ],
                ),
            ],
            json!([
                {"role": "user", "content": "q"},
                {"role": "assistant", "content": [tool_use("a")]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "is_error": true}]},
            ]),
        ),
    ];
    for (what, messages, expected) in cases {
        assert_eq!(body_of(&from_openai(messages))["messages"], expected, "{what}");
    }
    assert!(
        warnings_of(&from_openai(vec![assistant("x")]))[0].contains("begins with the assistant")
    );
}

#[test]
fn ids_are_made_acceptable_and_stay_pairs() {
    let turn = |ids: &[&str], names: &[&str]| {
        let calls = ids.iter().zip(names).map(|(id, name)| call(id, name, "{}")).collect();
        let results = ids.iter().zip(names).rev().map(|(id, name)| {
            let result = ToolResult::text(*id, "r");
            ToolResult { name: Some((*name).to_owned()), ..result }.into()
        });
        [Message::of(Role::Assistant, calls), Message::of(Role::User, results.collect())]
    };
    let cases: [(&[&[&str]], &[&str]); 5] = [
        (&[&["toolu_1", "call-2"]], &["toolu_1", "call-2"]),
        (&[&["a.b", "a:b", "a_b"]], &["a_b", "a_b_2", "a_b_3"]),
        // Some servers number the calls of every turn from 0.
        (&[&["call_0", "call_1"], &["call_0"]], &["call_0", "call_1", "call_0_2"]),
        (&[&["", ""], &[""]], &["call", "call_2", "call_3"]),
        (&[&["fc_1|x y", "é"]], &["fc_1_x_y", "_"]),
    ];
    for (turns, expected) in cases {
        let names = ["f", "g", "h"];
        let turns = turns.iter().flat_map(|ids| turn(ids, &names));
        let messages = std::iter::once(user("q")).chain(turns).collect();
        let body = body_of(&from_openai(messages));
        let all = |field: &'static str| -> Vec<&str> {
            let blocks = body["messages"].as_array().unwrap().iter();
            let blocks = blocks.filter_map(|message| message["content"].as_array()).flatten();
            blocks.filter_map(|block| block.get(field)?.as_str()).collect()
        };
        assert_eq!(all("id"), expected);
        let (mut answered, mut called) = (all("tool_use_id"), all("id"));
        answered.sort_unstable();
        called.sort_unstable();
        assert_eq!(answered, called);
    }
}

#[test]
fn tools_and_choices_are_written_in_anthropics_words() {
    let function = |name: &str| Function { name: name.into(), ..Function::default() };
    let with = |choice: Option<ToolChoice>, parallel: Option<bool>| Request {
        tools: vec![Tool::Function(function("f")), Tool::Function(function("g"))],
        tool_choice: choice,
        parallel_tool_calls: parallel,
        ..from_openai(vec![user("x")])
    };
    let allowed = |required| Some(ToolChoice::Allowed { names: vec!["g".into()], required });
    let cases = [
        (None, None, Value::Null, 2),
        (None, Some(true), Value::Null, 2),
        (None, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true}), 2),
        (Some(ToolChoice::Auto), None, json!({"type": "auto"}), 2),
        (
            Some(ToolChoice::Auto),
            Some(true),
            json!({"type": "auto", "disable_parallel_tool_use": false}),
            2,
        ),
        (Some(ToolChoice::None), Some(false), json!({"type": "none"}), 2),
        (
            Some(ToolChoice::Required),
            Some(false),
            json!({"type": "any", "disable_parallel_tool_use": true}),
            2,
        ),
        (Some(ToolChoice::Function("f".into())), None, json!({"type": "tool", "name": "f"}), 2),
        (allowed(true), None, json!({"type": "any"}), 1),
        (allowed(false), None, json!({"type": "auto"}), 1),
    ];
    for (choice, parallel, expected, tools) in cases {
        let body = body_of(&with(choice.clone(), parallel));
        assert_eq!(body["tool_choice"], expected, "{choice:?} {parallel:?}");
        assert_eq!(body["tools"].as_array().unwrap().len(), tools);
    }
    // A choice without tools is an error of the API's.
    let none = Request { tools: Vec::new(), ..with(Some(ToolChoice::Auto), Some(false)) };
    assert_eq!(body_of(&none).get("tool_choice"), None);

    let parameters = Some(json!({"properties": {"a": {}}}));
    let tools = vec![
        Tool::Function(Function {
            strict: Some(true),
            extra: object(json!({"x": 1})),
            ..function("f")
        }),
        Tool::Function(Function { parameters, description: Some("d".into()), ..function("g.h") }),
        Tool::Other(json!({"type": "web_search"})),
    ];
    let encoded = Anthropic.encode(&Request { tools, ..with(None, None) }, model(), false);
    let expected = json!([
        {"name": "f", "input_schema": {"type": "object", "properties": {}}, "strict": true},
        {"name": "g.h", "description": "d", "input_schema": {"type": "object", "properties": {"a": {}}}},
    ]);
    assert_eq!(encoded.body["tools"], expected);
    assert!(encoded.warnings[0].contains("\"g.h\"") && encoded.warnings[1].contains("web_search"));
}

#[test]
fn options_are_written_in_anthropics_words() {
    let with = |change: fn(&mut Request)| {
        let mut request = from_openai(vec![Message::text(Role::System, "s"), user("x")]);
        change(&mut request);
        request
    };
    type Case = (fn(&mut Request), Value, &'static str);
    let cases: [Case; 20] = [
        (|_| {}, json!({"max_tokens": 8192, "system": "s"}), ""),
        (|r| r.max_tokens = Some(5), json!({"max_tokens": 5}), ""),
        (
            |r| r.messages.insert(1, Message::text(Role::Developer, "t")),
            json!({"system": "s\n\nt"}),
            "",
        ),
        (
            |r| r.messages[0].content[0].cache = Some(CacheHint::OneHour),
            json!({"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}),
            "",
        ),
        (
            |r| r.messages[0] = Message::of(Role::System, vec![image("image/png")]),
            json!({"system": null}),
            "all but the text",
        ),
        (|r| r.temperature = Some(0.25), json!({"temperature": 0.25}), ""),
        (|r| r.stop = vec!["a".into(), "\n".into()], json!({"stop_sequences": ["a"]}), "stop"),
        (|r| r.stop = vec![" ".into()], json!({"stop_sequences": null}), "stop"),
        (|r| r.user = Some("u".into()), json!({"metadata": {"user_id": "u"}}), ""),
        (|r| r.metadata = object(json!({"a": 1})), json!({"metadata": null}), "metadata"),
        (
            |r| r.cache = Some(CacheHint::FiveMinutes),
            json!({"cache_control": {"type": "ephemeral", "ttl": "5m"}}),
            "",
        ),
        (
            |r| r.format = Some(Format::Json),
            json!({"system": "s\n\nAnswer with a JSON object and nothing else."}),
            "JSON mode",
        ),
        (
            |r| {
                r.format = Some(Format::Schema {
                    name: Some("n".into()),
                    description: None,
                    schema: json!({"type": "object"}),
                    strict: Some(true),
                })
            },
            json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
            "the name and the description",
        ),
        (
            |r| r.thinking = Thinking::with_effort(Effort::Max),
            json!({"output_config": {"effort": "max"}, "thinking": null}),
            "",
        ),
        (
            |r| r.thinking = Thinking::with_effort(Effort::Minimal),
            json!({"output_config": null}),
            "effort minimal",
        ),
        (
            |r| {
                r.thinking =
                    Thinking { budget: Some(16000), shown: Some(true), ..Thinking::default() }
            },
            json!({"thinking": {"type": "enabled", "budget_tokens": 16000, "display": "summarized"}, "max_tokens": 24192}),
            "",
        ),
        (
            |r| {
                r.thinking = Thinking {
                    mode: Some(ThinkingMode::Disabled),
                    shown: Some(false),
                    ..Thinking::default()
                }
            },
            json!({"thinking": {"type": "disabled"}}),
            "",
        ),
        (
            |r| {
                r.thinking =
                    Thinking { mode: Some(ThinkingMode::BetweenTools), ..Thinking::default() }
            },
            json!({"thinking": {"type": "between_tools"}}),
            "",
        ),
        (
            |r| r.extra = object(json!({"logit_bias": {}, "service_tier": "flex"})),
            json!({"service_tier": null}),
            "logit_bias, service_tier: anthropic has no such fields",
        ),
        (
            |r| {
                r.seed = Some(1);
                r.frequency_penalty = Some(0.5);
                r.cache_key = Some("k".into());
                r.messages[1].name = Some("Bob".into());
            },
            json!({"seed": null}),
            "seed, frequency_penalty, cache_key, name: anthropic has no such fields",
        ),
    ];
    for (change, expected, warning) in cases {
        let request = with(change);
        let encoded = Anthropic.encode(&request, model(), false);
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(
                encoded.body.get(field).unwrap_or(&Value::Null),
                value,
                "{field}: {}",
                encoded.body
            );
        }
        let warnings = encoded.warnings.join("\n");
        assert!(
            warnings.contains(warning) && warning.is_empty() == warnings.is_empty(),
            "{warnings}"
        );
    }
}

#[test]
fn content_that_the_api_does_not_take_is_left_out_with_a_warning() {
    let document = |media_type: &str, data: &str| -> Part {
        let source = Source::Base64 { media_type: media_type.into(), data: data.into() };
        Content::Document { source, name: Some("n".into()) }.into()
    };
    let source = Source::Base64 { media_type: "audio/wav".into(), data: "AAAA".into() };
    let detail = Some("high".to_owned());
    let url = Source::Url { url: "https://example.com/a".into(), media_type: None };
    let cases = [
        (image("image/bmp"), None, "image/bmp"),
        (
            image("image/jpg"),
            Some(
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "AAAA"}}),
            ),
            "",
        ),
        (
            Content::Image { source: url, detail }.into(),
            Some(
                json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a"}}),
            ),
            "detail",
        ),
        (
            Content::Image { source: Source::File("f".into()), detail: None }.into(),
            None,
            "uploaded",
        ),
        (Content::Audio { source }.into(), None, "audio"),
        (
            document("text/markdown", "Y2Fmw6k="),
            Some(
                json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "café"}, "title": "n"}),
            ),
            "",
        ),
        (document("text/plain", "/w=="), None, "text/plain"),
        (document("application/zip", "AAAA"), None, "application/zip"),
        (Content::Other(json!({"type": "input_text"})).into(), None, "input_text"),
    ];
    for (part, expected, warning) in cases {
        let request = from_openai(vec![Message::of(Role::User, vec![Part::text("x"), part])]);
        let encoded = Anthropic.encode(&request, model(), false);
        let content = &encoded.body["messages"][0]["content"];
        assert_eq!(content.get(1), expected.as_ref());
        let warnings = encoded.warnings.join("\n");
        assert!(
            warnings.contains(warning) && warning.is_empty() == warnings.is_empty(),
            "{warnings}"
        );
    }
    let unsigned = Content::Reasoning { text: "t".into(), redacted: None }.into();
    let parts = vec![unsigned, call("a", "f", "[1]"), image("image/png")];
    let result = Message::of(Role::User, vec![ToolResult::text("a", "r").into()]);
    let request = from_openai(vec![user("x"), Message::of(Role::Assistant, parts), result]);
    let encoded = Anthropic.encode(&request, model(), false);
    let expected = json!([{"type": "tool_use", "id": "a", "name": "f", "input": {"_raw": "[1]"}}]);
    assert_eq!(encoded.body["messages"][1]["content"], expected);
    assert_eq!(encoded.warnings.len(), 3, "{:?}", encoded.warnings);
}

#[test]
fn only_the_last_four_cache_hints_are_sent() {
    let hinted = |text: &str| Part { cache: Some(CacheHint::Default), ..Part::text(text) };
    let content = ["a", "b", "c", "d"].map(hinted).to_vec();
    let system = Message::of(Role::System, vec![hinted("s")]);
    let request = from_openai(vec![system, Message::of(Role::User, content)]);
    let body = body_of(&Request { cache: Some(CacheHint::Default), ..request.clone() });
    assert_eq!(body.to_string().matches("cache_control").count(), 4);
    assert!(body["system"][0].get("cache_control").is_none(), "{body}");
    assert!(body["messages"][0]["content"][1].get("cache_control").is_some(), "{body}");
    assert!(warnings_of(&request)[0].starts_with("1 cache hints"));
}
