//! Thinking that is shown, signed and replayed.

use orkestra_simulator::Simulator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, send};

const RESPONSES: &str = "/openai/v1/responses";
const MESSAGES: &str = "/anthropic/v1/messages";

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn assistant(content: Value) -> Value {
    json!({"role": "assistant", "content": content})
}

fn messages(model: &str, turns: Value, thinking: Value) -> Value {
    json!({"model": model, "max_tokens": 4000, "messages": turns, "thinking": thinking})
}

fn shown() -> Value {
    json!({"type": "adaptive", "display": "summarized"})
}

#[tokio::test]
async fn a_signature_holds_for_its_text_byte_for_byte() {
    let client = Client::start().await;
    let body = messages("claude-opus-5-5", json!([user("Hi [[redacted]]")]), shown());
    let json = client.post(MESSAGES, &body).await.json();
    let blocks = json["content"].as_array().unwrap();
    let kinds: Vec<&str> = blocks.iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "redacted_thinking", "text"]);
    let replay = async |model: &str, change: &dyn Fn(&mut Value)| {
        let mut content = json["content"].clone();
        change(&mut content);
        let turns = json!([user("Hi [[redacted]]"), assistant(content), user("More")]);
        client.post(MESSAGES, &messages(model, turns, shown())).await
    };
    assert_eq!(replay("claude-opus-5-5", &|_| {}).await.status, 200);
    // Another model drops what it cannot read.
    assert_eq!(replay("claude-fable-5-1", &|_| {}).await.status, 200);
    let text = |content: &mut Value| content[0]["thinking"] = json!("Something else.");
    let signature = |content: &mut Value| {
        let changed = content[0]["signature"].as_str().unwrap().to_lowercase();
        content[0]["signature"] = json!(changed);
    };
    let unsigned = |content: &mut Value| content[0]["signature"] = json!("");
    let data = |content: &mut Value| content[1]["data"] = json!("Zm9yZ2Vk");
    let refused = async |change: &dyn Fn(&mut Value), message: &str| {
        let answer = replay("claude-opus-5-5", change).await;
        assert_eq!(answer.status, 400, "{message}: {}", answer.text);
        assert!(answer.message().contains(message), "{message}: {}", answer.text);
    };
    refused(&text, "messages.1.content.0: Invalid `signature` in `thinking` block").await;
    refused(&signature, "Invalid `signature` in `thinking` block").await;
    refused(&unsigned, "Invalid `signature` in `thinking` block").await;
    refused(&data, "Invalid `data` in `redacted_thinking` block").await;
    let empty = |content: &mut Value| {
        content[0] = json!({"type": "thinking", "thinking": "", "signature": ""})
    };
    assert!(
        replay("claude-opus-5-5", &empty)
            .await
            .message()
            .contains("each thinking block must contain thinking")
    );
}

#[tokio::test]
async fn older_models_think_on_demand_and_only_from_the_start_of_a_loop() {
    let client = Client::start().await;
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let mut body = messages("claude-haiku-4-5", json!([user("Look [[call: look]]")]), thinking);
    body["tools"] = json!([{"name": "look", "input_schema": {"type": "object"}}]);
    let json = client.post(MESSAGES, &body).await.json();
    assert!(!json["content"][0]["thinking"].as_str().unwrap().is_empty());
    let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": json["content"][1]["id"]}]});
    let thinks = async |content: Value| {
        let mut body = body.clone();
        body["messages"] = json!([user("Look [[call: look]]"), assistant(content), result]);
        client.post(MESSAGES, &body).await.json()["content"][0]["type"] == "thinking"
    };
    assert!(thinks(json["content"].clone()).await);
    assert!(!thinks(json!([json["content"][1]])).await);
    let between = json!({"type": "between_tools"});
    let json = client
        .post(MESSAGES, &messages("claude-sonnet-5-5", json!([user("Hi")]), between))
        .await
        .json();
    assert_eq!(json["content"][0]["type"], "text");
}

#[tokio::test]
async fn bound_thinking_stays_with_its_conversation() {
    let simulator =
        Simulator::builder().bind_thinking(true).start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let client = Client::of(simulator);
    let json = client
        .post(MESSAGES, &messages("claude-opus-5-5", json!([user("Hi")]), shown()))
        .await
        .json();
    let turns =
        |first: &str| json!([user(first), assistant(json["content"].clone()), user("More")]);
    let body = |first: &str| messages("claude-opus-5-5", turns(first), shown());
    assert_eq!(client.post(MESSAGES, &body("Hi")).await.status, 200);
    let answer = client.post(MESSAGES, &body("Ho")).await;
    assert!(answer.message().contains("bound to a different conversation"), "{}", answer.text);
    let mut dropping = body("Ho");
    dropping["thinking"]["block_binding"] = json!({"prefix_mismatch_behavior": "drop_block"});
    assert!(
        client.post(MESSAGES, &dropping).await.message().contains("Extra inputs are not permitted")
    );
    let request = client.request(Method::POST, MESSAGES).body(dropping.to_string());
    let answer =
        send(request.header("anthropic-beta", "thinking-binding-controls-2026-08-01")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn reasoning_told_as_text_is_declined_by_the_newest() {
    let client = Client::start().await;
    let turns =
        json!([user("Hi"), assistant(json!("<thinking>Hm.</thinking> Hello")), user("More")]);
    let json = client.post(MESSAGES, &messages("claude-opus-5-5", turns, shown())).await.json();
    assert_eq!(
        (&json["stop_reason"], &json["stop_details"]["category"]),
        (&json!("refusal"), &json!("reasoning_extraction"))
    );
}

#[tokio::test]
async fn system_messages_are_for_newer_models_and_for_certain_places() {
    let client = Client::start().await;
    let system = json!({"role": "system", "content": "Be brief"});
    let send = async |model: &str, turns: Value| {
        let body = json!({"model": model, "max_tokens": 100, "messages": turns});
        client.post(MESSAGES, &body).await
    };
    assert_eq!(send("claude-opus-4-8", json!([user("Hi"), system])).await.status, 200);
    assert_eq!(
        send("claude-haiku-5-5", json!([user("Hi"), system, assistant(json!("Ho")), user("More")]))
            .await
            .status,
        200
    );
    for (model, turns) in [
        ("claude-opus-4-7", json!([user("Hi"), system])),
        ("claude-opus-5-5", json!([system, user("Hi")])),
        ("claude-opus-5-5", json!([user("Hi"), system, user("Ho")])),
        ("claude-opus-5-5", json!([user("Hi"), system, system])),
    ] {
        assert_eq!(send(model, turns.clone()).await.status, 400, "{model} {turns}");
    }
    let answer = send("claude-haiku-4-5", json!([user("Hi"), assistant(json!("He "))])).await;
    assert!(answer.message().contains("cannot end with trailing whitespace"), "{}", answer.text);
    let answer = send("claude-haiku-4-5", json!([assistant(json!("He")), user("Hi")])).await;
    assert!(
        answer.message().contains("first message must use the \"user\" role"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn reasoning_items_come_back_with_their_content_and_what_follows() {
    let client = Client::start().await;
    let body = |input: Value, store: bool| {
        json!({"model": "gpt-6.1-sol", "input": input, "store": store, "reasoning": {"summary": "auto"},
               "include": ["reasoning.encrypted_content"]})
    };
    let json = client.post(RESPONSES, &body(json!("Hi"), false)).await.json();
    let (reasoning, message) = (&json["output"][0], &json["output"][1]);
    assert!(reasoning["encrypted_content"].is_string());
    assert_eq!(reasoning["summary"][0]["type"], "summary_text");
    let replay = async |change: &dyn Fn(&mut Value), follows: bool| {
        let mut item = reasoning.clone();
        change(&mut item);
        let input = if follows {
            json!([user("Hi"), item, message, user("More")])
        } else {
            json!([user("Hi"), item, user("More")])
        };
        client.post(RESPONSES, &body(input, false)).await
    };
    assert_eq!(replay(&|_| {}, true).await.status, 200);
    let answer = replay(&|item| item["encrypted_content"] = json!("Zm9yZ2Vk"), true).await;
    assert_eq!(answer.json()["error"]["code"], "invalid_encrypted_content");
    let answer = replay(&|item| item["encrypted_content"] = Value::Null, true).await;
    assert!(
        answer.status == 404 && answer.message().contains("Items are not persisted"),
        "{}",
        answer.text
    );
    let answer = replay(&|_| {}, false).await;
    assert!(answer.message().contains("without its required following item"), "{}", answer.text);
    let stored =
        client.post(RESPONSES, &json!({"model": "gpt-6.1-sol", "input": "Hi"})).await.json();
    let input = json!([user("Hi"), stored["output"][0], stored["output"][1], user("More")]);
    assert_eq!(
        client.post(RESPONSES, &json!({"model": "gpt-6.1-sol", "input": input})).await.status,
        200
    );
    let previous = json!({"model": "gpt-6.1-sol", "input": "Hi", "previous_response_id": "resp_1"});
    assert_eq!(
        client.post(RESPONSES, &previous).await.json()["error"]["code"],
        "previous_response_not_found"
    );
    let mut plain = body(json!("Hi"), false);
    plain["model"] = json!("gpt-4o");
    assert!(
        client
            .post(RESPONSES, &plain)
            .await
            .message()
            .contains("Encrypted content is not supported")
    );
    let mut events = client
        .post(RESPONSES, &{
            let mut body = body(json!("Hi"), false);
            body["stream"] = json!(true);
            body
        })
        .await
        .events();
    events.retain(|(name, _)| name.as_deref() == Some("response.reasoning_summary_text.delta"));
    assert!(events.len() > 1);
}

#[tokio::test]
async fn some_models_are_served_on_responses_alone() {
    let client = Client::start().await;
    let answer = client
        .post(
            "/openai/v1/chat/completions",
            &json!({"model": "gpt-5-pro", "messages": [user("Hi")]}),
        )
        .await;
    assert!(
        answer.status == 404 && answer.message().contains("only supported in v1/responses"),
        "{}",
        answer.text
    );
    assert_eq!(
        client.post(RESPONSES, &json!({"model": "gpt-5-pro", "input": "Hi"})).await.status,
        200
    );
}
