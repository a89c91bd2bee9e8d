//! Calls of tools in OpenAI's forms.

use serde_json::{Value, json};

use crate::client::Client;

const CHAT: &str = "/openai/v1/chat/completions";
const RESPONSES: &str = "/openai/v1/responses";
const ASK: &str = r#"Look [[call: look {"at": "sky"}]] [[call: wait {}]]"#;

fn schema() -> Value {
    json!({"type": "object", "properties": {"at": {"type": "string"}, "rows": {"type": "array", "items": {"type": "integer"}}}})
}

fn chat(model: &str, messages: Value) -> Value {
    let function = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": schema()}});
    json!({"model": model, "messages": messages, "tools": [function("look"), function("wait")]})
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn responses(model: &str, input: Value) -> Value {
    let function = |name: &str| json!({"type": "function", "name": name, "parameters": schema()});
    json!({"model": model, "input": input, "tools": [function("look"), function("wait")]})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn chat_calls_and_then_quotes_the_results() {
    let client = Client::start().await;
    let json = client.post(CHAT, &chat("gpt-4o", json!([user(ASK)]))).await.json();
    let choice = &json["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["content"]),
        (&json!("tool_calls"), &Value::Null)
    );
    let calls = choice["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls[0]["function"], json!({"name": "look", "arguments": r#"{"at": "sky"}"#}));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    let result = |at: usize, text: &str| json!({"role": "tool", "tool_call_id": calls[at]["id"], "content": text});
    let turns = json!([user(ASK), choice["message"], result(0, "blue"), result(1, "done")]);
    let mut turns = turns;
    turns[1]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name == "role" || name == "tool_calls" || name == "content");
    let json = client.post(CHAT, &chat("gpt-4o", turns)).await.json();
    let choice = &json["choices"][0];
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(choice["message"]["content"], r#"[simulated] The tools say: "blue", "done""#);
}

#[tokio::test]
async fn chat_streams_arguments_in_pieces_with_the_id_once() {
    let client = Client::start().await;
    let body = with(chat("gpt-4o", json!([user(ASK)])), "stream", json!(true));
    let events = client.post(CHAT, &body).await.events();
    let pieces: Vec<&Value> = events
        .iter()
        .filter_map(|(_, event)| event.pointer("/choices/0/delta/tool_calls/0"))
        .collect();
    let of = |index: u64| pieces.iter().filter(move |piece| piece["index"] == index);
    assert_eq!(of(0).filter(|piece| piece.get("id").is_some()).count(), 1);
    assert_eq!(of(1).filter(|piece| piece["function"].get("name").is_some()).count(), 1);
    let arguments: String =
        of(0).map(|piece| piece["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(arguments, r#"{"at": "sky"}"#);
    let finish = events
        .iter()
        .rev()
        .find_map(|(_, event)| event.pointer("/choices/0/finish_reason")?.as_str());
    assert_eq!(finish, Some("tool_calls"));
}

#[tokio::test]
async fn chat_heeds_the_choice() {
    let client = Client::start().await;
    let calls = async |name: &str, value: Value, text: &str| {
        let body = with(chat("gpt-4o", json!([user(text)])), name, value);
        let json = client.post(CHAT, &body).await.json();
        let calls =
            json["choices"][0]["message"]["tool_calls"].as_array().cloned().unwrap_or_default();
        calls
            .iter()
            .map(|call| call["function"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let look = json!({"type": "function", "function": {"name": "look"}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [{"type": "function", "function": {"name": "wait"}}]}});
    assert_eq!(calls("tool_choice", json!("none"), ASK).await, [""; 0]);
    assert_eq!(calls("tool_choice", json!("auto"), "Hello").await, [""; 0]);
    assert_eq!(calls("tool_choice", json!("auto"), "Please look around").await, ["look"]);
    assert_eq!(calls("tool_choice", json!("required"), "Hello").await, ["look"]);
    assert_eq!(calls("tool_choice", look, "wait").await, ["look"]);
    assert_eq!(calls("tool_choice", allowed("auto"), ASK).await, ["wait"]);
    assert_eq!(calls("tool_choice", allowed("required"), "Hello").await, ["wait"]);
    assert_eq!(calls("parallel_tool_calls", json!(false), ASK).await, ["look"]);
}

#[tokio::test]
async fn a_loop_can_have_steps() {
    let client = Client::start().await;
    let prompt = "[[call: look]] [[then]] [[call: wait]] [[then]] [[reply: all done]]";
    let mut turns = vec![user(prompt)];
    let mut said = Vec::new();
    for _ in 0..3 {
        let json = client.post(CHAT, &chat("gpt-4o", json!(turns))).await.json();
        let message = json["choices"][0]["message"].clone();
        match message["tool_calls"].get(0) {
            Some(call) => {
                said.push(call["function"]["name"].as_str().unwrap().to_owned());
                turns.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
                turns.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "ok"}));
            }
            None => said.push(message["content"].as_str().unwrap().to_owned()),
        }
    }
    assert_eq!(said, ["look", "wait", "[simulated] all done"]);
}

#[tokio::test]
async fn chat_refuses_broken_tools_and_histories() {
    let client = Client::start().await;
    let call = json!({"role": "assistant", "content": null, "tool_calls":
        [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]});
    let mut long_id = call.clone();
    long_id["tool_calls"][0]["id"] = json!("x".repeat(41));
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "1"});
    let base = || chat("gpt-4o", json!([user("Hi")]));
    let tool = |function: Value| {
        with(base(), "tools", json!([{"type": "function", "function": function}]))
    };
    let array = json!({"type": "object", "properties": {"list": {"type": "array"}}});
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false});
    let without_tools = |name: &str, value: Value| {
        let mut body = with(base(), name, value);
        body.as_object_mut().unwrap().remove("tools");
        body
    };
    let reasoning = with(base(), "model", json!("gpt-6.1-sol"));
    let cases = [
        (
            chat("gpt-4o", json!([user("Hi"), call, result("call_2")])),
            "'tool_call_id' of 'call_2' not found in 'tool_calls'",
        ),
        (
            chat("gpt-4o", json!([user("Hi"), long_id, result(&"x".repeat(41))])),
            "maximum length 40, but got a string with length 41",
        ),
        (tool(json!({"name": "a b"})), "string does not match pattern"),
        (
            tool(json!({"name": "f", "parameters": array})),
            "In context=('properties', 'list'), array schema missing items.",
        ),
        (tool(json!({"name": "f", "parameters": {"type": "string"}})), "got 'type: \"string\"'"),
        (
            tool(json!({"name": "f", "strict": true, "parameters": open})),
            "'additionalProperties' is required to be supplied and to be false",
        ),
        (tool(json!({"name": "f", "strict": true, "parameters": closed})), "Missing 'a'"),
        (with(base(), "tools", json!([])), "Invalid 'tools': empty array"),
        (with(base(), "tool_choice", json!("sometimes")), "Invalid value: 'sometimes'"),
        (
            with(base(), "tool_choice", json!({"type": "function", "function": {"name": "go"}})),
            "'go' not found in 'tools'",
        ),
        (
            without_tools("tool_choice", json!("auto")),
            "'tool_choice' is only allowed when 'tools' are specified",
        ),
        (
            without_tools("parallel_tool_calls", json!(true)),
            "'parallel_tool_calls' is only allowed when 'tools'",
        ),
        (reasoning, "Function tools with reasoning_effort are not supported"),
    ];
    for (body, message) in cases {
        let answer = client.post(CHAT, &body).await;
        assert_eq!(answer.status, 400, "{message}: {}", answer.text);
        assert!(answer.message().contains(message), "{message}: {}", answer.text);
    }
}

#[tokio::test]
async fn custom_tools_get_text() {
    let client = Client::start().await;
    let mut body = chat("gpt-4o", json!([user("[[call: run echo hi]]")]));
    body["tools"] = json!([{"type": "custom", "custom": {"name": "run"}}]);
    let call =
        client.post(CHAT, &body).await.json()["choices"][0]["message"]["tool_calls"][0].clone();
    assert_eq!(
        (&call["type"], &call["custom"]),
        (&json!("custom"), &json!({"name": "run", "input": "echo hi"}))
    );
    let body = json!({"model": "gpt-6.1-sol", "input": "[[call: run echo hi]]", "tools": [{"type": "custom", "name": "run"}]});
    let json = client.post(RESPONSES, &body).await.json();
    assert_eq!(
        (&json["output"][1]["type"], &json["output"][1]["input"]),
        (&json!("custom_tool_call"), &json!("echo hi"))
    );
}

#[tokio::test]
async fn responses_call_with_items_that_come_back_with_their_outputs() {
    let client = Client::start().await;
    let input = json!([user(ASK)]);
    let body =
        with(responses("gpt-6.1-sol", input), "include", json!(["reasoning.encrypted_content"]));
    let body = with(body, "store", json!(false));
    let json = client.post(RESPONSES, &body).await.json();
    let kinds: Vec<&str> = json["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["reasoning", "function_call", "function_call"]);
    assert_eq!(json["status"], "completed");
    let events = client.post(RESPONSES, &with(body.clone(), "stream", json!(true))).await.events();
    let arguments: String = events
        .iter()
        .filter(|(name, event)| {
            name.as_deref() == Some("response.function_call_arguments.delta")
                && event["output_index"] == 1
        })
        .map(|(_, event)| event["delta"].as_str().unwrap())
        .collect();
    assert_eq!(arguments, json["output"][1]["arguments"].as_str().unwrap());
    // Ids depend on the bytes of the request, which is another one now.
    assert_eq!(events.last().unwrap().1["response"]["output"][2]["name"], "wait");

    let mut turns = vec![user(ASK)];
    turns.extend(json["output"].as_array().unwrap().clone());
    let answer = client.post(RESPONSES, &with(body.clone(), "input", json!(turns))).await;
    assert!(
        answer.message().starts_with("No tool output found for function call call_sim"),
        "{}",
        answer.text
    );
    for call in [1, 2] {
        turns.push(json!({"type": "function_call_output", "call_id": json["output"][call]["call_id"], "output": "blue"}));
    }
    let done = client.post(RESPONSES, &with(body.clone(), "input", json!(turns))).await.json();
    assert_eq!(
        done["output"][1]["content"][0]["text"],
        r#"[simulated] The tools say: "blue", "blue""#
    );
    let orphan =
        json!([user("Hi"), {"type": "function_call_output", "call_id": "call_9", "output": "1"}]);
    let answer = client.post(RESPONSES, &with(body.clone(), "input", orphan)).await;
    assert_eq!(
        answer.message(),
        "No tool call found for function call output with call_id call_9."
    );
    let nested = with(body, "tools", json!([{"type": "function", "function": {"name": "look"}}]));
    assert_eq!(
        client.post(RESPONSES, &nested).await.message(),
        "Missing required parameter: 'tools[0].name'."
    );
}
