//! What is written reads back as the same.

use orkestra::{
    catalogue::Model,
    chat::{DialectName, Effort, Extra, Request, ThinkingMode},
    dialect::{Dialect, OpenAi},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{compatible_model, encode, own_model, read};
use crate::{
    generate::{self, Sayable},
    streams,
};

fn unknown_in_reply() -> Extra {
    let extra = json!({
        "service_tier": "default", "system_fingerprint": "fp_1",
        "logprobs": {"content": [{"token": "a", "logprob": -0.5}], "refusal": null},
        "message": {"annotations": [{"type": "url_citation"}]},
    });
    extra.as_object().unwrap().clone()
}

/// What OpenAI's own servers are told.
fn own() -> Sayable {
    Sayable {
        developer: true,
        late_instructions: true,
        names: true,
        several_texts: true,
        image_urls: true,
        image_detail: true,
        documents: true,
        uploads: true,
        audio: true,
        refusals: true,
        call_signatures: true,
        any_arguments: true,
        result_names: true,
        seed: true,
        penalties: true,
        logprobs: true,
        stop: true,
        parallel_tool_calls: true,
        strict_tools: true,
        allowed_tools: true,
        json: true,
        named_schemas: true,
        thinking: generate::efforts(),
        cache_key: true,
        user: true,
        metadata: true,
        limitless: true,
        unknown: Some(("logit_bias", "prompt_cache_breakpoint", "note")),
        unknown_in_reply: unknown_in_reply(),
        ..Sayable::little(DialectName::Openai)
    }
}

/// What compatible servers are told: thoughts and a few fields more, and less of what is new.
fn compatible() -> Sayable {
    let mut thinking = generate::efforts();
    thinking.push(generate::way(ThinkingMode::Disabled, None));
    thinking.push(generate::way(ThinkingMode::Adaptive, None));
    thinking.push(generate::way(ThinkingMode::Budget, Some(2_048)));
    Sayable {
        developer: false,
        several_texts: false,
        refusals: false,
        thoughts: true,
        cache_hints: true,
        top_k: true,
        allowed_tools: false,
        thinking,
        ..own()
    }
}

fn compatible_thinker() -> Model {
    let mut model = compatible_model();
    model.parameters.reasoning_content = true;
    model.parameters.efforts = vec![Effort::Low, Effort::High];
    model
}

/// OpenAI takes metadata only of answers that it shall store.
fn stored(mut request: Request) -> Request {
    if !request.metadata.is_empty() {
        request.extra.insert("store".into(), true.into());
    }
    request
}

fn requests(sayable: &Sayable, model: &Model) -> impl Strategy<Value = Request> {
    generate::request(sayable, &model.upstream_id).prop_map(stored)
}

fn returns(request: &Request, model: &Model) -> Result<(), TestCaseError> {
    let encoded = encode(request, model);
    prop_assert!(encoded.warnings.is_empty(), "{:?}", encoded.warnings);
    prop_assert_eq!(encoded.path, "/chat/completions");
    let asked = read(&encoded.body).unwrap();
    prop_assert!(!asked.stream && !asked.stream_usage && !asked.stream_array);
    prop_assert_eq!(&asked.request, request, "{}", encoded.body);
    Ok(())
}

proptest! {
    #[test]
    fn a_request_returns_from_openais_words(request in requests(&own(), &own_model())) {
        returns(&request, &own_model())?;
    }

    #[test]
    fn a_request_returns_from_a_compatible_servers_words(
        request in requests(&compatible(), &compatible_thinker()),
    ) {
        returns(&request, &compatible_thinker())?;
    }

    #[test]
    fn a_request_that_is_streamed_asks_for_its_usage(request in requests(&own(), &own_model())) {
        let encoded = OpenAi.encode(&request, &own_model(), true);
        let asked = read(&encoded.body).unwrap();
        prop_assert!(asked.stream && asked.stream_usage);
        prop_assert_eq!(asked.request, request);
    }

    #[test]
    fn a_reply_returns(
        reply in generate::reply(&Sayable { thoughts: true, ..own() }, "gpt-4.1", "chatcmpl-1a2b"),
    ) {
        let body = OpenAi.write_reply(&reply, &streams::caption());
        let read = OpenAi.decode(body.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read, reply, "{}", body);
    }

    #[test]
    fn a_stream_returns_however_it_is_cut(
        reply in generate::reply(&Sayable { thoughts: true, ..own() }, "gpt-4.1", "chatcmpl-1a2b"),
        sizes in prop::collection::vec(1..9_usize, 1..6),
        alternating in any::<bool>(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let chunks = generate::pieces(&reply, &sizes, alternating);
        let bytes = streams::write(&OpenAi, &chunks, &streams::caption());
        let whole = streams::read(&OpenAi, &[&bytes]).unwrap();
        prop_assert_eq!(streams::assembled(&whole), reply, "{}", String::from_utf8_lossy(&bytes));
        let pieces = streams::read(&OpenAi, &streams::cut(&bytes, &cuts)).unwrap();
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn what_a_caller_gets_in_pieces_is_what_it_gets_whole(
        reply in generate::reply(&Sayable { thoughts: true, ..own() }, "gpt-4.1", "chatcmpl-1a2b"),
    ) {
        let bytes = streams::write(&OpenAi, &reply.chunks(), &streams::caption());
        let text = String::from_utf8(bytes).unwrap();
        let whole = OpenAi.write_reply(&reply, &streams::caption());
        let message = &whole["choices"][0]["message"];
        let collected = collected(&text);
        for field in ["content", "refusal", "reasoning_content"] {
            let expected = message[field].as_str().unwrap_or_default();
            prop_assert_eq!(collected[field].as_str().unwrap_or_default(), expected);
        }
        prop_assert_eq!(&collected["finish_reason"], &whole["choices"][0]["finish_reason"]);
        prop_assert_eq!(&collected["usage"], &whole["usage"]);
        let calls = message.get("tool_calls").cloned().unwrap_or_else(|| json!([]));
        prop_assert_eq!(&collected["tool_calls"], &calls);
    }
}

/// Collects a stream as OpenAI's Python client does: texts are joined, also those that should come once.
fn collected(stream: &str) -> Value {
    let mut all = json!({"tool_calls": []});
    let mut roles = 0;
    let events = stream.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap());
    let mut events = events.collect::<Vec<_>>();
    assert_eq!(events.pop(), Some("[DONE]"));
    for event in events {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!(event["object"], "chat.completion.chunk");
        assert_eq!(
            (&event["id"], &event["created"]),
            (&json!("chatcmpl-1a2b"), &json!(1_700_000_000))
        );
        if !event["usage"].is_null() {
            assert_eq!(event["choices"], json!([]));
            all["usage"] = event["usage"].clone();
            continue;
        }
        let choice = &event["choices"][0];
        roles += usize::from(choice["delta"]["role"] == "assistant");
        if !choice["finish_reason"].is_null() {
            all["finish_reason"] = choice["finish_reason"].clone();
        }
        for field in ["content", "refusal", "reasoning_content"] {
            join(&mut all[field], &choice["delta"][field]);
        }
        for piece in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            assert!(piece["function"].is_object(), "clients want the object: {piece}");
            let index = usize::try_from(piece["index"].as_u64().unwrap()).unwrap();
            let calls = all["tool_calls"].as_array_mut().unwrap();
            if calls.len() <= index {
                calls.push(json!({}));
            }
            let call = &mut calls[index];
            for field in ["id", "type"] {
                join(&mut call[field], &piece[field]);
            }
            for field in ["name", "arguments"] {
                join(&mut call["function"][field], &piece["function"][field]);
            }
            if !piece["extra_content"].is_null() {
                call["extra_content"] = piece["extra_content"].clone();
            }
        }
    }
    assert_eq!(roles, 1);
    all
}

fn join(all: &mut Value, piece: &Value) {
    if let Some(piece) = piece.as_str() {
        *all = format!("{}{piece}", all.as_str().unwrap_or_default()).into();
    }
}
