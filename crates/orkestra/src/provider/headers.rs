//! What an answer's headers say.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

/// Stands in every answer of the simulator.
const SIMULATED: &str = "x-orkestra-simulated";

pub(super) fn is_simulated(headers: &HeaderMap) -> bool {
    headers.contains_key(SIMULATED)
}

pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// Whether the provider says that the same call shall be made again, as the vendors' own clients obey it.
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    match text(headers, "x-should-retry")? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let number = |name| text(headers, name).and_then(|text| text.trim().parse::<f64>().ok());
    if let Some(milliseconds) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    if let Some(seconds) = number("retry-after") {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    httpdate::parse_http_date(text(headers, "retry-after")?).ok()?.duration_since(now).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    type Pairs = &'static [(&'static str, &'static str)];

    #[test]
    fn milliseconds_go_before_seconds_and_a_date_counts_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let table: [(Pairs, Option<Duration>); 8] = [
            (
                &[("retry-after-ms", "1500"), ("retry-after", "9")],
                Some(Duration::from_millis(1500)),
            ),
            (&[("retry-after", "9")], Some(Duration::from_secs(9))),
            (&[("retry-after", "0.5")], Some(Duration::from_millis(500))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(Duration::from_secs(10))),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT")], None),
            (&[("retry-after", "-3")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ];
        for (pairs, expected) in table {
            assert_eq!(retry_after(&headers(pairs), now), expected, "{pairs:?}");
        }
    }

    #[test]
    fn only_true_and_false_say_whether_to_retry() {
        for (text, expected) in [("true", Some(true)), ("false", Some(false)), ("maybe", None)] {
            assert_eq!(should_retry(&headers(&[("x-should-retry", text)])), expected);
        }
        assert_eq!(should_retry(&HeaderMap::new()), None);
    }
}
