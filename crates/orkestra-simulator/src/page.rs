//! The page at `/`.

use std::fmt::Write as _;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::faults::FAULTS;

const INTRODUCTION: &str = "\
Orkestra simulator

The APIs of OpenAI, Anthropic and Google on this address, for tests and demonstrations. No model is called: every answer
is simulated and says so. Any key will do, except those that start with `bad-` or `invalid`.

  OpenAI      base URL /openai/v1   chat/completions, responses, responses/input_tokens, models
  Anthropic   base URL /anthropic   v1/messages, v1/messages/count_tokens, v1/models
  Google      base URL /google      v1beta/models/MODEL:generateContent, :streamGenerateContent, :countTokens, v1beta/models
  Compatible  base URL /openai-compatible/NAME/v1   chat/completions, models
              NAME: groq, deepseek, mistral, xai, openrouter, together, ollama, vllm

  GET /requests     what was sent, keys redacted      DELETE /requests  forget it, and the caches
  GET /usage        what is billed, by model
  POST /faults      what shall go wrong next          DELETE /faults    forget that
  GET /health

In the newest prompt: [[reply: TEXT]] is answered with TEXT; [[call: NAME {\"json\": \"arguments\"}]] calls a tool that the
request offers; [[then]] separates the steps of a loop of tools; [[redacted]] adds a redacted block of thinking;
[[finish: REASON]] sets the finish reason.

Faults: by the header `x-orkestra-fault: NAME` or `NAME=VALUE`, by [[fault: NAME]] in the prompt, or by POST /faults with
{\"fault\": \"NAME\", \"provider\": \"openai\", \"model\": \"gpt-4o\", \"times\": 2, \"every\": 1}; all but `fault` are optional.

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
        let _ = writeln!(text, "  {name:<24}  {}", fault.description);
    }
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
