use serde_json::{Value, json};

use crate::client::{Client, send};

const CHAT: &str = "/openai/v1/chat/completions";

fn chat(model: &str, prompt: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": prompt}]})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn an_answer_has_the_documented_shape_and_is_the_same_every_time() {
    let client = Client::start().await;
    let body = chat("gpt-4o", "What boils at 100 degrees?");
    let (first, second) = (client.post(CHAT, &body).await, client.post(CHAT, &body).await);
    assert_eq!(first.text, second.text);
    assert!(first.headers.contains_key("x-request-id"));
    let json = first.json();
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(json["model"], "gpt-4o-2024-08-06");
    let choice = &json["choices"][0];
    assert_eq!(choice["finish_reason"], "stop");
    assert!(choice["message"]["content"].as_str().unwrap().starts_with("[simulated] "));
    let usage = &json["usage"];
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 0);
    let sum =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
}

#[tokio::test]
async fn a_prompt_can_say_what_is_answered() {
    let client = Client::start().await;
    let json = client.post(CHAT, &chat("gpt-4o", "Hello [[reply: forty-two]]")).await.json();
    assert_eq!(json["choices"][0]["message"]["content"], "[simulated] forty-two");
}

#[tokio::test]
async fn harder_prompts_get_longer_answers() {
    let client = Client::start().await;
    let tokens = async |prompt: &str| {
        let json = client.post(CHAT, &chat("gpt-4o", prompt)).await.json();
        json["usage"]["completion_tokens"].as_u64().unwrap()
    };
    let easy = tokens("Say hello").await;
    let hard = tokens(
        "Design and implement a scheduler, prove its bounds and explain every step in detail",
    )
    .await;
    assert!(hard > 3 * easy, "{hard} and {easy}");
}

#[tokio::test]
async fn a_stream_follows_the_grammar() {
    let client = Client::start().await;
    let body = with(chat("gpt-4o", "Hi [[reply: one two three]]"), "stream", json!(true));
    let body = with(body, "stream_options", json!({"include_usage": true}));
    let answer = client.post(CHAT, &body).await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert_eq!(answer.headers["cache-control"], "no-cache");
    let events = answer.events();
    assert!(events.iter().all(|(name, _)| name.is_none()));
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done.1, "[DONE]");
    let (usage, chunks) = chunks.split_last().unwrap();
    assert_eq!(usage.1["choices"], json!([]));
    assert!(usage.1["usage"]["prompt_tokens"].as_u64().unwrap() > 0);
    assert!(
        chunks.iter().all(|(_, chunk)| chunk["usage"].is_null() && chunk["id"] == usage.1["id"])
    );
    assert_eq!(chunks[0].1["choices"][0]["delta"]["role"], "assistant");
    let last = &chunks.last().unwrap().1["choices"][0];
    assert_eq!((&last["delta"], &last["finish_reason"]), (&json!({}), &json!("stop")));
    let text: String = chunks
        .iter()
        .filter_map(|(_, chunk)| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "[simulated] one two three");
}

#[tokio::test]
async fn without_include_usage_a_stream_carries_none() {
    let client = Client::start().await;
    let answer = client.post(CHAT, &with(chat("gpt-4o", "Hi"), "stream", json!(true))).await;
    assert!(!answer.text.contains("usage"));
}

#[tokio::test]
async fn reasoning_counts_inside_completion_tokens_and_can_use_them_up() {
    let client = Client::start().await;
    let usage =
        client.post(CHAT, &chat("gpt-5", "Explain how tides work")).await.json()["usage"].clone();
    let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap();
    assert!(reasoning > 0 && reasoning.is_multiple_of(64));
    assert!(usage["completion_tokens"].as_u64().unwrap() > reasoning);

    let small = with(chat("gpt-5", "Explain how tides work"), "max_completion_tokens", json!(20));
    let json = client.post(CHAT, &small).await.json();
    assert_eq!(json["choices"][0]["finish_reason"], "length");
    assert_eq!(json["choices"][0]["message"]["content"], "");
    assert_eq!(json["usage"]["completion_tokens"], 20);
}

#[tokio::test]
async fn the_limit_and_stop_sequences_end_an_answer() {
    let client = Client::start().await;
    let json = client
        .post(CHAT, &with(chat("gpt-4o", "Explain how tides work"), "max_tokens", json!(10)))
        .await
        .json();
    assert_eq!(json["choices"][0]["finish_reason"], "length");
    assert_eq!(json["usage"]["completion_tokens"], 10);
    let stopped = with(chat("gpt-4o", "Hi [[reply: one two three]]"), "stop", json!(" three"));
    let json = client.post(CHAT, &stopped).await.json();
    assert_eq!(json["choices"][0]["message"]["content"], "[simulated] one two");
    assert_eq!(json["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_long_conversation_is_read_from_the_cache() {
    let client = Client::start().await;
    let long = "a prefix of some length ".repeat(400);
    let body = json!({"model": "gpt-6.1-terra", "messages": [
        {"role": "system", "content": long}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "More"},
    ]});
    let first =
        json!({"model": "gpt-6.1-terra", "messages": body["messages"].as_array().unwrap()[..2]});
    let details = client.post(CHAT, &first).await.json()["usage"]["prompt_tokens_details"].clone();
    assert_eq!(details["cached_tokens"], 0);
    let written = details["cache_write_tokens"].as_u64().unwrap();
    assert!(written > 1024, "{details}");
    let details = client.post(CHAT, &body).await.json()["usage"]["prompt_tokens_details"].clone();
    assert_eq!(details["cached_tokens"], written, "{details}");
    // Another model has not seen it, and writes without a bill.
    let mut other = body;
    other["model"] = json!("gpt-4o");
    let details = client.post(CHAT, &other).await.json()["usage"]["prompt_tokens_details"].clone();
    assert_eq!((&details["cached_tokens"], &details["cache_write_tokens"]), (&json!(0), &json!(0)));
}

/// Model, field, value, expected part of the message, expected code.
#[tokio::test]
async fn what_the_api_refuses_is_refused_in_its_words() {
    let client = Client::start().await;
    let cases = [
        ("gpt-4o", "foo", json!(1), "Unrecognized request argument supplied: foo", Value::Null),
        (
            "gpt-4o",
            "temperature",
            json!("hot"),
            "expected a decimal, but got a string",
            json!("invalid_type"),
        ),
        (
            "gpt-4o",
            "temperature",
            json!(2.5),
            "<= 2, but got 2.5",
            json!("decimal_above_max_value"),
        ),
        ("gpt-4o", "temperature", json!(-1), ">= 0, but got -1", json!("decimal_below_min_value")),
        ("gpt-4o", "max_tokens", json!(0), ">= 1, but got 0", json!("integer_below_min_value")),
        ("gpt-4o", "max_tokens", json!(99_999), "supports at most 16384", json!("invalid_value")),
        ("gpt-4o", "messages", json!([]), "empty array", json!("empty_array")),
        (
            "gpt-4o",
            "messages",
            json!([{"role": "wizard", "content": "x"}]),
            "'wizard'",
            json!("invalid_value"),
        ),
        (
            "gpt-4o",
            "stream_options",
            json!({"include_usage": true}),
            "only allowed when 'stream'",
            Value::Null,
        ),
        (
            "gpt-4o",
            "reasoning_effort",
            json!("low"),
            "Unsupported parameter",
            json!("unsupported_parameter"),
        ),
        (
            "o3",
            "max_tokens",
            json!(100),
            "Use 'max_completion_tokens' instead",
            json!("unsupported_parameter"),
        ),
        (
            "gpt-6.2-sol",
            "max_tokens",
            json!(100),
            "Use 'max_completion_tokens'",
            json!("unsupported_parameter"),
        ),
        ("o3", "temperature", json!(0.5), "Only the default (1)", json!("unsupported_value")),
        ("o3", "top_p", json!(0.9), "'top_p' is not supported", json!("unsupported_parameter")),
        ("o3", "stop", json!("x"), "'stop' is not supported", json!("unsupported_parameter")),
        ("gpt-5", "temperature", json!(0), "does not support 0 ", json!("unsupported_value")),
        (
            "gpt-5.4",
            "reasoning_effort",
            json!("minimal"),
            "does not support 'minimal'",
            json!("unsupported_value"),
        ),
        (
            "gpt-6.1-sol",
            "reasoning_effort",
            json!("none"),
            "does not support 'none'",
            json!("unsupported_value"),
        ),
        (
            "gpt-6.1-terra",
            "temperature",
            json!(0.2),
            "Only the default (1)",
            json!("unsupported_value"),
        ),
        ("gpt-7", "n", json!(1), "The model `gpt-7` does not exist", json!("model_not_found")),
    ];
    for (model, field, value, message, code) in cases {
        let answer = client.post(CHAT, &with(chat(model, "Hi"), field, value.clone())).await;
        let wanted = if model == "gpt-7" { 404 } else { 400 };
        assert_eq!(answer.status, wanted, "{model} {field} {value}: {}", answer.text);
        assert!(answer.message().contains(message), "{model} {field} {value}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], code, "{model} {field} {value}");
    }
}

#[tokio::test]
async fn what_a_model_accepts_is_accepted() {
    let client = Client::start().await;
    let cases = [
        ("gpt-4o", "temperature", json!(0.3)),
        ("o3", "temperature", json!(1)),
        ("gpt-5", "max_completion_tokens", json!(4000)),
        ("gpt-5.1", "temperature", json!(0.2)),
        ("gpt-5.4", "top_p", json!(0.9)),
        ("gpt-6-luna", "reasoning_effort", json!("none")),
    ];
    for (model, field, value) in cases {
        let answer = client.post(CHAT, &with(chat(model, "Hi"), field, value)).await;
        assert_eq!(answer.status, 200, "{model} {field}: {}", answer.text);
    }
}

#[tokio::test]
async fn tool_results_must_follow_their_calls() {
    let client = Client::start().await;
    let call = json!({"role": "assistant", "content": null, "tool_calls":
        [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "call_1", "content": "1"});
    let user = json!({"role": "user", "content": "Hi"});
    let body = |messages: &[&Value]| json!({"model": "gpt-4o", "messages": messages});
    assert_eq!(client.post(CHAT, &body(&[&user, &call, &result])).await.status, 200);
    let answer = client.post(CHAT, &body(&[&user, &result])).await;
    assert!(
        answer.message().contains("must be a response to a preceeding message"),
        "{}",
        answer.text
    );
    let answer = client.post(CHAT, &body(&[&user, &call, &user])).await;
    assert!(answer.message().contains("did not have response messages: call_1"), "{}", answer.text);
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_refused() {
    let client = Client::start().await;
    let answer = client.post(CHAT, &chat("gpt-4o", &"word ".repeat(200_000))).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].clone()),
        (400, json!("context_length_exceeded"))
    );
}

#[tokio::test]
async fn keys_and_json_are_checked() {
    let client = Client::start().await;
    let url = format!("http://{}{CHAT}", client.simulator.address());
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = send(plain.post(&url).body("{}")).await;
    assert_eq!(answer.status, 401);
    assert!(answer.message().contains("didn't provide an API key"));
    let answer =
        send(plain.post(&url).header("authorization", "Bearer bad-key-123456789").body("{}")).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].clone()),
        (401, json!("invalid_api_key"))
    );
    assert!(!answer.text.contains("bad-key"));
    for broken in ["", "{", "{\"model\": \"\\ud800\"}"] {
        let answer = client.post_text(CHAT, broken.to_owned()).await;
        assert_eq!(answer.status, 400, "{broken}");
        assert!(answer.message().contains("could not parse the JSON"), "{broken}");
    }
}

#[tokio::test]
async fn models_are_listed_with_their_end() {
    let client = Client::start().await;
    let list = client.get("/openai/v1/models").await.json();
    let mini =
        list["data"].as_array().unwrap().iter().find(|model| model["id"] == "gpt-4o-mini").unwrap();
    assert_eq!((&mini["object"], &mini["shutdown_date"]), (&json!("model"), &json!("2027-01-14")));
    assert_eq!(client.get("/openai/v1/models/gpt-5").await.json()["id"], "gpt-5");
    assert_eq!(client.get("/openai/v1/models/none").await.status, 404);
    assert_eq!(client.get("/openai/v1/nothing").await.status, 404);
}

#[tokio::test]
async fn responses_answer_whole_and_streamed() {
    let client = Client::start().await;
    let body = json!({"model": "gpt-6.1-sol", "input": "Hi [[reply: one two]]", "instructions": "Be brief"});
    let whole = client.post("/openai/v1/responses", &body).await.json();
    assert_eq!((&whole["object"], &whole["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(whole["output"][0]["type"], "reasoning");
    assert_eq!(whole["output"][1]["content"][0]["text"], "[simulated] one two");
    assert!(whole["usage"]["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);

    let events =
        client.post("/openai/v1/responses", &with(body, "stream", json!(true))).await.events();
    let kinds: Vec<&str> = events.iter().map(|(name, _)| name.as_deref().unwrap()).collect();
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds, expected);
    for (number, (name, event)) in events.iter().enumerate() {
        assert_eq!(
            (&event["sequence_number"], event["type"].as_str()),
            (&json!(number), name.as_deref())
        );
    }
    assert_eq!(
        events.last().unwrap().1["response"]["usage"]["total_tokens"],
        whole["usage"]["total_tokens"]
    );

    let refused = client
        .post("/openai/v1/responses", &json!({"model": "gpt-5", "input": "Hi", "stop": "x"}))
        .await;
    assert_eq!(refused.message(), "Unknown parameter: 'stop'.");
}
