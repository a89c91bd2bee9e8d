//! Whole answers: the forms that servers send, and the form that callers get.

use orkestra::{
    ErrorKind,
    chat::{Content, DialectName, Extra, FinishReason, Part, Reply, ToolCall, Usage},
    dialect::{Caption, Dialect, OpenAi},
};
use serde_json::{Value, json};

use crate::streams;

fn decode(body: &Value) -> orkestra::Result<Reply> {
    OpenAi.decode(body.to_string().as_bytes())
}

fn answer(message: Value, finish_reason: &str) -> Value {
    let choice = Value::from_iter([("message", message), ("finish_reason", finish_reason.into())]);
    json!({"id": "chatcmpl-9", "choices": [choice]})
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }.into()
}

fn thought(text: &str) -> Part {
    Content::Reasoning { text: text.into(), redacted: None }.into()
}

#[test]
fn messages_are_read_whatever_server_sent_them() {
    let function = |id: Value, arguments: Value| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let cases = [
        (
            json!({"role": "assistant", "content": "a", "tool_calls": null, "refusal": null}),
            "stop",
            vec![Part::text("a")],
            FinishReason::Stop,
        ),
        (
            json!({"content": "a", "reasoning": "hmm"}),
            "length",
            vec![thought("hmm"), Part::text("a")],
            FinishReason::Length,
        ),
        (
            json!({"content": "a", "reasoning": "hmm", "reasoning_content": "hmm"}),
            "stop",
            vec![thought("hmm"), Part::text("a")],
            FinishReason::Stop,
        ),
        (
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]}, {"type": "text", "text": "a"}]}),
            "model_length",
            vec![thought("hmm"), Part::text("a")],
            FinishReason::Length,
        ),
        (
            json!({"content": null, "refusal": "No."}),
            "stop",
            vec![Content::Refusal("No.".into()).into()],
            FinishReason::ContentFilter,
        ),
        // A named function comes with `stop`, and so do all calls of some servers.
        (
            json!({"content": "", "tool_calls": [function(json!("a"), json!("{}"))]}),
            "stop",
            vec![call("a", "f", "{}")],
            FinishReason::ToolCalls,
        ),
        (
            json!({"content": "", "tool_calls": [function(json!(null), json!({"x": 1})), function(json!(""), json!(null))]}),
            "tool_calls",
            vec![call("call_chatcmpl9_0", "f", "{\"x\":1}"), call("call_chatcmpl9_1", "f", "")],
            FinishReason::ToolCalls,
        ),
        (
            json!({"content": null, "function_call": {"name": "f", "arguments": "{}"}}),
            "function_call",
            vec![call("call_chatcmpl9_0", "f", "{}")],
            FinishReason::ToolCalls,
        ),
        (json!({"content": "a"}), "tool_calls", vec![Part::text("a")], FinishReason::Stop),
        (json!({"content": null}), "content_filter", vec![], FinishReason::ContentFilter),
    ];
    for (message, reason, content, finish_reason) in cases {
        let reply = decode(&answer(message.clone(), reason)).unwrap();
        assert_eq!((reply.content, reply.finish_reason), (content, finish_reason), "{message}");
    }
}

#[test]
fn proofs_and_free_text_calls_are_kept() {
    let reply = decode(&answer(
        json!({"content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"},
             "extra_content": {"google": {"thought_signature": "c2ln"}}},
            {"id": "b", "type": "custom", "custom": {"name": "sql", "input": "select"}}]}),
        "tool_calls",
    ))
    .unwrap();
    let extra = json!({"type": "custom", "custom": {"name": "sql", "input": "select"}});
    let free_text = Part {
        extra: extra.as_object().unwrap().clone(),
        ..call("b", "sql", "{\"input\":\"select\"}")
    };
    assert_eq!(reply.content, [call("a", "f", "{}").signed("c2ln"), free_text]);
    let written = OpenAi.write_reply(&reply, &streams::caption());
    let calls = &written["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls[0]["extra_content"]["google"]["thought_signature"], "c2ln");
    assert_eq!(
        calls[1],
        json!({"id": "b", "type": "custom", "custom": {"name": "sql", "input": "select"}})
    );
    // Whoever came by another way has no such form.
    let foreign = OpenAi.write_reply(&Reply { dialect: None, ..reply }, &streams::caption());
    assert_eq!(foreign["choices"][0]["message"]["tool_calls"][1]["type"], "function");
}

#[test]
fn every_server_counts_its_tokens_in_its_own_way() {
    let counts = |input, cache_read, output, reasoning| Usage {
        input,
        cache_read,
        output,
        reasoning,
        ..Usage::default()
    };
    let cases = [
        (
            "DeepSeek",
            json!({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6}),
            counts(6, 4, 5, 0),
        ),
        (
            "Moonshot",
            json!({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 4}),
            counts(6, 4, 5, 0),
        ),
        (
            "xAI",
            json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22, "completion_tokens_details": {"reasoning_tokens": 7}}),
            counts(10, 0, 12, 7),
        ),
        (
            "OpenAI",
            json!({"prompt_tokens": 10, "completion_tokens": 12, "total_tokens": 22, "completion_tokens_details": {"reasoning_tokens": 7}}),
            counts(10, 0, 12, 7),
        ),
        (
            "nonsense",
            json!({"prompt_tokens": 10, "completion_tokens": -1, "prompt_tokens_details": {"cached_tokens": 99}}),
            counts(0, 10, 0, 0),
        ),
    ];
    for (server, usage, expected) in cases {
        let mut body = answer(json!({"content": "a"}), "stop");
        body["usage"] = usage.clone();
        assert_eq!(decode(&body).unwrap().usage, Some(expected), "{server}");
    }
    let mut body = answer(json!({"content": "a"}), "stop");
    body["usage"] = json!({"total_tokens": 3});
    assert_eq!(decode(&body).unwrap().usage, None);
}

#[test]
fn an_error_inside_a_200_is_an_error() {
    let cases = [
        (json!({"error": {"message": "busy", "code": 502}}), ErrorKind::Unavailable),
        (
            json!({"error": {"message": "slow down", "code": 429}}),
            ErrorKind::RateLimited { retry_after: None },
        ),
        (
            json!({"error": {"message": "slow down", "code": "429"}}),
            ErrorKind::RateLimited { retry_after: None },
        ),
        (json!({"error": {"message": "pay", "code": 402}}), ErrorKind::BudgetSpent),
        (json!({"error": {"message": "m", "type": "insufficient_quota"}}), ErrorKind::BudgetSpent),
        (json!({"error": "out of memory"}), ErrorKind::Unavailable),
        (
            json!({"error": {"message": "bad", "type": "invalid_request_error"}}),
            ErrorKind::InvalidRequest,
        ),
        (
            json!({"error": {"message": "This model's maximum context length is 8192 tokens", "code": 400}}),
            ErrorKind::TooLong,
        ),
        (
            json!({"choices": [{"error": {"message": "busy", "code": 502}, "message": {"content": ""}}]}),
            ErrorKind::Unavailable,
        ),
        (
            json!({"object": "error", "message": "no such model", "code": 404}),
            ErrorKind::UnknownModel,
        ),
        (json!([{"error": {"message": "busy", "code": 503}}]), ErrorKind::Unavailable),
        (answer(json!({"content": "a"}), "error"), ErrorKind::Unavailable),
        (answer(json!({"content": "a"}), "insufficient_system_resource"), ErrorKind::Unavailable),
        (json!({"choices": []}), ErrorKind::Unavailable),
        (json!({"choices": [{"finish_reason": "stop"}]}), ErrorKind::Unavailable),
    ];
    for (body, kind) in cases {
        assert_eq!(decode(&body).unwrap_err().kind(), &kind, "{body}");
    }
    let mut fine = answer(json!({"content": "a"}), "stop");
    fine["error"] = json!({});
    assert!(decode(&fine).is_ok(), "an empty error is none");
}

#[test]
fn a_caller_gets_openais_form() {
    let reply = Reply {
        usage: Some(Usage {
            input: 5,
            cache_read: 3,
            cache_write_5m: 1,
            cache_write_1h: 1,
            output: 7,
            reasoning: 2,
            audio_input: 4,
            ..Usage::default()
        }),
        model: Some("claude-haiku-4-5".into()),
        dialect: Some(DialectName::Anthropic),
        extra: Extra::from_iter([("container".into(), "c".into())]),
        ..Reply::new(
            vec![
                thought("hmm").signed("c2ln"),
                Part::text("Let me see."),
                call("toolu_1", "f", "{}"),
            ],
            FinishReason::ToolCalls,
        )
    };
    assert_eq!(
        OpenAi.write_reply(&reply, &streams::caption()),
        json!({
            "id": "chatcmpl-1a2b", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-4.1",
            "choices": [{
                "index": 0,
                "message": {
                    "role": "assistant", "content": "Let me see.", "refusal": null, "reasoning_content": "hmm",
                    "tool_calls": [{"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                    "annotations": [],
                },
                "logprobs": null,
                "finish_reason": "tool_calls",
            }],
            "usage": {
                "prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17,
                "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "audio_tokens": 4},
                "completion_tokens_details": {
                    "reasoning_tokens": 2, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0,
                },
            },
        })
    );
}

#[test]
fn callers_find_every_ending_in_openais_words() {
    let refusal = || Part::from(Content::Refusal("No.".into()));
    let cases = [
        (vec![Part::text("a")], FinishReason::Stop, json!("a"), json!(null), "stop"),
        (vec![Part::text("a")], FinishReason::Length, json!("a"), json!(null), "length"),
        (vec![], FinishReason::ContentFilter, json!(""), json!(null), "content_filter"),
        (vec![refusal()], FinishReason::ContentFilter, json!(null), json!("No."), "stop"),
        (
            vec![call("", "f", "{}")],
            FinishReason::ToolCalls,
            json!(null),
            json!(null),
            "tool_calls",
        ),
    ];
    for (content, reason, text, refusal, word) in cases {
        let caption = Caption { id: "chatcmpl-x".into(), ..streams::caption() };
        let body = OpenAi.write_reply(&Reply::new(content, reason), &caption);
        let choice = &body["choices"][0];
        assert_eq!(
            (
                &choice["message"]["content"],
                &choice["message"]["refusal"],
                &choice["finish_reason"]
            ),
            (&text, &refusal, &json!(word))
        );
        assert_eq!((&body["id"], body.get("usage")), (&json!("chatcmpl-x"), None));
    }
}
