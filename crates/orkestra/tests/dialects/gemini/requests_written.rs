//! Requests → bodies.

use orkestra::{
    chat::{
        Content, DialectName, Effort, Format, Function, Message, Part, Request, Role, Source,
        Thinking, ThinkingMode, Tool, ToolChoice, ToolResult,
    },
    dialect::{Dialect, Encoded, Gemini},
};
use serde_json::{Value, json};

use crate::gemini::support::{
    PLACEHOLDER, assistant, call, contents, encode, fields, image, newer, of, older, own, png,
    result, tool, tool_loop, url, user,
};

#[test]
fn a_prompt_is_one_turn_of_the_user() {
    let request = Request::from("hi").system("be brief");
    let Encoded { path, headers, body, warnings } = Gemini.encode(&request, newer(), true);
    assert_eq!(path, "/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse");
    assert_eq!((headers, warnings), (vec![], vec![]));
    assert_eq!(
        body,
        json!({"systemInstruction": {"parts": [{"text": "be brief"}], "role": "user"},
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "generationConfig": {"temperature": 1.0, "maxOutputTokens": 8192}})
    );
    assert_eq!(
        encode(&request, newer()).path,
        "/v1beta/models/gemini-3-flash-preview:generateContent"
    );
    // A request that leaves all to the provider says nothing but its words.
    let bare = of(vec![Message::text(Role::User, "hi")]);
    assert_eq!(
        encode(&bare, newer()).body,
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
    );
}

#[test]
fn messages_become_turns() {
    let text = |role, words: &str| Message::text(role, words);
    let cases: Vec<(&str, Vec<Message>, Value)> = vec![
        (
            "turns of one role are merged",
            vec![
                text(Role::User, "a"),
                text(Role::User, "b"),
                text(Role::Assistant, "c"),
                text(Role::Assistant, "d"),
                text(Role::User, "e"),
            ],
            json!([{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
                {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
                {"role": "user", "parts": [{"text": "e"}]}]),
        ),
        (
            "later instructions are wrapped",
            vec![text(Role::User, "a"), text(Role::Assistant, "b"), text(Role::Developer, "c")],
            json!([{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]},
                {"role": "user", "parts": [{"text": "<system>\nc\n</system>"}]}]),
        ),
        (
            "a picture alone gets some text",
            vec![user(vec![image(png())])],
            json!([{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBOR/+w"}}, {"text": " "}]}]),
        ),
        (
            "the model cannot begin",
            vec![text(Role::Assistant, "a"), text(Role::User, "b")],
            json!([{"role": "user", "parts": [{"text": " "}]}, {"role": "model", "parts": [{"text": "a"}]},
                {"role": "user", "parts": [{"text": "b"}]}]),
        ),
        (
            "empty text is left out, and a turn that says nothing with it",
            vec![
                text(Role::User, "a"),
                text(Role::Assistant, ""),
                user(vec![Part::text(""), Part::text("b")]),
            ],
            json!([{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]),
        ),
        (
            "a refusal is what the model said",
            vec![
                text(Role::User, "a"),
                assistant(vec![Content::Refusal("no".into()).into()]),
                text(Role::User, "b"),
            ],
            json!([{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "no"}]},
                {"role": "user", "parts": [{"text": "b"}]}]),
        ),
        (
            "thoughts and proofs stand where they stood",
            vec![
                text(Role::User, "a"),
                assistant(vec![
                    Part::from(Content::Reasoning { text: "hm".into(), redacted: None })
                        .signed("c2ln/+=="),
                    Part::text("b").signed("QUJD"),
                    Part::text("").signed("REVG"),
                ]),
                text(Role::User, "c"),
            ],
            json!([{"role": "user", "parts": [{"text": "a"}]},
                {"role": "model", "parts": [{"text": "hm", "thought": true, "thoughtSignature": "c2ln/+=="},
                    {"text": "b", "thoughtSignature": "QUJD"}, {"text": "", "thoughtSignature": "REVG"}]},
                {"role": "user", "parts": [{"text": "c"}]}]),
        ),
    ];
    for (what, messages, expected) in cases {
        let encoded = encode(&of(messages), newer());
        assert_eq!(encoded.body["contents"], expected, "{what}");
        assert_eq!(encoded.warnings, Vec::<String>::new(), "{what}");
    }
}

#[test]
fn leading_instructions_are_joined_by_a_blank_line() {
    let system = |text: &str| Message::text(Role::System, text);
    let request =
        of(vec![system("a"), Message::text(Role::Developer, "b"), Message::text(Role::User, "c")]);
    assert_eq!(
        encode(&request, newer()).body["systemInstruction"],
        json!({"parts": [{"text": "a\n\nb"}], "role": "user"})
    );
    let parts = Message::of(Role::System, vec![Part::text("a"), Part::text("b")]);
    let request = of(vec![parts, Message::text(Role::User, "c")]);
    assert_eq!(
        encode(&request, newer()).body["systemInstruction"],
        json!({"parts": [{"text": "a"}, {"text": "b"}], "role": "user"})
    );
}

#[test]
fn files_are_written_where_google_can_open_them() {
    let files = "https://generativelanguage.googleapis.com/v1beta/files/abc";
    let opened = [
        (url(files), json!({"fileData": {"fileUri": files}})),
        (url("gs://bucket/a.png"), json!({"fileData": {"fileUri": "gs://bucket/a.png"}})),
        (
            url("https://www.youtube.com/watch?v=1"),
            json!({"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}}),
        ),
        (url("https://youtu.be/1"), json!({"fileData": {"fileUri": "https://youtu.be/1"}})),
        (
            Source::Url { url: files.into(), media_type: Some("image/png".into()) },
            json!({"fileData": {"mimeType": "image/png", "fileUri": files}}),
        ),
        (Source::File("files/abc".into()), json!({"fileData": {"fileUri": files}})),
        (png(), json!({"inlineData": {"mimeType": "image/png", "data": "iVBOR/+w"}})),
    ];
    for (source, expected) in opened {
        for content in [
            Content::Image { source: source.clone(), detail: None },
            Content::Audio { source: source.clone() },
            Content::Document { source: source.clone(), name: Some("a.pdf".into()) },
        ] {
            let request = of(vec![user(vec![Part::text("see"), content.into()])]);
            let encoded = encode(&request, newer());
            assert_eq!(encoded.body["contents"][0]["parts"][1], expected);
            assert_eq!(encoded.warnings, Vec::<String>::new());
        }
    }
    let closed = [
        (url("https://example.org/a.png"), "gemini cannot fetch it"),
        (url("https://generativelanguage.googleapis.com.evil.org/a"), "gemini cannot fetch it"),
        (Source::File("file-123".into()), "another provider"),
    ];
    for (source, why) in closed {
        let request = of(vec![user(vec![image(source.clone()), image(source)])]);
        let encoded = encode(&request, newer());
        assert_eq!(encoded.body["contents"], json!([{"role": "user", "parts": [{"text": " "}]}]));
        let [warning] = &encoded.warnings[..] else { panic!("{:?}", encoded.warnings) };
        assert!(
            warning.contains(why) && warning.starts_with("gemini-3-flash-preview: "),
            "{warning}"
        );
    }
    // Who speaks to Google in its own words knows what it opens.
    let request = own(vec![user(vec![image(url("https://example.org/a.png"))])]);
    assert_eq!(
        contents(&request, newer())[0]["parts"][0]["fileData"]["fileUri"],
        "https://example.org/a.png"
    );
}

#[test]
fn calls_and_results_carry_ids_where_the_model_takes_them() {
    let request = of(tool_loop(Some("c2ln")));
    assert_eq!(
        contents(&request, newer()),
        json!([{"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [{"text": "Let me see."},
                {"functionCall": {"id": "call_1", "name": "weather", "args": {"q": "Oslo"}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"id": "call_2", "name": "time", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "call_2", "name": "time", "response": {"error": "no clock"}}},
                {"functionResponse": {"id": "call_1", "name": "weather", "response": {"output": "rain"}}},
                {"text": "go on"}]}])
    );
    // Without ids, the order joins them.
    assert_eq!(
        contents(&request, older()),
        json!([{"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [{"text": "Let me see."},
                {"functionCall": {"name": "weather", "args": {"q": "Oslo"}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "time", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "weather", "response": {"output": "rain"}}},
                {"functionResponse": {"name": "time", "response": {"error": "no clock"}}},
                {"text": "go on"}]}])
    );
}

#[test]
fn all_results_of_a_turn_stand_in_one_turn_and_first() {
    let mut messages = tool_loop(Some("c2ln"));
    messages.truncate(2);
    messages.push(user(vec![Part::text("wait"), result("call_1", "rain")]));
    messages.push(user(vec![result("call_2", "noon")]));
    let contents = contents(&of(messages), newer());
    assert_eq!(contents.as_array().unwrap().len(), 3);
    let parts = contents[2]["parts"].as_array().unwrap();
    let ids: Vec<&Value> = parts.iter().map(|part| &part["functionResponse"]["id"]).collect();
    assert_eq!(ids, [&json!("call_1"), &json!("call_2"), &Value::Null]);
}

#[test]
fn a_result_is_named_by_its_caller_or_by_its_call() {
    let named = ToolResult { name: Some("mine".into()), ..ToolResult::text("call_1", "x") };
    let loops = |result: ToolResult, id: &str| {
        of(vec![
            Message::text(Role::User, "a"),
            assistant(vec![
                call(id, "first", "{}").signed("c2ln"),
                call(&format!("{id}{id}"), "second", "{}"),
            ]),
            user(vec![result.into()]),
        ])
    };
    let name = |request: &Request| {
        contents(request, newer())[2]["parts"][0]["functionResponse"]["name"].clone()
    };
    assert_eq!(name(&loops(named, "call_1")), "mine");
    assert_eq!(name(&loops(ToolResult::text("call_1", "x"), "call_1")), "first");
    assert_eq!(name(&loops(ToolResult::text("call_1call_1", "x"), "call_1")), "second");
    // Without ids, by order and name.
    let request = of(vec![
        Message::text(Role::User, "a"),
        assistant(vec![call("", "f", "{}"), call("", "g", "{}"), call("", "f", "{}")]),
        user(vec![
            ToolResult { name: Some("g".into()), ..ToolResult::text("", "2") }.into(),
            ToolResult { name: Some("f".into()), ..ToolResult::text("", "1") }.into(),
            result("", "3"),
        ]),
    ]);
    let parts = contents(&request, older())[2]["parts"].clone();
    let expected = [("f", "1"), ("g", "2"), ("f", "3")].map(|(name, output)| {
        json!({"functionResponse": {"name": name, "response": {"output": output}}})
    });
    assert_eq!(parts, json!(expected));
}

#[test]
fn pictures_that_tools_gave_stand_in_the_result_or_behind_it() {
    let seen = ToolResult {
        content: vec![Part::text("done"), image(png()), image(url("https://example.org/a.png"))],
        ..ToolResult::text("call_1", "")
    };
    let request = of(vec![
        Message::text(Role::User, "look"),
        assistant(vec![call("call_1", "see", "{}").signed("c2ln")]),
        user(vec![seen.into(), Part::text("well?")]),
    ]);
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "iVBOR/+w"}});
    let inside = encode(&request, newer());
    assert_eq!(
        inside.body["contents"][2]["parts"],
        json!([{"functionResponse": {"id": "call_1", "name": "see", "response": {"output": "done"}, "parts": [picture]}},
            {"text": "well?"}])
    );
    assert_eq!(inside.warnings.len(), 1, "{:?}", inside.warnings);
    let behind = encode(&request, older());
    assert_eq!(
        behind.body["contents"][2]["parts"],
        json!([{"functionResponse": {"name": "see", "response": {"output": "done"}}}, picture, {"text": "well?"}])
    );
    assert!(
        behind.warnings.iter().any(|warning| warning.contains("moved")),
        "{:?}",
        behind.warnings
    );
}

#[test]
fn calls_of_another_model_get_a_placeholder_in_the_current_turn() {
    let mut messages = vec![
        Message::text(Role::User, "before"),
        assistant(vec![call("old", "f", "{}")]),
        user(vec![result("old", "x")]),
        Message::text(Role::Assistant, "done"),
    ];
    messages.extend(tool_loop(None));
    messages.push(assistant(vec![call("call_3", "f", "{}")]));
    messages.push(user(vec![result("call_3", "y")]));
    let encoded = encode(&of(messages.clone()), newer());
    let signatures = |body: &Value| -> Vec<Value> {
        let turns = body["contents"].as_array().unwrap().iter();
        let parts = turns.flat_map(|turn| turn["parts"].as_array().unwrap());
        parts
            .filter(|part| part.get("functionCall").is_some())
            .map(|part| part["thoughtSignature"].clone())
            .collect()
    };
    // The turn before is over; of parallel calls the first one is looked at; each step has its own.
    assert_eq!(
        signatures(&encoded.body),
        [Value::Null, json!(PLACEHOLDER), Value::Null, json!(PLACEHOLDER)]
    );
    assert!(
        matches!(&encoded.warnings[..], [one] if one.contains("placeholder")),
        "{:?}",
        encoded.warnings
    );
    let older = encode(&of(messages), older());
    assert_eq!(signatures(&older.body), vec![Value::Null; 4]);
    assert_eq!(older.warnings, Vec::<String>::new());
    let signed = encode(&of(tool_loop(Some("c2ln"))), newer());
    assert_eq!(signatures(&signed.body), [json!("c2ln"), Value::Null]);
    assert_eq!(signed.warnings, Vec::<String>::new());
}

#[test]
fn arguments_that_are_no_object_are_wrapped_and_told() {
    for arguments in ["{\"a\": ", "[1]", "7"] {
        let request = of(vec![
            Message::text(Role::User, "a"),
            assistant(vec![call("1", "f", arguments).signed("c2ln")]),
            user(vec![result("1", "x")]),
        ]);
        let encoded = encode(&request, newer());
        assert_eq!(
            encoded.body["contents"][1]["parts"][0]["functionCall"]["args"],
            json!({"_raw": arguments})
        );
        assert!(
            matches!(&encoded.warnings[..], [one] if one.contains("_raw")),
            "{:?}",
            encoded.warnings
        );
    }
}

#[test]
fn tools_stand_in_one_object_and_their_choice_beside_it() {
    let strict = Function { strict: Some(true), ..tool("f") };
    let bare = Function { name: "g".into(), ..Function::default() };
    let mut request = Request::from("hi").tools([strict, bare]);
    let declarations = json!([{"functionDeclarations": [
        {"name": "f", "description": "does f", "parametersJsonSchema": {"type": "object", "properties": {"q": {"type": "string"}}}},
        {"name": "g"}]}]);
    let cases = [
        (None, Value::Null),
        (Some(ToolChoice::Auto), json!({"mode": "AUTO"})),
        (Some(ToolChoice::None), json!({"mode": "NONE"})),
        (Some(ToolChoice::Required), json!({"mode": "ANY"})),
        (
            Some(ToolChoice::Function("g".into())),
            json!({"mode": "ANY", "allowedFunctionNames": ["g"]}),
        ),
        (
            Some(ToolChoice::Allowed { names: vec!["f".into(), "g".into()], required: true }),
            json!({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}),
        ),
        (
            Some(ToolChoice::Allowed { names: vec!["f".into()], required: false }),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        ),
    ];
    for (choice, expected) in cases {
        request.tool_choice = choice;
        let encoded = encode(&request, newer());
        assert_eq!(encoded.body["tools"], declarations);
        assert_eq!(encoded.body["toolConfig"]["functionCallingConfig"], expected);
        assert_eq!(encoded.warnings, Vec::<String>::new());
    }
    request.tools.push(Tool::Other(json!({"type": "web_search_20250305"})));
    let foreign = encode(&request, newer());
    assert_eq!(foreign.body["tools"], declarations);
    assert!(foreign.warnings[0].contains("\"web_search_20250305\""), "{:?}", foreign.warnings);
    // With no tool left there is nothing to choose.
    request.tools.drain(..2);
    let encoded = encode(&request, newer());
    assert_eq!((encoded.body.get("tools"), encoded.body.get("toolConfig")), (None, None));
    let mut request = own(vec![Message::text(Role::User, "hi")]);
    request.tools = vec![Tool::Other(json!({"googleSearch": {}})), Tool::Function(tool("f"))];
    let tools = encode(&request, newer()).body["tools"].clone();
    assert_eq!(
        (tools[0]["functionDeclarations"][0]["name"].clone(), tools[1].clone()),
        (json!("f"), json!({"googleSearch": {}}))
    );
}

#[test]
fn the_way_to_answer_stands_in_the_generation_config() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let request = Request {
        temperature: Some(0.5),
        top_p: Some(0.9),
        top_k: Some(40),
        seed: Some(-7),
        max_tokens: Some(100),
        stop: vec!["x".into()],
        presence_penalty: Some(0.1),
        frequency_penalty: Some(-0.1),
        logprobs: Some(true),
        format: Some(Format::Schema {
            name: Some("n".into()),
            description: None,
            schema: schema.clone(),
            strict: Some(true),
        }),
        thinking: Thinking { effort: Some(Effort::Low), shown: Some(true), ..Thinking::default() },
        ..of(vec![Message::text(Role::User, "hi")])
    };
    let encoded = encode(&request, newer());
    assert_eq!(
        encoded.body["generationConfig"],
        json!({"temperature": 0.5, "topP": 0.9, "topK": 40, "seed": -7, "maxOutputTokens": 100, "presencePenalty": 0.1,
            "frequencyPenalty": -0.1, "responseLogprobs": true, "stopSequences": ["x"],
            "responseMimeType": "application/json", "responseJsonSchema": schema,
            "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": true}})
    );
    assert_eq!(encoded.warnings, Vec::<String>::new());
    let config = |format| {
        let request = Request { format: Some(format), ..of(vec![Message::text(Role::User, "hi")]) };
        encode(&request, newer()).body["generationConfig"].clone()
    };
    assert_eq!(config(Format::Json), json!({"responseMimeType": "application/json"}));
    assert_eq!(config(Format::Text), json!({"responseMimeType": "text/plain"}));
}

#[test]
fn thinking_is_a_budget_or_a_level_and_never_both() {
    let wish = Thinking::default();
    let cases = [
        (wish, Value::Null, 0),
        (Thinking { mode: Some(ThinkingMode::Disabled), ..wish }, json!({"thinkingBudget": 0}), 0),
        (Thinking { effort: Some(Effort::None), ..wish }, json!({"thinkingBudget": 0}), 0),
        (Thinking { mode: Some(ThinkingMode::Adaptive), ..wish }, json!({"thinkingBudget": -1}), 0),
        (Thinking { budget: Some(512), ..wish }, json!({"thinkingBudget": 512}), 0),
        (
            Thinking { budget: Some(512), mode: Some(ThinkingMode::Budget), ..wish },
            json!({"thinkingBudget": 512}),
            0,
        ),
        (Thinking::with_effort(Effort::Minimal), json!({"thinkingLevel": "MINIMAL"}), 0),
        (
            Thinking { mode: Some(ThinkingMode::Level), ..Thinking::with_effort(Effort::High) },
            json!({"thinkingLevel": "HIGH"}),
            0,
        ),
        (
            Thinking {
                mode: Some(ThinkingMode::Adaptive),
                ..Thinking::with_effort(Effort::Medium)
            },
            json!({"thinkingLevel": "MEDIUM"}),
            0,
        ),
        (Thinking::with_effort(Effort::Xhigh), json!({"thinkingLevel": "XHIGH"}), 0),
        (
            Thinking { budget: Some(512), ..Thinking::with_effort(Effort::Low) },
            json!({"thinkingBudget": 512}),
            1,
        ),
        (Thinking { mode: Some(ThinkingMode::BetweenTools), ..wish }, Value::Null, 1),
        (Thinking { shown: Some(false), ..wish }, json!({"includeThoughts": false}), 0),
    ];
    for (thinking, expected, warnings) in cases {
        let request = Request { thinking, ..of(vec![Message::text(Role::User, "hi")]) };
        let encoded = encode(&request, newer());
        assert_eq!(encoded.body["generationConfig"]["thinkingConfig"], expected, "{thinking:?}");
        assert_eq!(encoded.warnings.len(), warnings, "{thinking:?} {:?}", encoded.warnings);
    }
}

#[test]
fn what_only_one_dialect_knows_is_put_back_there_and_told_elsewhere() {
    let extra = fields(json!({
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "cachedContent": "cachedContents/1",
        "generationConfig": {"responseModalities": ["TEXT"], "temperature": 2.0, "thinkingConfig": {"new": 1}},
        "contents": "never written over"}));
    let mut part = Part::text("hi");
    part.extra = fields(json!({"videoMetadata": {"fps": 1}}));
    let request = Request {
        extra,
        temperature: Some(0.5),
        thinking: Thinking::with_effort(Effort::Low),
        ..own(vec![user(vec![
            part,
            Content::Other(json!({"executableCode": {"code": "1"}})).into(),
        ])])
    };
    let encoded = encode(&request, newer());
    assert_eq!(encoded.warnings, Vec::<String>::new());
    assert_eq!(
        encoded.body,
        json!({"contents": [{"role": "user", "parts": [{"text": "hi", "videoMetadata": {"fps": 1}}, {"executableCode": {"code": "1"}}]}],
            "generationConfig": {"temperature": 0.5, "thinkingConfig": {"thinkingLevel": "LOW", "new": 1}, "responseModalities": ["TEXT"]},
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
            "cachedContent": "cachedContents/1"})
    );
    let foreign = Request {
        dialect: Some(DialectName::Openai),
        extra: fields(json!({"logit_bias": {}, "service_tier": "flex"})),
        user: Some("u".into()),
        parallel_tool_calls: Some(false),
        cache_key: Some("hint".into()),
        ..of(vec![user(vec![Part::text("hi"), Content::Other(json!({"type": "odd"})).into()])])
    };
    let encoded = encode(&foreign, newer());
    assert_eq!(encoded.body, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));
    assert_eq!(encoded.warnings.len(), 2, "{:?}", encoded.warnings);
    assert!(encoded.warnings[0].contains("\"odd\""), "{:?}", encoded.warnings);
    assert!(
        encoded.warnings[1].contains("user, prompt_cache_key, parallel_tool_calls, logit_bias, service_tier: gemini has no such fields; left out"),
        "{:?}",
        encoded.warnings
    );
}
