//! The error bodies of the compatible providers.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::fields::Refusal;

/// How a provider says what is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    /// As OpenAI does.
    #[default]
    Openai,
    /// Without a wrapper; fields that it does not know are 422.
    Mistral,
    /// The message alone, next to a code in words.
    Xai,
    /// The status as the code.
    OpenRouter,
}

/// `refusal`, said in OpenAI's form, in the form of the provider.
pub(super) fn dressed(form: Form, refusal: Refusal) -> Refusal {
    let error = refusal.body.get("error").cloned().unwrap_or_default();
    let (mut message, kind) = (error["message"].clone(), error["type"].clone());
    match form {
        Form::Openai => refusal,
        Form::Mistral => mistral(refusal, &error),
        Form::Xai => {
            if let Some(name) =
                error["param"].as_str().filter(|_| error["code"] == "unsupported_parameter")
            {
                message = json!(format!("Argument not supported on this model: {name}"));
            }
            let code = if refusal.status == 400 {
                json!("Client specified an invalid argument")
            } else {
                kind
            };
            Refusal { body: json!({"code": code, "error": message}), ..refusal }
        }
        Form::OpenRouter => {
            let error = json!({"code": refusal.status, "message": message, "metadata": {}});
            Refusal { body: json!({"error": error, "user_id": "user_simulated"}), ..refusal }
        }
    }
}

fn mistral(refusal: Refusal, error: &Value) -> Refusal {
    let message = error["message"].as_str().unwrap_or_default();
    let unknown = message
        .strip_prefix("Unrecognized request argument supplied: ")
        .or_else(|| message.strip_prefix("Unknown parameter: '")?.strip_suffix("'."));
    let Some(unknown) = unknown else {
        let body = json!({
            "object": "error", "message": message, "type": error["type"], "param": null, "code": "3001",
        });
        return Refusal { body, ..refusal };
    };
    let place: Vec<&str> = std::iter::once("body").chain(unknown.split('.')).collect();
    let detail =
        json!({"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted"});
    let body = json!({
        "object": "error", "message": {"detail": [detail]}, "type": "invalid_request_error", "param": null,
        "code": null,
    });
    Refusal { status: 422, body, ..refusal }
}

/// The chunk with which OpenRouter ends a stream that broke down.
pub(super) fn last_chunk(body: &Value) -> Value {
    json!({
        "id": "gen-simulated", "object": "chat.completion.chunk", "created": 1_767_225_600, "model": "simulated",
        "error": {"code": 502, "message": body["error"]["message"]},
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
    })
}
