//! How an answer travels: at once or as a stream, at which speed, whole or broken.

mod body;
mod frame;
mod settlement;
mod sloppy;

use std::io;
use std::time::Duration;

use async_stream::stream;
use axum::body::Body as HttpBody;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::record::End;
use crate::usage::Usage;
use crate::vendor::{Call, Vendor};

use body::{Body, EVENTS, Ending};
pub(crate) use frame::{Bill, Content, Frame, Framing, Part, Reply, Template};
pub(crate) use settlement::Settlement;

/// So long pieces that have to leave one by one wait for each other.
const APART: Duration = Duration::from_millis(1);

/// The speed of the simulated models, and the sign that the simulator stops.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Before the first byte.
    pub(crate) latency: Duration,
    /// Time per token; none: as fast as the machine can.
    pub(crate) per_token: Option<Duration>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// An answer that is to be sent, and what shall happen to it on its way.
pub(crate) struct Delivery<'a> {
    pub(crate) vendor: &'a dyn Vendor,
    pub(crate) call: &'a Call,
    pub(crate) fault: Option<FaultKind>,
}

impl Delivery<'_> {
    /// Sends `answer`.
    pub(crate) async fn send(
        self,
        answer: Result<Reply, Refusal>,
        pace: &Pace,
        mut settlement: Settlement,
    ) -> Response {
        let id = format!("req_sim{}", self.call.id());
        let mut headers: Vec<(&'static str, String)> = self.usual_headers();
        let mut wait = pace.latency;
        let body = match self.broken_whole(answer) {
            Ok(reply) => {
                let usage = match reply.bill {
                    Some(bill) => {
                        settlement.answered_by(bill.model);
                        bill.usage
                    }
                    None => Usage::default(),
                };
                if matches!(reply.content, Content::Whole(_)) {
                    wait += pace.time_for(usage.output);
                }
                let body = Body::new(reply.content, self.fault, self.vendor, self.call);
                // A proxy's page is no answer of a model.
                let usage = if body.status == 200 { usage } else { Usage::default() };
                settlement.expect(body.status, usage, body.tokens);
                body
            }
            Err(mut refusal) => {
                if let Some(place) = refusal.body.get_mut("request_id") {
                    *place = Value::String(id.clone());
                }
                headers.extend(refusal.headers);
                settlement.expect(refusal.status, Usage::default(), 0.0);
                Body::json(refusal.status, &refusal.body)
            }
        };
        headers.push((self.vendor.id_header(), id));
        headers.push(("x-orkestra-simulated", "true".to_owned()));
        let pause = match self.fault {
            Some(FaultKind::Slow(pause)) => pause,
            _ => Duration::ZERO,
        };
        match self.fault {
            Some(FaultKind::Timeout) => {
                settlement.expect(0, Usage::default(), 0.0);
                pace.until_stopped().await;
                settlement.end(End::Cut);
                return Response::new(HttpBody::empty());
            }
            Some(FaultKind::SlowFirst(first)) => drop(pace.wait(wait + first).await),
            _ => drop(pace.wait(wait + pause).await),
        }
        response(body, headers, pause, pace, settlement)
    }

    fn usual_headers(&self) -> Vec<(&'static str, String)> {
        self.vendor.headers().iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    /// Where nothing is streamed, an error in mid-stream is an error from the start.
    fn broken_whole(&self, answer: Result<Reply, Refusal>) -> Result<Reply, Refusal> {
        let Ok(Reply { content: Content::Whole(_), .. }) = answer else { return answer };
        match self.fault {
            Some(
                FaultKind::StreamError | FaultKind::StreamErrorEarly | FaultKind::BareJsonError,
            ) => Err(self.vendor.failure(FaultKind::ServerError, "")),
            Some(FaultKind::ErrorArray) => {
                let refusal = self.vendor.failure(FaultKind::Unavailable, "");
                Err(Refusal { body: json!([refusal.body]), ..refusal })
            }
            _ => answer,
        }
    }
}

fn response(
    body: Body,
    headers: Vec<(&'static str, String)>,
    pause: Duration,
    pace: &Pace,
    settlement: Settlement,
) -> Response {
    let (status, kind) = (body.status, body.kind);
    let mut response = if body.single && body.ending == Ending::Closed {
        let mut pieces = body.pieces;
        let bytes = pieces.next().map(|(bytes, _)| bytes).unwrap_or_default();
        settlement.end(End::Finished);
        Response::new(HttpBody::from(bytes))
    } else {
        Response::new(pace.clone().stream(body, pause, settlement))
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if kind == EVENTS {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

impl Pace {
    fn stream(self, body: Body, pause: Duration, mut settlement: Settlement) -> HttpBody {
        let per_token = self.per_token.unwrap_or_default();
        HttpBody::from_stream(stream! {
            let mut pieces = body.pieces.peekable();
            while let Some((bytes, tokens)) = pieces.next() {
                let pause = if tokens > 0.0 { pause } else { Duration::ZERO };
                let apart = if body.apart { APART } else { Duration::ZERO };
                if self.wait(per_token.mul_f64(tokens) + pause + apart).await {
                    settlement.end(End::Cut);
                    yield Err(io::Error::other("the simulator stops"));
                    return;
                }
                settlement.sent(tokens, body.ending == Ending::Closed && pieces.peek().is_none());
                yield Ok::<Bytes, io::Error>(bytes);
            }
            match body.ending {
                Ending::Closed => settlement.end(End::Finished),
                Ending::Broken => {
                    settlement.end(End::Cut);
                    // Lets the server flush what it has: an error drops what is still buffered.
                    tokio::task::yield_now().await;
                    yield Err(io::Error::other("cut on demand"));
                }
                Ending::Open => {
                    self.until_stopped().await;
                    settlement.end(End::Cut);
                }
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

    /// How long a model takes to write what is sent at once; a stream's pieces take their own time.
    fn time_for(&self, tokens: u64) -> Duration {
        let count = u32::try_from(tokens).unwrap_or(u32::MAX);
        self.per_token.map_or(Duration::ZERO, |per_token| per_token.saturating_mul(count))
    }
}
