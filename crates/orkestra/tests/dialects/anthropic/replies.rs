//! Whole answers.

use orkestra::chat::{FinishReason, Usage};

use super::*;

/// An answer with everything in it.
fn rich_reply() -> Value {
    json!({
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-opus-5-5",
        "container": {"id": "c_1", "expires_at": "2026-11-23T00:00:00Z"},
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "EqQB+/="},
            {"type": "thinking", "thinking": "", "signature": "EqQC"},
            {"type": "redacted_thinking", "data": "Emw="},
            {"type": "text", "text": "Tokyo", "citations": [{"type": "char_location", "cited_text": "x", "document_index": 0, "start_char_index": 0, "end_char_index": 1}]},
            {"type": "text", "text": "."},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "something_new", "x": {"y": 1}},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"b": 1, "a": []}},
            {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}, "toolset_name": "t"},
        ],
        "stop_reason": "pause_turn", "stop_sequence": null,
        "stop_details": {"type": "refusal", "category": "cyber", "explanation": "no"},
        "usage": {
            "input_tokens": 1, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 4,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 50, "output_tokens_details": {"thinking_tokens": 40},
            "service_tier": "standard", "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
        },
    })
}

#[test]
fn an_answer_of_anthropics_reaches_an_anthropic_client_unchanged() {
    let reply = decoded(&rich_reply());
    let caption = Caption { id: "msg_01".into(), model: "claude-opus-5-5".into(), ..caption() };
    assert_eq!(Anthropic.write_reply(&reply, &caption), rich_reply());
}

#[test]
fn an_answer_of_anthropics_is_understood() {
    let reply = decoded(&rich_reply());
    assert_eq!(reply.text(), "Tokyo.");
    assert_eq!(reply.finish_reason, FinishReason::Length);
    assert_eq!(
        (reply.id.as_deref(), reply.model.as_deref()),
        (Some("msg_01"), Some("claude-opus-5-5"))
    );
    let usage = Usage {
        input: 1,
        cache_read: 4,
        cache_write_5m: 10,
        cache_write_1h: 20,
        output: 50,
        reasoning: 40,
        ..Usage::default()
    };
    assert_eq!(reply.usage, Some(usage));
    assert_eq!(reply.content[0], thoughts("hm", "EqQB+/="));
    assert_eq!(reply.content[1], thoughts("", "EqQC"));
    assert_eq!(reply.tool_calls().next().unwrap().arguments, r#"{"b":1,"a":[]}"#);
    assert_eq!(reply.extra["stop_details"]["category"], "cyber");
    let keys: Vec<&str> = reply.extra.keys().map(String::as_str).collect();
    assert_eq!(keys, ["container", "stop_details", "usage", "stop_reason"]);
}

#[test]
fn every_reason_to_stop_has_its_counterpart() {
    let cases = [
        (json!("end_turn"), Value::Null, FinishReason::Stop, "end_turn"),
        (json!(null), Value::Null, FinishReason::Stop, "end_turn"),
        (json!("stop_sequence"), json!("END"), FinishReason::Stop, "stop_sequence"),
        (json!("max_tokens"), Value::Null, FinishReason::Length, "max_tokens"),
        (json!("model_context_window_exceeded"), Value::Null, FinishReason::Length, "max_tokens"),
        (json!("pause_turn"), Value::Null, FinishReason::Length, "max_tokens"),
        (json!("compaction"), Value::Null, FinishReason::Length, "max_tokens"),
        (json!("tool_use"), Value::Null, FinishReason::ToolCalls, "tool_use"),
        (json!("refusal"), Value::Null, FinishReason::ContentFilter, "refusal"),
        (json!("something_new"), Value::Null, FinishReason::Stop, "end_turn"),
    ];
    for (reason, sequence, expected, to_others) in cases {
        let body = json!({"content": [], "stop_reason": reason, "stop_sequence": sequence});
        let mut reply = decoded(&body);
        assert_eq!(reply.finish_reason, expected, "{reason}");
        assert_eq!(reply.stop_sequence.as_deref(), sequence.as_str());
        let written = Anthropic.write_reply(&reply, &caption());
        let unchanged = if reason.is_null() { json!("end_turn") } else { reason };
        assert_eq!((&written["stop_reason"], &written["stop_sequence"]), (&unchanged, &sequence));
        reply.dialect = None;
        assert_eq!(Anthropic.write_reply(&reply, &caption())["stop_reason"], to_others);
    }
}

#[test]
fn answers_from_elsewhere_are_written_in_anthropics_words() {
    let picture = image("image/png");
    let unsigned = Content::Reasoning { text: "hm".into(), redacted: None }.into();
    let content = vec![
        unsigned,
        Part { extra: object(json!({"annotations": []})), ..Part::text("a") },
        Part::text(""),
        picture,
        Content::Other(json!({"type": "web_search_call"})).into(),
        call("", "f", "nonsense"),
    ];
    let mut reply = Reply::new(content, FinishReason::ToolCalls);
    reply.extra = object(json!({"service_tier": "default"}));
    reply.dialect = Some(DialectName::Openai);
    let expected = json!({
        "id": "msg_abc", "type": "message", "role": "assistant", "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "text", "text": "a"},
            {"type": "tool_use", "id": "toolu_abc_2", "name": "f", "input": {"_raw": "nonsense"}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {
            "input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 0, "output_tokens_details": {"thinking_tokens": 0},
        },
    });
    assert_eq!(Anthropic.write_reply(&reply, &caption()), expected);
    let refusal = Reply::new(vec![Content::Refusal("no".into()).into()], FinishReason::Stop);
    let written = Anthropic.write_reply(&refusal, &caption());
    assert_eq!(
        (&written["content"][0]["text"], &written["stop_reason"]),
        (&json!("no"), &json!("refusal"))
    );
}
