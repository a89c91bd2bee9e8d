//! Streamed answers.

use orkestra::ErrorKind;
use orkestra::chat::{End, FinishReason, Usage};

use super::*;

fn start(index: usize, block: Value) -> Value {
    let mut event = json!({"type": "content_block_start", "index": index});
    event["content_block"] = block;
    event
}

fn delta(index: usize, delta: Value) -> Value {
    let mut event = json!({"type": "content_block_delta", "index": index});
    event["delta"] = delta;
    event
}

fn stop(index: usize) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn message_start() -> Value {
    let usage = json!({"input_tokens": 10, "cache_creation_input_tokens": 9, "cache_read_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 7},
        "output_tokens": 1, "service_tier": "standard"});
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}})
}

fn message_delta(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30}}})
}

/// A stream with everything in it; source: wire.md A.3.
pub(super) fn rich_stream() -> Vec<Value> {
    let input = |piece: &str| json!({"type": "input_json_delta", "partial_json": piece});
    let mut last = message_delta("pause_turn");
    last["delta"]["stop_details"] = json!({"type": "refusal", "category": null});
    last["context_management"] = json!({"applied_edits": []});
    last["usage"]["server_tool_use"] = json!({"web_search_requests": 1, "web_fetch_requests": 0});
    vec![
        message_start(),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        json!({"type": "ping"}),
        delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
        delta(0, json!({"type": "thinking_delta", "thinking": " 🎻"})),
        delta(0, json!({"type": "signature_delta", "signature": "EqQB+/="})),
        stop(0),
        start(1, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(1, json!({"type": "signature_delta", "signature": "EqQC"})),
        stop(1),
        start(2, json!({"type": "redacted_thinking", "data": "Emw="})),
        stop(2),
        start(3, json!({"type": "text", "text": ""})),
        delta(3, json!({"type": "text_delta", "text": "To"})),
        delta(3, json!({"type": "citations_delta", "citation": {"type": "char_location"}})),
        delta(3, json!({"type": "text_delta", "text": "kyo"})),
        delta(3, json!({"type": "news_delta", "news": 1})),
        stop(3),
        start(
            4,
            json!({"type": "server_tool_use", "id": "s_1", "name": "web_search", "input": {}}),
        ),
        delta(4, input("")),
        delta(4, input("{\"q\":")),
        delta(4, input("1}")),
        stop(4),
        start(
            5,
            json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": {"type": "direct"}}),
        ),
        delta(5, input("")),
        delta(5, input("{\"b\": 1, ")),
        delta(5, input("\"a\": []}")),
        stop(5),
        start(6, json!({"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}})),
        delta(6, input("")),
        stop(6),
        start(
            7,
            json!({"type": "tool_use", "id": "toolu_3", "name": "h", "input": {}, "toolset_name": "t"}),
        ),
        delta(7, input("{\"x\":2}")),
        stop(7),
        start(8, json!({"type": "compaction", "content": null})),
        delta(8, json!({"type": "compaction_delta", "content": "short"})),
        stop(8),
        json!({"type": "event_of_tomorrow"}),
        last,
        json!({"type": "message_stop"}),
    ]
}

#[test]
fn a_stream_of_anthropics_becomes_chunks_in_order() {
    let chunks = read_stream(&rich_stream()).unwrap();
    let first = Usage {
        input: 10,
        cache_read: 5,
        cache_write_5m: 2,
        cache_write_1h: 7,
        output: 1,
        ..Usage::default()
    };
    // The last counts are of the whole message, and repeat only some.
    let last = Usage { output: 40, reasoning: 30, ..first };
    let text = |text: &str| Chunk::Text(text.into());
    let thought = |text: &str| Chunk::Reasoning(text.into());
    let begin =
        |index, id: &str, name: &str| Chunk::ToolCall { index, id: id.into(), name: name.into() };
    let piece = |index, piece: &str| Chunk::ToolArguments { index, piece: piece.into() };
    let redacted = Content::Reasoning { text: String::new(), redacted: Some("Emw=".into()) };
    let search =
        json!({"type": "server_tool_use", "id": "s_1", "name": "web_search", "input": {"q": 1}});
    let toolset =
        Part { extra: object(json!({"toolset_name": "t"})), ..call("toolu_3", "h", "{\"x\":2}") };
    let mut end = End::new(FinishReason::Length);
    end.usage = Some(last);
    end.model = Some("m".into());
    end.id = Some("msg_1".into());
    end.dialect = Some(DialectName::Anthropic);
    end.extra = object(json!({
        "usage": {"service_tier": "standard", "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0}},
        "stop_details": {"type": "refusal", "category": null},
        "context_management": {"applied_edits": []},
        "stop_reason": "pause_turn",
    }));
    let expected = [
        Chunk::Usage(first),
        thought("hm"),
        thought(" 🎻"),
        Chunk::Signature("EqQB+/=".into()),
        thought(""),
        Chunk::Signature("EqQC".into()),
        Chunk::Part(redacted.into()),
        text("To"),
        Chunk::Extra(object(json!({"citations": [{"type": "char_location"}]}))),
        text("kyo"),
        Chunk::Part(Content::Other(search).into()),
        begin(0, "toolu_1", "f"),
        piece(0, "{\"b\": 1, "),
        piece(0, "\"a\": []}"),
        begin(1, "toolu_2", "g"),
        piece(1, "{}"),
        Chunk::Part(toolset),
        Chunk::Part(Content::Other(json!({"type": "compaction", "content": "short"})).into()),
        Chunk::Usage(last),
        Chunk::End(end),
    ];
    assert_eq!(chunks, expected);
}

#[test]
fn a_stream_without_its_end_is_an_error_and_an_error_in_it_is_the_providers() {
    let all = rich_stream();
    for cut in 0..all.len() {
        let error = read_stream(&all[..cut]).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unavailable);
    }
    let cases = [
        ("overloaded_error", ErrorKind::Unavailable),
        ("api_error", ErrorKind::Unavailable),
        ("rate_limit_error", ErrorKind::RateLimited { retry_after: None }),
        ("invalid_request_error", ErrorKind::InvalidRequest),
        ("timeout_error", ErrorKind::Timeout),
    ];
    for (kind, expected) in cases {
        let error = json!({"type": "error", "error": {"type": kind, "message": "busy"}, "request_id": "req_1"});
        for whole in [stream(&[message_start(), error.clone()]), error.to_string()] {
            let error = read_pieces(&[whole.as_bytes()]).unwrap_err();
            assert_eq!(*error.kind(), expected);
            assert_eq!(error.request_id(), Some("req_1"));
            assert!(error.to_string().contains("busy"));
        }
        assert_eq!(*Anthropic.decode(error.to_string().as_bytes()).unwrap_err().kind(), expected);
    }
    // Some servers close with OpenAI's word.
    let closed =
        stream(&[message_start(), message_delta("end_turn"), json!({"type": "message_stop"})]);
    assert!(read_pieces(&[closed.as_bytes(), b"data: [DONE]\n\n"]).is_ok());
    assert!(read_pieces(&[b"data: [DONE]\n\n"]).is_err());
}

#[test]
fn a_stream_of_anthropics_reaches_an_anthropic_client_with_nothing_lost() {
    let chunks = read_stream(&rich_stream()).unwrap();
    let caption = Caption { id: "msg_1".into(), model: "m".into(), ..caption() };
    let written = write_stream(&chunks, &caption);
    assert_grammar(&written);
    assert_eq!(read_stream(&written).unwrap(), chunks);
    let [.., last, _] = &written[..] else { panic!() };
    assert_eq!(last["delta"]["stop_reason"], "pause_turn");
    assert_eq!(last["delta"]["stop_details"]["type"], "refusal");
    assert_eq!(last["context_management"]["applied_edits"], json!([]));
    assert_eq!(last["usage"]["input_tokens"], 10);
}

#[test]
fn calls_whose_pieces_alternate_become_blocks_that_do_not() {
    let begin = |index, id: &str| Chunk::ToolCall { index, id: id.into(), name: "f".into() };
    let piece = |index, piece: &str| Chunk::ToolArguments { index, piece: piece.into() };
    let end = Chunk::End(End::new(FinishReason::ToolCalls));
    let text = |text: &str| Chunk::Text(text.into());
    type Case = (&'static str, Vec<Chunk>, Vec<(&'static str, &'static str)>);
    let cases: [Case; 5] = [
        (
            "one after the other",
            vec![begin(0, "a"), piece(0, "{}"), begin(1, "b"), piece(1, "{\"x\":1}")],
            vec![("a", "{}"), ("b", "{\"x\":1}")],
        ),
        (
            "in turns",
            vec![
                begin(0, "a"),
                begin(1, "b"),
                piece(1, "{\"y\""),
                begin(2, "c"),
                piece(0, "{\"x\":"),
                piece(2, "{"),
                piece(1, ":2}"),
                piece(0, "1}"),
                piece(2, "}"),
                text("t"),
            ],
            vec![("a", "{\"x\":1}"), ("b", "{\"y\":2}"), ("c", "{}"), ("", "t")],
        ),
        (
            "without arguments",
            vec![begin(0, "a"), begin(1, "b"), text("t"), piece(1, "{}")],
            vec![("a", ""), ("b", "{}"), ("", "t")],
        ),
        (
            "text between pieces",
            vec![begin(0, "a"), piece(0, "{"), text("t"), piece(0, "}"), text("u")],
            vec![("a", "{}"), ("", "tu")],
        ),
        ("pieces of no call", vec![piece(3, "{"), text("t"), piece(0, "}")], vec![("", "t")]),
    ];
    for (what, mut chunks, expected) in cases {
        chunks.push(end.clone());
        let written = write_stream(&chunks, &caption());
        assert_grammar(&written);
        let mut found: Vec<(String, String)> = Vec::new();
        for event in &written {
            if let Some(block) = event.get("content_block") {
                found.push((block["id"].as_str().unwrap_or_default().to_owned(), String::new()));
            }
            let piece =
                ["partial_json", "text"].iter().find_map(|field| event["delta"][field].as_str());
            if let Some(piece) = piece {
                found.last_mut().unwrap().1.push_str(piece);
            }
        }
        let found: Vec<(&str, &str)> =
            found.iter().map(|(id, all)| (id.as_str(), all.as_str())).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_stream_from_elsewhere_begins_with_what_is_expected_and_ends_with_what_was_counted() {
    let usage = Usage { cache_read: 3, ..Usage::plain(20, 9) };
    let chunks = [
        Chunk::Refusal("no".into()),
        Chunk::Signature("of a text".into()),
        Chunk::Part(Content::Other(json!({"type": "web_search_call", "id": "ws_1"})).into()),
        Chunk::Usage(usage),
        Chunk::End(End::new(FinishReason::Stop)),
        Chunk::Text("too late".into()),
    ];
    let written = write_stream(&chunks, &caption());
    assert_grammar(&written);
    assert_eq!(written.len(), 6);
    assert_eq!(written[0]["message"]["id"], "msg_abc");
    assert_eq!(written[0]["message"]["usage"]["input_tokens"], 7);
    assert_eq!(written[4]["delta"]["stop_reason"], "refusal");
    assert_eq!(written[4]["usage"]["input_tokens"], 20);
    assert_eq!(written[4]["usage"]["cache_read_input_tokens"], 3);
    assert_eq!(written[4]["usage"]["output_tokens"], 9);
    let mut encoder = Anthropic.stream_encoder(&caption());
    encoder.chunk(&Chunk::Text("x".into()));
    let events = encoder.error(&Error::new(ErrorKind::Unavailable, "gone").with_status(529));
    assert_eq!((events.len(), events[0].name.as_str()), (1, "error"));
    assert!(events[0].data.contains("overloaded_error") && events[0].data.contains("gone"));
    assert!(encoder.chunk(&Chunk::Text("x".into())).is_empty());
}
