//! Nonsense breaks nothing.

use orkestra::dialect::{Dialect, Failure, OpenAi};
use proptest::prelude::*;
use serde_json::json;

use super::{compatible_model, encode, own_model, read, read_bytes};
use crate::{generate::any_json, streams};

const KEYS: &[&str] = &[
    "messages",
    "role",
    "content",
    "type",
    "text",
    "image_url",
    "url",
    "detail",
    "file",
    "file_data",
    "file_id",
    "input_audio",
    "data",
    "format",
    "refusal",
    "tool_calls",
    "function",
    "custom",
    "name",
    "arguments",
    "input",
    "id",
    "index",
    "tool_call_id",
    "function_call",
    "tools",
    "functions",
    "parameters",
    "tool_choice",
    "allowed_tools",
    "mode",
    "response_format",
    "json_schema",
    "schema",
    "stop",
    "n",
    "seed",
    "stream",
    "stream_options",
    "include_usage",
    "max_tokens",
    "thinking",
    "budget_tokens",
    "reasoning_effort",
    "metadata",
    "choices",
    "message",
    "delta",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "cached_tokens",
    "logprobs",
    "reasoning",
    "reasoning_content",
    "extra_content",
    "google",
    "thought_signature",
    "error",
    "code",
    "param",
    "detail",
    "x_groq",
    "cache_control",
];
const WORDS: &[&str] = &[
    "",
    "text",
    "image_url",
    "file",
    "function",
    "custom",
    "allowed_tools",
    "user",
    "assistant",
    "tool",
    "system",
    "stop",
    "length",
    "error",
    "auto",
    "json_schema",
    "enabled",
    "data:;base64,",
    "data:image/png;base64,AAAA",
    "f",
    "429",
    "context_length_exceeded",
    "\u{1F3BB}",
];

proptest! {
    #[test]
    fn no_json_breaks_anything(body in any_json(KEYS, WORDS), status in 100_u16..700) {
        let text = body.to_string();
        let _ = OpenAi.decode(text.as_bytes());
        let _ = streams::read(&OpenAi, &[format!("data: {text}\n\ndata: {text}\n\ndata: [DONE]\n\n").as_bytes()]);
        let failure = Failure { status, request_id: None, retry_after: None, body: text.as_bytes() };
        let error = OpenAi.error(&failure);
        let _ = OpenAi.write_error(&error);
        if let Ok(asked) = read(&body) {
            let _ = encode(&asked.request, &own_model());
        }
    }

    #[test]
    fn no_message_breaks_the_reader_and_what_is_read_can_be_written(
        messages in prop::collection::vec(any_json(KEYS, WORDS), 0..4),
        role in prop::sample::select(vec!["user", "assistant", "tool", "system", "function"]),
        content in any_json(KEYS, WORDS),
        calls in any_json(KEYS, WORDS),
    ) {
        let mut messages = messages;
        messages.push(json!({"role": role, "content": content, "tool_calls": calls, "tool_call_id": "c", "name": "f"}));
        if let Err(error) = read(&json!({"messages": messages})) {
            prop_assert!(error.to_string().contains("messages"), "{error}");
        }
        let last = messages.split_off(messages.len() - 1);
        if let Ok(asked) = read(&json!({"messages": last})) {
            for model in [own_model(), compatible_model()] {
                let body = encode(&asked.request, &model).body;
                prop_assert!(read(&body).is_ok(), "{body}");
            }
        }
    }

    #[test]
    fn no_delta_breaks_a_stream(
        deltas in prop::collection::vec(any_json(KEYS, WORDS), 1..6),
        calls in prop::collection::vec(any_json(KEYS, WORDS), 0..3),
    ) {
        let mut stream = String::new();
        for delta in deltas {
            let choice = json!({"choices": [{"delta": delta}]});
            let call = json!({"choices": [{"delta": {"tool_calls": calls}}]});
            stream += &format!("data: {choice}\n\ndata: {call}\n\n");
        }
        stream += "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n";
        if let Ok(chunks) = streams::read(&OpenAi, &[stream.as_bytes()]) {
            let written = streams::write(&OpenAi, &chunks, &streams::caption());
            let again = streams::read(&OpenAi, &[&written]).unwrap();
            let (once, twice) = (streams::assembled(&chunks), streams::assembled(&again));
            prop_assert_eq!(once.text(), twice.text());
            prop_assert_eq!(once.tool_calls().count(), twice.tool_calls().count());
        }
    }

    #[test]
    fn no_bytes_break_anything(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = OpenAi.decode(&bytes);
        let _ = streams::read(&OpenAi, &[&bytes]);
        prop_assert!(read_bytes(&bytes).is_err());
        let _ = OpenAi.error(&Failure { status: 400, request_id: None, retry_after: None, body: &bytes });
    }
}
