//! Prompt caches, which remember what they were sent.

use serde_json::{Value, json};

use crate::client::Client;

const MESSAGES: &str = "/anthropic/v1/messages";

fn long(name: &str) -> String {
    format!("{name} has a prefix of some length. ").repeat(300)
}

fn block(text: &str, ttl: &str) -> Value {
    json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}})
}

fn messages(model: &str, system: Value) -> Value {
    json!({"model": model, "max_tokens": 100, "system": system, "messages": [{"role": "user", "content": "Hi"}]})
}

/// Read, written for five minutes, written for an hour, neither.
async fn counts(client: &Client, body: &Value) -> [u64; 4] {
    let usage = client.post(MESSAGES, body).await.json()["usage"].clone();
    let count = |place: &str| usage.pointer(place).unwrap().as_u64().unwrap();
    [
        count("/cache_read_input_tokens"),
        count("/cache_creation/ephemeral_5m_input_tokens"),
        count("/cache_creation/ephemeral_1h_input_tokens"),
        count("/input_tokens"),
    ]
}

#[tokio::test]
async fn a_second_call_reads_what_the_first_wrote() {
    let client = Client::start().await;
    let both = messages(
        "claude-sonnet-4-6",
        json!([block(&long("one"), "1h"), block(&long("two"), "5m")]),
    );
    let [read, five, hour, plain] = counts(&client, &both).await;
    assert!(read == 0 && five > 1024 && hour > 1024 && plain < 30, "{read} {five} {hour} {plain}");
    assert_eq!(counts(&client, &both).await, [five + hour, 0, 0, plain]);
    // A prefix of it is there as well, another model's is not.
    let one = messages(
        "claude-sonnet-4-6",
        json!([block(&long("one"), "1h"), block(&long("new"), "5m")]),
    );
    let [read, new, again, _] = counts(&client, &one).await;
    assert!(read == hour && new > 1024 && again == 0, "{read} {new} {again}");
    assert_eq!(
        counts(&client, &messages("claude-opus-4-6", json!([block(&long("one"), "1h")]))).await[0],
        0
    );
    client.simulator.clear();
    assert_eq!(counts(&client, &both).await, [0, five, hour, plain]);
}

#[tokio::test]
async fn a_conversation_that_grows_reads_its_past() {
    let client = Client::start().await;
    let mut body = messages("claude-opus-5-5", json!(long("one")));
    body["cache_control"] = json!({"type": "ephemeral"});
    let [_, first, ..] = counts(&client, &body).await;
    body["messages"] = json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "More"}]);
    let [read, second, ..] = counts(&client, &body).await;
    assert!(read == first && second > 0 && second < 30, "{first} {read} {second}");
}

#[tokio::test]
async fn short_prompts_and_wrong_marks_are_not_cached() {
    let client = Client::start().await;
    let short = messages("claude-sonnet-4-6", json!([block("short", "5m")]));
    assert_eq!(counts(&client, &short).await[..3], [0, 0, 0]);
    let five = vec![block("x", "5m"); 5];
    let cases = [
        (
            messages("claude-sonnet-4-6", json!(five)),
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            messages("claude-sonnet-4-6", json!([block("x", "5m"), block("y", "1h")])),
            "must not come after a ttl='5m'",
        ),
        (
            messages("claude-sonnet-4-6", json!([block("x", "2h")])),
            "ttl: Input should be '5m' or '1h'",
        ),
    ];
    for (body, message) in cases {
        let answer = client.post(MESSAGES, &body).await;
        assert!(
            answer.status == 400 && answer.message().contains(message),
            "{message}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn gemini_and_deepseek_read_common_prefixes() {
    let client = Client::start().await;
    let path = "/google/v1beta/models/gemini-3.8-flash:generateContent";
    let cached = async |question: &str| {
        let body = json!({"systemInstruction": {"parts": [{"text": long("one")}]}, "contents": [{"parts": [{"text": question}]}]});
        let usage = client.post(path, &body).await.json()["usageMetadata"].clone();
        usage["cachedContentTokenCount"].as_u64().unwrap_or_default()
    };
    assert_eq!(cached("Who?").await, 0);
    assert!(cached("Where?").await > 1024);
    let path = "/openai-compatible/deepseek/v1/chat/completions";
    let usage = async |question: &str| {
        let turns = json!([{"role": "system", "content": long("one")}, {"role": "user", "content": question}]);
        client.post(path, &json!({"model": "deepseek-v4-flash", "messages": turns})).await.json()["usage"].clone()
    };
    assert_eq!(usage("Who?").await["prompt_cache_hit_tokens"], 0);
    let second = usage("Where?").await;
    let (hit, miss) = (
        second["prompt_cache_hit_tokens"].as_u64().unwrap(),
        second["prompt_cache_miss_tokens"].as_u64().unwrap(),
    );
    assert!(hit > 1024 && hit + miss == second["prompt_tokens"].as_u64().unwrap(), "{second}");
}

#[tokio::test]
async fn openai_caches_marked_parts_on_the_newest_models_alone() {
    let client = Client::start().await;
    let part = json!({"type": "text", "text": long("one"), "prompt_cache_breakpoint": {"mode": "explicit"}});
    let body = |model: &str, question: &str| {
        json!({"model": model, "prompt_cache_options": {"mode": "explicit"}, "messages": [
            {"role": "system", "content": [part]}, {"role": "user", "content": question}]})
    };
    let path = "/openai/v1/chat/completions";
    let details = async |question: &str| {
        let json = client.post(path, &body("gpt-6-luna", question)).await.json();
        json["usage"]["prompt_tokens_details"].clone()
    };
    let first = details("Who?").await;
    assert!(first["cache_write_tokens"].as_u64().unwrap() > 1024, "{first}");
    let second = details("Where?").await;
    assert_eq!(
        (&second["cached_tokens"], &second["cache_write_tokens"]),
        (&first["cache_write_tokens"], &json!(0))
    );
    assert_eq!(
        client.post(path, &body("gpt-4o", "Who?")).await.json()["error"]["code"],
        "unsupported_parameter"
    );
}
