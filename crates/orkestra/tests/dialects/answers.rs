//! What the three dialects make of a provider's answers: recorded forms, every split of a stream, and nonsense.

use orkestra::{
    ErrorKind,
    chat::{Chunk, DialectName, End, FinishReason, Usage},
    dialect::{self, Dialect, Failure},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::streams;

fn all() -> [&'static dyn Dialect; 3] {
    [DialectName::Openai, DialectName::Anthropic, DialectName::Gemini].map(dialect::named)
}

fn usage(input: u64, cache_read: u64, output: u64, reasoning: u64) -> Usage {
    Usage { input, cache_read, output, reasoning, ..Usage::default() }
}

#[test]
fn usage_is_put_into_buckets_that_do_not_overlap() {
    let cases = [
        (
            DialectName::Openai,
            json!({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {
                "prompt_tokens": 1000, "completion_tokens": 300,
                "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
                "completion_tokens_details": {"reasoning_tokens": 250}}}),
            Usage { cache_write_5m: 100, ..usage(300, 600, 300, 250) },
        ),
        (
            DialectName::Anthropic,
            json!({"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": {
                "input_tokens": 300, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 150,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 50},
                "output_tokens": 300, "output_tokens_details": {"thinking_tokens": 250}}}),
            Usage { cache_write_5m: 100, cache_write_1h: 50, ..usage(300, 600, 300, 250) },
        ),
        (
            DialectName::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}], "usageMetadata": {
                "promptTokenCount": 900, "cachedContentTokenCount": 600, "candidatesTokenCount": 50,
                "thoughtsTokenCount": 250, "toolUsePromptTokenCount": 10, "totalTokenCount": 1210}}),
            usage(310, 600, 300, 250),
        ),
        // Some of Gemini's models count thoughts inside the candidates; the total tells.
        (
            DialectName::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}], "usageMetadata": {
                "promptTokenCount": 100, "candidatesTokenCount": 300, "thoughtsTokenCount": 250, "totalTokenCount": 400}}),
            usage(100, 0, 300, 250),
        ),
    ];
    for (name, body, expected) in cases {
        let reply = dialect::named(name).decode(body.to_string().as_bytes()).unwrap();
        assert_eq!(reply.usage, Some(expected), "{name:?}");
    }
}

#[test]
fn the_answer_is_chosen_by_type_and_never_by_position() {
    let anthropic = json!({"content": [
        {"type": "thinking", "thinking": "", "signature": "c2ln"}, {"type": "text", "text": "Tokyo"},
        {"type": "something_new"}, {"type": "text", "text": "."}], "stop_reason": "end_turn"});
    let gemini = json!({"candidates": [{"content": {"parts": [
        {"text": "hmm", "thought": true}, {"text": "Tokyo"}, {"text": "."}]}, "finishReason": "STOP"}]});
    for (name, body) in [(DialectName::Anthropic, anthropic), (DialectName::Gemini, gemini)] {
        assert_eq!(
            dialect::named(name).decode(body.to_string().as_bytes()).unwrap().text(),
            "Tokyo."
        );
    }
}

#[test]
fn a_limit_reached_while_thinking_and_a_blocked_prompt_are_answers_without_text() {
    let cases = [
        (
            DialectName::Gemini,
            json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}),
            FinishReason::Length,
        ),
        (
            DialectName::Gemini,
            json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}),
            FinishReason::ContentFilter,
        ),
        (
            DialectName::Anthropic,
            json!({"content": [], "stop_reason": "refusal", "stop_details": {"type": "refusal"}}),
            FinishReason::ContentFilter,
        ),
        (
            DialectName::Openai,
            json!({"choices": [{"message": {"content": null}, "finish_reason": "length"}]}),
            FinishReason::Length,
        ),
    ];
    for (name, body, expected) in cases {
        let reply = dialect::named(name).decode(body.to_string().as_bytes()).unwrap();
        assert_eq!((reply.text().as_str(), reply.finish_reason), ("", expected), "{name:?} {body}");
    }
}

#[test]
fn errors_are_told_apart_by_what_the_body_says() {
    let openai = |code: &str, type_: &str| json!({"error": {"message": "m", "type": type_, "code": code, "param": null}});
    let anthropic = |type_: &str, message: &str| json!({"type": "error", "error": {"type": type_, "message": message}});
    let gemini = |status: &str, message: &str, details: Value| json!({"error": {"code": 400, "message": message, "status": status, "details": details}});
    let day = json!([{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}]);
    let minute =
        json!([{"violations": [{"quotaId": "GenerateRequestsPerMinute"}]}, {"retryDelay": "46s"}]);
    let wait = Some(std::time::Duration::from_secs(46));
    use DialectName::{Anthropic, Gemini, Openai};
    let cases = [
        (
            Openai,
            400,
            openai("context_length_exceeded", "invalid_request_error"),
            ErrorKind::TooLong,
        ),
        (
            Openai,
            401,
            openai("invalid_api_key", "invalid_request_error"),
            ErrorKind::Unauthenticated,
        ),
        (Openai, 404, openai("model_not_found", "invalid_request_error"), ErrorKind::UnknownModel),
        (
            Openai,
            429,
            openai("rate_limit_exceeded", "tokens"),
            ErrorKind::RateLimited { retry_after: None },
        ),
        (
            Openai,
            429,
            openai("slow_down", "requests"),
            ErrorKind::RateLimited { retry_after: None },
        ),
        (
            Openai,
            429,
            openai("credit_balance_exhausted", "insufficient_quota"),
            ErrorKind::BudgetSpent,
        ),
        (Openai, 503, openai("", "server_error"), ErrorKind::Unavailable),
        (
            Anthropic,
            400,
            anthropic("invalid_request_error", "prompt is too long: 9 > 8"),
            ErrorKind::TooLong,
        ),
        (
            Anthropic,
            400,
            anthropic("invalid_request_error", "temperature: bad"),
            ErrorKind::InvalidRequest,
        ),
        (Anthropic, 402, anthropic("billing_error", "pay"), ErrorKind::BudgetSpent),
        (Anthropic, 403, anthropic("permission_error", "no"), ErrorKind::Unauthenticated),
        (Anthropic, 413, anthropic("request_too_large", "big"), ErrorKind::TooLong),
        (Anthropic, 504, anthropic("timeout_error", "late"), ErrorKind::Timeout),
        (Anthropic, 529, anthropic("overloaded_error", "busy"), ErrorKind::Unavailable),
        (
            Gemini,
            400,
            gemini("INVALID_ARGUMENT", "bad key", json!([{"reason": "API_KEY_INVALID"}])),
            ErrorKind::Unauthenticated,
        ),
        (
            Gemini,
            400,
            gemini("INVALID_ARGUMENT", "input token count (9) exceeds", json!([])),
            ErrorKind::TooLong,
        ),
        (Gemini, 429, gemini("RESOURCE_EXHAUSTED", "day", day), ErrorKind::BudgetSpent),
        (
            Gemini,
            429,
            gemini("RESOURCE_EXHAUSTED", "minute", minute),
            ErrorKind::RateLimited { retry_after: wait },
        ),
        (Gemini, 503, json!([gemini("UNAVAILABLE", "busy", json!([]))]), ErrorKind::Unavailable),
    ];
    for (name, status, body, expected) in cases {
        let body = body.to_string();
        let failure =
            Failure { status, request_id: None, retry_after: None, body: body.as_bytes() };
        assert_eq!(
            *dialect::named(name).error(&failure).kind(),
            expected,
            "{name:?} {status} {body}"
        );
    }
}

fn read_stream(dialect: &dyn Dialect, bytes: &[u8]) -> Result<Vec<Chunk>, orkestra::Error> {
    streams::read(dialect, &[bytes])
}

#[test]
fn anthropics_last_usage_replaces_and_does_not_add() {
    let stream = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"secret\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":40}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let chunks = read_stream(&dialect::Anthropic, stream.as_bytes()).unwrap();
    let [
        Chunk::Usage(first),
        Chunk::Reasoning(thoughts),
        Chunk::Text(text),
        Chunk::Usage(_),
        Chunk::End(End { usage: Some(found), .. }),
    ] = &chunks[..]
    else {
        panic!("{chunks:?}")
    };
    assert_eq!((thoughts.as_str(), text.as_str()), ("secret", "Hi"));
    // The input is known before the first word, so that a stream that is given up can be billed.
    assert_eq!((*first, *found), (usage(10, 5, 1, 0), usage(10, 5, 40, 0)));
}

#[test]
fn geminis_last_usage_counts_and_a_missing_finish_is_a_cut() {
    let piece = |text: &str, finish: &str, output: u64| {
        let candidate = json!({"content": {"parts": [{"text": text}]}, "finishReason": if finish.is_empty() { Value::Null } else { finish.into() }});
        format!(
            "data: {}\r\n\r\n",
            json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": output}})
        )
    };
    let whole = piece("a", "", 1) + &piece("b", "STOP", 2);
    let chunks = read_stream(&dialect::Gemini, whole.as_bytes()).unwrap();
    assert!(
        matches!(chunks.last(), Some(Chunk::End(End { usage: Some(found), .. })) if *found == usage(7, 0, 2, 0)),
        "{chunks:?}"
    );
    assert!(read_stream(&dialect::Gemini, piece("a", "", 1).as_bytes()).is_err());
    let broken = piece("a", "", 1)
        + "{\"error\": {\"code\": 503,\n \"status\": \"UNAVAILABLE\", \"message\": \"busy\"}}";
    assert!(
        read_stream(&dialect::Gemini, broken.as_bytes()).unwrap_err().to_string().contains("busy")
    );
}

#[test]
fn openais_stream_needs_a_finish_reason_before_its_end() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
    let finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
    let done = "data: [DONE]\n\n";
    assert!(read_stream(&dialect::OpenAi, [text, done].concat().as_bytes()).is_err());
    assert!(read_stream(&dialect::OpenAi, text.as_bytes()).is_err());
    let chunks = read_stream(
        &dialect::OpenAi,
        [": keep-alive\n\n", text, finish, usage, done].concat().as_bytes(),
    )
    .unwrap();
    assert!(matches!(chunks.last(), Some(Chunk::End(End { usage: Some(_), .. }))), "{chunks:?}");
}

/// JSON that resembles what providers send, with the wrong things in the wrong places.
fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "choices",
        "message",
        "content",
        "delta",
        "usage",
        "error",
        "type",
        "text",
        "candidates",
        "parts",
        "finishReason",
        "usageMetadata",
        "promptTokenCount",
        "thoughtsTokenCount",
        "prompt_tokens",
        "input_tokens",
        "stop_reason",
        "prompt_tokens_details",
        "cached_tokens",
        "promptFeedback",
        "status",
        "details",
        "violations",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "text",
            "message_start",
            "message_stop",
            "error",
            "stop",
            "RESOURCE_EXHAUSTED",
            "9999999999999999999s"
        ])
        .prop_map(Value::from),
    ];
    crate::generate::nested(keys, leaf)
}

proptest! {
    #[test]
    fn no_answer_breaks_a_dialect(body in any_json(), status in 200_u16..600) {
        let text = body.to_string();
        for dialect in all() {
            if let Ok(reply) = dialect.decode(text.as_bytes()) {
                let _ = reply.usage.map(|usage| usage.input_tokens());
            }
            let _ = dialect.error(&Failure { status, request_id: None, retry_after: None, body: text.as_bytes() }).to_string();
            let _ = read_stream(dialect, format!("data: {text}\n\ndata: {text}\n\n").as_bytes());
        }
    }

    #[test]
    fn no_bytes_break_a_dialect(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for dialect in all() {
            let _ = dialect.decode(&bytes);
            let _ = read_stream(dialect, &bytes);
        }
    }
}
