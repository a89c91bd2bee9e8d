//! What the simulator was sent, what it answered, and what it bills.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::faults::FaultKind;
use crate::usage::{Total, Usage};

/// Headers that carry keys.
const SECRET_HEADERS: [&str; 4] = ["authorization", "x-api-key", "x-goog-api-key", "cookie"];

/// So many requests, and so many bytes of their bodies, are kept; older ones are dropped.
pub(crate) const MOST_REQUESTS: usize = 10_000;
const MOST_BYTES: usize = 256 << 20;

/// One request that the simulator received.
///
/// It holds what was sent, keys included, so that a test can check them. `Debug` and `GET /requests` show keys only as
/// `***` and their length.
#[derive(Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// One of [`PROVIDERS`](crate::PROVIDERS).
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
    /// What became of it; none while it is under way.
    pub answer: Option<Answered>,
}

/// How an answer went out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// The status that was sent; 0 if none was.
    pub status: u16,
    /// How it ended.
    pub end: End,
    /// The model that answered, by the id that answers carry; for a request that was refused the id that it named.
    pub model: Option<String>,
    /// What is billed: the whole answer if it is finished or goes out in one body, else what of it was sent.
    pub usage: Usage,
    /// The fault that was made to happen.
    pub fault: Option<FaultKind>,
}

/// The end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum End {
    /// All of it was sent.
    Finished,
    /// A fault, or the simulator's stop, cut it off.
    Cut,
    /// The client went away before the end.
    Dropped,
}

impl Recorded {
    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The request with its keys taken out.
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

    /// The redacted request and what became of it, as `GET /requests` shows them.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = self.redacted();
        shown["answer"] = self.answer.as_ref().map_or(Value::Null, |answer| {
            json!({
                "status": answer.status, "end": answer.end, "model": answer.model, "usage": answer.usage,
                "fault": answer.fault.map(|fault| fault.name()),
            })
        });
        shown
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
            .field("answer", &self.answer)
            .finish()
    }
}

fn hidden(secret: &str) -> String {
    format!("***{}", secret.len())
}

/// The requests so far, oldest first, and what all of them together are billed.
#[derive(Debug)]
pub(crate) struct Record {
    most_requests: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Entry>,
    bytes: usize,
    /// The number of the oldest request that is kept.
    first: u64,
    /// Requests that were forgotten on demand do not count any more.
    since: u64,
    totals: BTreeMap<String, Total>,
}

#[derive(Debug)]
struct Entry {
    request: Arc<Recorded>,
    answer: Option<Answered>,
}

/// The name of a request in the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(u64);

impl Record {
    /// A record that keeps at most `most_requests`.
    pub(crate) fn keeping(most_requests: usize) -> Self {
        Self { most_requests, kept: Mutex::default() }
    }

    /// Keeps a request whose answer is still to come.
    pub(crate) fn keep(&self, request: Arc<Recorded>) -> Number {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = Number(kept.first + kept.requests.len() as u64);
        kept.bytes += request.body.len();
        kept.requests.push_back(Entry { request, answer: None });
        while kept.requests.len() > self.most_requests
            || (kept.bytes > MOST_BYTES && kept.requests.len() > 1)
        {
            if let Some(oldest) = kept.requests.pop_front() {
                kept.bytes -= oldest.request.body.len();
                kept.first += 1;
            }
        }
        number
    }

    /// Notes what became of a request, and adds it to the totals.
    pub(crate) fn settle(&self, number: Number, provider: &str, answer: Answered) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if number.0 < kept.since {
            return;
        }
        let whose = format!("{provider}/{}", answer.model.as_deref().unwrap_or_default());
        let total = kept.totals.entry(whose.trim_end_matches('/').to_owned()).or_default();
        total.requests += 1;
        match answer.end {
            End::Finished if answer.status >= 400 => total.failed += 1,
            End::Finished => total.finished += 1,
            End::Cut => total.cut += 1,
            End::Dropped => total.dropped += 1,
        }
        total.usage += answer.usage;
        let at = number.0.checked_sub(kept.first).and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = at.and_then(|at| kept.requests.get_mut(at)) {
            entry.answer = Some(answer);
        }
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |entry: &Entry| Recorded {
            answer: entry.answer.clone(),
            ..Recorded::clone(&entry.request)
        };
        kept.requests.iter().map(one).collect()
    }

    /// Takes the oldest requests that came to an end out of the record, up to the first that is still under way.
    pub(crate) fn take_ended(&self) -> Vec<Recorded> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        while kept.requests.front().is_some_and(|entry| entry.answer.is_some()) {
            if let Some(Entry { request, answer }) = kept.requests.pop_front() {
                kept.bytes -= request.body.len();
                kept.first += 1;
                taken.push(Recorded { answer, ..Recorded::clone(&request) });
            }
        }
        taken
    }

    pub(crate) fn totals(&self) -> BTreeMap<String, Total> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).totals.clone()
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let next = kept.first + kept.requests.len() as u64;
        *kept = Kept { first: next, since: next, ..Kept::default() };
    }
}
