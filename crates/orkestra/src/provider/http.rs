//! A provider over HTTP.

use std::{
    future::Future,
    net::IpAddr,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::StreamExt;
use reqwest::{
    Client, Response, Url,
    header::{HeaderMap, HeaderValue},
};

use super::{Answer, ChunkStream, Key, Streaming, Upstream};
use crate::{
    catalogue::{Model, ModelId, ProviderEntry},
    chat::{Chunk, Request},
    dialect::{self, Dialect, Encoded, Failure, StreamDecoder, sse},
    error::{Error, ErrorKind, Result},
};

/// The largest whole answer that is read; far beyond any model's output.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Stands in every answer of the simulator.
const SIMULATED_HEADER: &str = "x-orkestra-simulated";

/// How long to wait for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection. Default 10 s.
    pub connect: Duration,
    /// For a whole answer, and for the first piece of a stream. Default 600 s: models that think take minutes.
    pub answer: Duration,
    /// Between two pieces of a stream. Default 120 s.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(600),
            idle: Duration::from_secs(120),
        }
    }
}

/// A provider that is called over HTTP, in its own dialect.
#[derive(Debug)]
pub struct HttpUpstream {
    name: String,
    base_url: String,
    key: Option<Key>,
    dialect: &'static dyn Dialect,
    timeouts: Timeouts,
    // Made at the first call: reading the system's certificates takes longer than a routing decision.
    client: OnceLock<Client>,
}

impl HttpUpstream {
    /// Calls `provider` at `base_url`, or at the catalogue's address for it.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the address is not one, or when the key would travel unencrypted.
    pub fn new(
        provider: &ProviderEntry,
        base_url: Option<&str>,
        key: Option<Key>,
        timeouts: Timeouts,
    ) -> Result<Self> {
        let base_url =
            base_url.unwrap_or(&provider.base_url).trim().trim_end_matches('/').to_owned();
        check_base_url(&provider.name, &base_url, key.is_some())?;
        Ok(Self {
            name: provider.name.clone(),
            base_url,
            key,
            dialect: dialect::named(provider.dialect),
            timeouts,
            client: OnceLock::new(),
        })
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .connect_timeout(self.timeouts.connect)
            .user_agent(concat!("orkestra/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the key to wherever it points.
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(&self.base_url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|cause| {
            Error::new(
                ErrorKind::Config,
                "the HTTP client could not be set up; are the system's certificates readable?",
            )
            .because(cause)
        })?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends the call and gives the answer once its headers are there and say that it is one.
    async fn open(&self, encoded: &Encoded) -> Result<Response> {
        let mut request = self.client()?.post(format!("{}{}", self.base_url, encoded.path));
        for (name, value) in &encoded.headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = &self.key {
            let (name, value) = self.dialect.key_header(key.expose());
            let mut value = HeaderValue::from_str(&value).map_err(|cause| {
                Error::new(ErrorKind::Unauthenticated, "the key cannot stand in a header")
                    .because(cause)
            })?;
            // The HTTP libraries print headers in their traces, but for sensitive ones.
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let request = request
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(encoded.body.to_string());
        let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = self.whole(response).await.unwrap_or_default();
        let failure = Failure {
            status,
            request_id: self.request_id(&headers),
            retry_after: retry_after(&headers, SystemTime::now()),
            body: &body,
        };
        Err(self.dialect.error(&failure))
    }

    async fn whole(&self, response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|cause| self.unreachable(cause))?);
            if body.len() > MAX_ANSWER_BYTES {
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    format!("the provider answered with more than {MAX_ANSWER_BYTES} bytes"),
                ));
            }
        }
        Ok(body)
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let header = headers.get(self.dialect.request_id_header())?;
        header.to_str().ok().map(str::to_owned)
    }

    fn unreachable(&self, cause: reqwest::Error) -> Error {
        // reqwest's own text carries the URL; the host is enough.
        let cause = cause.without_url();
        let (kind, what) = if cause.is_timeout() {
            (ErrorKind::Timeout, "did not answer in time")
        } else if cause.is_connect() {
            (
                ErrorKind::Unavailable,
                "could not be reached; check the network, the base URL and HTTPS_PROXY",
            )
        } else {
            (ErrorKind::Unavailable, "closed the connection before its answer was complete")
        };
        Error::new(kind, format!("{} {what}", self.base_url)).because(cause)
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(silent(limit)))
    }

    fn place(&self, model: &Model) -> Place {
        Place { provider: self.name.clone(), model: model.id.clone(), key: self.key.clone() }
    }

    async fn complete_unplaced(&self, encoded: &Encoded) -> Result<Answer> {
        let response = self.open(encoded).await?;
        let simulated = response.headers().contains_key(SIMULATED_HEADER);
        let request_id = self.request_id(response.headers());
        let html = is_html(response.headers());
        // The model has worked by now; a proxy's page or nothing at all is no sign of that.
        let body = self.whole(response).await.map_err(|error| error.maybe_billed(simulated))?;
        let mut reply = self.dialect.decode(&body).map_err(|error| {
            let worked = !html && !body.is_empty() && *error.kind() == ErrorKind::Unavailable;
            if worked { error.maybe_billed(simulated) } else { error }
        })?;
        reply.request_id = request_id.or(reply.request_id);
        Ok(Answer { reply, warnings: encoded.warnings.clone(), simulated })
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, request: &Request, model: &Model) -> Result<Answer> {
        let encoded = self.dialect.encode(request, model, false);
        let answer = self.within(self.timeouts.answer, self.complete_unplaced(&encoded)).await;
        answer.map_err(|error| self.place(model).name(error))
    }

    async fn stream(&self, request: &Request, model: &Model) -> Result<Streaming> {
        let encoded = self.dialect.encode(request, model, true);
        let opened = self.within(self.timeouts.answer, self.open(&encoded)).await;
        let place = self.place(model);
        let response = opened.map_err(|error| place.name(error))?;
        if is_html(response.headers()) {
            let body =
                self.within(self.timeouts.answer, self.whole(response)).await.unwrap_or_default();
            let error = self.dialect.decode(&body).err().unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Unavailable,
                    "the provider answered with HTML instead of a stream",
                )
            });
            return Err(place.name(error));
        }
        let simulated = response.headers().contains_key(SIMULATED_HEADER);
        let request_id = self.request_id(response.headers());
        let decoder = self.dialect.stream_decoder();
        let chunks = chunks(response, decoder, request_id, self.timeouts, place);
        Ok(Streaming { chunks, warnings: encoded.warnings, simulated })
    }
}

/// Where errors come from. Owned, since a stream outlives the borrow of its upstream.
struct Place {
    provider: String,
    model: ModelId,
    key: Option<Key>,
}

impl Place {
    /// Names the place of `error`, and blots the key out of what the provider may have quoted.
    fn name(&self, error: Error) -> Error {
        let error = error.at(&self.provider, &self.model);
        match &self.key {
            Some(key) => error.map_message(|message| key.redact(message)),
            None => error,
        }
    }
}

fn chunks(
    response: Response,
    mut decoder: Box<dyn StreamDecoder>,
    request_id: Option<String>,
    timeouts: Timeouts,
    place: Place,
) -> ChunkStream {
    let mut bytes = response.bytes_stream();
    let mut parser = sse::Parser::default();
    let mut first = true;
    async_stream::try_stream! {
        loop {
            let limit = if std::mem::take(&mut first) { timeouts.answer } else { timeouts.idle };
            let next = tokio::time::timeout(limit, bytes.next()).await;
            let next = next.map_err(|_| place.name(silent(limit)))?;
            let Some(piece) = next else { break };
            let piece = piece.map_err(|cause| place.name(broken(cause)))?;
            for event in parser.push(&piece).map_err(|error| place.name(error))? {
                for chunk in decoder.event(&event).map_err(|error| place.name(error))? {
                    let chunk = with_request_id(chunk, request_id.as_ref());
                    let ended = matches!(chunk, Chunk::End { .. });
                    yield chunk;
                    if ended {
                        return;
                    }
                }
            }
        }
        let mut last = Vec::new();
        if let Some(event) = parser.end() {
            last.extend(decoder.event(&event).map_err(|error| place.name(error))?);
        }
        if !last.iter().any(|chunk| matches!(chunk, Chunk::End { .. })) {
            last.extend(decoder.end().map_err(|error| place.name(error))?);
        }
        for chunk in last {
            yield with_request_id(chunk, request_id.as_ref());
        }
    }
    .boxed()
}

fn with_request_id(chunk: Chunk, header: Option<&String>) -> Chunk {
    match chunk {
        Chunk::End { finish_reason, usage, model, request_id } => {
            Chunk::End { finish_reason, usage, model, request_id: header.cloned().or(request_id) }
        }
        other => other,
    }
}

fn silent(limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("the provider was silent for {} s", limit.as_secs_f64()))
}

fn broken(cause: reqwest::Error) -> Error {
    let message = "the provider's stream was cut before its end: the connection broke";
    Error::new(ErrorKind::Unavailable, message).because(cause.without_url())
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(milliseconds) = value("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let text = value("retry-after")?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

fn check_base_url(provider: &str, base_url: &str, has_key: bool) -> Result<()> {
    let wrong = |why: &str| {
        let expected = "expected one like https://host/path";
        Err(Error::new(ErrorKind::Config, format!("the base URL for {provider} {why}; {expected}")))
    };
    let Ok(url) = Url::parse(base_url) else {
        return wrong(&format!("is {base_url:?}, which is not a URL"));
    };
    // The rest does not quote the URL: its user part or query may be a secret.
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return wrong(
            "carries a user name, a password or a query; keys belong into the key, not into the URL",
        );
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if !has_key || is_loopback(base_url) => Ok(()),
        "http" => {
            wrong(&format!("is {base_url:?}: a key is sent over plain HTTP to this machine only"))
        }
        _ => wrong(&format!("is {base_url:?}, which is neither http nor https")),
    }
}

/// Whether `base_url` leads to this machine.
#[must_use]
pub fn is_loopback(base_url: &str) -> bool {
    let host = Url::parse(base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| {
        let address = host.trim_matches(['[', ']']);
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
