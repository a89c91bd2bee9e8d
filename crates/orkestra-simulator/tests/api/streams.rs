//! Streams that take the grammar lightly, or end before it does.

use serde_json::{Value, json};

use crate::client::{Answer, Client, all};

const CHAT: &str = "/openai/v1/chat/completions";
const RESPONSES: &str = "/openai/v1/responses";
const MESSAGES: &str = "/anthropic/v1/messages";
const GEMINI: &str = "/google/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse";

/// A request per vendor that is answered with a call.
fn calling() -> [(&'static str, Value); 4] {
    let text = r#"[[call: look {"at": "the sky above the harbour"}]]"#;
    let user = json!([{"role": "user", "content": text}]);
    let parameters = json!({"type": "object", "properties": {"at": {"type": "string"}}});
    [
        (
            CHAT,
            json!({"model": "gpt-4o", "stream": true, "messages": user,
            "tools": [{"type": "function", "function": {"name": "look", "parameters": parameters}}]}),
        ),
        (
            RESPONSES,
            json!({"model": "gpt-4o", "stream": true, "input": user,
            "tools": [{"type": "function", "name": "look", "parameters": parameters}]}),
        ),
        (
            MESSAGES,
            json!({"model": "claude-haiku-4-5", "max_tokens": 500, "stream": true, "messages": user,
            "tools": [{"name": "look", "input_schema": parameters}]}),
        ),
        (
            GEMINI,
            json!({"contents": [{"parts": [{"text": text}]}],
            "tools": [{"functionDeclarations": [{"name": "look", "parameters": parameters}]}]}),
        ),
    ]
}

fn text_of(answer: &Answer) -> String {
    let places = ["/choices/0/delta/content", "/delta/text", "/candidates/0/content/parts/0/text"];
    let text = |event: &Value| {
        places.iter().find_map(|place| event.pointer(place)?.as_str().map(str::to_owned))
    };
    answer.events().iter().filter_map(|(_, event)| text(event)).collect()
}

#[tokio::test]
async fn framing_can_vary_without_a_change_of_meaning() {
    let client = Client::start().await;
    let plain: Vec<String> = all(&client, true, "slow=0").await.iter().map(text_of).collect();
    assert!(plain.iter().all(|text| text.starts_with("[simulated] ")), "{plain:?}");
    for fault in ["comments", "crlf", "no-blank-line-at-end"] {
        let answers = all(&client, true, fault).await;
        for (answer, plain) in answers.iter().zip(&plain) {
            assert!(answer.status == 200 && !answer.broken);
            assert_eq!(&text_of(answer), plain, "{fault}: {}", answer.text);
            match fault {
                "comments" => assert!(answer.text.contains(": simulated keep-alive\n\n")),
                "crlf" => assert!(
                    answer.text.ends_with("\r\n\r\n")
                        && !answer.text.replace("\r\n", "").contains('\n')
                ),
                _ => assert!(!answer.text.ends_with('\n')),
            }
        }
        assert!(all(&client, false, fault).await.iter().all(|answer| answer.json().is_object()));
    }
}

#[tokio::test]
async fn characters_can_be_split() {
    let client = Client::start().await;
    for stream in [false, true] {
        for answer in all(&client, stream, "half-utf8").await {
            let text = if stream { text_of(&answer) } else { answer.text.clone() };
            assert!(answer.status == 200 && text.contains("日本語, 🎻"), "{text}");
        }
    }
}

#[tokio::test]
async fn an_error_can_come_before_any_content() {
    let client = Client::start().await;
    for answer in all(&client, true, "stream-error-early").await {
        assert!(answer.status == 200 && !answer.text.contains("[simulated] "), "{}", answer.text);
        let last = answer.events().pop().unwrap().1;
        assert!(last["error"].is_object(), "{last}");
    }
    assert!(
        all(&client, false, "stream-error-early").await.iter().all(|answer| answer.status == 500)
    );
}

#[tokio::test]
async fn errors_can_come_without_data_and_within_an_array() {
    let client = Client::start().await;
    for answer in all(&client, true, "bare-json-error").await {
        let last = answer.text.trim_end().lines().last().unwrap().to_owned();
        assert!(last.starts_with('{') && last.contains("error"), "{last}");
        assert!(text_of(&answer).starts_with("[simulated]"));
    }
    for answer in all(&client, true, "error-array").await {
        let last = answer.text.trim_end().lines().last().unwrap().to_owned();
        assert!(serde_json::from_str::<Value>(&last).unwrap()[0]["error"].is_object(), "{last}");
    }
    for answer in all(&client, false, "error-array").await {
        assert!(answer.status == 503 && answer.json()[0]["error"].is_object());
    }
}

#[tokio::test]
async fn a_call_can_be_cut_in_the_middle() {
    let client = Client::start().await;
    for (path, body) in calling() {
        let answer = client.post_with_fault(path, &body, "cut-tool").await;
        assert!(answer.broken && answer.text.contains("look"), "{path}: {}", answer.text);
        assert!(!answer.text.contains("harbour\\\"}") || path == GEMINI, "{path}: {}", answer.text);
        let ends = ["[DONE]", "message_stop", "finishReason", "response.completed"];
        assert!(ends.iter().all(|end| !answer.text.contains(end)), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn sloppy_servers_repeat_ids_and_leave_out_indexes() {
    let client = Client::start().await;
    let [(path, body), _, (messages, anthropic), _] = calling();
    let pieces = |answer: &Answer| -> Vec<Value> {
        let events = answer.events();
        events
            .iter()
            .filter_map(|(_, event)| event.pointer("/choices/0/delta/tool_calls/0").cloned())
            .collect()
    };
    let repeated = pieces(&client.post_with_fault(path, &body, "duplicate-id-deltas").await);
    assert!(
        repeated.len() > 2
            && repeated.iter().all(
                |piece| piece["id"] == repeated[0]["id"] && piece["function"]["name"] == "look"
            )
    );
    let bare = pieces(&client.post_with_fault(path, &body, "missing-index").await);
    assert!(bare.len() > 2 && bare.iter().all(|piece| piece.get("index").is_none()));
    let answer = client.post_with_fault(messages, &anthropic, "missing-index").await;
    assert!(answer.events().iter().all(|(_, event)| event.get("index").is_none()));
    for answer in all(&client, false, "missing-index").await {
        assert!(!answer.text.contains("\"index\""), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_answer_can_name_another_model_and_an_unknown_reason() {
    let client = Client::start().await;
    for stream in [false, true] {
        for answer in all(&client, stream, "wrong-model").await {
            assert!(answer.text.contains("simulated-other-model"), "{}", answer.text);
        }
        for answer in all(&client, stream, "unknown-finish").await {
            assert!(
                answer.text.to_lowercase().contains("\"simulated_unknown\""),
                "{}",
                answer.text
            );
        }
    }
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 500, "messages": [{"role": "user", "content": "Hi [[finish: pause_turn]]"}]});
    assert_eq!(client.post(MESSAGES, &body).await.json()["stop_reason"], "pause_turn");
}

#[tokio::test]
async fn broken_calls_come_in_each_vendors_way() {
    let client = Client::start().await;
    let [(chat, body), _, (messages, anthropic), (gemini, google)] = calling();
    let answer = client.post_with_fault(gemini, &google, "malformed-function-call").await;
    let candidate = answer.events()[0].1["candidates"][0].clone();
    assert_eq!(candidate["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert!(candidate["content"].get("parts").is_none());
    let mut whole = body;
    whole["stream"] = json!(false);
    let json = client.post_with_fault(chat, &whole, "malformed-function-call").await.json();
    let arguments = json
        .pointer("/choices/0/message/tool_calls/0/function/arguments")
        .unwrap()
        .as_str()
        .unwrap();
    assert!(serde_json::from_str::<Value>(arguments).is_err(), "{arguments}");
    let events =
        client.post_with_fault(messages, &anthropic, "malformed-function-call").await.events();
    let arguments: String = events
        .iter()
        .filter_map(|(_, event)| event.pointer("/delta/partial_json")?.as_str())
        .collect();
    assert!(serde_json::from_str::<Value>(&arguments).is_err(), "{arguments}");
}

#[tokio::test]
async fn usage_can_come_at_the_start_alone() {
    let client = Client::start().await;
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "stream": true, "stream_options": {"include_usage": true}});
    let events = client.post_with_fault(CHAT, &body, "usage-only-start").await.events();
    let told: Vec<bool> = events.iter().map(|(_, event)| event["usage"].is_object()).collect();
    assert!(told[0] && told[1..].iter().all(|told| !told), "{told:?}");
    let [_, anthropic, google] = all(&client, true, "usage-only-start").await;
    let events = anthropic.events();
    assert!(events[0].1["message"]["usage"].is_object());
    assert!(events[1..].iter().all(|(_, event)| event.get("usage").is_none()));
    let told: Vec<bool> =
        google.events().iter().map(|(_, event)| event["usageMetadata"].is_object()).collect();
    assert!(told[0] && told[1..].iter().all(|told| !told), "{told:?}");
}

#[tokio::test]
async fn responses_can_fail_with_a_status_or_an_event() {
    let client = Client::start().await;
    let body = |stream: bool| json!({"model": "gpt-6.1-sol", "input": "Explain how tides work", "stream": stream});
    let json = client.post_with_fault(RESPONSES, &body(false), "failed").await.json();
    assert_eq!(
        (&json["status"], &json["error"]["code"]),
        (&json!("failed"), &json!("server_error"))
    );
    let events = client.post_with_fault(RESPONSES, &body(true), "failed").await.events();
    let (name, last) = events.last().unwrap();
    assert_eq!(
        (name.as_deref(), &last["response"]["status"]),
        (Some("response.failed"), &json!("failed"))
    );
    assert_eq!(last["sequence_number"], events.len() - 1);
    let events = client.post_with_fault(RESPONSES, &body(true), "stream-error").await.events();
    let (name, last) = events.last().unwrap();
    assert_eq!(
        (name.as_deref(), &last["type"], &last["sequence_number"]),
        (Some("error"), &json!("error"), &json!(events.len() - 1))
    );
    // The other APIs know no such status.
    for answer in all(&client, false, "failed").await {
        assert_eq!(answer.status, 500);
    }
}

#[tokio::test]
async fn probabilities_come_on_demand() {
    let client = Client::start().await;
    let body = |stream: bool| json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi [[reply: one two]]"}], "logprobs": true, "top_logprobs": 1, "stream": stream});
    let json = client.post(CHAT, &body(false)).await.json();
    let content = json["choices"][0]["logprobs"]["content"].as_array().unwrap();
    assert_eq!((content.len(), content[0]["top_logprobs"].as_array().unwrap().len()), (3, 1));
    let events = client.post(CHAT, &body(true)).await.events();
    assert!(events.iter().any(|(_, event)| event["choices"][0]["logprobs"]["content"].is_array()));
    let wrong = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "top_logprobs": 1});
    assert!(client.post(CHAT, &wrong).await.message().contains("only allowed when 'logprobs'"));
    let several = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "n": 2, "seed": 7});
    assert_eq!(client.post(CHAT, &several).await.json()["choices"].as_array().unwrap().len(), 2);
}
