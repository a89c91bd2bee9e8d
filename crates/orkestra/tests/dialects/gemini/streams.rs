//! Streams, read and written.

use orkestra::{
    ErrorKind,
    chat::{Chunk, Content, DialectName, End, FinishReason, Part, Usage},
    dialect::{Dialect, Gemini},
};
use serde_json::{Value, json};

use crate::gemini::support::{candidate, events, fields, pieces, read_stream, write_stream};

#[test]
fn a_stream_is_read_in_order_and_the_last_counts_count() {
    let chunks = read_stream(events(&pieces()).as_bytes()).unwrap();
    let usage = Usage { reasoning: 2, ..Usage::plain(7, 7) };
    let expected = vec![
        Chunk::Reasoning("h".into()),
        Chunk::Usage(Usage::plain(7, 0)),
        Chunk::Reasoning("m".into()),
        Chunk::Text("To".into()),
        Chunk::Text("kyo é".into()),
        Chunk::Signature("c2ln".into()),
        Chunk::ToolCall { index: 0, id: "1".into(), name: "f".into() },
        Chunk::ToolArguments { index: 0, piece: "{\"a\":[1]}".into() },
        Chunk::Signature("Y2FsbA==".into()),
        Chunk::ToolCall { index: 1, id: "call_r_1".into(), name: "g".into() },
        Chunk::ToolArguments { index: 1, piece: "{}".into() },
        Chunk::Usage(usage),
        Chunk::End(End {
            usage: Some(usage),
            model: Some("gemini-x".into()),
            id: Some("r".into()),
            request_id: Some("r".into()),
            dialect: Some(DialectName::Gemini),
            extra: fields(json!({"candidates": [{"groundingMetadata": {"a": 1}}]})),
            ..End::new(FinishReason::ToolCalls)
        }),
    ];
    assert_eq!(chunks, expected);
    // Without `alt=sse` the same comes as one array, whole or as the body of a call that did not ask for a stream.
    let array = Value::from(pieces()).to_string();
    let text = |chunks: &[Chunk]| -> Vec<Chunk> {
        chunks.iter().filter(|chunk| !matches!(chunk, Chunk::Usage(_))).cloned().collect()
    };
    assert_eq!(text(&read_stream(array.as_bytes()).unwrap()), text(&expected));
    let pretty = serde_json::to_string_pretty(&pieces()).unwrap();
    assert_eq!(text(&read_stream(pretty.as_bytes()).unwrap()), text(&expected));
    let reply = Gemini.decode(array.as_bytes()).unwrap();
    assert_eq!(
        (reply.text().as_str(), reply.tool_calls().count(), reply.usage),
        ("Tokyo é", 2, Some(usage))
    );
}

#[test]
fn a_proof_that_comes_alone_never_takes_the_place_of_another() {
    let alone = json!({"text": "", "thoughtSignature": "bGFzdA=="});
    let signed = Chunk::Part(Part::text("").signed("bGFzdA=="));
    let cases = [
        (json!([alone]), vec![signed.clone()]),
        (json!([{"thoughtSignature": "bGFzdA=="}]), vec![signed.clone()]),
        (
            json!([{"text": "a"}, alone]),
            vec![Chunk::Text("a".into()), Chunk::Signature("bGFzdA==".into())],
        ),
        (
            json!([{"text": "a", "thoughtSignature": "c2ln"}, alone]),
            vec![Chunk::Text("a".into()), Chunk::Signature("c2ln".into()), signed.clone()],
        ),
        (
            json!([{"text": "a", "thought": true}, alone]),
            vec![Chunk::Reasoning("a".into()), signed],
        ),
    ];
    for (parts, expected) in cases {
        let chunks = read_stream(events(&[candidate(parts.clone(), "STOP")]).as_bytes()).unwrap();
        assert_eq!(chunks[..chunks.len() - 1], expected, "{parts}");
    }
}

#[test]
fn a_stream_without_its_end_is_an_error() {
    let all = pieces();
    let cut = events(&all[..5]);
    assert!(read_stream(cut.as_bytes()).unwrap_err().to_string().contains("cut"));
    assert!(read_stream(b"").is_err());
    assert!(Gemini.decode(Value::from(all[..5].to_vec()).to_string().as_bytes()).is_err());
    let busy = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    let forms = [
        format!("{cut}data: {busy}\r\n\r\n"),
        format!("{cut}{busy}\n"),
        format!("{cut}{}", serde_json::to_string_pretty(&busy).unwrap()),
        format!("{cut}data: [{busy}]\n\n"),
        format!("[{},\r\n{busy}]", all[0]),
        json!([busy]).to_string(),
    ];
    for form in forms {
        let error = read_stream(form.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("busy") && *error.kind() == ErrorKind::Unavailable,
            "{form}"
        );
    }
    // A blocked prompt ends without a candidate.
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
    let chunks = read_stream(events(&[blocked]).as_bytes()).unwrap();
    assert!(
        matches!(&chunks[..], [Chunk::End(end)] if end.finish_reason == FinishReason::ContentFilter),
        "{chunks:?}"
    );
    // Keep-alives and the end marker of another API are no answers.
    let dressed = format!(": hello\n\ndata:\n\n{}data: [DONE]\n\n", events(&all));
    assert!(read_stream(dressed.as_bytes()).is_ok());
}

#[test]
fn a_stream_is_written_as_whole_answers_and_calls_are_never_torn() {
    let arguments = |index, piece: &str| Chunk::ToolArguments { index, piece: piece.into() };
    let begin = |index, id: &str| Chunk::ToolCall { index, id: id.into(), name: "f".into() };
    let usage = Usage { reasoning: 1, ..Usage::plain(5, 4) };
    let written = write_stream(&[
        Chunk::Usage(Usage::plain(5, 1)),
        Chunk::Reasoning("hm".into()),
        Chunk::Signature("c2ln".into()),
        Chunk::Text("Hi".into()),
        Chunk::Signature("not base64!".into()),
        begin(0, "a"),
        arguments(0, "{\"x\":"),
        begin(1, "b"),
        arguments(1, ""),
        arguments(0, " 1}"),
        Chunk::Signature("Y2FsbA==".into()),
        Chunk::Refusal("no".into()),
        Chunk::Part(Content::Other(json!({"type": "odd"})).into()),
        Chunk::End(End { usage: Some(usage), ..End::new(FinishReason::ToolCalls) }),
    ]);
    let piece = |parts: Value| {
        json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}],
        "modelVersion": "gemini-3-flash-preview", "responseId": "answer-1"})
    };
    assert_eq!(
        written,
        [
            piece(json!([{"text": "hm", "thought": true}])),
            piece(json!([{"text": "", "thoughtSignature": "c2ln", "thought": true}])),
            piece(json!([{"text": "Hi"}])),
            piece(
                json!([{"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}, "thoughtSignature": "Y2FsbA=="}])
            ),
            piece(json!([{"text": "no"}])),
            json!({"candidates": [{"content": {"parts": [{"functionCall": {"id": "b", "name": "f", "args": {}}}], "role": "model"},
                "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 1, "totalTokenCount": 9},
                "modelVersion": "gemini-3-flash-preview", "responseId": "answer-1"}),
        ]
    );
    let empty = write_stream(&[Chunk::End(End::new(FinishReason::Length))]);
    assert_eq!(
        empty[0]["candidates"][0],
        json!({"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0})
    );
    let text = write_stream(&[
        Chunk::Text("a".into()),
        Chunk::Usage(usage),
        Chunk::End(End::new(FinishReason::Stop)),
    ]);
    assert_eq!(text[1]["candidates"][0]["content"]["parts"], json!([{"text": ""}]));
    assert_eq!(text[1]["usageMetadata"]["totalTokenCount"], 9);
}
