//! Errors: what servers say in bodies of every form, and what callers are told.

use orkestra::{
    Error, ErrorKind,
    dialect::{Dialect, Failure, OpenAi, Responses},
};
use serde_json::{Value, json};

use super::read;

#[test]
fn the_body_decides_where_the_status_would_mislead() {
    let limited = ErrorKind::RateLimited { retry_after: None };
    let error = |fields: Value| json!({"error": fields});
    let cases = [
        (
            400,
            error(json!({"message": "m", "code": "context_length_exceeded"})),
            ErrorKind::TooLong,
        ),
        (
            400,
            error(json!({"message": "This model's maximum context length is 9 tokens."})),
            ErrorKind::TooLong,
        ),
        (403, error(json!({"message": "Input exceeds the context window"})), ErrorKind::TooLong),
        (
            400,
            json!({"object": "error", "message": "maximum context length is 9", "code": 400}),
            ErrorKind::TooLong,
        ),
        (
            400,
            error(
                json!({"message": "Provider returned error", "metadata": {"raw": "prompt is too long: 9 tokens"}}),
            ),
            ErrorKind::TooLong,
        ),
        (
            400,
            error(json!({"message": "m", "code": "model_decommissioned"})),
            ErrorKind::UnknownModel,
        ),
        (
            400,
            error(json!({"message": "Model Not Exist", "type": "invalid_request_error"})),
            ErrorKind::UnknownModel,
        ),
        (404, error(json!("model \"x\" not found")), ErrorKind::UnknownModel),
        (
            400,
            error(json!({"message": "m", "code": "content_policy_violation"})),
            ErrorKind::Refused,
        ),
        (
            403,
            error(
                json!({"message": "flagged", "code": 403, "metadata": {"reasons": ["x"], "flagged_input": "y"}}),
            ),
            ErrorKind::Refused,
        ),
        (403, error(json!({"message": "no", "code": 403})), ErrorKind::Unauthenticated),
        (400, error(json!({"message": "m", "code": "tool_use_failed"})), ErrorKind::Unavailable),
        (402, error(json!({"message": "Insufficient Balance"})), ErrorKind::BudgetSpent),
        (429, error(json!({"message": "m", "type": "insufficient_quota"})), ErrorKind::BudgetSpent),
        (
            429,
            error(json!({"message": "m", "code": "project_spend_limit_exceeded"})),
            ErrorKind::BudgetSpent,
        ),
        (429, error(json!({"message": "m", "code": "slow_down"})), limited.clone()),
        (429, json!({"message": "Requests rate limit exceeded"}), limited),
        (401, json!({"detail": "Unauthorized"}), ErrorKind::Unauthenticated),
        (
            422,
            json!({"detail": [{"msg": "Extra inputs are not permitted"}]}),
            ErrorKind::InvalidRequest,
        ),
        (
            503,
            json!([{"error": {"message": "busy", "status": "UNAVAILABLE"}}]),
            ErrorKind::Unavailable,
        ),
    ];
    for (status, body, kind) in cases {
        let text = body.to_string();
        let failure =
            Failure { status, request_id: None, retry_after: None, body: text.as_bytes() };
        assert_eq!(OpenAi.error(&failure).kind(), &kind, "{status} {body}");
    }
}

#[test]
fn the_providers_words_are_passed_on_whatever_the_form_of_the_body() {
    let cases = [
        (json!({"error": {"message": "busy"}}), "busy"),
        (json!({"error": "busy"}), "busy"),
        (json!({"message": "busy"}), "busy"),
        (json!({"detail": "busy"}), "busy"),
        (json!({"detail": [{"msg": "busy"}]}), "busy"),
        (
            json!({"error": {"message": "Provider returned error", "metadata": {"raw": "busy"}}}),
            "Provider returned error: busy",
        ),
    ];
    for (body, words) in cases {
        let text = body.to_string();
        let failure =
            Failure { status: 500, request_id: None, retry_after: None, body: text.as_bytes() };
        assert_eq!(
            OpenAi.error(&failure).to_string(),
            format!("the provider answered 500: {words}")
        );
    }
}

#[test]
fn callers_are_told_in_openais_form() {
    let cases = [
        (ErrorKind::InvalidRequest, 400, "invalid_request_error", json!(null)),
        (ErrorKind::Unauthenticated, 401, "invalid_request_error", json!("invalid_api_key")),
        (ErrorKind::UnknownModel, 404, "invalid_request_error", json!("model_not_found")),
        (ErrorKind::UnpricedModel, 400, "invalid_request_error", json!("model_not_priced")),
        (ErrorKind::TooLong, 400, "invalid_request_error", json!("context_length_exceeded")),
        (ErrorKind::Refused, 400, "invalid_request_error", json!("content_policy_violation")),
        (
            ErrorKind::RateLimited { retry_after: None },
            429,
            "requests",
            json!("rate_limit_exceeded"),
        ),
        (ErrorKind::BudgetSpent, 429, "insufficient_quota", json!("insufficient_quota")),
        (ErrorKind::Timeout, 504, "server_error", json!("timeout")),
        (ErrorKind::Unavailable, 503, "server_error", json!("service_unavailable")),
        (ErrorKind::Storage, 500, "server_error", json!("internal_error")),
        (ErrorKind::Config, 500, "server_error", json!("internal_error")),
    ];
    assert_eq!(cases.len(), ErrorKind::ALL.len());
    for (kind, status, type_, code) in cases {
        let error = Error::new(kind, "what happened");
        let expected = json!({"error": {"message": "what happened", "type": type_, "param": null, "code": code}});
        assert_eq!((OpenAi.status_of(&error), OpenAi.write_error(&error)), (status, expected));
    }
}

#[test]
fn the_wrong_field_is_named_as_the_parameter() {
    let cases = [
        (json!({"messages": [{"role": "user", "content": 1}]}), json!("messages[0].content")),
        (json!({"messages": [{"role": "user", "content": "a"}], "top_p": "x"}), json!("top_p")),
        (json!({}), json!("messages")),
        (json!(1), json!(null)),
    ];
    for (body, parameter) in cases {
        let error = read(&body).unwrap_err();
        assert_eq!(OpenAi.write_error(&error)["error"]["param"], parameter, "{error}");
    }
}

#[test]
fn the_wait_that_the_headers_ask_for_is_kept_whatever_the_body_says() {
    let wait = Some(std::time::Duration::from_secs(7));
    for code in ["rate_limit_exceeded", "slow_down", "something_new"] {
        let body = json!({"error": {"message": "m", "type": "tokens", "code": code}}).to_string();
        let failure =
            Failure { status: 429, request_id: None, retry_after: wait, body: body.as_bytes() };
        for dialect in [&OpenAi as &dyn Dialect, &Responses] {
            let kind = dialect.error(&failure).kind().clone();
            assert_eq!(kind, ErrorKind::RateLimited { retry_after: wait }, "{code}");
        }
    }
}
