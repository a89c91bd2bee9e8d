//! OpenAI's errors on demand.

use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::waiting::Waiting;

use super::errors::{error, invalid, no_such_model, refused_key, too_long};

/// The errors that are made to happen.
pub(crate) fn failure(fault: FaultKind, model: &str) -> Refusal {
    let server = |status, message| error(status, "server_error", message, None, None);
    if let Some(waiting) = Waiting::of(fault) {
        return rate_limited(waiting, model);
    }
    match fault {
        FaultKind::QuotaSpent | FaultKind::SpendLimit | FaultKind::PaymentRequired => unpaid(fault),
        FaultKind::ContextOverflow => too_long(128_000, 128_001, None, 400),
        FaultKind::ForbiddenContext => too_long(128_000, 128_001, None, 403),
        FaultKind::Unauthenticated => refused_key("sk-"),
        FaultKind::Forbidden => {
            let message = "Country, region, or territory not supported";
            let code = Some("unsupported_country_region_territory");
            error(403, "request_forbidden", message, None, code)
        }
        FaultKind::NotFound => no_such_model(model),
        FaultKind::RequestTimeout => error(408, "timeout", "Request timed out.", None, None),
        FaultKind::Conflict => {
            let message = "The resource was changed by another request. Please try again.";
            error(409, "conflict_error", message, None, None)
        }
        FaultKind::TooLarge => {
            error(413, "invalid_request_error", "Maximum content size limit exceeded.", None, None)
        }
        FaultKind::BadGateway => server(502, "Bad gateway."),
        FaultKind::Unavailable => {
            server(503, "The engine is currently overloaded, please try again later")
        }
        FaultKind::GatewayTimeout => server(504, "The server took too long to answer."),
        FaultKind::Overloaded => error(
            503,
            "service_unavailable_error",
            "Our servers are currently overloaded. Please try again later.",
            None,
            Some("server_is_overloaded"),
        ),
        FaultKind::BadRequest => invalid("[simulated] The request is invalid.", None, None),
        FaultKind::RefusalToRetry => Refusal {
            headers: vec![("x-should-retry", "true".to_owned())],
            ..invalid("[simulated] The request is invalid just now.", None, None)
        },
        fault => {
            let message =
                "The server had an error while processing your request. Sorry about that!";
            let retry = (fault == FaultKind::ErrorNotToRetry)
                .then(|| ("x-should-retry", "false".to_owned()));
            Refusal { headers: retry.into_iter().collect(), ..server(500, message) }
        }
    }
}

/// What only money mends.
fn unpaid(fault: FaultKind) -> Refusal {
    let (status, message, code) = match fault {
        FaultKind::QuotaSpent => (
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "credit_balance_exhausted",
        ),
        FaultKind::SpendLimit => (
            429,
            "Your organization has reached its spend limit.",
            "organization_spend_limit_exceeded",
        ),
        _ => (402, "Insufficient credits. Add more credits to continue.", "insufficient_credits"),
    };
    error(status, "insufficient_quota", message, None, Some(code))
}

fn rate_limited(waiting: Waiting, model: &str) -> Refusal {
    let again = waiting.time().map(|time| format!(" Please try again in {time:?}."));
    let message = format!(
        "Rate limit reached for {model} in organization org-simulated on requests per min (RPM): Limit 500, Used 500, \
         Requested 1.{}",
        again.unwrap_or_default()
    );
    let mut headers = waiting.headers();
    if let Some(time) = waiting.time() {
        headers.extend([
            ("x-ratelimit-limit-requests", "500".to_owned()),
            ("x-ratelimit-remaining-requests", "0".to_owned()),
            ("x-ratelimit-reset-requests", format!("{time:?}")),
        ]);
    }
    let refusal = error(429, "requests", &message, None, Some("rate_limit_exceeded"));
    Refusal { headers, ..refusal }
}
