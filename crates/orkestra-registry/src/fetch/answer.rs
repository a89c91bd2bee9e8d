//! What a server says, and what goes wrong on the way, as errors.

use std::time::{Duration, SystemTime};

use orkestra::{Error, ErrorKind, Result};
use reqwest::{Response, StatusCode, Url, header::RETRY_AFTER};

use super::Patience;
use crate::address::RefusedRedirect;

/// The host that a message names.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nowhere");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The answer, if it carries what was asked for.
pub(super) fn checked(what: &str, response: Response) -> Result<Response> {
    if response.status().is_success() { Ok(response) } else { Err(refused(what, &response)) }
}

/// The error that an answer other than success is.
pub(crate) fn refused(what: &str, response: &Response) -> Error {
    let (status, host) = (response.status(), host(response.url()));
    let (kind, says) = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            (ErrorKind::Config, "it is not there; check the address and the name")
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            (ErrorKind::Unauthenticated, "it may not be read; check the address and the token")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            (ErrorKind::RateLimited { retry_after: None }, "it asks to wait")
        }
        StatusCode::REQUEST_TIMEOUT => (ErrorKind::Timeout, "it waited too long for us"),
        _ if status.is_server_error() => {
            (ErrorKind::Unavailable, "the server failed; try again later")
        }
        _ => (ErrorKind::Config, "that is no answer to a download; check the address"),
    };
    let message = format!("{what} could not be fetched: {host} answered {status}: {says}");
    Error::new(kind, message)
        .with_status(status.as_u16())
        .with_retry_after(retry_after(response, SystemTime::now()))
}

fn retry_after(response: &Response, now: SystemTime) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

/// The error of a request that got no answer. One that found no server is not worth another try, unless one was there
/// before.
pub(super) fn unreachable(
    what: &str,
    url: &Url,
    cause: reqwest::Error,
    patience: Patience,
) -> Error {
    // reqwest's own text carries the URL; the host is enough.
    let (host, cause) = (host(url), cause.without_url());
    if let Some(refused) = RefusedRedirect::of(&cause) {
        let message = format!("{what} could not be fetched: {host} {refused}");
        return Error::new(ErrorKind::Config, message).because(cause);
    }
    let no_server = cause.is_connect();
    let (kind, says) = if cause.is_timeout() {
        let limit = patience.connect.as_secs_f64();
        (ErrorKind::Timeout, format!("could not be reached within {limit} s"))
    } else if no_server {
        let says = "could not be reached; check the network, the address and HTTPS_PROXY";
        (ErrorKind::Unavailable, says.to_owned())
    } else {
        (ErrorKind::Unavailable, "closed the connection before it answered".to_owned())
    };
    let error = Error::new(kind, format!("{what} could not be fetched: {host} {says}"));
    let error = error.because(cause);
    if no_server { error.not_retryable() } else { error }
}

/// The error of a body that ended early.
pub(super) fn cut(what: &str, url: &Url, cause: reqwest::Error) -> Error {
    let message = format!("{what} was cut: {} closed the connection too early", host(url));
    Error::new(ErrorKind::Unavailable, message).because(cause.without_url())
}

/// The error of a server that says nothing for too long.
pub(super) fn too_slow(what: &str, url: &Url, limit: Duration) -> Error {
    let (host, limit) = (host(url), limit.as_secs_f64());
    Error::new(
        ErrorKind::Timeout,
        format!("{what} could not be fetched: {host} sent nothing for {limit} s"),
    )
}
