//! How an answer travels: at once or as a stream, at which speed, whole or broken.

use std::io;
use std::time::Duration;

use async_stream::stream;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use crate::exchange::Vendor;
use crate::faults::FaultKind;
use crate::fields::Refusal;

/// An answer, ready to be sent.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One JSON body, and the tokens that it took to write.
    Whole { body: Value, tokens: u64 },
    /// Events; `json` if they are the pieces of one JSON array.
    Stream { frames: Vec<Frame>, json: bool },
}

impl Reply {
    /// A body that took no model.
    pub(crate) const fn listing(body: Value) -> Self {
        Self::Whole { body, tokens: 0 }
    }
}

/// One piece of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    bytes: Bytes,
    tokens: f64,
}

impl Frame {
    /// A server-sent event with or without a name.
    pub(crate) fn event(name: Option<&str>, data: &Value, tokens: f64) -> Self {
        let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        Self::raw(format!("{name}data: {data}\n\n"), tokens)
    }

    /// Bytes as they are.
    pub(crate) fn raw(bytes: impl Into<Bytes>, tokens: f64) -> Self {
        Self { bytes: bytes.into(), tokens }
    }
}

/// What happens to an answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Plain,
    Never,
    Slow(Duration),
    Cut,
    EndEarly,
    Malformed,
    Html(u16),
    Empty,
    StreamError,
}

impl Delivery {
    /// What `fault` does to the delivery; faults that concern the content leave it plain.
    pub(crate) const fn of(fault: Option<FaultKind>) -> Self {
        match fault {
            Some(FaultKind::Timeout) => Self::Never,
            Some(FaultKind::Slow(pause)) => Self::Slow(pause),
            Some(FaultKind::Cut) => Self::Cut,
            Some(FaultKind::EndEarly) => Self::EndEarly,
            Some(FaultKind::Malformed) => Self::Malformed,
            Some(FaultKind::Html(status)) => Self::Html(status),
            Some(FaultKind::Empty) => Self::Empty,
            Some(FaultKind::StreamError) => Self::StreamError,
            _ => Self::Plain,
        }
    }
}

/// The speed of the simulated models, and the sign that the simulator stops.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Before the first byte.
    pub(crate) latency: Duration,
    /// Time per token; none: as fast as the machine can.
    pub(crate) per_token: Option<Duration>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// A body in the making.
struct Parts {
    status: u16,
    kind: &'static str,
    frames: Vec<Frame>,
    /// The connection breaks after the last frame.
    breaks: bool,
    pause: Duration,
}

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream; charset=utf-8";
const HTML: &str = "<html><head><title>Bad Gateway</title></head><body><h1>[simulated] Bad Gateway</h1></body></html>";

impl Pace {
    /// Sends `answer` as `delivery` says.
    pub(crate) async fn deliver(
        &self,
        vendor: &dyn Vendor,
        id: &str,
        answer: Result<Reply, Refusal>,
        delivery: Delivery,
    ) -> Response {
        let answer = match (answer, delivery) {
            (Ok(Reply::Whole { .. }), Delivery::StreamError) => {
                Err(vendor.failure(FaultKind::ServerError, ""))
            }
            (answer, _) => answer,
        };
        let (parts, headers, wait) = match answer {
            Ok(reply) => {
                let wait = self.latency + reply.writing_time(self.per_token);
                (Parts::of(reply, delivery, vendor), Vec::new(), wait)
            }
            Err(mut refusal) => {
                if let Some(place) = refusal.body.get_mut("request_id") {
                    *place = Value::String(format!("req_sim{id}"));
                }
                let bytes = Frame::raw(refusal.body.to_string(), 0.0);
                (Parts::plain(refusal.status, JSON, vec![bytes]), refusal.headers, self.latency)
            }
        };
        if delivery == Delivery::Never {
            self.until_stopped().await;
        } else {
            self.wait(wait + parts.pause).await;
        }
        let mut response = self.response(parts);
        let ids = [
            (vendor.id_header(), format!("req_sim{id}")),
            ("x-orkestra-simulated", "true".to_owned()),
        ];
        for (name, value) in headers.into_iter().chain(ids) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn response(&self, parts: Parts) -> Response {
        let (status, kind) = (parts.status, parts.kind);
        let one_piece = !parts.breaks && kind != EVENTS && parts.frames.len() <= 1;
        let body = if one_piece {
            parts
                .frames
                .into_iter()
                .next()
                .map_or_else(Body::empty, |frame| Body::from(frame.bytes))
        } else {
            self.clone().stream(parts)
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if kind == EVENTS {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        response
    }

    fn stream(self, parts: Parts) -> Body {
        Body::from_stream(stream! {
            for frame in parts.frames {
                let writing = self.per_token.unwrap_or_default().mul_f64(frame.tokens);
                let pause = if frame.tokens > 0.0 { parts.pause } else { Duration::ZERO };
                if self.wait(writing + pause).await {
                    yield Err(io::Error::other("the simulator stops"));
                    return;
                }
                yield Ok::<Bytes, io::Error>(frame.bytes);
            }
            if parts.breaks {
                // Lets the server flush what it has: an error drops what is still buffered.
                tokio::task::yield_now().await;
                yield Err(io::Error::other("cut on demand"));
            }
        })
    }

    /// Waits; true if the simulator was stopped meanwhile.
    async fn wait(&self, time: Duration) -> bool {
        if time.is_zero() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => false,
            () = self.until_stopped() => true,
        }
    }

    async fn until_stopped(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that the simulator is gone, which is a stop as well.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

impl Reply {
    /// How long a model takes to write what is sent at once; a stream's pieces take their own time.
    fn writing_time(&self, per_token: Option<Duration>) -> Duration {
        match (self, per_token) {
            (Self::Whole { tokens, .. }, Some(per_token)) => {
                per_token.saturating_mul(u32::try_from(*tokens).unwrap_or(u32::MAX))
            }
            _ => Duration::ZERO,
        }
    }
}

impl Parts {
    const fn plain(status: u16, kind: &'static str, frames: Vec<Frame>) -> Self {
        Self { status, kind, frames, breaks: false, pause: Duration::ZERO }
    }

    fn of(reply: Reply, delivery: Delivery, vendor: &dyn Vendor) -> Self {
        let (kind, whole, mut frames) = match reply {
            Reply::Whole { body, .. } => (JSON, true, in_two(body.to_string())),
            Reply::Stream { frames, json: true } => (JSON, false, frames),
            Reply::Stream { frames, json: false } => (EVENTS, false, frames),
        };
        // Never the first frame alone, never the last: the middle is where it hurts.
        let middle = frames.len().div_ceil(2);
        let mut parts = Self::plain(200, kind, Vec::new());
        match delivery {
            Delivery::Plain | Delivery::Never => {}
            Delivery::Slow(pause) => parts.pause = pause,
            Delivery::Cut => {
                frames.truncate(middle);
                parts.breaks = true;
            }
            Delivery::EndEarly => frames.truncate(middle),
            Delivery::Malformed if kind == EVENTS => {
                frames.insert(middle, Frame::raw("data: {\"id\": \"brok\n\n", 0.0));
            }
            Delivery::Malformed => frames.truncate(middle),
            Delivery::StreamError => {
                frames.truncate(middle);
                frames.push(Frame::raw(vendor.stream_error(kind == JSON), 0.0));
            }
            Delivery::Empty => frames.clear(),
            Delivery::Html(status) => {
                let page = vec![Frame::raw(HTML, 0.0)];
                return Self::plain(status, "text/html; charset=utf-8", page);
            }
        }
        if whole && !parts.breaks {
            frames = joined(&frames).into_iter().collect();
        }
        Self { frames, ..parts }
    }
}

/// A body in halves, so that it can be cut; whole answers are joined again before they are sent.
fn in_two(mut text: String) -> Vec<Frame> {
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    let rest = text.split_off(middle);
    vec![Frame::raw(text, 0.0), Frame::raw(rest, 0.0)]
}

fn joined(frames: &[Frame]) -> Option<Frame> {
    let all: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect();
    (!all.is_empty()).then(|| Frame::raw(all, 0.0))
}
