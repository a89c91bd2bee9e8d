//! Calls of tools in Anthropic's form.

use serde_json::{Value, json};

use crate::client::Client;

const MESSAGES: &str = "/anthropic/v1/messages";
const ASK: &str = r#"Look [[call: look {"at": "sky"}]] [[call: wait {}]]"#;

fn schema() -> Value {
    json!({"type": "object", "properties": {"at": {"type": "string"}, "rows": {"type": "array", "items": {"type": "integer"}}}})
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn messages(model: &str, messages: Value) -> Value {
    let tool = |name: &str| json!({"name": name, "input_schema": schema()});
    json!({"model": model, "max_tokens": 1000, "messages": messages, "tools": [tool("look"), tool("wait")]})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn messages_call_with_blocks_and_take_results_first() {
    let client = Client::start().await;
    for model in ["claude-haiku-4-5", "claude-opus-5-5"] {
        let json = client.post(MESSAGES, &messages(model, json!([user(ASK)]))).await.json();
        assert_eq!(json["stop_reason"], "tool_use", "{json}");
        let blocks = json["content"].as_array().unwrap();
        let calls: Vec<&Value> =
            blocks.iter().filter(|block| block["type"] == "tool_use").collect();
        assert_eq!(
            (&calls[0]["name"], &calls[0]["input"]),
            (&json!("look"), &json!({"at": "sky"}))
        );
        let result = |at: usize| json!({"type": "tool_result", "tool_use_id": calls[at]["id"], "content": "blue"});
        let assistant = json!({"role": "assistant", "content": blocks});
        let text = json!({"type": "text", "text": "Well?"});
        let answered = |blocks: Value| {
            messages(model, json!([user(ASK), assistant, {"role": "user", "content": blocks}]))
        };
        let done =
            client.post(MESSAGES, &answered(json!([result(0), result(1), text]))).await.json();
        let last = done["content"].as_array().unwrap().last().unwrap();
        assert_eq!(last["text"], r#"[simulated] The tools say: "blue", "blue""#);
        // In two messages of the same role as well.
        let split = json!([user(ASK), assistant, {"role": "user", "content": [result(0)]}, {"role": "user", "content": [result(1)]}]);
        assert_eq!(client.post(MESSAGES, &messages(model, split)).await.status, 200);
        let cases = [
            (json!([result(0)]), "without `tool_result` blocks immediately after"),
            (json!([text, result(0), result(1)]), "without `tool_result` blocks immediately after"),
            (
                json!([result(0), result(1), result(1)]),
                "Found multiple `tool_result` blocks with id",
            ),
            (
                json!([result(0), result(1), {"type": "tool_result", "tool_use_id": "toolu_9"}]),
                "unexpected `tool_use_id` found in `tool_result` blocks: toolu_9",
            ),
        ];
        for (blocks, message) in cases {
            let answer = client.post(MESSAGES, &answered(blocks)).await;
            assert!(
                answer.status == 400 && answer.message().contains(message),
                "{message}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn messages_stream_arguments_in_pieces_that_begin_empty() {
    let client = Client::start().await;
    let body = with(messages("claude-haiku-4-5", json!([user(ASK)])), "stream", json!(true));
    let events = client.post(MESSAGES, &body).await.events();
    let start =
        events.iter().find(|(name, _)| name.as_deref() == Some("content_block_start")).unwrap();
    assert_eq!(start.1["content_block"]["input"], json!({}));
    let pieces: Vec<&str> = events
        .iter()
        .filter(|(_, event)| event["index"] == 0)
        .filter_map(|(_, event)| event.pointer("/delta/partial_json")?.as_str())
        .collect();
    assert_eq!((pieces[0], pieces.concat().as_str()), ("", r#"{"at": "sky"}"#));
}

#[tokio::test]
async fn messages_refuse_broken_tools_and_choices() {
    let client = Client::start().await;
    let base = |model: &str| messages(model, json!([user("Hi")]));
    let old = "claude-haiku-4-5";
    let tool = |tool: Value| with(base(old), "tools", json!([tool]));
    let choice = |model: &str, choice: Value| with(base(model), "tool_choice", choice);
    let bad_id = json!([user("Hi"), {"role": "assistant", "content": [{"type": "tool_use", "id": "a.b", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a.b"}]}]);
    let thinking = with(base(old), "thinking", json!({"type": "enabled", "budget_tokens": 1024}));
    let thinking =
        with(with(thinking, "max_tokens", json!(2000)), "tool_choice", json!({"type": "any"}));
    let cases = [
        (
            tool(json!({"name": "a b", "input_schema": {"type": "object"}})),
            "tools.0.custom.name: String should match pattern",
        ),
        (tool(json!({"name": "f"})), "tools.0.custom.input_schema: Field required"),
        (
            tool(json!({"name": "f", "input_schema": {}})),
            "tools.0.custom.input_schema.type: Field required",
        ),
        (
            tool(json!({"type": "function", "function": {"name": "f"}})),
            "Input tag 'function' found using 'type'",
        ),
        (
            tool(json!({"name": "f", "strict": true, "input_schema": {"type": "object"}})),
            "'additionalProperties' must be explicitly set to false",
        ),
        (
            with(
                base(old),
                "tools",
                json!([{"name": "f", "input_schema": {"type": "object"}}, {"name": "f", "input_schema": {"type": "object"}}]),
            ),
            "Tool names must be unique",
        ),
        (choice(old, json!({"type": "tool", "name": "go"})), "Tool 'go' not found"),
        (
            choice("claude-sonnet-5-5", json!({"type": "any"})),
            "type 'any' is not supported for this model",
        ),
        (
            choice("claude-opus-5-5", json!({"type": "tool", "name": "look"})),
            "type 'tool' is not supported for this model",
        ),
        (thinking, "Thinking may not be enabled when tool_choice forces tool use"),
        (messages(old, bad_id), "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
    ];
    for (body, message) in cases {
        let answer = client.post(MESSAGES, &body).await;
        assert_eq!(answer.status, 400, "{message}: {}", answer.text);
        assert!(answer.message().contains(message), "{message}: {}", answer.text);
    }
    let json = client
        .post(MESSAGES, &choice(old, json!({"type": "any", "disable_parallel_tool_use": true})))
        .await
        .json();
    assert_eq!(
        (&json["stop_reason"], json["content"].as_array().unwrap().len()),
        (&json!("tool_use"), 1)
    );
    assert_eq!(
        client.post(MESSAGES, &choice("claude-opus-5-5", json!({"type": "none"}))).await.status,
        200
    );
}
