//! OpenAI Responses, both ways: what is written is read back, every split of a stream gives the same, nonsense breaks
//! nothing.

use std::collections::HashSet;

use orkestra::{
    Error, ErrorKind,
    catalogue::{Catalogue, Model},
    chat::{
        Assembly, CacheHint, Chunk, Content, DialectName, Effort, End, Extra, FinishReason, Format,
        Function, Message, Part, Reply, Request, Role, Source, Thinking, Tool, ToolCall,
        ToolChoice, ToolResult, Usage,
    },
    dialect::{self, Asked, Call, Caption, Dialect, Encoded, Failure, Responses, sse},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn model(name: &str) -> &'static Model {
    Catalogue::builtin().model(name).unwrap()
}

fn encode(request: &Request) -> Encoded {
    Responses.encode(request, model("gpt-6-luna"), false)
}

fn read(body: &Value) -> Result<Asked, Error> {
    let headers = [
        ("openai-beta".to_owned(), "x=v1".to_owned()),
        ("openai-organization".to_owned(), "org-1".to_owned()),
        ("user-agent".to_owned(), "test".to_owned()),
    ];
    let body = body.to_string();
    let call = Call { path: "/v1/responses", query: "", headers: &headers, body: body.as_bytes() };
    Responses.read_request(&call)
}

fn decode(body: &Value) -> Result<Reply, Error> {
    Responses.decode(body.to_string().as_bytes())
}

fn caption() -> Caption {
    Caption {
        id: "0198f00d".into(),
        model: "orkestra/auto".into(),
        created: 1_790_000_000,
        expected_input_tokens: 7,
        stream_usage: true,
    }
}

fn extra(mut value: Value) -> Extra {
    std::mem::take(value.as_object_mut().unwrap())
}

fn own(messages: Vec<Message>) -> Request {
    Request { messages, dialect: Some(DialectName::Responses), ..Request::default() }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }
}

fn thoughts(text: &str) -> Part {
    Content::Reasoning { text: text.into(), redacted: None }.into()
}

// ------------------------------------------------------------------------------------------------ requests, read

#[test]
fn items_become_messages() {
    let image = "data:image/png;base64,iVBO";
    let body = json!({
        "model": "gpt-6-luna", "instructions": "Be brief.", "input": [
            {"role": "developer", "content": "No jokes."},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "Look:", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "input_image", "image_url": image, "detail": "low"},
                {"type": "input_image", "file_id": "file-1", "detail": "auto"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://x/a.pdf"},
                {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA+/="},
            {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "phase": "commentary",
             "content": [{"type": "output_text", "text": "Calling.", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{ \"a\":1 }"},
            {"type": "function_call", "id": "fc_orkestra_1", "call_id": "call_2", "name": "g", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "one"},
            {"type": "function_call_output", "call_id": "call_2", "output": [
                {"type": "input_text", "text": "two"}, {"type": "input_image", "image_url": "https://x/2.png"}]},
            {"type": "custom_tool_call_output", "call_id": "c", "output": "raw"},
            {"type": "item_reference", "id": "msg_0"},
            {"role": "user", "content": "Go on."}]});
    let Asked { request, stream, stream_usage, .. } = read(&body).unwrap();
    assert!(!stream && stream_usage);
    assert_eq!(request.model.as_deref(), Some("gpt-6-luna"));
    assert_eq!(request.headers, [("openai-beta".to_owned(), "x=v1".to_owned())]);
    let picture = Source::Base64 { media_type: "image/png".into(), data: "iVBO".into() };
    let pdf = Source::Base64 { media_type: "application/pdf".into(), data: "JVBE".into() };
    let web = |url: &str| Source::Url { url: url.into(), media_type: None };
    let wav = Source::Base64 { media_type: "audio/wav".into(), data: "UklG".into() };
    let marked = Part { cache: Some(CacheHint::Default), ..Part::text("Look:") };
    let said = json!({"phase": "commentary", "id": "msg_1", "status": "completed"});
    let phase = extra(json!({"message": said}));
    let expected = [
        Message::text(Role::System, "Be brief."),
        Message::text(Role::Developer, "No jokes."),
        Message::of(
            Role::User,
            vec![
                marked,
                Content::Image { source: picture, detail: Some("low".into()) }.into(),
                Content::Image { source: Source::File("file-1".into()), detail: None }.into(),
                Content::Document { source: pdf, name: Some("a.pdf".into()) }.into(),
                Content::Document { source: web("https://x/a.pdf"), name: None }.into(),
                Content::Audio { source: wav }.into(),
            ],
        ),
        Message::of(
            Role::Assistant,
            vec![
                Part { extra: extra(json!({"id": "rs_1"})), ..thoughts("").signed("gAAA+/=") },
                Part { extra: phase, ..Part::text("Calling.") },
                Part {
                    extra: extra(json!({"id": "fc_1"})),
                    ..call("call_1", "f", "{ \"a\":1 }").into()
                },
                call("call_2", "g", "{}").into(),
            ],
        ),
        Message::of(
            Role::User,
            vec![
                ToolResult::text("call_1", "one").into(),
                ToolResult {
                    call: "call_2".into(),
                    content: vec![
                        Part::text("two"),
                        Content::Image { source: web("https://x/2.png"), detail: None }.into(),
                    ],
                    ..ToolResult::default()
                }
                .into(),
                Content::Other(body["input"][8].clone()).into(),
            ],
        ),
        Message::of(Role::Assistant, vec![Content::Other(body["input"][9].clone()).into()]),
        Message::text(Role::User, "Go on."),
    ];
    for (found, expected) in request.messages.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(request.messages.len(), expected.len());
    assert!(request.validate().is_ok());
}

#[test]
fn settings_are_read_and_what_only_this_api_knows_is_kept() {
    let body = json!({
        "model": "m", "input": "Hi", "stream": true, "max_output_tokens": 100, "temperature": 0.5, "top_p": 0.9,
        "reasoning": {"effort": "high", "summary": "detailed", "context": "all_turns"},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true}},
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": null, "defer_loading": true},
                  {"type": "web_search"}],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
        "parallel_tool_calls": false, "metadata": {"k": "v"}, "safety_identifier": "s", "user": "u",
        "prompt_cache_key": "p", "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "store": true, "previous_response_id": null, "truncation": "auto", "service_tier": "flex"});
    let Asked { request, stream, .. } = read(&body).unwrap();
    assert!(stream);
    let function = Function {
        name: "f".into(),
        parameters: Some(json!({"type": "object"})),
        extra: extra(json!({"defer_loading": true})),
        ..Function::default()
    };
    let expected = Request {
        model: Some("m".into()),
        max_tokens: Some(100),
        temperature: Some(0.5),
        top_p: Some(0.9),
        logprobs: Some(true),
        thinking: Thinking { shown: Some(true), ..Thinking::with_effort(Effort::High) },
        format: Some(Format::Schema {
            name: Some("n".into()),
            description: None,
            schema: json!({"type": "object"}),
            strict: Some(true),
        }),
        tools: vec![Tool::Function(function), Tool::Other(json!({"type": "web_search"}))],
        tool_choice: Some(ToolChoice::Allowed { names: vec!["f".into()], required: true }),
        parallel_tool_calls: Some(false),
        metadata: extra(json!({"k": "v"})),
        user: Some("u".into()),
        cache_key: Some("p".into()),
        headers: request.headers.clone(),
        extra: extra(json!({
            "store": true, "truncation": "auto", "service_tier": "flex", "safety_identifier": "s",
            "reasoning": {"context": "all_turns", "summary": "detailed"}, "text": {"verbosity": "low"},
            "include": ["reasoning.encrypted_content"]})),
        ..own(vec![Message::text(Role::User, "Hi")])
    };
    assert_eq!(request, expected);
    // And it goes to the same API as it came.
    let written = encode(&request).body;
    for field in [
        "reasoning",
        "text",
        "tool_choice",
        "metadata",
        "store",
        "truncation",
        "user",
        "safety_identifier",
    ] {
        assert_eq!(written[field], body[field], "{field}");
    }
    assert_eq!(written["tools"][1], body["tools"][1]);
    assert_eq!(written["tools"][0]["defer_loading"], true);
    assert_eq!(written["model"], "gpt-6-luna");
}

#[test]
fn a_wrong_field_is_named_with_its_value_and_what_was_expected() {
    let item = |item: Value| json!({"input": [{"role": "user", "content": "x"}, item]});
    let cases = [
        (json!([]), "the body is []; expected an object"),
        (json!({"model": "m"}), "input is missing; expected a string or a list of items"),
        (json!({"input": 7}), "input is 7; expected a string or a list of items"),
        (item(json!("x")), "input[1] is \"x\"; expected an object"),
        (
            item(json!({"content": "x"})),
            "input[1].role is missing; expected user, assistant, system or developer",
        ),
        (
            item(json!({"role": "tool", "content": "x"})),
            "input[1].role is \"tool\"; expected user, assistant, system or developer",
        ),
        (
            item(json!({"role": "user"})),
            "input[1].content is missing; expected a string or a list of parts",
        ),
        (
            item(json!({"role": "user", "content": [{"type": "input_text"}]})),
            "input[1].content[0].text is missing; expected a string",
        ),
        (
            item(
                json!({"role": "user", "content": [{"type": "input_image", "image_url": {"url": "x"}}]}),
            ),
            "input[1].content[0].image_url is {\"url\":\"x\"}; expected a string",
        ),
        (
            item(json!({"role": "user", "content": [{"type": "input_image"}]})),
            "input[1].content[0] is {\"type\":\"input_image\"}; expected an image_url or a file_id",
        ),
        (
            item(json!({"type": "function_call", "name": "f", "arguments": "{}"})),
            "input[1].call_id is missing; expected a string",
        ),
        (
            item(json!({"type": "function_call_output", "call_id": "c"})),
            "input[1].output is missing; expected a string or a list of parts",
        ),
        (
            json!({"input": "x", "max_output_tokens": -1}),
            "max_output_tokens is -1; expected a whole number from 0 to 4294967295",
        ),
        (json!({"input": "x", "temperature": "hot"}), "temperature is \"hot\"; expected a number"),
        (json!({"input": "x", "stream": 1}), "stream is 1; expected true or false"),
        (
            json!({"input": "x", "tools": [{"name": "f"}]}),
            "tools[0].type is missing; expected a string",
        ),
        (
            json!({"input": "x", "tools": [{"type": "function", "function": {"name": "f"}}]}),
            "tools[0].name is missing; expected a string",
        ),
        (
            json!({"input": "x", "tool_choice": "any"}),
            "tool_choice is \"any\"; expected auto, none, required, or an object that names tools",
        ),
        (
            json!({"input": "x", "reasoning": {"effort": "huge"}}),
            "reasoning.effort is \"huge\"; expected one of none, minimal, low, medium, high, xhigh, max",
        ),
        (
            json!({"input": "x", "text": {"format": {"type": "xml"}}}),
            "text.format.type is \"xml\"; expected text, json_object or json_schema",
        ),
        (
            json!({"input": "x", "background": true}),
            "background is true; answers are given at once, leave it out",
        ),
        (json!({"input": "x", "n": 2}), "n is 2; expected 1, one answer per call"),
    ];
    for (body, expected) in cases {
        let error = read(&body).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest, "{body}");
        assert_eq!(error.to_string(), expected);
    }
}

// ------------------------------------------------------------------------------------------------ requests, written

#[test]
fn a_call_leaves_nothing_at_the_provider_and_asks_for_the_thoughts() {
    let written = encode(&Request::from("Hi").system("Be brief."));
    assert_eq!(written.path, "/responses");
    let expected = json!({
        "model": "gpt-6-luna", "instructions": "Be brief.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "max_output_tokens": 8192, "temperature": 1.0, "store": false, "include": ["reasoning.encrypted_content"]});
    assert_eq!(written.body, expected);
    // A model that does not reason refuses to be asked for its thoughts.
    let plain = Responses.encode(&Request::from("Hi"), model("gpt-4.1"), true).body;
    assert_eq!((&plain["include"], &plain["stream"]), (&Value::Null, &json!(true)));
    // Who goes on with a conversation at the provider wants it kept there.
    let stored = Request {
        extra: extra(json!({"previous_response_id": "resp_1"})),
        ..own(vec![Message::text(Role::User, "Hi")])
    };
    assert_eq!(encode(&stored).body["store"], Value::Null);
}

#[test]
fn what_the_api_has_no_words_for_is_left_out_with_a_warning() {
    let other = Content::Other(json!({"type": "server_tool_use"}));
    let request = Request {
        messages: vec![
            Message { name: Some("Ada".into()), ..Message::text(Role::User, "Hi") },
            Message::of(Role::Assistant, vec![thoughts("hm"), other.into(), Part::text("Yes?")]),
            Message::text(Role::User, "Go"),
        ],
        max_tokens: Some(5),
        stop: vec!["x".into()],
        seed: Some(1),
        top_k: Some(2),
        frequency_penalty: Some(0.5),
        user: Some("u".repeat(65)),
        tools: vec![Tool::Other(json!({"type": "bash_20250124"}))],
        dialect: Some(DialectName::Anthropic),
        extra: extra(json!({"container": "c", "context_management": {}})),
        ..Request::default()
    };
    let Encoded { body, warnings, .. } = encode(&request);
    let expected = [
        "container, context_management: the Responses API has no such fields; left out",
        "the names of speakers were left out, the Responses API has none",
        "thoughts without their encrypted form were left out",
        "a part server_tool_use was left out, it belongs to another API",
        "max_tokens 5 was raised to 16, the least that the Responses API takes",
        "stop [\"x\"] was left out, the Responses API has none",
        "seed 1 was left out, the Responses API has none",
        "frequency_penalty 0.5 was left out, the Responses API has none",
        "top_k 2 was left out, the Responses API has none",
        "the tool bash_20250124 was left out, it belongs to another API",
        "user was cut to 64 characters, the most that the Responses API takes",
    ];
    assert_eq!(warnings, expected.map(|warning| format!("gpt-6-luna: {warning}")));
    assert_eq!(
        (body["tools"].clone(), body["max_output_tokens"].clone()),
        (Value::Null, json!(16))
    );
}

#[test]
fn calls_of_other_apis_are_said_so_that_this_one_takes_them() {
    let long = "x".repeat(80);
    let result = |call: &str, name: Option<&str>, is_error| ToolResult {
        name: name.map(str::to_owned),
        is_error,
        ..ToolResult::text(call, "r")
    };
    let request = Request {
        messages: vec![
            Message::text(Role::User, "Hi"),
            Message::of(
                Role::Assistant,
                ["", "", "call_0", &long]
                    .map(|id| call(id, if id.is_empty() { "f" } else { "g" }, "").into())
                    .into(),
            ),
            Message::of(
                Role::User,
                vec![
                    result("", Some("f"), true).into(),
                    result(&long, None, false).into(),
                    result("", None, false).into(),
                    result("call_0", None, false).into(),
                    Part::text("So?"),
                ],
            ),
        ],
        tools: vec![Tool::Function(Function { name: "f".into(), ..Function::default() })],
        dialect: Some(DialectName::Openai),
        extra: extra(json!({"service_tier": "flex", "verbosity": "low", "logit_bias": {}})),
        ..Request::default()
    };
    let body = encode(&request).body;
    let field = |field: &str| -> Vec<&str> {
        body["input"].as_array().unwrap().iter().filter_map(|item| item[field].as_str()).collect()
    };
    assert_eq!(
        field("call_id"),
        ["call_1", "call_2", "call_0", "call_3", "call_1", "call_3", "call_2", "call_0"]
    );
    assert_eq!(field("output"), ["Error: r", "r", "r", "r"]);
    assert_eq!(body["input"][9]["content"][0]["text"], "So?");
    // The other APIs mean no by silence, this one means yes.
    assert_eq!(
        body["tools"][0],
        json!({"type": "function", "name": "f", "parameters": null, "strict": false})
    );
    assert_eq!(
        (&body["service_tier"], &body["text"]),
        (&json!("flex"), &json!({"verbosity": "low"}))
    );
}

#[test]
fn a_call_with_tools_goes_to_the_api_that_takes_tools_from_a_thinking_model() {
    let tools =
        || Request::from("Hi").tools([Function { name: "f".into(), ..Function::default() }]);
    let effort = |effort| Request { thinking: Thinking::with_effort(effort), ..tools() };
    let none = Request { tool_choice: Some(ToolChoice::None), ..tools() };
    use DialectName::{Openai, Responses};
    let cases = [
        ("gpt-6-luna", Request::from("Hi"), Openai),
        ("gpt-6-luna", tools(), Responses),
        ("gpt-6-luna", none, Openai),
        ("gpt-6-luna", effort(Effort::None), Openai),
        ("gpt-6-luna", effort(Effort::Low), Responses),
        ("gpt-5.4-nano", tools(), Openai),
        ("gpt-5.4-nano", effort(Effort::Low), Responses),
        ("gpt-4.1", tools(), Openai),
        ("claude-haiku-4-5", tools(), DialectName::Anthropic),
    ];
    for (name, request, expected) in cases {
        let model = model(name);
        let usual = Catalogue::builtin().provider(&model.provider).unwrap().dialect;
        let chosen = dialect::for_call(dialect::named(usual), &request, model).name();
        assert_eq!(chosen, expected, "{name} {:?}", request.thinking);
    }
    let mut only = model("gpt-4.1").clone();
    only.parameters.responses_only = true;
    let chosen = dialect::for_call(dialect::named(Openai), &Request::from("Hi"), &only);
    assert_eq!(chosen.name(), Responses);
}

// ------------------------------------------------------------------------------------------------ answers, read

fn answer() -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": null,
        "incomplete_details": null, "model": "gpt-6-luna-2026", "service_tier": "default", "user": null,
        "output": [
            {"type": "reasoning", "id": "rs_1", "status": "completed", "encrypted_content": "gA==",
             "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]},
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "commentary",
             "content": [{"type": "output_text", "text": "x", "annotations": [{"type": "url_citation"}], "logprobs": []}]},
            {"type": "message", "id": "msg_2", "role": "assistant", "status": "completed",
             "content": [{"type": "output_text", "text": "y", "annotations": []}, {"type": "hologram", "data": 1}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{ }",
             "status": "completed", "caller": {"type": "direct"}}],
        "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
                  "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 250}, "total_tokens": 1300}})
}

#[test]
fn an_answer_is_read_item_by_item() {
    let reply = decode(&answer()).unwrap();
    let hologram = json!({"type": "message", "role": "assistant", "content": [{"type": "hologram", "data": 1}]});
    let summary = &answer()["output"][0]["summary"];
    let expected = vec![
        Part {
            extra: extra(json!({"id": "rs_1", "summary": summary})),
            ..thoughts("a\n\nb").signed("gA==")
        },
        Content::Other(answer()["output"][1].clone()).into(),
        Part {
            extra: extra(
                json!({"annotations": [{"type": "url_citation"}], "message": {"phase": "commentary"}}),
            ),
            ..Part::text("x")
        },
        Part::text("y"),
        Content::Other(hologram).into(),
        call("call_1", "f", "{ }").into(),
    ];
    assert_eq!(reply.content, expected);
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    let usage = Usage {
        input: 300,
        cache_read: 600,
        cache_write_5m: 100,
        output: 300,
        reasoning: 250,
        ..Usage::default()
    };
    assert_eq!(reply.usage, Some(usage));
    assert_eq!(
        (reply.id.as_deref(), reply.model.as_deref()),
        (Some("resp_1"), Some("gpt-6-luna-2026"))
    );
    assert_eq!(reply.extra, extra(json!({"service_tier": "default"})));
    // Thoughts go back as they came.
    let next = own(vec![Message::text(Role::User, "Hi"), reply.into_message("gpt-6-luna")]);
    let item = &encode(&next).body["input"][1];
    let mut came = answer()["output"][0].clone();
    came.as_object_mut().unwrap().shift_remove("status");
    assert_eq!(*item, came);
}

#[test]
fn how_an_answer_ended_is_told_by_its_status_and_content() {
    let text = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]});
    let refusal = json!({"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]});
    let called = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{"});
    let because = |reason: &str| json!({"reason": reason});
    let cases = [
        ("completed", Value::Null, &text, FinishReason::Stop),
        ("completed", Value::Null, &called, FinishReason::ToolCalls),
        ("completed", Value::Null, &refusal, FinishReason::ContentFilter),
        ("incomplete", because("max_output_tokens"), &called, FinishReason::Length),
        ("incomplete", because("content_filter"), &text, FinishReason::ContentFilter),
        ("incomplete", because("something_new"), &text, FinishReason::Length),
    ];
    for (status, details, item, expected) in cases {
        let body = json!({"status": status, "incomplete_details": details, "output": [item]});
        assert_eq!(decode(&body).unwrap().finish_reason, expected, "{body}");
        let name = if status == "completed" { "response.completed" } else { "response.incomplete" };
        let chunks = read_stream(&[(name, json!({"response": body}))]).unwrap();
        assert_eq!(end_of(&chunks).finish_reason, expected, "{body}");
    }
}

#[test]
fn a_failed_answer_is_the_error_that_it_tells_of() {
    let limited = ErrorKind::RateLimited { retry_after: None };
    let cases = [
        ("server_error", ErrorKind::Unavailable),
        ("vector_store_timeout", ErrorKind::Unavailable),
        ("rate_limit_exceeded", limited.clone()),
        ("insufficient_quota", ErrorKind::BudgetSpent),
        ("context_length_exceeded", ErrorKind::TooLong),
        ("invalid_prompt", ErrorKind::Refused),
        ("bio_policy", ErrorKind::Refused),
        ("image_content_policy_violation", ErrorKind::Refused),
        ("misalignment_policy_violation", ErrorKind::Refused),
        ("invalid_image_format", ErrorKind::InvalidRequest),
        ("failed_to_download_image", ErrorKind::InvalidRequest),
        ("something_new", ErrorKind::Unavailable),
    ];
    for (code, expected) in cases {
        let said = json!({"code": code, "message": "told"});
        let failed = json!({"status": "failed", "error": said, "output": []});
        let errors = [
            decode(&failed).unwrap_err(),
            read_stream(&[("response.failed", json!({"response": failed}))]).unwrap_err(),
            read_stream(&[("error", said.clone())]).unwrap_err(),
            read_stream(&[("error", json!({"error": said}))]).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(*error.kind(), expected, "{code}");
            assert!(error.to_string().contains("told"), "{error}");
        }
    }
    for status in ["failed", "cancelled", "queued", "in_progress"] {
        let error = decode(&json!({"status": status, "output": []})).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains(status), "{error}");
    }
    assert!(decode(&json!({"status": "completed"})).unwrap_err().to_string().contains("no output"));
}

#[test]
fn a_failed_call_is_told_by_its_body_and_by_its_status() {
    let limited = ErrorKind::RateLimited { retry_after: None };
    let cases = [
        (400, "invalid_request_error", "context_length_exceeded", ErrorKind::TooLong),
        (400, "invalid_request_error", "unsupported_parameter", ErrorKind::InvalidRequest),
        (401, "invalid_request_error", "invalid_api_key", ErrorKind::Unauthenticated),
        (404, "invalid_request_error", "model_not_found", ErrorKind::UnknownModel),
        (429, "tokens", "rate_limit_exceeded", limited),
        (429, "insufficient_quota", "insufficient_quota", ErrorKind::BudgetSpent),
        (500, "server_error", "server_error", ErrorKind::Unavailable),
        (503, "server_error", "server_is_overloaded", ErrorKind::Unavailable),
    ];
    for (status, type_, code, expected) in cases {
        let body =
            json!({"error": {"message": "told", "type": type_, "code": code, "param": null}})
                .to_string();
        let failure =
            Failure { status, request_id: None, retry_after: None, body: body.as_bytes() };
        let error = Responses.error(&failure);
        assert_eq!(*error.kind(), expected, "{status} {code}");
        // What is told on has the vendor's form, and means the same to who reads it.
        let told = Responses.write_error(&error).to_string();
        let failure = Failure {
            status: Responses.status_of(&error),
            request_id: None,
            retry_after: None,
            body: told.as_bytes(),
        };
        assert_eq!(Responses.error(&failure).kind(), error.kind(), "{told}");
    }
    for kind in ErrorKind::ALL {
        let error = Error::new(kind, "told");
        assert!((400..600).contains(&Responses.status_of(&error)));
        let body = Responses.write_error(&error);
        assert!(body["error"]["message"] == "told" && body["error"]["type"].is_string(), "{body}");
    }
}

// ------------------------------------------------------------------------------------------------ streams, read

fn bytes(events: &[sse::Event]) -> Vec<u8> {
    let line = |event: &sse::Event| format!("event: {}\ndata: {}\n\n", event.name, event.data);
    events.iter().map(line).collect::<String>().into_bytes()
}

fn read_pieces(pieces: &[&[u8]]) -> Result<Vec<Chunk>, Error> {
    crate::streams::read(&Responses, pieces)
}

fn read_stream(events: &[(&str, Value)]) -> Result<Vec<Chunk>, Error> {
    let event = |(name, data): &(&str, Value)| {
        let mut data = data.clone();
        data["type"] = (*name).into();
        sse::Event { name: (*name).to_owned(), data: data.to_string() }
    };
    read_pieces(&[&bytes(&events.iter().map(event).collect::<Vec<_>>())])
}

fn end_of(chunks: &[Chunk]) -> &End {
    match chunks.last() {
        Some(Chunk::End(end)) => end,
        other => panic!("{other:?} is no end"),
    }
}

fn assembled(chunks: &[Chunk]) -> Reply {
    let mut assembly = Assembly::default();
    chunks.iter().for_each(|chunk| assembly.add(chunk));
    assembly.finish(end_of(chunks).clone())
}

/// The events of an answer that thinks, speaks twice and calls two tools.
fn thinking_stream() -> Vec<(&'static str, Value)> {
    let reasoning = |rest: Value| {
        let mut item = json!({"type": "reasoning", "id": "rs_1", "summary": []});
        item.as_object_mut().unwrap().extend(extra(rest));
        json!({"output_index": 0, "item": item})
    };
    let summary = |index: u64, delta: &str| {
        (
            "response.reasoning_summary_text.delta",
            json!({"output_index": 0, "item_id": "rs_1", "summary_index": index, "delta": delta}),
        )
    };
    let message = |at: u64, rest: Value| {
        let mut item =
            json!({"type": "message", "id": "msg_1", "role": "assistant", "content": []});
        item.as_object_mut().unwrap().extend(extra(rest));
        json!({"output_index": at, "item": item})
    };
    let text = |at: u64, delta: &str| {
        (
            "response.output_text.delta",
            json!({"output_index": at, "item_id": "msg_1", "content_index": 0, "delta": delta}),
        )
    };
    let function = |at: u64, id: &str, arguments: &str| json!({"output_index": at, "item": {"type": "function_call", "id": "fc", "call_id": id, "name": "f", "arguments": arguments}});
    let arguments = |at: u64, delta: &str| {
        (
            "response.function_call_arguments.delta",
            json!({"output_index": at, "item_id": "fc", "delta": delta}),
        )
    };
    vec![
        (
            "response.created",
            json!({"response": {"id": "resp_1", "status": "in_progress", "output": []}}),
        ),
        (
            "response.in_progress",
            json!({"response": {"id": "resp_1", "status": "in_progress", "output": []}}),
        ),
        ("response.output_item.added", reasoning(json!({"encrypted_content": "unfinished"}))),
        ("response.reasoning_summary_part.added", json!({"output_index": 0, "summary_index": 0})),
        summary(0, "I "),
        summary(0, "think."),
        (
            "response.reasoning_summary_text.done",
            json!({"output_index": 0, "summary_index": 0, "text": "I think."}),
        ),
        summary(1, "More."),
        ("response.output_item.done", reasoning(json!({"encrypted_content": "gA=="}))),
        ("response.output_item.added", message(1, json!({"phase": "commentary"}))),
        (
            "response.content_part.added",
            json!({"output_index": 1, "content_index": 0, "part": {"type": "output_text"}}),
        ),
        text(1, "Let "),
        text(1, "me see."),
        (
            "response.output_text.done",
            json!({"output_index": 1, "content_index": 0, "text": "Let me see."}),
        ),
        (
            "response.output_item.done",
            message(1, json!({"content": [{"type": "output_text", "text": "Let me see."}]})),
        ),
        ("response.output_item.added", message(2, json!({}))),
        text(2, "Hm."),
        ("response.output_item.added", function(3, "call_1", "")),
        ("response.output_item.added", function(4, "call_2", "")),
        arguments(3, "{\"a\":"),
        arguments(4, "{}"),
        arguments(3, "1}"),
        (
            "response.function_call_arguments.done",
            json!({"output_index": 3, "arguments": "{\"a\":1}"}),
        ),
        ("response.output_item.done", function(3, "call_1", "{\"a\":1}")),
        ("response.output_item.done", function(4, "call_2", "{}")),
        ("response.hologram.delta", json!({"error": {"message": "of the hologram's"}})),
        (
            "response.output_item.done",
            json!({"output_index": 5, "item": {"type": "web_search_call", "id": "ws_1"}}),
        ),
        (
            "response.completed",
            json!({"response": {
            "id": "resp_1", "status": "completed", "model": "m", "service_tier": "flex", "output": [],
            "usage": {"input_tokens": 10, "output_tokens": 5}}}),
        ),
    ]
}

#[test]
fn a_stream_gives_the_parts_in_order_and_keeps_what_is_said_of_them() {
    let chunks = read_stream(&thinking_stream()).unwrap();
    let reply = assembled(&chunks);
    let expected = vec![
        Part {
            extra: extra(json!({"id": "rs_1"})),
            ..thoughts("I think.\n\nMore.").signed("gA==")
        },
        Part {
            extra: extra(json!({"message": {"phase": "commentary"}})),
            ..Part::text("Let me see.")
        },
        Part::text("Hm."),
        call("call_1", "f", "{\"a\":1}").into(),
        call("call_2", "f", "{}").into(),
        Content::Other(json!({"type": "web_search_call", "id": "ws_1"})).into(),
    ];
    assert_eq!(reply.content, expected);
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    assert_eq!(reply.usage, Some(Usage::plain(10, 5)));
    assert_eq!((reply.id.as_deref(), reply.model.as_deref()), (Some("resp_1"), Some("m")));
    assert_eq!(reply.extra, extra(json!({"service_tier": "flex"})));
}

#[test]
fn a_stream_without_pieces_is_read_from_what_is_told_whole() {
    let output = &answer()["output"];
    let whole = decode(&answer()).unwrap();
    let at_once = [("response.completed", json!({"response": answer()}))];
    let mut items: Vec<(&str, Value)> = (0..5)
        .map(|at| {
            ("response.output_item.done", json!({"output_index": at, "item": output[at as usize]}))
        })
        .collect();
    // Told twice is said once.
    items.push(items[4].clone());
    items.extend(at_once.clone());
    for events in [&at_once[..], &items] {
        let reply = assembled(&read_stream(events).unwrap());
        assert_eq!(reply, whole);
    }
    let done = [
        (
            "response.output_text.done",
            json!({"output_index": 0, "content_index": 0, "text": "all"}),
        ),
        ("response.refusal.done", json!({"output_index": 0, "content_index": 1, "refusal": "no"})),
        ("response.completed", json!({"response": {"status": "completed", "output": []}})),
    ];
    let reply = assembled(&read_stream(&done).unwrap());
    assert_eq!(reply.content, [Part::text("all"), Content::Refusal("no".into()).into()]);
    assert_eq!(reply.finish_reason, FinishReason::ContentFilter);
}

#[test]
fn a_stream_that_stops_before_its_end_is_an_error() {
    let all = thinking_stream();
    for length in 0..all.len() {
        let error = read_stream(&all[..length]).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unavailable);
    }
    let mut done = all;
    done.push(("response.output_text.delta", json!({"output_index": 9, "delta": "after the end"})));
    assert!(matches!(read_stream(&done).unwrap().last(), Some(Chunk::End(_))));
    assert!(read_pieces(&[b"data: {nonsense\n\n"]).is_err());
    assert!(
        read_pieces(&[b"data: {\"error\":{\"message\":\"told\"}}\n\n"])
            .unwrap_err()
            .to_string()
            .contains("told")
    );
}

// ------------------------------------------------------------------------------------------------ answers, written

fn written(chunks: &[Chunk]) -> Vec<sse::Event> {
    let mut encoder = Responses.stream_encoder(&caption());
    chunks.iter().flat_map(|chunk| encoder.chunk(chunk)).collect()
}

fn data(event: &sse::Event) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

#[test]
fn a_stream_is_written_in_the_whole_grammar() {
    let chunks = [
        Chunk::Reasoning("hm".into()),
        Chunk::Signature("gA==".into()),
        Chunk::Text("Hel".into()),
        Chunk::Text("lo".into()),
        Chunk::ToolCall { index: 0, id: "call_1".into(), name: "f".into() },
        Chunk::ToolArguments { index: 0, piece: "{\"a\":".into() },
        Chunk::ToolCall { index: 1, id: "call_2".into(), name: "g".into() },
        Chunk::ToolArguments { index: 0, piece: "1}".into() },
        Chunk::Usage(Usage::plain(1, 0)),
        Chunk::End(End {
            usage: Some(Usage { cache_read: 2, reasoning: 1, ..Usage::plain(3, 4) }),
            ..End::new(FinishReason::ToolCalls)
        }),
    ];
    let events = written(&chunks);
    let told: Vec<(u64, String)> = events
        .iter()
        .map(|event| {
            let data = data(event);
            assert_eq!(data["type"], event.name);
            let place = data["output_index"].as_u64().map_or(String::new(), |at| format!(" {at}"));
            (
                data["sequence_number"].as_u64().unwrap(),
                format!("{}{place}", event.name.trim_start_matches("response.")),
            )
        })
        .collect();
    let expected = [
        "created",
        "in_progress",
        "output_item.added 0",
        "reasoning_summary_part.added 0",
        "reasoning_summary_text.delta 0",
        "reasoning_summary_text.done 0",
        "reasoning_summary_part.done 0",
        "output_item.done 0",
        "output_item.added 1",
        "content_part.added 1",
        "output_text.delta 1",
        "output_text.delta 1",
        "output_text.done 1",
        "content_part.done 1",
        "output_item.done 1",
        "output_item.added 2",
        "function_call_arguments.delta 2",
        "output_item.added 3",
        "function_call_arguments.delta 2",
        "function_call_arguments.done 2",
        "output_item.done 2",
        "function_call_arguments.delta 3",
        "function_call_arguments.done 3",
        "output_item.done 3",
        "completed",
    ];
    assert_eq!(told, (0..).zip(expected.map(str::to_owned)).collect::<Vec<_>>());
    let response = &data(events.last().unwrap())["response"];
    let output = json!([
        {"id": "rs_orkestra_0198f00d_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gA=="},
        {"id": "msg_orkestra_0198f00d_1", "type": "message", "status": "completed", "role": "assistant",
         "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}]},
        {"id": "fc_orkestra_0198f00d_2", "type": "function_call", "status": "completed", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}"},
        {"id": "fc_orkestra_0198f00d_3", "type": "function_call", "status": "completed", "call_id": "call_2", "name": "g", "arguments": "{}"}]);
    assert_eq!(response["output"], output);
    assert_eq!(
        (&response["id"], &response["status"]),
        (&json!("resp_0198f00d"), &json!("completed"))
    );
    let usage = json!({
        "input_tokens": 5, "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 9});
    assert_eq!(response["usage"], usage);
}

#[test]
fn an_error_in_mid_stream_is_told_in_both_of_the_vendors_ways() {
    for chunks in [&[][..], &[Chunk::Text("a".into())]] {
        let mut encoder = Responses.stream_encoder(&caption());
        let mut events: Vec<sse::Event> =
            chunks.iter().flat_map(|chunk| encoder.chunk(chunk)).collect();
        let error = Error::new(ErrorKind::RateLimited { retry_after: None }, "slow down");
        events.extend(encoder.error(&error));
        assert!(
            encoder.chunk(&Chunk::Text("b".into())).is_empty() && encoder.error(&error).is_empty()
        );
        assert_eq!(events[0].name, "response.created");
        let [.., told, failed] = &events[..] else { panic!("{events:?}") };
        assert_eq!(
            (data(told)["type"].clone(), data(told)["code"].clone()),
            (json!("error"), json!("rate_limit_exceeded"))
        );
        assert_eq!(data(failed)["response"]["status"], "failed");
        assert_eq!(
            data(failed)["response"]["error"],
            json!({"code": "rate_limit_exceeded", "message": "slow down"})
        );
        assert_eq!(read_pieces(&[&bytes(&events)]).unwrap_err().kind(), error.kind());
    }
}

#[test]
fn only_what_this_api_knows_is_written_of_others_answers() {
    let content = vec![
        Content::Reasoning { text: String::new(), redacted: Some("x".into()) }.into(),
        Content::Other(json!({"type": "web_search_call", "id": "ws_1"})).into(),
        Part { extra: extra(json!({"annotations": 1})), ..Part::text("a").signed("of another's") },
    ];
    let mut reply = Reply {
        extra: extra(json!({"service_tier": "x"})),
        ..Reply::new(content, FinishReason::Stop)
    };
    for (dialect, items, tier) in
        [(DialectName::Anthropic, 1, Value::Null), (DialectName::Responses, 2, json!("x"))]
    {
        reply.dialect = Some(dialect);
        let response = Responses.write_reply(&reply, &caption());
        assert_eq!(response["output"].as_array().unwrap().len(), items, "{response}");
        assert_eq!(response["service_tier"], tier);
    }
}

// ------------------------------------------------------------------------------------------------ whatever it is

fn any_words() -> impl Strategy<Value = String> {
    "[a-zA-Zé🎻 \n\"\\\\{}:]{1,12}"
}

fn any_arguments() -> impl Strategy<Value = String> {
    any_words().prop_map(|words| json!({"said": words}).to_string().replacen(':', " :  ", 1))
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Base64 { media_type: "image/webp".into(), data: "iVBO+/==".into() }),
        "https://[a-z]{1,8}/[a-z?=&]{0,8}".prop_map(|url| Source::Url { url, media_type: None }),
        "file-[a-z0-9]{4}".prop_map(Source::File),
    ]
}

fn any_input() -> impl Strategy<Value = Part> {
    let detail =
        prop::option::of(prop::sample::select(vec!["low".to_owned(), "original".to_owned()]));
    let sound = prop::sample::select(vec!["audio/wav", "audio/mpeg"]);
    let content = prop_oneof![
        4 => any_words().prop_map(Content::Text),
        1 => (any_source(), detail).prop_map(|(source, detail)| Content::Image { source, detail }),
        1 => (any_source(), any_words()).prop_map(|(source, name)| Content::Document { source, name: Some(name) }),
        1 => sound.prop_map(|kind| Content::Audio { source: Source::Base64 { media_type: kind.into(), data: "UklG".into() } }),
    ];
    (content, any::<bool>()).prop_map(|(content, cached)| Part {
        cache: cached.then_some(CacheHint::Default),
        ..content.into()
    })
}

fn any_result() -> impl Strategy<Value = ToolResult> {
    let seen = any_input().prop_filter("the API takes no sounds there", |part| {
        !matches!(part.content, Content::Audio { .. })
    });
    let content = prop::collection::vec(seen, 0..3);
    ("[a-z_0-9]{1,20}", content).prop_map(|(call, content)| ToolResult {
        call,
        content,
        ..ToolResult::default()
    })
}

/// Parts of a model's. `streamed`: only what pieces can tell. `signed`: no thoughts without their proof.
fn any_output(streamed: bool, signed: bool) -> impl Strategy<Value = Part> {
    let marks = if streamed {
        vec![json!({}), json!({}), json!({"message": {"phase": "commentary"}})]
    } else {
        vec![
            json!({}),
            json!({"annotations": [{"type": "file_path"}], "message": {"phase": "final_answer"}}),
        ]
    };
    let text = (any_words(), prop::sample::select(marks))
        .prop_map(|(words, mark)| Part { extra: extra(mark), ..Part::text(words) });
    let ids = prop::sample::select(vec![json!({"id": "rs_1"}), json!({"id": "rs_2"}), json!({})]);
    let thought =
        (any_words(), ids).prop_map(|(words, id)| Part { extra: extra(id), ..thoughts(&words) });
    prop_oneof![
        3 => text,
        1 => any_words().prop_map(|words| Content::Refusal(words).into()),
        1 => (thought, 0..(if signed { 2 } else { 3 })).prop_map(|(part, kind)| match kind {
            0 => Part { extra: part.extra, ..thoughts("").signed("gA+/=") },
            1 => part.signed("gA+/="),
            _ => part,
        }),
        2 => ("[a-z_0-9]{1,20}", "[a-z]{1,9}", any_arguments()).prop_map(|(id, name, arguments)| ToolCall { id, name, arguments }.into()),
        1 => Just(Content::Other(json!({"type": "web_search_call", "id": "ws_1", "action": {}})).into()),
    ]
}

fn any_message() -> impl Strategy<Value = Message> {
    let words = || prop::collection::vec(any_words().prop_map(Part::text), 1..3);
    prop_oneof![
        1 => words().prop_map(|content| Message::of(Role::System, content)),
        1 => words().prop_map(|content| Message::of(Role::Developer, content)),
        3 => prop::collection::vec(any_input(), 1..4).prop_map(|content| Message::of(Role::User, content)),
        3 => prop::collection::vec(any_output(false, true), 1..5).prop_map(|content| Message::of(Role::Assistant, content)),
        2 => prop::collection::vec(any_result().prop_map(Part::from), 1..3).prop_map(|content| Message::of(Role::User, content)),
    ]
}

fn any_conversation() -> impl Strategy<Value = Vec<Message>> {
    prop::collection::vec(any_message(), 1..7).prop_map(|mut messages| {
        // Neighbours of the model's, and results side by side, are one message here.
        let results =
            |message: &Message| matches!(message.content[0].content, Content::ToolResult(_));
        messages.dedup_by(|next, last| {
            next.role == last.role
                && (next.role == Role::Assistant || (results(next) && results(last)))
        });
        if let [first, ..] = &mut messages[..]
            && first.role == Role::System
            && first.content.len() > 1
        {
            first.extra = extra(json!({"type": "message"}));
        }
        messages
    })
}

fn any_format() -> impl Strategy<Value = Format> {
    let flag = prop::option::of(any::<bool>());
    prop_oneof![
        Just(Format::Text),
        Just(Format::Json),
        (any_words(), prop::option::of(any_words()), flag).prop_map(
            |(name, description, strict)| {
                Format::Schema {
                    name: Some(name),
                    description,
                    schema: json!({"type": "object"}),
                    strict,
                }
            }
        ),
    ]
}

fn any_tools() -> impl Strategy<Value = (Vec<Tool>, Option<ToolChoice>, Option<bool>)> {
    let parameters =
        prop::option::of(Just(json!({"type": "object", "properties": {"b": {}, "a": {}}})));
    let function =
        ("[a-z]{1,9}", prop::option::of(any_words()), parameters, prop::option::of(any::<bool>()))
            .prop_map(|(name, description, parameters, strict)| {
                Tool::Function(Function {
                    name,
                    description,
                    parameters,
                    strict,
                    ..Function::default()
                })
            });
    let other = Just(Tool::Other(json!({"type": "custom", "name": "c"})));
    let choice = prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        "[a-z]{1,9}".prop_map(ToolChoice::Function),
        (prop::collection::vec("[a-z]{1,9}", 0..3), any::<bool>())
            .prop_map(|(names, required)| ToolChoice::Allowed { names, required }),
    ];
    (
        prop::collection::vec(prop_oneof![3 => function, 1 => other], 0..4),
        prop::option::of(choice),
        prop::option::of(any::<bool>()),
    )
}

fn any_request() -> impl Strategy<Value = Request> {
    let effort = prop::option::of(prop::sample::select(Effort::ALL.to_vec()));
    let thinking = (effort, prop::option::of(any::<bool>())).prop_map(|(effort, shown)| Thinking {
        effort,
        shown,
        ..Thinking::default()
    });
    let numbers = (
        prop::option::of(16_u32..100_000),
        prop::option::of((0..200).prop_map(|hundredths| f64::from(hundredths) / 100.0)),
        prop::option::of((0..100).prop_map(|hundredths| f64::from(hundredths) / 100.0)),
        prop::option::of(Just(true)),
    );
    let names = (prop::option::of("[a-z]{1,64}"), prop::option::of(any_words()));
    (any_conversation(), any_tools(), prop::option::of(any_format()), thinking, numbers, names)
        .prop_map(
            |(
                messages,
                (tools, tool_choice, parallel_tool_calls),
                format,
                thinking,
                numbers,
                (user, cache_key),
            )| {
                let (max_tokens, temperature, top_p, logprobs) = numbers;
                let mut kept = extra(json!({
                "store": false, "include": ["reasoning.encrypted_content"], "truncation": "auto",
                "text": {"verbosity": "low"}, "reasoning": {"context": "auto"}}));
                if thinking.shown == Some(true) {
                    kept["reasoning"]["summary"] = "concise".into();
                }
                Request {
                    tools,
                    tool_choice,
                    parallel_tool_calls,
                    format,
                    thinking,
                    max_tokens,
                    temperature,
                    top_p,
                    logprobs,
                    user,
                    cache_key,
                    model: Some("gpt-6-luna".into()),
                    metadata: extra(json!({"k": "v"})),
                    headers: vec![("openai-beta".into(), "x=v1".into())],
                    extra: kept,
                    ..own(messages)
                }
            },
        )
}

fn any_reply(streamed: bool) -> impl Strategy<Value = Reply> {
    let usage = (0_u64..1000, 0_u64..1000, 0_u64..1000, 0_u64..1000).prop_map(
        |(input, cache_read, cache_write_5m, output)| Usage {
            input,
            cache_read,
            cache_write_5m,
            output,
            reasoning: output / 2,
            ..Usage::default()
        },
    );
    let content = prop::collection::vec(any_output(streamed, false), 0..6);
    (content, prop::option::of(usage), any::<bool>()).prop_map(|(content, usage, cut)| {
        let any = |wanted: fn(&Content) -> bool| content.iter().any(|part| wanted(&part.content));
        let finish_reason = if cut {
            FinishReason::Length
        } else if any(|content| matches!(content, Content::Refusal(_))) {
            FinishReason::ContentFilter
        } else if any(|content| matches!(content, Content::ToolCall(_))) {
            FinishReason::ToolCalls
        } else {
            FinishReason::Stop
        };
        Reply {
            usage,
            model: Some("orkestra/auto".into()),
            id: Some("resp_0198f00d".into()),
            dialect: Some(DialectName::Responses),
            extra: extra(json!({"service_tier": "flex"})),
            ..Reply::new(content, finish_reason)
        }
    })
}

/// A reply as its pieces make it: neighbours of which nothing is said are one.
fn in_pieces(mut reply: Reply) -> Reply {
    reply.content.dedup_by(|next, last| match (&next.content, &mut last.content) {
        (Content::Text(more), Content::Text(text))
        | (Content::Refusal(more), Content::Refusal(text))
            if next.extra.is_empty() && last.extra.is_empty() =>
        {
            text.push_str(more);
            true
        }
        (Content::Reasoning { text: more, .. }, Content::Reasoning { text, .. })
            if next.extra.is_empty() && last.extra.is_empty() && last.signature.is_none() =>
        {
            text.push_str(more);
            last.signature = next.signature.take();
            true
        }
        _ => false,
    });
    reply
}

/// Chunks in an order that no dialect promises.
fn any_chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let chunk = prop_oneof![
        any_words().prop_map(Chunk::Text),
        any_words().prop_map(Chunk::Refusal),
        any_words().prop_map(Chunk::Reasoning),
        any_words().prop_map(Chunk::Signature),
        (0_usize..3, any_words()).prop_map(|(index, id)| Chunk::ToolCall {
            index,
            id,
            name: "f".into()
        }),
        (0_usize..3, "[{}\"a:1]{0,3}")
            .prop_map(|(index, piece)| Chunk::ToolArguments { index, piece }),
        any_output(false, false).prop_map(Chunk::Part),
        Just(Chunk::Part(Part::text(""))),
        Just(Chunk::Part(thoughts(""))),
        Just(Chunk::Part(Content::Other(json!({"type": "server_tool_use"})).into())),
    ];
    prop::collection::vec(chunk, 0..12)
}

/// JSON that resembles this API's, with the wrong things in the wrong places.
fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "text",
        "refusal",
        "input",
        "output",
        "instructions",
        "call_id",
        "id",
        "item_id",
        "name",
        "arguments",
        "summary",
        "encrypted_content",
        "image_url",
        "file_id",
        "file_data",
        "filename",
        "input_audio",
        "format",
        "tools",
        "tool_choice",
        "reasoning",
        "effort",
        "include",
        "metadata",
        "status",
        "incomplete_details",
        "reason",
        "error",
        "code",
        "message",
        "usage",
        "input_tokens",
        "input_tokens_details",
        "cached_tokens",
        "item",
        "response",
        "delta",
        "output_index",
        "content_index",
        "summary_index",
        "stream",
    ]);
    let words = prop::sample::select(vec![
        "",
        "message",
        "user",
        "assistant",
        "system",
        "function",
        "function_call",
        "function_call_output",
        "reasoning",
        "output_text",
        "input_text",
        "input_image",
        "input_file",
        "input_audio",
        "allowed_tools",
        "json_schema",
        "completed",
        "incomplete",
        "failed",
        "error",
        "response.completed",
        "response.failed",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_text.done",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "data:;base64,",
        "rs_1",
    ]);
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        6 => words.prop_map(Value::from),
    ];
    crate::generate::nested(keys, leaf)
}

proptest! {
    #[test]
    fn a_request_that_is_written_is_read_back(request in any_request()) {
        let Encoded { body, headers, warnings, .. } = encode(&request);
        prop_assert_eq!(warnings, Vec::<String>::new());
        prop_assert_eq!(&headers, &request.headers);
        prop_assert_eq!(read(&body).unwrap().request, request);
    }

    #[test]
    fn an_answer_that_is_written_is_read_back(reply in any_reply(false)) {
        let mut found = decode(&Responses.write_reply(&reply, &caption())).unwrap();
        // The defaults of what we do not know come back, too.
        found.extra.retain(|field, _| reply.extra.contains_key(field));
        prop_assert_eq!(found, reply);
    }

    #[test]
    fn a_stream_that_is_written_is_read_back_however_it_is_split(
        reply in any_reply(true), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)
    ) {
        let stream = bytes(&written(&reply.chunks()));
        let chunks = read_pieces(&[&stream]).unwrap();
        let mut found = assembled(&chunks);
        found.extra.retain(|field, _| reply.extra.contains_key(field));
        prop_assert_eq!(found, in_pieces(reply));

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read_pieces(&pieces).unwrap(), chunks);
    }

    #[test]
    fn a_stream_and_a_whole_answer_say_the_same(reply in any_reply(false)) {
        let whole = Responses.write_reply(&reply, &caption());
        let chunks: Vec<Chunk> = reply.content.iter().cloned().map(Chunk::Part)
            .chain(reply.chunks().last().cloned()).collect();
        let events = written(&chunks);
        prop_assert_eq!(&data(events.last().unwrap())["response"], &whole);
    }

    #[test]
    fn whatever_the_chunks_every_item_begins_and_ends_once_and_in_order(chunks in any_chunks()) {
        let end = Chunk::End(End::new(FinishReason::Stop));
        let events: Vec<Value> = written(&[chunks, vec![end]].concat()).iter().map(data).collect();
        let (mut begun, mut done) = (Vec::new(), HashSet::new());
        for (number, event) in events.iter().enumerate() {
            prop_assert_eq!(event["sequence_number"].as_u64(), Some(number as u64));
            let place = event["output_index"].as_u64();
            match event["type"].as_str().unwrap() {
                "response.output_item.added" => begun.push(place.unwrap()),
                "response.output_item.done" => prop_assert!(done.insert(place.unwrap())),
                _ => prop_assert!(place.is_none_or(|place| begun.contains(&place) && !done.contains(&place))),
            }
        }
        prop_assert!(begun.iter().enumerate().all(|(at, place)| at as u64 == *place));
        let output = events.last().unwrap()["response"]["output"].as_array().unwrap().len();
        prop_assert_eq!((begun.len(), output), (done.len(), done.len()));
    }

    #[test]
    fn no_json_breaks_the_dialect(body in any_json(), more in any_json(), status in 200_u16..600) {
        let text = body.to_string();
        if let Ok(reply) = Responses.decode(text.as_bytes()) {
            Responses.write_reply(&reply, &caption());
        }
        if let Ok(asked) = read(&body) {
            encode(&asked.request);
        }
        let failure = Failure { status, request_id: None, retry_after: None, body: text.as_bytes() };
        let _ = Responses.error(&failure).to_string();
        let mut decoder = Responses.stream_decoder();
        for event in [&body, &more, &json!({"type": "response.output_item.added", "item": body}), &json!({"type": "response.output_item.done", "item": more}), &json!({"type": "response.completed", "response": body})] {
            let _ = decoder.event(&sse::Event { name: String::new(), data: event.to_string() });
        }
        let _ = decoder.end();
        let _ = read(&json!({"input": [body, more], "tools": [body], "text": more, "reasoning": body}));
        let _ = decode(&json!({"output": [body, more]}));
    }

    #[test]
    fn no_bytes_break_the_dialect(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Responses.decode(&bytes);
        let _ = read_pieces(&[&bytes]);
        let _ = Responses.read_request(&Call { path: "", query: "", headers: &[], body: &bytes });
    }
}
