//! JSON on demand, and schemas that are refused.

use serde_json::{Value, json};

use crate::client::Client;

const CHAT: &str = "/openai/v1/chat/completions";
const RESPONSES: &str = "/openai/v1/responses";
const MESSAGES: &str = "/anthropic/v1/messages";
const GEMINI: &str = "/google/v1beta/models/gemini-3.8-flash:generateContent";

fn schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["name", "kind", "items"],
        "properties": {
            "name": {"type": "string"}, "kind": {"enum": ["b", "a"]},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        },
        "$defs": {"item": {
            "type": "object", "additionalProperties": false, "required": ["count"],
            "properties": {"count": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        }},
    })
}

fn fitting() -> Value {
    json!({"name": "simulated", "kind": "b", "items": [{"count": 1}]})
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

fn chat(prompt: &str, format: Value) -> Value {
    json!({"model": "gpt-4o", "messages": user(prompt), "response_format": format})
}

fn messages(prompt: &str, schema: Value) -> Value {
    json!({"model": "claude-opus-5-5", "max_tokens": 2000, "messages": user(prompt),
           "output_config": {"format": {"type": "json_schema", "schema": schema}}})
}

fn gemini(prompt: &str, config: Value) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}], "generationConfig": config})
}

fn read(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn every_api_answers_with_json_that_fits() {
    let client = Client::start().await;
    let format = json!({"type": "json_schema", "json_schema": {"name": "thing", "strict": true, "schema": schema()}});
    let json = client.post(CHAT, &chat("Go", format)).await.json();
    assert_eq!(read(&json["choices"][0]["message"]["content"]), fitting());

    let format = json!({"format": {"type": "json_schema", "name": "thing", "strict": true, "schema": schema()}});
    let body = json!({"model": "gpt-6.1-sol", "input": "Go", "text": format});
    let json = client.post(RESPONSES, &body).await.json();
    assert_eq!(read(&json["output"][1]["content"][0]["text"]), fitting());
    assert_eq!(json["text"]["format"]["name"], "thing");

    let json = client.post(MESSAGES, &messages("Go", schema())).await.json();
    assert_eq!(read(&json["content"][1]["text"]), fitting());

    for field in ["responseJsonSchema", "response_json_schema"] {
        let config = json!({"responseMimeType": "application/json", field: schema()});
        let json = client.post(GEMINI, &gemini("Go", config)).await.json();
        assert_eq!(read(&json["candidates"][0]["content"]["parts"][0]["text"]), fitting());
    }
}

#[tokio::test]
async fn json_without_a_schema_and_json_that_is_asked_for() {
    let client = Client::start().await;
    let mode = json!({"type": "json_object"});
    let json = client.post(CHAT, &chat("As JSON", mode.clone())).await.json();
    assert_eq!(read(&json["choices"][0]["message"]["content"])["simulated"], true);
    let asked = r#"As JSON [[reply: {"a": [[1]]}]]"#;
    let json = client.post(CHAT, &chat(asked, mode.clone())).await.json();
    assert_eq!(json["choices"][0]["message"]["content"], r#"{"a": [[1]]}"#);
    let answer = client.post(CHAT, &chat("Go", mode)).await;
    assert!(answer.message().contains("must contain the word 'json'"), "{}", answer.text);
    let json = client
        .post(GEMINI, &gemini("Go", json!({"responseMimeType": "application/json"})))
        .await
        .json();
    assert!(read(&json["candidates"][0]["content"]["parts"][0]["text"]).is_object());
}

#[tokio::test]
async fn a_limit_cuts_json_like_any_text() {
    let client = Client::start().await;
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "thing", "schema": schema()}});
    let mut body = chat("Go", format);
    body["max_tokens"] = json!(5);
    let json = client.post(CHAT, &body).await.json();
    assert_eq!(json["choices"][0]["finish_reason"], "length");
    let text = json["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
}

#[tokio::test]
async fn schemas_are_refused_in_each_vendors_words() {
    let client = Client::start().await;
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let of = |schema: Value| json!({"type": "object", "additionalProperties": false, "required": ["a"], "properties": {"a": schema}});
    let strict = |name: &str, schema: Value| {
        chat(
            "Go",
            json!({"type": "json_schema", "json_schema": {"name": name, "strict": true, "schema": schema}}),
        )
    };
    let config = |name: &str, schema: Value| {
        gemini("Go", json!({"responseMimeType": "application/json", name: schema}))
    };
    let both = json!({"responseMimeType": "application/json", "responseSchema": {}, "responseJsonSchema": {}});
    let mut with_tools = gemini("Go", json!({"responseMimeType": "application/json"}));
    with_tools["tools"] = json!([{"functionDeclarations": [{"name": "f"}]}]);
    let cases = [
        (CHAT, strict("a b", schema()), "string does not match pattern"),
        (
            CHAT,
            strict("x", open.clone()),
            "Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required",
        ),
        (
            CHAT,
            strict("x", of(json!({"type": "array"}))),
            "In context=('properties', 'a'), array schema missing items.",
        ),
        (CHAT, chat("Go", json!({"type": "yaml"})), "Invalid value: 'yaml'"),
        (
            MESSAGES,
            messages("Go", open),
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (
            MESSAGES,
            messages("Go", of(json!({"type": "integer", "minimum": 1}))),
            "For 'integer' type, property 'minimum' is not supported",
        ),
        (
            GEMINI,
            config("responseSchema", of(json!({"type": "ARRAY"}))),
            "Unknown name \"additionalProperties\" at 'generation_config.response_schema'",
        ),
        (
            GEMINI,
            config("responseSchema", json!({"type": "ARRAY"})),
            "generation_config.response_schema.items: missing field.",
        ),
        (
            GEMINI,
            config("responseJsonSchema", json!({"enum": ["a", ""]})),
            "response_json_schema.enum[1]: cannot be empty",
        ),
        (
            GEMINI,
            gemini("Go", json!({"responseSchema": {"type": "STRING"}})),
            "only allowed when response_mime_type is",
        ),
        (GEMINI, gemini("Go", both), "Only one of"),
        (
            "/google/v1beta/models/gemini-2.5-flash:generateContent",
            with_tools.clone(),
            "Function calling with a response mime type",
        ),
    ];
    for (path, body, message) in cases {
        let answer = client.post(path, &body).await;
        assert_eq!(answer.status, 400, "{message}: {}", answer.text);
        assert!(answer.message().contains(message), "{message}: {}", answer.text);
    }
    assert_eq!(client.post(GEMINI, &with_tools).await.status, 200);
}
