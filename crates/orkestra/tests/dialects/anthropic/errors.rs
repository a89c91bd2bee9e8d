//! Errors.

use orkestra::{ErrorKind, dialect::Failure};

use super::*;

#[test]
fn errors_are_told_apart_by_what_the_body_says() {
    let limited = ErrorKind::RateLimited { retry_after: None };
    let cases = [
        (400, "invalid_request_error", "prompt is too long: 9 > 8", "", ErrorKind::TooLong),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 3 + 2 > 4",
            "",
            ErrorKind::TooLong,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low",
            "",
            ErrorKind::BudgetSpent,
        ),
        (400, "invalid_request_error", "temperature: bad", "", ErrorKind::InvalidRequest),
        (401, "authentication_error", "no", "", ErrorKind::Unauthenticated),
        (402, "billing_error", "pay", "", ErrorKind::BudgetSpent),
        (403, "permission_error", "no", "", ErrorKind::Unauthenticated),
        (404, "not_found_error", "model", "", ErrorKind::UnknownModel),
        (413, "request_too_large", "big", "", ErrorKind::TooLong),
        (429, "rate_limit_error", "slow", "", limited.clone()),
        (429, "rate_limit_error", "slow", "enforced_spend_limit_reached", ErrorKind::BudgetSpent),
        (429, "enforced_spend_limit_reached", "slow", "", ErrorKind::BudgetSpent),
        (500, "api_error", "oops", "", ErrorKind::Unavailable),
        (504, "timeout_error", "late", "", ErrorKind::Timeout),
        (529, "overloaded_error", "busy", "", ErrorKind::Unavailable),
    ];
    for (status, kind, message, code, expected) in cases {
        let body = json!({"type": "error", "error": {"type": kind, "message": message, "details": {"error_code": code}}, "request_id": "req_1"});
        let body = body.to_string();
        let failure =
            Failure { status, request_id: None, retry_after: None, body: body.as_bytes() };
        let error = Anthropic.error(&failure);
        assert_eq!(*error.kind(), expected, "{body}");
        assert_eq!(error.request_id(), Some("req_1"));
        assert!(error.to_string().contains(message));
    }
}

#[test]
fn every_kind_of_error_has_anthropics_words_and_status() {
    for kind in ErrorKind::ALL {
        let error = Error::new(kind.clone(), "why").with_request_id(Some("req_1".into()));
        let body = Anthropic.write_error(&error);
        let expected = match kind {
            ErrorKind::InvalidRequest
            | ErrorKind::UnpricedModel
            | ErrorKind::TooLong
            | ErrorKind::Refused => (400, "invalid_request_error"),
            ErrorKind::Unauthenticated => (401, "authentication_error"),
            ErrorKind::UnknownModel => (404, "not_found_error"),
            ErrorKind::RateLimited { .. } => (429, "rate_limit_error"),
            ErrorKind::BudgetSpent => (402, "billing_error"),
            ErrorKind::Timeout => (504, "timeout_error"),
            _ => (500, "api_error"),
        };
        assert_eq!(
            (Anthropic.status_of(&error), body["error"]["type"].as_str().unwrap()),
            expected
        );
        assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!("req_1")));
        let message = body["error"]["message"].as_str().unwrap();
        // Clients look for these words to shorten the conversation.
        assert_eq!(message.starts_with("prompt is too long"), kind == ErrorKind::TooLong);
        assert!(message.ends_with("why"));
    }
    let cases = [
        (Error::new(ErrorKind::Unavailable, "").with_status(529), 529, "overloaded_error"),
        (Error::new(ErrorKind::Unavailable, "").with_status(502), 500, "api_error"),
        (Error::new(ErrorKind::Unauthenticated, "").with_status(403), 403, "permission_error"),
        (Error::new(ErrorKind::TooLong, "").whatever_the_model(), 413, "request_too_large"),
    ];
    for (error, status, kind) in cases {
        assert_eq!(Anthropic.status_of(&error), status);
        assert_eq!(Anthropic.write_error(&error)["error"]["type"], kind);
    }
}
