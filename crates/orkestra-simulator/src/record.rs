//! What the simulator was sent.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

/// Headers that carry keys.
const SECRET_HEADERS: [&str; 4] = ["authorization", "x-api-key", "x-goog-api-key", "cookie"];

/// So many requests, and so many bytes of their bodies, are kept; older ones are dropped.
const MOST_REQUESTS: usize = 10_000;
const MOST_BYTES: usize = 256 << 20;

/// One request that the simulator received.
///
/// It holds what was sent, keys included, so that a test can check them. `Debug` and `GET /requests` show keys only as
/// `***` and their length.
#[derive(Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// `"openai"`, `"anthropic"` or `"google"`.
    pub provider: &'static str,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path as sent, such as `/openai/v1/chat/completions`.
    pub path: String,
    /// The query without its question mark; empty if there is none.
    pub query: String,
    /// Names in lower case; values that are not text are shown with replacement characters.
    pub headers: BTreeMap<String, String>,
    /// The body as sent.
    pub body: Bytes,
}

impl Recorded {
    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The request with its keys taken out, as `GET /requests` shows it.
    #[must_use]
    pub fn redacted(&self) -> Value {
        let body = self
            .json()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(&self.body).into_owned()));
        json!({
            "provider": self.provider, "method": self.method, "path": self.path, "query": self.safe_query(),
            "headers": self.safe_headers(), "body": body,
        })
    }

    fn safe_headers(&self) -> BTreeMap<&str, String> {
        let safe = |(name, value): (&'_ String, &String)| {
            if SECRET_HEADERS.contains(&name.as_str()) { hidden(value) } else { value.clone() }
        };
        self.headers.iter().map(|entry| (entry.0.as_str(), safe(entry))).collect()
    }

    fn safe_query(&self) -> String {
        let safe = |pair: &str| match pair.split_once('=') {
            Some(("key" | "access_token", key)) => format!("key={}", hidden(key)),
            _ => pair.to_owned(),
        };
        self.query.split('&').map(safe).collect::<Vec<_>>().join("&")
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("provider", &self.provider)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.safe_query())
            .field("headers", &self.safe_headers())
            .field("body", &String::from_utf8_lossy(&self.body))
            .finish()
    }
}

fn hidden(secret: &str) -> String {
    format!("***{}", secret.len())
}

/// The requests so far, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Arc<Recorded>>,
    bytes: usize,
}

impl Record {
    pub(crate) fn keep(&self, request: Arc<Recorded>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += request.body.len();
        kept.requests.push_back(request);
        while kept.requests.len() > 1
            && (kept.requests.len() > MOST_REQUESTS || kept.bytes > MOST_BYTES)
        {
            if let Some(oldest) = kept.requests.pop_front() {
                kept.bytes -= oldest.body.len();
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.requests.iter().map(|request| Recorded::clone(request)).collect()
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}
