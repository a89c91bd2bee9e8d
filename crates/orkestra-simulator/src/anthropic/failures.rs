//! Anthropic's errors on demand.

use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::waiting::Waiting;

use super::errors::{error, invalid, not_found, unauthenticated};

/// The errors that are made to happen.
pub(super) fn failure(fault: FaultKind, model: &str) -> Refusal {
    if let Some(waiting) = Waiting::of(fault) {
        return rate_limited(waiting);
    }
    match fault {
        FaultKind::QuotaSpent => error(
            429,
            "enforced_spend_limit_reached",
            "This organization has reached its enforced spend limit.",
        ),
        FaultKind::SpendLimit => invalid(
            "You have reached your specified API usage limits. You will regain access on 2026-02-01 at 00:00 UTC.",
        ),
        FaultKind::ContextOverflow => {
            invalid("prompt is too long: 1000001 tokens > 1000000 maximum")
        }
        FaultKind::Unauthenticated => unauthenticated("invalid x-api-key"),
        FaultKind::PaymentRequired => error(
            402,
            "billing_error",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or \
             purchase credits.",
        ),
        FaultKind::Forbidden => error(
            403,
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        FaultKind::ForbiddenContext => {
            error(403, "permission_error", "prompt is too long: 1000001 tokens > 1000000 maximum")
        }
        FaultKind::NotFound => not_found(&format!("model: {model}")),
        FaultKind::RequestTimeout => error(408, "timeout_error", "Request timed out"),
        FaultKind::Conflict => {
            error(409, "conflict_error", "The request conflicts with the state of the resource.")
        }
        FaultKind::TooLarge => error(413, "request_too_large", "Request exceeds the maximum size"),
        FaultKind::BadGateway => error(502, "api_error", "Bad gateway"),
        FaultKind::Unavailable => error(503, "api_error", "Service temporarily unavailable"),
        FaultKind::GatewayTimeout => {
            error(504, "timeout_error", "The request exceeded the time that it may take.")
        }
        FaultKind::Overloaded => error(529, "overloaded_error", "Overloaded"),
        FaultKind::BadRequest => invalid("[simulated] The request is invalid."),
        FaultKind::RefusalToRetry => Refusal {
            headers: vec![("x-should-retry", "true".to_owned())],
            ..invalid("[simulated] The request is invalid just now.")
        },
        FaultKind::ErrorNotToRetry => Refusal {
            headers: vec![("x-should-retry", "false".to_owned())],
            ..error(500, "api_error", "Internal server error")
        },
        _ => error(500, "api_error", "Internal server error"),
    }
}

fn rate_limited(waiting: Waiting) -> Refusal {
    let message =
        "This request would exceed your organization's rate limit of 50 requests per minute.";
    let mut headers = waiting.headers();
    if waiting != Waiting::Unsaid {
        headers.extend([
            ("anthropic-ratelimit-requests-limit", "50".to_owned()),
            ("anthropic-ratelimit-requests-remaining", "0".to_owned()),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z".to_owned()),
        ]);
    }
    Refusal { headers, ..error(429, "rate_limit_error", message) }
}
