//! Answers and errors, read and written.

use std::time::Duration;

use orkestra::{
    Error, ErrorKind,
    chat::{Content, DialectName, FinishReason, Part, Reply, Usage},
    dialect::{Caption, Dialect, Failure, Gemini},
};
use serde_json::{Value, json};

use crate::gemini::support::{call, candidate, caption, decode, fields, image, png, read_stream};

#[test]
fn an_answer_is_read_with_everything_it_says() {
    let mut body = candidate(
        json!([{"text": "hm", "thought": true}, {"text": "Tokyo", "thoughtSignature": "c2ln"}, {"text": ""},
            {"functionCall": {"name": "f", "args": {"b": 1, "a": {}}}}, {"functionCall": {"name": "g", "id": "own"}},
            {"inlineData": {"mimeType": "image/png", "data": "iVBOR/+w"}}, {"executableCode": {"code": "1"}}, {"text": "", "thoughtSignature": "bGFzdA=="}]),
        "STOP",
    );
    body["candidates"][0]["safetyRatings"] = json!([]);
    body["candidates"][0]["groundingMetadata"] = json!({"webSearchQueries": ["q"]});
    body["usageMetadata"] = json!({"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}]});
    let reply = decode(&body).unwrap();
    let expected = Reply {
        model: Some("gemini-x".into()),
        id: Some("ab_c".into()),
        request_id: Some("ab_c".into()),
        usage: Some(Usage { audio_input: 9, ..Usage::plain(9, 4) }),
        dialect: Some(DialectName::Gemini),
        extra: fields(
            json!({"usageMetadata": {"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}]},
            "candidates": [{"safetyRatings": [], "groundingMetadata": {"webSearchQueries": ["q"]}}]}),
        ),
        ..Reply::new(
            vec![
                Content::Reasoning { text: "hm".into(), redacted: None }.into(),
                Part::text("Tokyo").signed("c2ln"),
                call("call_abc_0", "f", "{\"b\":1,\"a\":{}}"),
                call("own", "g", "{}"),
                image(png()),
                Content::Other(json!({"executableCode": {"code": "1"}})).into(),
                Part::text("").signed("bGFzdA=="),
            ],
            FinishReason::ToolCalls,
        )
    };
    assert_eq!(reply, expected);
    // A caller of the same API gets all of it back.
    let caption = Caption { id: "ab_c".into(), model: "gemini-x".into(), ..caption() };
    assert_eq!(decode(&Gemini.write_reply(&reply, &caption)).unwrap(), reply);
}

#[test]
fn ids_of_calls_fit_every_other_api() {
    let mut body = candidate(
        json!([{"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}}]),
        "STOP",
    );
    body["responseId"] = json!("x".repeat(200));
    let reply = decode(&body).unwrap();
    let ids: Vec<&str> = reply.tool_calls().map(|call| call.id.as_str()).collect();
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.len() <= 40), "{ids:?}");
    body["responseId"] = Value::Null;
    assert_eq!(decode(&body).unwrap().tool_calls().next().unwrap().id, "call_0");
}

#[test]
fn reasons_to_stop_are_those_of_the_others() {
    let cases = [
        ("STOP", FinishReason::Stop, "STOP"),
        ("FINISH_REASON_UNSPECIFIED", FinishReason::Stop, "STOP"),
        ("SOMETHING_NEW", FinishReason::Stop, "SOMETHING_NEW"),
        ("MAX_TOKENS", FinishReason::Length, "MAX_TOKENS"),
        ("CONTINUATION", FinishReason::Length, "CONTINUATION"),
        ("SAFETY", FinishReason::ContentFilter, "SAFETY"),
        ("RECITATION", FinishReason::ContentFilter, "RECITATION"),
        ("LANGUAGE", FinishReason::ContentFilter, "LANGUAGE"),
        ("OTHER", FinishReason::ContentFilter, "OTHER"),
        ("BLOCKLIST", FinishReason::ContentFilter, "BLOCKLIST"),
        ("PROHIBITED_CONTENT", FinishReason::ContentFilter, "PROHIBITED_CONTENT"),
        ("SPII", FinishReason::ContentFilter, "SPII"),
        ("IMAGE_SAFETY", FinishReason::ContentFilter, "IMAGE_SAFETY"),
        ("IMAGE_RECITATION", FinishReason::ContentFilter, "IMAGE_RECITATION"),
    ];
    for (word, expected, again) in cases {
        let reply = decode(&candidate(json!([{"text": "a"}]), word)).unwrap();
        assert_eq!(reply.finish_reason, expected, "{word}");
        // In its own dialect the word stays what it was.
        assert_eq!(Gemini.write_reply(&reply, &caption())["candidates"][0]["finishReason"], again);
        let with_call = decode(&candidate(json!([{"functionCall": {"name": "f"}}]), word)).unwrap();
        assert_eq!(with_call.finish_reason, FinishReason::ToolCalls, "{word}");
    }
    for word in [
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    ] {
        let mut body = candidate(json!([{"text": "a"}]), word);
        body["candidates"][0]["finishMessage"] = json!("print(1)");
        for body in [body.clone(), json!([body])] {
            let error = decode(&body).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Unavailable);
            assert!(
                error.is_retryable() && error.other_model_may_help() && error.may_be_billed(),
                "{word}"
            );
            assert!(
                error.to_string().contains(word) && error.to_string().contains("print(1)"),
                "{error}"
            );
        }
    }
    let foreign = |reason| {
        Gemini.write_reply(&Reply::new(vec![Part::text("a")], reason), &caption())["candidates"][0]
            ["finishReason"]
            .clone()
    };
    let words = FinishReason::ALL.map(foreign);
    assert_eq!(words, ["STOP", "MAX_TOKENS", "STOP", "SAFETY"].map(Value::from));
}

#[test]
fn answers_without_text_are_answers() {
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}});
    let cases = [
        (blocked.clone(), FinishReason::ContentFilter),
        (
            json!({"candidates": [], "promptFeedback": {"blockReason": "OTHER"}}),
            FinishReason::ContentFilter,
        ),
        (
            json!({"candidates": [{"finishReason": "SAFETY", "index": 0}]}),
            FinishReason::ContentFilter,
        ),
        (
            json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}),
            FinishReason::Length,
        ),
        (json!({"candidates": [{"content": {}, "finishReason": "STOP"}]}), FinishReason::Stop),
        (json!({"candidates": [{"content": {"parts": null}}]}), FinishReason::Stop),
    ];
    for (body, expected) in cases {
        let reply = decode(&body).unwrap();
        assert_eq!((&reply.content[..], reply.finish_reason), (&[][..], expected), "{body}");
    }
    // The caller is told why the prompt was blocked.
    let written = Gemini.write_reply(&decode(&blocked).unwrap(), &caption());
    assert_eq!(
        (written.get("candidates"), &written["promptFeedback"]["blockReason"]),
        (None, &json!("PROHIBITED_CONTENT"))
    );
    for body in
        [json!({}), json!({"candidates": []}), json!(7), json!({"candidates": [7]}), json!([])]
    {
        assert_eq!(*decode(&body).unwrap_err().kind(), ErrorKind::Unavailable, "{body}");
    }
    let malformed = candidate(json!([{"functionCall": {"args": 1}}]), "STOP");
    assert_eq!(*decode(&malformed).unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn counts_are_read_and_written() {
    let cases = [
        (
            json!({"promptTokenCount": 900, "cachedContentTokenCount": 600, "candidatesTokenCount": 50, "thoughtsTokenCount": 250,
            "toolUsePromptTokenCount": 10, "totalTokenCount": 1210}),
            Usage { cache_read: 600, reasoning: 250, ..Usage::plain(310, 300) },
        ),
        // The total says that the thoughts are inside.
        (
            json!({"promptTokenCount": 100, "candidatesTokenCount": 300, "thoughtsTokenCount": 250, "totalTokenCount": 400}),
            Usage { reasoning: 250, ..Usage::plain(100, 300) },
        ),
        (json!({}), Usage::plain(0, 0)),
        (
            json!({"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3}, {"modality": "IMAGE", "tokenCount": 258}], "totalTokenCount": 261}),
            Usage { image_input: 258, ..Usage::plain(261, 0) },
        ),
        (
            json!({"promptTokenCount": 5, "cachedContentTokenCount": 9, "candidatesTokenCount": null, "thoughtsTokenCount": -3}),
            Usage { cache_read: 5, ..Usage::plain(0, 0) },
        ),
    ];
    for (reported, expected) in cases {
        let mut body = candidate(json!([{"text": "a"}]), "STOP");
        body["usageMetadata"] = reported.clone();
        assert_eq!(decode(&body).unwrap().usage, Some(expected), "{reported}");
    }
    let usage = Usage { cache_read: 6, cache_write_5m: 3, reasoning: 4, ..Usage::plain(1, 10) };
    let reply =
        Reply { usage: Some(usage), ..Reply::new(vec![Part::text("a")], FinishReason::Stop) };
    assert_eq!(
        Gemini.write_reply(&reply, &caption())["usageMetadata"],
        json!({"promptTokenCount": 10, "cachedContentTokenCount": 6, "candidatesTokenCount": 6, "thoughtsTokenCount": 4, "totalTokenCount": 20})
    );
}

#[test]
fn an_answer_of_another_provider_is_written_in_words_that_clients_know() {
    let reply = Reply {
        usage: Some(Usage::plain(3, 2)),
        dialect: Some(DialectName::Anthropic),
        extra: fields(json!({"stop_details": {}})),
        ..Reply::new(
            vec![
                Part::from(Content::Reasoning { text: "hm".into(), redacted: None })
                    .signed("EqQB+/8="),
                Content::Reasoning { text: String::new(), redacted: Some("secret".into()) }.into(),
                Part::text("Hello").signed("not base64!"),
                Content::Other(json!({"type": "server_tool_use"})).into(),
                call("toolu_1", "f", "{\"a\": 1}"),
                call("toolu_2", "g", "oops"),
                Content::Refusal("no".into()).into(),
            ],
            FinishReason::ToolCalls,
        )
    };
    assert_eq!(
        Gemini.write_reply(&reply, &caption()),
        json!({"candidates": [{"content": {"parts": [
                {"text": "hm", "thought": true, "thoughtSignature": "EqQB+/8="}, {"text": "Hello"},
                {"functionCall": {"id": "toolu_1", "name": "f", "args": {"a": 1}}},
                {"functionCall": {"id": "toolu_2", "name": "g", "args": {"_raw": "oops"}}}, {"text": "no"}], "role": "model"},
            "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
            "modelVersion": "gemini-3-flash-preview", "responseId": "answer-1"})
    );
}

#[test]
fn errors_are_googles_and_mean_the_same_when_read_again() {
    let wait = Some(Duration::from_millis(46_500));
    let mut kinds: Vec<ErrorKind> = ErrorKind::ALL.to_vec();
    kinds.push(ErrorKind::RateLimited { retry_after: wait });
    for kind in kinds {
        let error = Error::new(kind.clone(), "why, and the token count");
        let (status, body) = (Gemini.status_of(&error), Gemini.write_error(&error));
        assert_eq!(body["error"]["code"], status);
        assert_eq!(body["error"]["message"], "why, and the token count");
        let expected = match kind {
            ErrorKind::InvalidRequest | ErrorKind::Unauthenticated | ErrorKind::TooLong => {
                (400, "INVALID_ARGUMENT")
            }
            ErrorKind::UnpricedModel | ErrorKind::Refused => (400, "FAILED_PRECONDITION"),
            ErrorKind::UnknownModel => (404, "NOT_FOUND"),
            ErrorKind::BudgetSpent => (402, "RESOURCE_EXHAUSTED"),
            ErrorKind::RateLimited { .. } => (429, "RESOURCE_EXHAUSTED"),
            ErrorKind::Timeout => (504, "DEADLINE_EXCEEDED"),
            ErrorKind::Unavailable => (503, "UNAVAILABLE"),
            _ => (500, "INTERNAL"),
        };
        assert_eq!((status, body["error"]["status"].as_str().unwrap()), expected);
        let again = body.to_string();
        let failure =
            Failure { status, request_id: None, retry_after: None, body: again.as_bytes() };
        let again = Gemini.error(&failure);
        let same = match kind {
            ErrorKind::InvalidRequest => ErrorKind::TooLong,
            ErrorKind::UnpricedModel | ErrorKind::Refused => ErrorKind::InvalidRequest,
            ErrorKind::Storage | ErrorKind::Config => ErrorKind::Unavailable,
            kind => kind,
        };
        assert_eq!(*again.kind(), same);
        // In a stream there is no status but the one that the error names.
        assert_eq!(*read_stream(format!("data: {body}\n\n").as_bytes()).unwrap_err().kind(), same);
        // Google's client knows an error in a stream by how its text begins.
        let events = Gemini.stream_encoder(&caption()).error(&error);
        assert!(events.len() == 1 && events[0].data.starts_with("{\"error\":"), "{events:?}");
    }
}

#[test]
fn googles_errors_are_told_apart() {
    let error = |status: &str, message: &str, details: Value| json!({"error": {"code": 400, "message": message, "status": status, "details": details}});
    let cases = [
        (
            400,
            error("INVALID_ARGUMENT", "x", json!([{"reason": "API_KEY_INVALID"}])),
            ErrorKind::Unauthenticated,
        ),
        (
            400,
            error("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", json!([])),
            ErrorKind::Unauthenticated,
        ),
        (
            400,
            error("INVALID_ARGUMENT", "Function call is missing a thought_signature", json!([])),
            ErrorKind::InvalidRequest,
        ),
        (
            400,
            error(
                "FAILED_PRECONDITION",
                "User location is not supported for the API use.",
                json!([]),
            ),
            ErrorKind::Unauthenticated,
        ),
        (400, error("FAILED_PRECONDITION", "other", json!([])), ErrorKind::InvalidRequest),
        (429, error("RESOURCE_EXHAUSTED", "quota, limit: 0", json!([])), ErrorKind::BudgetSpent),
        (404, error("NOT_FOUND", "models/x is not found", json!([])), ErrorKind::UnknownModel),
        (504, json!([error("DEADLINE_EXCEEDED", "late", json!([]))]), ErrorKind::Timeout),
        (500, json!({"error": null}), ErrorKind::Unavailable),
    ];
    for (status, body, expected) in cases {
        let text = body.to_string();
        let failure =
            Failure { status, request_id: None, retry_after: None, body: text.as_bytes() };
        assert_eq!(*Gemini.error(&failure).kind(), expected, "{text}");
    }
}
