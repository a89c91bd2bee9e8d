//! The page at `/`.

use std::fmt::Write as _;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::faults::FAULTS;

const INTRODUCTION: &str = "\
Orkestra simulator

The APIs of OpenAI, Anthropic and Google on this address, for tests and demonstrations. No model is called: every answer
is simulated and says so. Any key will do, except those that start with `bad-` or `invalid`.

  OpenAI     base URL /openai/v1   chat/completions, responses, responses/input_tokens, models
  Anthropic  base URL /anthropic   v1/messages, v1/messages/count_tokens, v1/models
  Google     base URL /google      v1beta/models/MODEL:generateContent, :streamGenerateContent, :countTokens, v1beta/models

  GET /requests     what was sent, keys redacted      DELETE /requests  forget it
  POST /faults      what shall go wrong next          DELETE /faults    forget that
  GET /health

A prompt with [[reply: TEXT]] is answered with TEXT.

Faults: by the header `x-orkestra-fault: NAME` or `NAME=VALUE`, by [[fault: NAME]] in the prompt, or by POST /faults with
{\"fault\": \"NAME\", \"provider\": \"openai\", \"model\": \"gpt-4o\", \"times\": 2}; all but `fault` are optional.

";

/// `GET /`
pub(crate) async fn page() -> impl IntoResponse {
    let mut text = INTRODUCTION.to_owned();
    for fault in FAULTS {
        let name = if fault.value.is_empty() {
            fault.name.to_owned()
        } else {
            format!("{}={}", fault.name, fault.value)
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<20}  {}", fault.description);
    }
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
