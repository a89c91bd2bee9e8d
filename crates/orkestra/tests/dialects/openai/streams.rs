//! Streams: the pieces that servers send, and the pieces that callers get.

use orkestra::{
    Error, ErrorKind,
    chat::{Chunk, Content, DialectName, End, FinishReason, Part, Reply, ToolCall, Usage},
    dialect::{Caption, Dialect, OpenAi},
};
use serde_json::{Value, json};

use crate::streams;

fn stream(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

fn delta(delta: Value) -> Value {
    let choice = Value::from_iter([("index", 0.into()), ("delta", delta)]);
    json!({"id": "chatcmpl-9", "choices": [choice]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn reply(events: &[Value]) -> Reply {
    let text = stream(events) + "data: [DONE]\n\n";
    streams::assembled(&streams::read(&OpenAi, &[text.as_bytes()]).unwrap())
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }.into()
}

fn piece(index: Value, id: Value, name: Value, arguments: Value) -> Value {
    let function = Value::from_iter([("name", name), ("arguments", arguments)]);
    let kind = "function".into();
    Value::from_iter([("index", index), ("id", id), ("type", kind), ("function", function)])
}

#[test]
fn calls_are_put_together_whatever_the_server_numbers_and_repeats() {
    let (null, a, b) = (Value::Null, json!("a"), json!("b"));
    let cases: Vec<(&str, Vec<Value>)> = vec![
        (
            "OpenAI",
            vec![
                piece(json!(0), a.clone(), json!("f"), json!("")),
                piece(json!(0), null.clone(), null.clone(), json!("{\"x\":")),
                piece(json!(1), b.clone(), json!("g"), json!("")),
                piece(json!(1), null.clone(), null.clone(), json!("{}")),
                piece(json!(0), null.clone(), null.clone(), json!("1}")),
            ],
        ),
        (
            "id and name in every piece",
            vec![
                piece(json!(0), a.clone(), json!("f"), json!("{\"x\":")),
                piece(json!(0), a.clone(), json!("f"), json!("1}")),
                piece(json!(1), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "numbers that do not begin at 0",
            vec![
                piece(json!(3), a.clone(), json!("f"), json!("{\"x\":1}")),
                piece(json!(7), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "every call numbered 0",
            vec![
                piece(json!(0), a.clone(), json!("f"), json!("{\"x\":1}")),
                piece(json!(0), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "no numbers",
            vec![
                piece(null.clone(), a.clone(), json!("f"), json!("{\"x\":1}")),
                piece(null.clone(), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "no numbers, and ids in every piece",
            vec![
                piece(null.clone(), a.clone(), json!("f"), json!("{\"x\":")),
                piece(null.clone(), b.clone(), json!("g"), json!("{}")),
                piece(null.clone(), a.clone(), json!("f"), json!("1}")),
            ],
        ),
        (
            "no numbers, and ids only at the beginning",
            vec![
                piece(null.clone(), a.clone(), json!("f"), json!("{\"x\":")),
                piece(null.clone(), null.clone(), null.clone(), json!("1}")),
                piece(null.clone(), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "no numbers and no ids of calls that take nothing",
            vec![
                piece(null.clone(), a.clone(), json!("f"), json!("{\"x\":1}")),
                piece(null.clone(), b.clone(), json!("g"), json!("")),
                piece(null.clone(), null.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "a new id in every piece",
            vec![
                piece(json!(0), a.clone(), json!("f"), json!("{\"x\":")),
                piece(json!(0), json!("other"), null.clone(), json!("1}")),
                piece(json!(1), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "the name after the arguments",
            vec![
                piece(json!(0), a.clone(), json!(""), json!("{\"x\":")),
                piece(json!(0), null.clone(), json!("f"), json!("1}")),
                piece(json!(1), b.clone(), json!("g"), json!("{}")),
            ],
        ),
        (
            "arguments as objects",
            vec![
                piece(json!(0), a.clone(), json!("f"), json!({"x": 1})),
                piece(json!(1), b.clone(), json!("g"), json!({})),
            ],
        ),
    ];
    for (server, pieces) in cases {
        for together in [true, false] {
            let deltas = if together {
                vec![delta(json!({"tool_calls": pieces}))]
            } else {
                pieces.iter().map(|piece| delta(json!({"tool_calls": [piece]}))).collect()
            };
            let reply = reply(&[deltas, vec![finish("stop")]].concat());
            assert_eq!(
                reply.content,
                [call("a", "f", "{\"x\":1}"), call("b", "g", "{}")],
                "{server}"
            );
            assert_eq!(reply.finish_reason, FinishReason::ToolCalls, "{server}");
        }
    }
}

#[test]
fn calls_without_an_id_get_one_that_does_not_return() {
    let pieces = json!([
        piece(json!(0), json!(null), json!("f"), json!("{}")),
        piece(json!(1), json!(""), json!("g"), json!("{}"))
    ]);
    let found = reply(&[delta(json!({"tool_calls": pieces})), finish("tool_calls")]);
    assert_eq!(
        found.content,
        [call("call_chatcmpl9_0", "f", "{}"), call("call_chatcmpl9_1", "g", "{}")]
    );
    let older = [
        delta(json!({"function_call": {"name": "f", "arguments": ""}})),
        delta(json!({"function_call": {"arguments": "{}"}})),
        finish("function_call"),
    ];
    assert_eq!(reply(&older).content, [call("call_chatcmpl9_0", "f", "{}")]);
}

#[test]
fn thoughts_refusals_and_proofs_arrive_in_order() {
    let found = reply(&[
        delta(
            json!({"role": "assistant", "content": "", "tool_calls": null, "reasoning_content": null}),
        ),
        delta(json!({"reasoning_content": "h"})),
        delta(json!({"reasoning": "mm"})),
        delta(
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "!"}]}]}),
        ),
        delta(json!({"content": "a"})),
        delta(
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "c2ln"}}}]}),
        ),
        finish("tool_calls"),
    ]);
    let thought = Content::Reasoning { text: "hmm!".into(), redacted: None };
    assert_eq!(
        found.content,
        [thought.into(), Part::text("a"), call("a", "f", "{}").signed("c2ln")]
    );
    let refused =
        reply(&[delta(json!({"refusal": "N"})), delta(json!({"refusal": "o."})), finish("stop")]);
    assert_eq!(refused.content, [Content::Refusal("No.".into()).into()]);
    assert_eq!(refused.finish_reason, FinishReason::ContentFilter);
}

#[test]
fn usage_is_told_as_soon_as_it_is_known_and_wherever_it_stands() {
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 1});
    let mut with_finish = finish("stop");
    with_finish["usage"] = usage.clone();
    let mut in_choice = finish("stop");
    in_choice["choices"][0]["usage"] = usage.clone();
    let mut groq = finish("stop");
    groq["x_groq"] = json!({"id": "req_1", "usage": usage.clone()});
    let cases = [
        vec![finish("stop"), json!({"choices": [], "usage": usage})],
        vec![with_finish.clone(), with_finish],
        vec![in_choice],
        vec![groq],
    ];
    for events in cases {
        let text =
            stream(&[delta(json!({"content": "a"}))]) + &stream(&events) + "data: [DONE]\n\n";
        let chunks = streams::read(&OpenAi, &[text.as_bytes()]).unwrap();
        let [Chunk::Text(_), Chunk::Usage(found), Chunk::End(end)] = &chunks[..] else {
            panic!("{chunks:?}")
        };
        assert_eq!((*found, end.usage), (Usage::plain(3, 1), Some(Usage::plain(3, 1))));
    }
}

#[test]
fn a_stream_ends_well_only_with_a_reason() {
    let text = stream(&[delta(json!({"content": "a"}))]);
    let ended = text.clone() + &stream(&[finish("stop")]);
    let read = |text: &str| streams::read(&OpenAi, &[text.as_bytes()]);
    for cut in [text.clone(), text.clone() + "data: [DONE]\n\n", String::new()] {
        assert_eq!(read(&cut).unwrap_err().kind(), &ErrorKind::Unavailable, "{cut}");
    }
    for whole in [
        ended.clone(),
        ended.clone() + "data: [DONE]\n\ndata: nonsense\n\n",
        ": OPENROUTER PROCESSING\n\n".to_owned() + &ended,
        ended.clone() + "data:\n\n",
    ] {
        assert!(matches!(read(&whole).unwrap().last(), Some(Chunk::End(_))), "{whole}");
    }
    // Servers that do not stream answer whole.
    let whole = json!({"id": "x", "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}});
    for text in [format!("{whole:#}"), format!("data: {whole}\n\ndata: [DONE]\n\n")] {
        let reply = streams::assembled(&read(&text).unwrap());
        assert_eq!((reply.text().as_str(), reply.usage), ("a", Some(Usage::plain(3, 1))));
    }
}

#[test]
fn an_error_in_mid_stream_is_an_error() {
    let begun = stream(&[delta(json!({"content": "a"}))]);
    let cases = [
        ("data: {\"error\": {\"message\": \"busy\", \"code\": 502}}\n\n", ErrorKind::Unavailable),
        ("data: {\"error\": \"busy\"}\n\n", ErrorKind::Unavailable),
        (
            "event: error\ndata: {\"message\": \"busy\", \"code\": 429}\n\n",
            ErrorKind::RateLimited { retry_after: None },
        ),
        (
            "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"error\", \"error\": {\"message\": \"busy\", \"code\": 502}}]}\n\n",
            ErrorKind::Unavailable,
        ),
        (
            "data: {\"error\": {\"message\": \"m\", \"type\": \"insufficient_quota\"}}\n\n",
            ErrorKind::BudgetSpent,
        ),
        ("{\"error\": {\"message\": \"busy\"}}\n", ErrorKind::Unavailable),
        ("data: {\"choices\": [\n\n", ErrorKind::Unavailable),
        (
            "data: {\"choices\": [{\"delta\": {\"tool_calls\": [{\"index\": 0, \"function\": {\"arguments\": \"{}\"}}]}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n",
            ErrorKind::Unavailable,
        ),
    ];
    for (event, kind) in cases {
        let error = streams::read(&OpenAi, &[(begun.clone() + event).as_bytes()]).unwrap_err();
        assert_eq!(error.kind(), &kind, "{event}");
    }
}

#[test]
fn what_only_this_api_knows_is_gathered_at_the_end() {
    let token = |token: &str| json!({"token": token, "logprob": -0.5});
    let with = |text: &str| {
        let mut event = delta(json!({"content": text, "annotations": [{"n": text}]}));
        event["service_tier"] = "default".into();
        event["obfuscation"] = "xyz".into();
        event["choices"][0]["logprobs"] = json!({"content": [token(text)], "refusal": null});
        event
    };
    let found = reply(&[with("a"), with("b"), finish("stop")]);
    assert_eq!(
        Value::from(found.extra),
        json!({
            "service_tier": "default",
            "logprobs": {"content": [token("a"), token("b")], "refusal": null},
            "message": {"annotations": [{"n": "a"}, {"n": "b"}]},
        })
    );
    assert_eq!(found.dialect, Some(DialectName::Openai));
}

fn written(chunks: &[Chunk], stream_usage: bool) -> Vec<Value> {
    let caption = Caption { stream_usage, ..streams::caption() };
    let events = streams::events(&OpenAi, chunks, &caption);
    assert!(events.iter().all(|event| event.name.is_empty()));
    let (done, events) = events.split_last().unwrap();
    assert_eq!(done.data, "[DONE]");
    events.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect()
}

#[test]
fn a_caller_gets_the_role_first_and_the_usage_last() {
    let end = End { usage: Some(Usage::plain(3, 1)), ..End::new(FinishReason::ToolCalls) };
    let chunks = [
        Chunk::Usage(Usage::plain(3, 0)),
        Chunk::Reasoning("hmm".into()),
        Chunk::Signature("c2ln".into()),
        Chunk::Text("a".into()),
        Chunk::Text(String::new()),
        Chunk::ToolCall { index: 0, id: "x".into(), name: "f".into() },
        Chunk::ToolCall { index: 1, id: String::new(), name: "g".into() },
        Chunk::ToolArguments { index: 0, piece: "{}".into() },
        Chunk::Part(call("y", "h", "{}")),
        Chunk::Part(Content::Reasoning { text: String::new(), redacted: Some("s".into()) }.into()),
        Chunk::End(end),
        Chunk::Text("too late".into()),
    ];
    let events = written(&chunks, true);
    let deltas: Vec<&Value> = events.iter().map(|event| &event["choices"][0]["delta"]).collect();
    let begun = |index: u8, id: &str, name: &str, arguments: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]});
    let expected = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "hmm"}),
        json!({"content": "a"}),
        begun(0, "x", "f", ""),
        begun(1, "call_1", "g", ""),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
        begun(2, "y", "h", "{}"),
        json!({}),
        Value::Null,
    ];
    assert_eq!(deltas, expected.iter().collect::<Vec<_>>());
    let (last, finish) = (&events[8], &events[7]);
    assert_eq!(finish["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(4)));
    assert!(
        events[..8].iter().all(|event| event["usage"].is_null() && event.get("usage").is_some())
    );

    let without = written(&chunks, false);
    assert_eq!(without.len(), 8);
    assert!(without.iter().all(|event| event.get("usage").is_none()));
}

#[test]
fn a_caller_is_told_of_a_broken_stream() {
    let mut encoder = OpenAi.stream_encoder(&streams::caption());
    encoder.chunk(&Chunk::Text("a".into()));
    let events = encoder.error(&Error::new(ErrorKind::Unavailable, "the stream was cut"));
    let [event] = &events[..] else { panic!("{events:?}") };
    let body: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(body["error"]["message"], "the stream was cut");
    assert_eq!(encoder.chunk(&Chunk::End(End::new(FinishReason::Stop))), []);
}
