use serde_json::{Value, json};

use crate::client::{Client, send};

const MESSAGES: &str = "/anthropic/v1/messages";

fn message(model: &str, prompt: &str) -> Value {
    json!({"model": model, "max_tokens": 2000, "messages": [{"role": "user", "content": prompt}]})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn an_older_model_answers_with_text_alone() {
    let client = Client::start().await;
    let answer = client.post(MESSAGES, &message("claude-haiku-4-5", "Hi [[reply: one two]]")).await;
    assert!(answer.headers.contains_key("request-id"));
    let json = answer.json();
    assert_eq!(json["model"], "claude-haiku-4-5-20251001");
    assert_eq!(
        json["content"],
        json!([{"type": "text", "text": "[simulated] one two", "citations": null}])
    );
    assert_eq!((&json["stop_reason"], &json["role"]), (&json!("end_turn"), &json!("assistant")));
    assert_eq!(json["usage"]["output_tokens_details"]["thinking_tokens"], 0);
}

#[tokio::test]
async fn a_newer_model_puts_an_empty_thinking_block_first() {
    let client = Client::start().await;
    let json =
        client.post(MESSAGES, &message("claude-opus-5-5", "Explain how tides work")).await.json();
    assert_eq!(
        (&json["content"][0]["type"], &json["content"][0]["thinking"]),
        (&json!("thinking"), &json!(""))
    );
    assert_eq!(json["content"][1]["type"], "text");
    let usage = &json["usage"];
    let thinking = usage["output_tokens_details"]["thinking_tokens"].as_u64().unwrap();
    assert!(thinking > 0 && usage["output_tokens"].as_u64().unwrap() > thinking);
    // The block may come back as it is, and only so.
    let turns = |first: &Value| {
        json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [first, json["content"][1]]},
               {"role": "user", "content": "More"}])
    };
    let replayed = with(message("claude-opus-5-5", ""), "messages", turns(&json["content"][0]));
    assert_eq!(client.post(MESSAGES, &replayed).await.status, 200);
    let mut forged = json["content"][0].clone();
    forged["signature"] = json!("forged");
    let answer = client.post(MESSAGES, &with(replayed, "messages", turns(&forged))).await;
    assert!(
        answer.message().contains("Invalid `signature` in `thinking` block"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_stream_follows_the_grammar() {
    let client = Client::start().await;
    let body = with(message("claude-sonnet-5-5", "Hi [[reply: one two]]"), "stream", json!(true));
    let body = with(body, "thinking", json!({"type": "adaptive", "display": "summarized"}));
    let events = client.post(MESSAGES, &body).await.events();
    let kinds: Vec<&str> = events.iter().map(|(name, _)| name.as_deref().unwrap()).collect();
    let mut short = kinds.clone();
    short.dedup();
    let expected = [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(short, expected);
    assert!(events.iter().all(|(name, event)| event["type"].as_str() == name.as_deref()));
    let start = &events[0].1["message"];
    assert_eq!((&start["content"], &start["stop_reason"]), (&json!([]), &Value::Null));
    let mut deltas: Vec<(&Value, &Value)> = events
        .iter()
        .filter(|(_, event)| event["type"] == "content_block_delta")
        .map(|(_, event)| (&event["index"], &event["delta"]["type"]))
        .collect();
    deltas.dedup();
    let kinds = [(0, "thinking_delta"), (0, "signature_delta"), (1, "text_delta")];
    assert_eq!(
        deltas,
        kinds
            .map(|(index, kind)| (json!(index), json!(kind)))
            .iter()
            .map(|(index, kind)| (index, kind))
            .collect::<Vec<_>>()
    );
    let end = &events[events.len() - 2].1;
    assert_eq!(end["delta"]["stop_reason"], "end_turn");
    assert_eq!(end["usage"]["input_tokens"], start["usage"]["input_tokens"]);
    assert!(end["usage"]["output_tokens"].as_u64().unwrap() > 1);
}

#[tokio::test]
async fn cached_tokens_are_counted_apart() {
    let client = Client::start().await;
    let long = "a prefix of some length ".repeat(400);
    let system = json!([{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}]);
    let body = with(message("claude-sonnet-4-6", "Hi"), "system", system);
    let first = client.post(MESSAGES, &body).await.json()["usage"].clone();
    let written = first["cache_creation_input_tokens"].as_u64().unwrap();
    assert!(written > 1024, "{first}");
    assert_eq!(first["cache_creation"]["ephemeral_5m_input_tokens"], written);
    assert!(first["input_tokens"].as_u64().unwrap() < 20);
    let turns = json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"},
                       {"role": "user", "content": "More"}]);
    let second =
        client.post(MESSAGES, &with(body, "messages", turns)).await.json()["usage"].clone();
    assert_eq!(
        (&second["cache_read_input_tokens"], &second["cache_creation_input_tokens"]),
        (&json!(written), &json!(0))
    );
}

#[tokio::test]
async fn what_the_api_refuses_is_refused_in_its_words() {
    let client = Client::start().await;
    let turn = |role: &str, content: Value| json!([{"role": role, "content": content}]);
    let ends_with_assistant =
        json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "He"}]);
    let cases = [
        ("claude-haiku-4-5", "foo", json!(1), "foo: Extra inputs are not permitted"),
        ("claude-haiku-4-5", "context_management", json!({}), "context_management: Extra inputs"),
        ("claude-haiku-4-5", "max_tokens", Value::Null, "max_tokens: Field required"),
        (
            "claude-haiku-4-5",
            "max_tokens",
            json!("many"),
            "max_tokens: Input should be a valid integer",
        ),
        (
            "claude-haiku-4-5",
            "max_tokens",
            json!(0),
            "max_tokens: Input should be greater than or equal to 1",
        ),
        ("claude-haiku-4-5", "max_tokens", json!(64_001), "max_tokens: 64001 > 64000"),
        ("claude-haiku-4-5", "messages", Value::Null, "messages: Field required"),
        ("claude-haiku-4-5", "messages", json!([]), "at least one message is required"),
        (
            "claude-haiku-4-5",
            "messages",
            turn("wizard", json!("x")),
            "messages.0.role: Input should be",
        ),
        ("claude-haiku-4-5", "messages", turn("user", json!("")), "must have non-empty content"),
        (
            "claude-haiku-4-5",
            "messages",
            turn("user", json!([{"type": "text", "text": ""}])),
            "text content blocks must be non-empty",
        ),
        (
            "claude-haiku-4-5",
            "messages",
            turn("user", json!([{"type": "tool_result", "tool_use_id": "t", "content": "x"}])),
            "unexpected `tool_use_id` found in `tool_result` blocks: t",
        ),
        ("claude-haiku-4-5", "temperature", json!(1.5), "temperature: range: 0..1"),
        (
            "claude-haiku-4-5",
            "thinking",
            json!({"type": "adaptive"}),
            "\"thinking.type.adaptive\" is not supported",
        ),
        (
            "claude-haiku-4-5",
            "thinking",
            json!({"type": "enabled", "budget_tokens": 10}),
            "greater than or equal to 1024",
        ),
        (
            "claude-haiku-4-5",
            "thinking",
            json!({"type": "enabled", "budget_tokens": 3000}),
            "`max_tokens` must be greater",
        ),
        (
            "claude-opus-4-7",
            "temperature",
            json!(0.5),
            "`temperature` is deprecated for this model",
        ),
        ("claude-opus-4-8", "top_k", json!(5), "`top_k` is deprecated for this model"),
        ("claude-opus-5-5", "temperature", json!(1), "`temperature` is deprecated for this model"),
        (
            "claude-opus-5-5",
            "thinking",
            json!({"type": "disabled"}),
            "\"thinking.type.disabled\" is not supported",
        ),
        (
            "claude-sonnet-5-5",
            "tool_choice",
            json!({"type": "any"}),
            "tool_choice may only be specified while providing tools",
        ),
        (
            "claude-sonnet-4-6",
            "messages",
            ends_with_assistant,
            "does not support assistant message prefill",
        ),
    ];
    for (model, field, value, message_part) in cases {
        let answer = client.post(MESSAGES, &with(message(model, "Hi"), field, value.clone())).await;
        assert_eq!(answer.status, 400, "{model} {field} {value}: {}", answer.text);
        assert!(
            answer.message().contains(message_part),
            "{model} {field} {value}: {}",
            answer.text
        );
        let json = answer.json();
        assert_eq!(
            (&json["type"], &json["error"]["type"]),
            (&json!("error"), &json!("invalid_request_error"))
        );
        assert_eq!(json["request_id"].as_str(), answer.headers["request-id"].to_str().ok());
    }
}

#[tokio::test]
async fn what_a_model_accepts_is_accepted() {
    let client = Client::start().await;
    let cases = [
        ("claude-haiku-4-5", "temperature", json!(0.3)),
        ("claude-sonnet-4-5-20250929", "top_k", json!(5)),
        ("claude-opus-4-7", "temperature", json!(1)),
        ("claude-haiku-5-5", "thinking", json!({"type": "disabled"})),
        (
            "claude-haiku-4-5",
            "messages",
            json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "He"}]),
        ),
        (
            "claude-opus-5-5",
            "messages",
            json!([{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief"}]),
        ),
    ];
    for (model, field, value) in cases {
        let answer = client.post(MESSAGES, &with(message(model, "Hi"), field, value)).await;
        assert_eq!(answer.status, 200, "{model} {field}: {}", answer.text);
    }
}

#[tokio::test]
async fn headers_and_models_are_checked() {
    let client = Client::start().await;
    let url = format!("http://{}{MESSAGES}", client.simulator.address());
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = send(plain.post(&url).header("anthropic-version", "2023-06-01").body("{}")).await;
    assert_eq!((answer.status, answer.message().as_str()), (401, "x-api-key header is required"));
    let answer = send(plain.post(&url).header("x-api-key", "invalid-key").body("{}")).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["type"].clone()),
        (401, json!("authentication_error"))
    );
    let answer = send(plain.post(&url).header("x-api-key", "k").body("{}")).await;
    assert_eq!(
        (answer.status, answer.message().as_str()),
        (400, "anthropic-version: header is required")
    );
    let versioned = |version: &str| {
        plain.post(&url).header("x-api-key", "k").header("anthropic-version", version)
    };
    let body = message("claude-haiku-4-5", "Hi").to_string();
    assert_eq!(send(versioned("2026-10-21").body(body.clone())).await.status, 200);
    let answer = send(versioned("yesterday").body(body)).await;
    assert!(answer.message().contains("\"yesterday\" is not a valid version"), "{}", answer.text);
    let answer = client.post(MESSAGES, &message("claude-opus-4", "Hi")).await;
    assert_eq!((answer.status, answer.message().as_str()), (404, "model: claude-opus-4"));
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_refused() {
    let client = Client::start().await;
    let answer =
        client.post(MESSAGES, &message("claude-haiku-4-5", &"word ".repeat(200_000))).await;
    assert_eq!(answer.status, 400);
    assert!(answer.message().starts_with("prompt is too long: "), "{}", answer.text);
}

#[tokio::test]
async fn tokens_are_counted_as_they_are_billed() {
    let client = Client::start().await;
    let body = message("claude-haiku-4-5", "Hi");
    let billed = client.post(MESSAGES, &body).await.json()["usage"]["input_tokens"].clone();
    let counted = json!({"model": body["model"], "messages": body["messages"]});
    let answer = client.post("/anthropic/v1/messages/count_tokens", &counted).await;
    assert_eq!(answer.json(), json!({"input_tokens": billed}));
    assert_eq!(client.post("/anthropic/v1/messages/count_tokens", &body).await.status, 400);
}

#[tokio::test]
async fn models_are_listed_in_pages() {
    let client = Client::start().await;
    let first = client.get("/anthropic/v1/models?limit=2").await.json();
    assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (2, &json!(true)));
    let after = first["last_id"].as_str().unwrap();
    let rest =
        client.get(&format!("/anthropic/v1/models?limit=1000&after_id={after}")).await.json();
    assert_eq!(rest["has_more"], false);
    assert!(rest["data"].as_array().unwrap().iter().any(|model| model["id"] == "claude-opus-5-5"));
}
