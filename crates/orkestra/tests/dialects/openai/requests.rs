//! Callers' requests as they arrive, and how they are written for OpenAI and for compatible servers.

use orkestra::{
    ErrorKind,
    catalogue::{Acceptance, Model, RequiredWord, SeedField},
    chat::{
        CacheHint, Content, DialectName, Effort, Format, Function, Message, Part, Request, Role,
        Source, ThinkingMode, Tool, ToolCall, ToolChoice, ToolResult,
    },
    dialect::{Call, Dialect, OpenAi},
};
use serde_json::{Value, json};

use super::{compatible_model, encode, own_model, read};

fn message(message: &Value) -> Message {
    read(&json!({"messages": [message]})).unwrap().request.messages.remove(0)
}

fn choosing(choice: &Value) -> Request {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    read(&json!({"messages": messages, "tool_choice": choice})).unwrap().request
}

fn base64(media_type: &str, data: &str) -> Source {
    Source::Base64 { media_type: media_type.into(), data: data.into() }
}

#[test]
fn every_field_of_a_request_finds_its_place() {
    let asked = read(&json!({
        "model": "auto", "max_tokens": 10, "max_completion_tokens": 20, "temperature": 0.5, "top_p": 1,
        "stop": "END", "seed": -7, "frequency_penalty": 0.25, "presence_penalty": null, "logprobs": true,
        "top_logprobs": 3, "n": 1, "stream": true, "stream_options": {"include_usage": true},
        "reasoning_effort": "xhigh", "prompt_cache_key": "k", "user": "old", "safety_identifier": "new",
        "metadata": {"a": "b"}, "store": true, "service_tier": "flex", "verbosity": null,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}, "strict": true}},
        "parallel_tool_calls": false, "tool_choice": "required",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}, "strict": true, "new": 1}},
                  {"type": "custom", "custom": {"name": "c"}}],
        "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi", "name": "ann"}],
    }))
    .unwrap();
    assert!(asked.stream && asked.stream_usage && !asked.stream_array);
    let extra = json!({
        "top_logprobs": 3, "store": true, "service_tier": "flex", "safety_identifier": "new"});
    let function = Function {
        name: "f".into(),
        parameters: Some(json!({})),
        strict: Some(true),
        extra: json!({"new": 1}).as_object().unwrap().clone(),
        ..Function::default()
    };
    let user = Message { name: Some("ann".into()), ..Message::text(Role::User, "Hi") };
    let expected = Request {
        messages: vec![Message::text(Role::Developer, "Be brief."), user],
        max_tokens: Some(20),
        temperature: Some(0.5),
        top_p: Some(1.0),
        stop: vec!["END".into()],
        seed: Some(-7),
        frequency_penalty: Some(0.25),
        logprobs: Some(true),
        tools: vec![
            Tool::Function(function),
            Tool::Other(json!({"type": "custom", "custom": {"name": "c"}})),
        ],
        tool_choice: Some(ToolChoice::Required),
        parallel_tool_calls: Some(false),
        format: Some(Format::Schema {
            name: Some("s".into()),
            description: None,
            schema: json!({"type": "object"}),
            strict: Some(true),
        }),
        thinking: orkestra::chat::Thinking::with_effort(Effort::Xhigh),
        cache_key: Some("k".into()),
        user: Some("old".into()),
        metadata: json!({"a": "b"}).as_object().unwrap().clone(),
        model: Some("auto".into()),
        dialect: Some(DialectName::Openai),
        extra: extra.as_object().unwrap().clone(),
        ..Request::default()
    };
    assert_eq!(asked.request, expected);
}

#[test]
fn content_parts_are_read_by_their_type() {
    let cases = [
        (json!({"type": "text", "text": "a"}), Part::text("a")),
        (
            json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}),
            Content::Image { source: base64("image/png", "AAAA"), detail: Some("low".into()) }
                .into(),
        ),
        (
            json!({"type": "image_url", "image_url": "https://example.com/a.png"}),
            Content::Image {
                source: Source::Url { url: "https://example.com/a.png".into(), media_type: None },
                detail: None,
            }
            .into(),
        ),
        (
            json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}}),
            Content::Document {
                source: base64("application/pdf", "AAAA"),
                name: Some("a.pdf".into()),
            }
            .into(),
        ),
        (
            json!({"type": "file", "file": {"file_id": "file-1"}}),
            Content::Document { source: Source::File("file-1".into()), name: None }.into(),
        ),
        (
            json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}),
            Content::Audio { source: base64("audio/mpeg", "AAAA") }.into(),
        ),
        (
            json!({"type": "video_url", "x": 1}),
            Content::Other(json!({"type": "video_url", "x": 1})).into(),
        ),
        (
            json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
            Part { cache: Some(CacheHint::OneHour), ..Part::text("a") },
        ),
        (
            json!({"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}),
            Part {
                extra: json!({"prompt_cache_breakpoint": {"mode": "explicit"}})
                    .as_object()
                    .unwrap()
                    .clone(),
                ..Part::text("a")
            },
        ),
    ];
    for (part, expected) in cases {
        let read = message(&json!({"role": "user", "content": [part]}));
        assert_eq!(read.content, [expected], "{part}");
    }
}

#[test]
fn an_answer_that_clients_send_back_as_it_came_is_read() {
    let echoed = message(&json!({
        "role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null,
        "function_call": null, "reasoning_content": "hmm",
        "tool_calls": [
            {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"},
             "extra_content": {"google": {"thought_signature": "c2ln"}}},
            {"id": "call_2", "type": "custom", "custom": {"name": "sql", "input": "select"}},
        ],
    }));
    let call = |id: &str, name: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    let free_text = Part {
        extra: json!({"type": "custom", "custom": {"name": "sql", "input": "select"}})
            .as_object()
            .unwrap()
            .clone(),
        ..call("call_2", "sql", "{\"input\":\"select\"}").into()
    };
    let thought = Content::Reasoning { text: "hmm".into(), redacted: None }.into();
    let expected =
        [thought, Part::from(call("call_1", "f", "{\"a\": 1}")).signed("c2ln"), free_text];
    assert_eq!(echoed, Message::of(Role::Assistant, expected.to_vec()));

    let refused = message(&json!({"role": "assistant", "content": "", "refusal": "I won't."}));
    assert_eq!(refused.content, [Content::Refusal("I won't.".into()).into()]);
}

#[test]
fn results_of_one_turn_are_one_message() {
    let read = read(&json!({"messages": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": ""},
        {"role": "system", "content": " "},
    ]}))
    .unwrap();
    let results = vec![ToolResult::text("a", "1").into(), ToolResult::text("b", "2").into()];
    assert!(read.request.validate().is_ok());
    assert_eq!(read.request.messages.len(), 4, "what says nothing is left out");
    assert_eq!(read.request.messages[2], Message::of(Role::User, results));
    assert_eq!(
        read.request.messages[1].content[1],
        ToolCall { id: "b".into(), name: "f".into(), arguments: "{\"x\":1}".into() }.into()
    );
}

#[test]
fn the_older_functions_become_tools() {
    let read = read(&json!({
        "functions": [{"name": "f", "parameters": {"type": "object"}}], "function_call": {"name": "f"},
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
        ],
    }))
    .unwrap()
    .request;
    assert_eq!(read.tool_choice, Some(ToolChoice::Function("f".into())));
    assert!(read.validate().is_ok(), "the result names the call");
    let body = encode(&read, &own_model()).body;
    assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["name"], "f");
    assert_eq!(body["messages"][2]["role"], "tool");
    assert_eq!(body["messages"][2]["tool_call_id"], body["messages"][1]["tool_calls"][0]["id"]);
    assert_eq!(body["tools"][0]["function"]["name"], "f");
}

#[test]
fn choices_of_tools_are_read() {
    let function = |name: &str| json!({"type": "function", "function": {"name": name}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [function("f")]}});
    let allows = |required| ToolChoice::Allowed { names: vec!["f".into()], required };
    let cases = [
        (json!("auto"), ToolChoice::Auto),
        (json!("none"), ToolChoice::None),
        (json!("any"), ToolChoice::Required),
        (function("f"), ToolChoice::Function("f".into())),
        (json!({"type": "function", "name": "f"}), ToolChoice::Function("f".into())),
        (allowed("auto"), allows(false)),
        (allowed("required"), allows(true)),
    ];
    for (choice, expected) in cases {
        assert_eq!(choosing(&choice).tool_choice, Some(expected), "{choice}");
    }
    let custom = json!({"type": "custom", "custom": {"name": "c"}});
    let read = choosing(&custom);
    assert_eq!((read.tool_choice, &read.extra["tool_choice"]), (None, &custom));
}

#[test]
fn a_wrong_field_is_named_with_its_value_and_what_was_expected() {
    let user = json!({"role": "user", "content": "Hi"});
    let one = |message: Value| json!({"messages": [user, message]});
    let with = |field: &str, value: Value| json!({"messages": [user], field: value});
    let cases: Vec<(Value, &str)> = vec![
        (json!([]), "the body is []; expected a JSON object"),
        (json!({"model": "auto"}), "messages is missing; expected a list of messages"),
        (
            json!({"input": "Hi"}),
            "messages is missing; expected a list of messages (input belongs to the Responses API, /v1/responses)",
        ),
        (json!({"messages": "Hi"}), "messages is \"Hi\"; expected a list"),
        (one(json!("Hi")), "messages[1] is \"Hi\"; expected an object"),
        (
            one(json!({"role": "robot"})),
            "messages[1].role is \"robot\"; expected system, developer, user, assistant or tool",
        ),
        (
            one(json!({"role": "user"})),
            "messages[1].content is missing; expected text or a list of parts",
        ),
        (
            one(json!({"role": "user", "content": 7})),
            "messages[1].content is 7; expected text or a list of parts",
        ),
        (
            one(json!({"role": "user", "content": [{"text": "a"}]})),
            "messages[1].content[0].type is missing; expected the kind of the part, such as \"text\"",
        ),
        (
            one(
                json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:nonsense"}}]}),
            ),
            "messages[1].content[0].image_url.url is \"data:nonsense\"; expected an https: URL or data:<media type>;base64,<data>",
        ),
        (
            one(json!({"role": "tool", "content": "1"})),
            "messages[1].tool_call_id is missing; expected the id of the call it answers",
        ),
        (
            one(
                json!({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": 1}}]}),
            ),
            "messages[1].tool_calls[0].function.arguments is 1; expected JSON in a text",
        ),
        (with("temperature", json!("hot")), "temperature is \"hot\"; expected a number"),
        (
            with("max_tokens", json!(-1)),
            "max_tokens is -1; expected a whole number from 0 to 4294967295",
        ),
        (with("n", json!(2)), "n is 2; expected 1, one answer per call"),
        (with("stop", json!(["a", 1])), "stop[1] is 1; expected text"),
        (
            with("reasoning_effort", json!("extreme")),
            "reasoning_effort is \"extreme\"; expected one of none, minimal, low, medium, high, xhigh, max",
        ),
        (
            with("response_format", json!({"type": "xml"})),
            "response_format.type is \"xml\"; expected \"text\", \"json_object\" or \"json_schema\"",
        ),
        (
            with("tools", json!([{"type": "function"}])),
            "tools[0].function is missing; expected an object with the function's name",
        ),
        (
            with("tool_choice", json!("maybe")),
            "tool_choice is \"maybe\"; expected \"auto\", \"none\", \"required\", or an object of the type function or allowed_tools",
        ),
        (with("stream", json!("yes")), "stream is \"yes\"; expected true or false"),
    ];
    for (body, expected) in cases {
        let error = read(&body).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (&ErrorKind::InvalidRequest, expected)
        );
    }
    assert!(super::read_bytes(b"{").unwrap_err().to_string().starts_with("the body is not JSON ("));
}

#[test]
fn headers_of_the_api_travel_but_those_of_the_callers_key_do_not() {
    let headers = [
        ("openai-beta".to_owned(), "x=1".to_owned()),
        ("openai-organization".to_owned(), "org-caller".to_owned()),
        ("x-stainless-lang".to_owned(), "python".to_owned()),
    ];
    let body = json!({"messages": [{"role": "user", "content": "Hi"}]}).to_string();
    let call =
        Call { path: "/v1/chat/completions", query: "", headers: &headers, body: body.as_bytes() };
    let mut request = OpenAi.read_request(&call).unwrap().request;
    assert_eq!(encode(&request, &own_model()).headers, headers[..1]);
    request.dialect = Some(DialectName::Anthropic);
    assert_eq!(encode(&request, &own_model()).headers, []);
}

/// A conversation that another dialect's caller might have.
fn foreign() -> Request {
    let image = Content::Image { source: base64("image/png", "AAAA"), detail: None };
    let result = ToolResult {
        call: "a".into(),
        content: vec![Part::text("no"), image.into()],
        is_error: true,
        ..ToolResult::default()
    };
    let call = ToolCall { id: "a".into(), name: "f".into(), arguments: "{}".into() };
    let hinted = |text: &str| Part { cache: Some(CacheHint::Default), ..Part::text(text) };
    Request {
        messages: vec![
            Message::of(Role::System, vec![hinted("One."), Part::text("Two.")]),
            Message::text(Role::User, "Hi"),
            Message::of(
                Role::Assistant,
                vec![
                    Content::Reasoning { text: "hmm".into(), redacted: None }.into(),
                    Part::text("Let me "),
                    Part::text("see."),
                    call.into(),
                ],
            ),
            Message::of(Role::User, vec![result.into(), Part::text("Go on.")]),
        ],
        tools: vec![Tool::Other(json!({"type": "web_search_20250305"}))],
        user: Some("u".into()),
        cache_key: Some("k".into()),
        metadata: json!({"a": "b"}).as_object().unwrap().clone(),
        dialect: Some(DialectName::Anthropic),
        extra: json!({"context_management": {}, "container": "c"}).as_object().unwrap().clone(),
        ..Request::default()
    }
}

#[test]
fn what_another_dialect_says_is_put_into_openais_words_or_warned_of() {
    let encoded = encode(&foreign(), &own_model());
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    assert_eq!(
        encoded.body,
        json!({
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": [text("One."), text("Two.")]},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [text("Let me "), text("see.")], "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "a", "content": "Error: no"},
                {"role": "user", "content": [text("The result of the tool call a:"), image, text("Go on.")]},
            ],
            "prompt_cache_key": "k",
            "user": "u",
        })
    );
    let expected = [
        "pictures and files in tool results were moved into a user message: OpenAI's API takes text there",
        "the tool web_search_20250305 was left out: OpenAI's API has none such",
        "metadata was left out: OpenAI's API takes it only of answers that it shall store",
        "cache hints were left out: OpenAI's API caches by itself",
        "context_management, container: openai has no such fields; left out",
    ];
    assert_eq!(encoded.warnings, expected);
}

#[test]
fn a_compatible_server_gets_plain_texts_and_no_newer_field() {
    let body = encode(&foreign(), &compatible_model()).body;
    assert_eq!(body["messages"][0]["content"], "One.\nTwo.");
    assert_eq!(body["messages"][2]["content"], "Let me see.");
    for field in ["prompt_cache_key", "safety_identifier", "user", "metadata"] {
        assert_eq!(body.get(field), None, "{field}");
    }
    let developer = Request::from(vec![
        Message::text(Role::Developer, "Be brief."),
        Message::text(Role::User, "Hi"),
    ]);
    let body = encode(&developer, &compatible_model()).body;
    assert_eq!(
        (&body["messages"][0]["role"], &body["max_tokens"]),
        (&json!("system"), &json!(8192))
    );
    let body = encode(&developer, &own_model()).body;
    assert_eq!(
        (&body["messages"][0]["role"], &body["max_completion_tokens"]),
        (&json!("developer"), &json!(8192))
    );
}

#[test]
fn what_only_this_api_knows_is_put_back_for_its_own_callers() {
    let body = json!({
        "model": "gpt-4o", "service_tier": "flex", "logit_bias": {"1": 2}, "store": true, "metadata": {"a": "b"},
        "messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "https://example.com"}}]}],
        "tools": [{"type": "custom", "custom": {"name": "c"}}],
        "tool_choice": {"type": "custom", "custom": {"name": "c"}},
    });
    let encoded = encode(&read(&body).unwrap().request, &own_model());
    assert_eq!(encoded.body, body);
    assert!(encoded.warnings.is_empty(), "{:?}", encoded.warnings);
}

#[test]
fn calls_without_an_id_get_one_and_their_results_find_it() {
    let call = |name: &str, id: &str| {
        Part::from(ToolCall { id: id.into(), name: name.into(), arguments: "{}".into() })
    };
    let result = |name: &str| {
        Part::from(ToolResult { name: Some(name.into()), ..ToolResult::text("", "x") })
    };
    let request = Request::from(vec![
        Message::text(Role::User, "Hi"),
        Message::of(Role::Assistant, vec![call("f", ""), call("g", ""), call("h", "call_1")]),
        Message::of(
            Role::User,
            vec![result("g"), result("f"), ToolResult::text("call_1", "x").into()],
        ),
        Message::of(Role::Assistant, vec![call("f", "")]),
        Message::of(Role::User, vec![result("f")]),
    ]);
    let body = encode(&request, &own_model()).body;
    let ids = |position: usize| -> Vec<&str> {
        let calls = body["messages"][position]["tool_calls"].as_array().unwrap();
        calls.iter().map(|call| call["id"].as_str().unwrap()).collect()
    };
    assert_eq!((ids(1), ids(5)), (vec!["call_0", "call_2", "call_1"], vec!["call_3"]));
    let answered =
        [2, 3, 4, 6].map(|position| body["messages"][position]["tool_call_id"].as_str().unwrap());
    assert_eq!(answered, ["call_2", "call_0", "call_1", "call_3"]);
}

/// The same small request with one thing set, for a model with one rule.
fn written(rule: impl Fn(&mut Model), set: impl Fn(&mut Request)) -> Value {
    let mut model = compatible_model();
    rule(&mut model);
    let mut request = Request::from("Hi");
    request.tools = ["f", "g"]
        .map(|name| Tool::Function(Function { name: name.into(), ..Function::default() }))
        .to_vec();
    set(&mut request);
    encode(&request, &model).body
}

#[test]
fn compatible_servers_get_the_words_that_they_know() {
    let any = |model: &mut Model| model.parameters.required_tool_choice = RequiredWord::Any;
    let names = |body: &Value| -> Vec<String> {
        let tools = body["tools"].as_array().unwrap().iter();
        tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let choose = |choice: ToolChoice| {
        move |request: &mut Request| request.tool_choice = Some(choice.clone())
    };
    let body = written(any, choose(ToolChoice::Required));
    assert_eq!((names(&body).len(), &body["tool_choice"]), (2, &json!("any")));
    let body = written(any, choose(ToolChoice::Function("g".into())));
    assert_eq!((names(&body), &body["tool_choice"]), (vec!["g".to_owned()], &json!("any")));
    let allowed = ToolChoice::Allowed { names: vec!["f".into()], required: true };
    let body = written(|_| {}, choose(allowed));
    assert_eq!((names(&body), &body["tool_choice"]), (vec!["f".to_owned()], &json!("required")));

    let seed = |model: &mut Model| model.parameters.seed_field = SeedField::RandomSeed;
    let body = written(seed, |request| request.seed = Some(7));
    assert_eq!((body.get("seed"), &body["random_seed"]), (None, &json!(7)));

    let context = |model: &mut Model| model.parameters.num_ctx = true;
    let body = written(context, |_| {});
    assert_eq!(body["options"], json!({"num_ctx": compatible_model().context}));
    let body = written(context, |request| {
        request.dialect = Some(DialectName::Openai);
        request.extra.insert("options".into(), json!({"num_ctx": 5, "x": 1}));
    });
    assert_eq!(body["options"], json!({"num_ctx": 5, "x": 1}));

    let body = written(|_| {}, |request| request.thinking.mode = Some(ThinkingMode::Disabled));
    assert_eq!(body["thinking"], json!({"type": "disabled"}));
    let by_effort = |model: &mut Model| model.parameters.efforts = vec![Effort::None, Effort::High];
    let body = written(by_effort, |request| request.thinking.mode = Some(ThinkingMode::Disabled));
    assert_eq!((body.get("thinking"), &body["reasoning_effort"]), (None, &json!("none")));
}

#[test]
fn thoughts_go_back_only_to_those_who_want_them() {
    let thinks = |model: &mut Model| model.parameters.reasoning_content = true;
    let refuses = |model: &mut Model| model.parameters.empty_assistant = Acceptance::Refused;
    let thought = || Part::from(Content::Reasoning { text: "hmm".into(), redacted: None });
    let history = |content: Vec<Part>| {
        move |request: &mut Request| {
            request.messages.push(Message::of(Role::Assistant, content.clone()));
            request.messages.push(Message::text(Role::User, "And?"));
        }
    };
    let thoughtful = || history(vec![thought(), Part::text("a")]);
    let body = written(thinks, thoughtful());
    let expected = json!({"role": "assistant", "content": "a", "reasoning_content": "hmm"});
    assert_eq!(body["messages"][1], expected);
    let body = written(|_| {}, thoughtful());
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "a"}));
    // A turn that was answered without thoughts must have some all the same.
    let body = written(thinks, history(vec![Part::text("a")]));
    assert_eq!(body["messages"][1]["reasoning_content"], " ");

    let body = written(|_| {}, history(vec![thought()]));
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": ""}));
    let body = written(refuses, history(vec![thought()]));
    assert_eq!(body["messages"][1], json!({"role": "user", "content": "And?"}));
}
