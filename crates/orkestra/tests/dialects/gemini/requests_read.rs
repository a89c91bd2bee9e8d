//! Callers' bodies → requests.

use orkestra::{
    ErrorKind,
    chat::{
        Content, DialectName, Effort, Format, Function, Message, Part, Request, Role, Source,
        Thinking, ThinkingMode, Tool, ToolChoice, ToolResult,
    },
    dialect::{Call, Dialect, Gemini},
};
use serde_json::{Value, json};

use crate::gemini::support::{
    assistant, call, contents, fields, image, newer, read, read_body, user,
};

#[test]
fn the_path_names_the_model_and_the_method() {
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let cases = [
        (
            "/v1beta/models/gemini-3-flash-preview:generateContent",
            "",
            ("gemini-3-flash-preview", false, false),
        ),
        ("/v1/models/auto:streamGenerateContent", "alt=sse&key=x", ("auto", true, false)),
        ("/v1beta/models/auto:streamGenerateContent", "key=x", ("auto", true, true)),
        ("models/a%2Fb:generateContent", "alt=sse", ("a/b", false, false)),
        (
            "/gemini/v1beta/models/ollama/llama3:8b:generateContent",
            "",
            ("ollama/llama3:8b", false, false),
        ),
        ("/v1beta/models/50%:generateContent", "", ("50%", false, false)),
    ];
    for (path, query, (model, stream, array)) in cases {
        let asked = read(path, query, &body).unwrap();
        assert_eq!(asked.request.model.as_deref(), Some(model));
        assert_eq!(
            (asked.stream, asked.stream_array, asked.stream_usage),
            (stream, array, true),
            "{path}"
        );
    }
    for path in [
        "/v1beta/models/m:countTokens",
        "/v1beta/models/m",
        "/v1/chat/completions",
        "/v1beta/models/:generateContent",
        "models/é%",
    ] {
        let error = read(path, "", &body).unwrap_err();
        assert!(error.to_string().contains("generateContent"), "{error}");
    }
}

/// What google-genai 3.6 sends: camelCase outside, snake_case inside, base64 for URLs.
#[test]
fn a_request_of_googles_own_client_is_read() {
    let request = read_body(&json!({
        "contents": [
            {"parts": [{"text": "hi"}, {"inlineData": {"data": "_-_--w==", "mime_type": "image/png"}}], "role": "user"},
            {"parts": [{"functionCall": {"id": "x1", "args": {"a": 1}, "name": "f"}, "thoughtSignature": "-_8="}], "role": "model"},
            {"parts": [{"functionResponse": {"parts": [{"inline_data": {"mime_type": "image/png", "data": "__8="}}], "id": "x1", "name": "f",
                "response": {"output": 1}}}], "role": "user"},
            {"parts": [{"fileData": {"file_uri": "https://x/y.pdf", "mime_type": "application/pdf"}}], "role": "user"}],
        "systemInstruction": {"parts": [{"text": "sys"}], "role": "user"},
        "tools": [{"functionDeclarations": [{"description": "doc", "name": "f",
            "parameters_json_schema": {"type": "object"}, "response_json_schema": {"type": "string"}}], "googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {"temperature": 0.5, "topK": 40.0, "stopSequences": ["x"], "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"}, "thinkingConfig": {"include_thoughts": true, "thinking_level": "LOW"}}}));
    let bytes = |data: &str| Source::Base64 { media_type: "image/png".into(), data: data.into() };
    let mut result: Part = ToolResult {
        name: Some("f".into()),
        content: vec![Part::text("1"), image(bytes("//8="))],
        ..ToolResult::text("x1", "")
    }
    .into();
    // A number is text here; the caller's own object is kept for Google.
    result.extra = fields(json!({"functionResponse": {"response": {"output": 1}}}));
    let pdf =
        Source::Url { url: "https://x/y.pdf".into(), media_type: Some("application/pdf".into()) };
    let expected = Request {
        messages: vec![
            Message::text(Role::System, "sys"),
            user(vec![Part::text("hi"), image(bytes("/+/++w=="))]),
            assistant(vec![call("x1", "f", "{\"a\":1}").signed("-_8=")]),
            user(vec![result]),
            user(vec![Content::Document { source: pdf, name: None }.into()]),
        ],
        temperature: Some(0.5),
        top_k: Some(40),
        stop: vec!["x".into()],
        format: Some(Format::Schema {
            name: None,
            description: None,
            schema: json!({"type": "object"}),
            strict: None,
        }),
        thinking: Thinking { effort: Some(Effort::Low), shown: Some(true), ..Thinking::default() },
        tools: vec![
            Tool::Function(Function {
                name: "f".into(),
                description: Some("doc".into()),
                parameters: Some(json!({"type": "object"})),
                extra: fields(json!({"response_json_schema": {"type": "string"}})),
                ..Function::default()
            }),
            Tool::Other(json!({"googleSearch": {}})),
        ],
        tool_choice: Some(ToolChoice::Required),
        model: Some("m".into()),
        dialect: Some(DialectName::Gemini),
        ..Request::default()
    };
    assert_eq!(request, expected);
    assert!(request.validate().is_ok());
    let again = contents(&request, newer());
    assert_eq!(again[2]["parts"][0]["functionResponse"]["response"], json!({"output": 1}));
}

#[test]
fn a_callers_own_result_goes_back_unless_somebody_changed_it() {
    let given = json!({"temperature": 7, "unit": "C"});
    let mut request = read_body(&json!({"contents": [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"functionCall": {"id": "1", "name": "f"}, "thoughtSignature": "c2ln"}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "f", "response": given, "scheduling": "SILENT"}}]}]}));
    let Content::ToolResult(result) = &request.messages[2].content[0].content else { panic!() };
    assert_eq!((result.joined_text(), result.is_error), (given.to_string(), false));
    let written =
        |request: &Request| contents(request, newer())[2]["parts"][0]["functionResponse"].clone();
    assert_eq!(written(&request)["response"], given);
    assert_eq!(written(&request)["scheduling"], "SILENT");
    let Content::ToolResult(result) = &mut request.messages[2].content[0].content else { panic!() };
    result.content = vec![Part::text("hidden")];
    assert_eq!(written(&request)["response"], json!({"output": "hidden"}));
    assert_eq!(written(&request)["scheduling"], "SILENT");
}

#[test]
fn calls_without_ids_get_some_that_differ() {
    let request = read_body(&json!({"contents": [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}, {"functionCall": {"name": "g"}}, {"functionCall": {"name": "f", "id": "call_1"}}]},
        {"role": "function", "parts": [{"functionResponse": {"name": "g", "response": {"output": "2"}}},
            {"functionResponse": {"name": "f", "response": {"output": "1"}}}, {"functionResponse": {"name": "f", "id": "call_1", "response": {}}}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"b": [1, 2.5]}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"error": "no"}}}]}]}));
    let ids: Vec<(&str, String)> = request
        .parts()
        .filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some((call.id.as_str(), call.arguments.clone())),
            Content::ToolResult(result) => Some((result.call.as_str(), result.joined_text())),
            _ => None,
        })
        .collect();
    let expected = [
        ("call_0", "{}"),
        ("call_2", "{}"),
        ("call_1", "{}"),
        ("call_2", "2"),
        ("call_0", "1"),
        ("call_1", "{}"),
        ("call_3", "{\"b\":[1,2.5]}"),
        ("call_3", "no"),
    ];
    assert_eq!(ids, expected.map(|(id, text)| (id, text.to_owned())));
    assert!(request.validate().is_ok());
}

#[test]
fn every_way_to_configure_an_answer_is_read() {
    let config = |name: &str, value: Value| {
        read_body(&json!({"contents": [{"parts": [{"text": "a"}]}], name: value}))
    };
    let thinking =
        |value: Value| config("generation_config", json!({"thinkingConfig": value})).thinking;
    let wish = Thinking::default();
    assert_eq!(
        thinking(json!({"thinkingBudget": 0})),
        Thinking { mode: Some(ThinkingMode::Disabled), ..wish }
    );
    assert_eq!(
        thinking(json!({"thinkingBudget": -1})),
        Thinking { mode: Some(ThinkingMode::Adaptive), ..wish }
    );
    assert_eq!(
        thinking(json!({"thinkingBudget": "99"})),
        Thinking { mode: Some(ThinkingMode::Budget), budget: Some(99), ..wish }
    );
    assert_eq!(
        thinking(json!({"thinkingLevel": "minimal"})),
        Thinking::with_effort(Effort::Minimal)
    );
    assert_eq!(thinking(json!({"includeThoughts": true})), Thinking { shown: Some(true), ..wish });
    let choice =
        |value: Value| config("toolConfig", json!({"functionCallingConfig": value})).tool_choice;
    assert_eq!(choice(json!({"mode": "auto"})), Some(ToolChoice::Auto));
    assert_eq!(choice(json!({"mode": "NONE"})), Some(ToolChoice::None));
    assert_eq!(
        choice(json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        Some(ToolChoice::Function("f".into()))
    );
    let names = || vec!["f".to_owned(), "g".to_owned()];
    assert_eq!(
        choice(json!({"mode": "ANY", "allowedFunctionNames": names()})),
        Some(ToolChoice::Allowed { names: names(), required: true })
    );
    assert_eq!(
        choice(json!({"mode": "VALIDATED", "allowedFunctionNames": names()})),
        Some(ToolChoice::Allowed { names: names(), required: false })
    );
    assert_eq!(choice(json!({})), None);
    // What the neutral form cannot say is kept for Google.
    let validated = config(
        "toolConfig",
        json!({"functionCallingConfig": {"mode": "VALIDATED"}, "retrievalConfig": {"languageCode": "de"}}),
    );
    assert_eq!(validated.tool_choice, None);
    assert_eq!(
        validated.extra["toolConfig"],
        json!({"functionCallingConfig": {"mode": "VALIDATED"}, "retrievalConfig": {"languageCode": "de"}})
    );
    let other = config(
        "generationConfig",
        json!({"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING"}, "candidateCount": 1, "logprobs": 3}),
    );
    assert_eq!(
        (other.format, &other.extra["generationConfig"]),
        (
            None,
            &json!({"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING"}, "logprobs": 3})
        )
    );
    let settings = config("safetySettings", json!([{"category": "c", "threshold": "OFF"}]));
    assert_eq!(settings.extra["safetySettings"][0]["threshold"], "OFF");
}

#[test]
fn older_schemas_become_json_schema() {
    let body = json!({"contents": [{"parts": [{"text": "a"}]}],
        "tools": [{"function_declarations": [{"name": "f", "parameters": {
            "type": "OBJECT", "required": ["b"], "property_ordering": ["b", "a"],
            "properties": {
                "a": {"type": "STRING", "nullable": true, "enum": ["x", "y"], "format": "enum"},
                "b": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1", "example": [1]},
                "c": {"anyOf": [{"type": "NUMBER"}, {"type": "BOOLEAN"}], "nullable": true},
                "nullable": {"type": "TYPE_UNSPECIFIED", "description": "type is a word"}}}}]}],
        "generationConfig": {"responseSchema": {"type": "STRING"}}});
    let request = read_body(&body);
    let parameters = request.tools[0].as_function().unwrap().parameters.clone().unwrap();
    assert_eq!(
        parameters.to_string(),
        json!({"type": "object", "required": ["b"], "properties": {
            "b": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "examples": [[1]]},
            "a": {"type": ["string", "null"], "enum": ["x", "y", null]},
            "c": {"anyOf": [{"type": "number"}, {"type": "boolean"}, {"type": "null"}]},
            "nullable": {"description": "type is a word"}}})
        .to_string()
    );
    assert_eq!(
        request.format,
        Some(Format::Schema {
            name: None,
            description: None,
            schema: json!({"type": "string"}),
            strict: None
        })
    );
}

#[test]
fn what_is_wrong_in_a_request_is_named() {
    let contents = |parts: Value| json!({"contents": [{"role": "user", "parts": parts}]});
    let config = |config: Value| json!({"contents": [], "generationConfig": config});
    let cases = [
        (json!([]), vec!["the body is []", "a JSON object"]),
        (json!({"contents": {}}), vec!["contents is {}", "a list"]),
        (
            json!({"contents": [{"role": "assistant", "parts": []}]}),
            vec!["contents[0].role is \"assistant\"", "\"model\""],
        ),
        (contents(json!([{"text": 7}])), vec!["contents[0].parts[0].text is 7", "text"]),
        (contents(json!([{"text": "a"}, {}])), vec!["contents[0].parts[1].text is missing"]),
        (
            contents(json!([{"inlineData": {"data": "QUJD"}}])),
            vec!["contents[0].parts[0].inlineData.mimeType is missing"],
        ),
        (
            contents(json!([{"inlineData": {"mimeType": "image/png", "data": "not base64!"}}])),
            vec!["inlineData.data is not base64"],
        ),
        (contents(json!([{"functionCall": {"args": {}}}])), vec!["functionCall.name is missing"]),
        (
            contents(json!([{"functionCall": {"name": "f", "args": "{}"}}])),
            vec!["functionCall.args is \"{}\"", "an object"],
        ),
        (
            contents(json!([{"functionResponse": {"name": "f", "response": "x"}}])),
            vec!["functionResponse.response is \"x\"", "an object"],
        ),
        (
            config(json!({"candidateCount": 2})),
            vec!["generationConfig.candidateCount is 2; one answer per call"],
        ),
        (
            config(json!({"temperature": "hot"})),
            vec!["generationConfig.temperature is \"hot\"", "a number"],
        ),
        (config(json!({"maxOutputTokens": -1})), vec!["generationConfig.maxOutputTokens is -1"]),
        (config(json!({"maxOutputTokens": 1.5})), vec!["generationConfig.maxOutputTokens is 1.5"]),
        (
            config(json!({"stopSequences": [1]})),
            vec!["generationConfig.stopSequences is 1", "a list of texts"],
        ),
        (
            config(json!({"thinkingConfig": {"thinkingLevel": "MAX"}})),
            vec!["thinkingConfig.thinkingLevel is \"MAX\"", "XHIGH"],
        ),
        (
            config(json!({"thinkingConfig": {"thinkingBudget": -2}})),
            vec!["thinkingConfig.thinkingBudget is -2"],
        ),
        (
            config(json!({"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}})),
            vec!["thinkingBudget is 1", "thinkingLevel is \"LOW\"", "only one"],
        ),
        (
            json!({"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}),
            vec!["toolConfig.functionCallingConfig.mode is \"SOME\""],
        ),
        (
            json!({"contents": [], "tools": [{"functionDeclarations": [{}]}]}),
            vec!["tools[0].functionDeclarations[0].name is missing"],
        ),
    ];
    for (body, words) in cases {
        let error = read("models/m:generateContent", "", &body).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
        let message = error.to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{body}: {message}");
    }
    let call = Call { path: "models/m:generateContent", query: "", headers: &[], body: b"{" };
    assert!(Gemini.read_request(&call).unwrap_err().to_string().contains("not JSON"));
}
