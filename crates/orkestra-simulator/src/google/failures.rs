//! Google's errors on demand.

use serde_json::{Value, json};

use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::waiting::Waiting;

use super::errors::{error, invalid, no_such_model, refused_key};

/// The errors that are made to happen.
pub(super) fn failure(fault: FaultKind, model: &str) -> Refusal {
    if let Some(waiting) = Waiting::of(fault) {
        return exhausted(model, "GenerateRequestsPerMinutePerProjectPerModel", 10, Some(waiting));
    }
    let plain = |code, status, message| error(code, status, message, &Value::Null);
    match fault {
        FaultKind::QuotaSpent => {
            exhausted(model, "GenerateRequestsPerDayPerProjectPerModel-FreeTier", 250, None)
        }
        FaultKind::SpendLimit => {
            exhausted(model, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", 0, None)
        }
        FaultKind::BadRequest => invalid("[simulated] The request is invalid."),
        FaultKind::RefusalToRetry => with_header("true", invalid("[simulated] Not just now.")),
        FaultKind::ContextOverflow => invalid(
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
        ),
        FaultKind::Unauthenticated => refused_key(),
        FaultKind::PaymentRequired => {
            plain(402, "FAILED_PRECONDITION", "Billing is not enabled for this project.")
        }
        FaultKind::Forbidden => {
            plain(403, "PERMISSION_DENIED", "The caller does not have permission")
        }
        FaultKind::ForbiddenContext => plain(
            403,
            "PERMISSION_DENIED",
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
        ),
        FaultKind::NotFound => no_such_model(model, "generateContent"),
        FaultKind::RequestTimeout => plain(408, "DEADLINE_EXCEEDED", "The request timed out."),
        FaultKind::Conflict => plain(409, "ABORTED", "The operation was aborted."),
        FaultKind::TooLarge => plain(413, "INVALID_ARGUMENT", "Request entity too large."),
        FaultKind::BadGateway => plain(502, "UNAVAILABLE", "Bad gateway."),
        FaultKind::Unavailable | FaultKind::Overloaded => {
            plain(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
        }
        FaultKind::GatewayTimeout => plain(
            504,
            "DEADLINE_EXCEEDED",
            "The request timed out. Please try again with a longer timeout.",
        ),
        FaultKind::ErrorNotToRetry => with_header("false", internal()),
        _ => internal(),
    }
}

fn internal() -> Refusal {
    let message = "An internal error has occurred. Please retry.";
    error(500, "INTERNAL", message, &Value::Null)
}

fn with_header(value: &str, refusal: Refusal) -> Refusal {
    Refusal { headers: vec![("x-should-retry", value.to_owned())], ..refusal }
}

fn exhausted(model: &str, quota: &str, limit: u32, waiting: Option<Waiting>) -> Refusal {
    let metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
    let mut message = format!(
        "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: \
         {metric}, limit: {limit}, model: {model}"
    );
    let violation = json!({
        "quotaMetric": metric, "quotaId": quota, "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": limit.to_string(),
    });
    let mut details = vec![
        json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}),
        json!({"@type": "type.googleapis.com/google.rpc.Help", "links": [{
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }]}),
    ];
    // This API says it in the body alone, in seconds and their parts.
    if let Some(time) = waiting.and_then(Waiting::time) {
        let delay = format!("{}s", time.as_secs_f64());
        message.push_str(&format!("\nPlease retry in {delay}."));
        details.push(
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}),
        );
    }
    error(429, "RESOURCE_EXHAUSTED", &message, &Value::Array(details))
}
