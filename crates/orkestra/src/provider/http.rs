//! A provider over HTTP.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{
    Client, Response,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{
    Answer, Key, Streaming, Timeouts, Upstream,
    base_url::{check_base_url, is_loopback},
    body::{self, Arriving},
    deadlines::Deadlines,
    headers,
    keys::{KeyRing, Lease},
};
use crate::{
    catalogue::{Model, ModelId, ProviderEntry},
    chat::Request,
    dialect::{self, Dialect, Failure},
    error::{Error, ErrorKind, Result},
};

/// Connections that are not used are kept for so long.
const POOLED: Duration = Duration::from_secs(90);
/// How often a silent connection is checked. A model that thinks for minutes sends nothing, and what stands in between
/// forgets silent connections.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A provider that is called over HTTP, in its own dialect.
#[derive(Debug)]
pub struct HttpUpstream {
    name: String,
    base_url: String,
    keys: KeyRing,
    /// The variables that could hold the key which the provider wants and does not get.
    missing_key: Option<Vec<String>>,
    dialect: &'static dyn Dialect,
    timeouts: Timeouts,
    headers: HeaderMap,
    // Made at the first call: reading the system's certificates takes longer than a routing decision.
    client: OnceLock<Client>,
}

impl HttpUpstream {
    /// Calls `provider` at `base_url`, or at the catalogue's address for it. Several keys share the calls: the one with
    /// the fewest under way is next, a key that is too fast rests, and one that is refused is set aside.
    ///
    /// Without a key a provider that wants one is not called at the catalogue's address; at another the server there
    /// decides.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the address is not one, or when a key would travel unencrypted.
    pub fn new(
        provider: &ProviderEntry,
        base_url: Option<&str>,
        keys: Vec<Key>,
        timeouts: Timeouts,
    ) -> Result<Self> {
        let wants_key = base_url.is_none() && keys.is_empty() && !provider.key_variables.is_empty();
        let base_url =
            base_url.unwrap_or(&provider.base_url).trim().trim_end_matches('/').to_owned();
        check_base_url(&provider.name, &base_url, !keys.is_empty())?;
        Ok(Self {
            name: provider.name.clone(),
            base_url,
            keys: KeyRing::new(&provider.name, keys),
            missing_key: wants_key.then(|| provider.key_variables.clone()),
            dialect: dialect::named(provider.dialect),
            timeouts,
            headers: HeaderMap::new(),
            client: OnceLock::new(),
        })
    }

    /// Sends these headers with each call, beside its own: a gateway's, an organisation's. They may be secrets, and are
    /// shown nowhere.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) for a name or a value that no header may have, and for a header that calls have
    /// already.
    pub fn with_headers<'a>(
        mut self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        for (name, value) in headers {
            let wrong = |what: &str| {
                let message = format!("the header {name:?} for {} {what}", self.name);
                Error::new(ErrorKind::Config, message)
            };
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| wrong("has a name that no header may have"))?;
            if ["accept", "content-type", "content-length", "host"].contains(&header.as_str()) {
                return Err(wrong("is one that each call sets itself"));
            }
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| wrong("has a value that no header may have"))?;
            value.set_sensitive(true);
            self.headers.insert(header, value);
            // It may well hold what stands for the key.
            self.missing_key = None;
        }
        Ok(self)
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .connect_timeout(self.timeouts.connect)
            .tcp_nodelay(true)
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .pool_idle_timeout(POOLED)
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

    /// Sends the call and gives the answer once its headers are there and say that it is one. A key that is refused or
    /// too fast is replaced by the next free one, so that each is tried at most once.
    async fn open(&self, said: &Said, model: &Model, deadlines: Deadlines) -> Result<Opened> {
        let mut lease = self.keys.lease(&model.id);
        loop {
            match self.send(said, lease.key(), deadlines).await {
                Ok(response) => {
                    lease.accepted();
                    return Ok(Opened { response, lease });
                }
                Err(error) => match lease.failed(error) {
                    (_, Some(next)) => lease = next,
                    (error, None) => return Err(error),
                },
            }
        }
    }

    async fn send(&self, said: &Said, key: Option<&Key>, deadlines: Deadlines) -> Result<Response> {
        let mut request = self.client()?.post(format!("{}{}", self.base_url, said.path));
        for (name, value) in &said.headers {
            request = request.header(name, value);
        }
        if let Some(key) = key {
            let (name, value) = said.dialect.key_header(key.expose());
            let mut value = HeaderValue::from_str(&value).map_err(|cause| {
                Error::new(ErrorKind::Unauthenticated, "the key cannot stand in a header")
                    .because(cause)
            })?;
            // The HTTP libraries print headers in their traces, but for sensitive ones.
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let request = request
            .headers(self.headers.clone())
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(said.body.clone());
        let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = body::whole(response, deadlines).await.unwrap_or_default();
        let failure = Failure {
            status,
            request_id: said.request_id(&headers),
            retry_after: headers::retry_after(&headers, SystemTime::now()),
            body: &body,
        };
        let error = said.dialect.error(&failure).with_retry_after(failure.retry_after);
        Err(match headers::should_retry(&headers) {
            Some(true) => error.retryable(),
            Some(false) => error.not_retryable(),
            None => error,
        })
    }

    fn unreachable(&self, cause: reqwest::Error) -> Error {
        // reqwest's own text carries the URL; the host is enough.
        let cause = cause.without_url();
        let limit = self.timeouts.connect.as_secs_f64();
        let (kind, what) = if cause.is_timeout() {
            // No other deadline is left to the client.
            let what = format!("could not be reached within {limit} s (the connect deadline)");
            (ErrorKind::Timeout, what)
        } else if cause.is_connect() {
            let what = "could not be reached; check the network, the base URL and HTTPS_PROXY";
            (ErrorKind::Unavailable, what.to_owned())
        } else {
            let what = "closed the connection before it answered";
            (ErrorKind::Unavailable, what.to_owned())
        };
        Error::new(kind, format!("{} {what}", self.base_url)).because(cause)
    }

    fn check_key(&self) -> Result<()> {
        let Some(variables) = &self.missing_key else { return Ok(()) };
        let (name, variables) = (&self.name, variables.join(" or "));
        let message = format!("no key is set for {name}; set {variables}, or hand one over");
        Err(Error::new(ErrorKind::Unauthenticated, message))
    }

    fn place(&self, model: &Model) -> Place {
        Place { provider: self.name.clone(), model: model.id.clone(), keys: self.keys.clone() }
    }

    /// The dialect for this call, and the request in it. Some models take some requests only in a dialect that is not
    /// their provider's usual one.
    fn encode(&self, request: &Request, model: &Model, stream: bool) -> Said {
        let dialect = dialect::for_call(self.dialect, request, model);
        let fitted = dialect::fit(request, model, dialect.name());
        let encoded = dialect.encode(&fitted.request, model, stream);
        let mut warnings = fitted.warnings;
        warnings.extend(encoded.warnings);
        let body = Bytes::from(encoded.body.to_string());
        Said { dialect, path: encoded.path, headers: encoded.headers, body, warnings }
    }

    async fn complete_unplaced(&self, said: Said, model: &Model) -> Result<Answer> {
        let deadlines = Deadlines::start(self.timeouts, false);
        let opened = deadlines.first().wait(self.open(&said, model, deadlines)).await;
        // The lease is kept to the end: the key is in use until then.
        let Opened { response, lease: _lease } = opened??;
        let simulated = headers::is_simulated(response.headers());
        let request_id = said.request_id(response.headers());
        let html = headers::is_html(response.headers());
        // The model has worked by now; a proxy's page or nothing at all is no sign of that.
        let body = body::whole(response, deadlines).await;
        let body = body.map_err(|error| error.maybe_billed(simulated))?;
        let mut reply = said.dialect.decode(&body).map_err(|error| {
            let worked = !html && !body.is_empty() && *error.kind() == ErrorKind::Unavailable;
            if worked { error.maybe_billed(simulated) } else { error }
        })?;
        reply.request_id = request_id.or(reply.request_id);
        Ok(Answer { reply, warnings: self.with_key_warnings(said.warnings), simulated })
    }

    async fn stream_unplaced(&self, said: Said, model: &Model) -> Result<Streaming> {
        let deadlines = Deadlines::start(self.timeouts, true);
        let opened = deadlines.first().wait(self.open(&said, model, deadlines)).await;
        let Opened { response, lease } = opened??;
        if headers::is_html(response.headers()) {
            let body = body::whole(response, deadlines).await.unwrap_or_default();
            return Err(said.dialect.decode(&body).err().unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Unavailable,
                    "the provider answered with HTML instead of a stream",
                )
            }));
        }
        let simulated = headers::is_simulated(response.headers());
        let arriving = Arriving {
            decoder: said.dialect.stream_decoder(),
            request_id: said.request_id(response.headers()),
            response,
            simulated,
            deadlines,
            place: self.place(model),
            lease,
        };
        let warnings = self.with_key_warnings(said.warnings);
        Ok(Streaming { chunks: arriving.chunks(), warnings, simulated })
    }

    fn with_key_warnings(&self, mut warnings: Vec<String>) -> Vec<String> {
        warnings.extend(self.keys.warnings());
        warnings
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, request: &Request, model: &Model) -> Result<Answer> {
        let answer = match self.check_key() {
            Ok(()) => self.complete_unplaced(self.encode(request, model, false), model).await,
            Err(error) => Err(error),
        };
        answer.map_err(|error| self.place(model).name(error))
    }

    async fn stream(&self, request: &Request, model: &Model) -> Result<Streaming> {
        let streaming = match self.check_key() {
            Ok(()) => self.stream_unplaced(self.encode(request, model, true), model).await,
            Err(error) => Err(error),
        };
        streaming.map_err(|error| self.place(model).name(error))
    }
}

/// A request in the dialect it is sent in.
struct Said {
    dialect: &'static dyn Dialect,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    warnings: Vec<String>,
}

impl Said {
    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let header = headers.get(self.dialect.request_id_header())?;
        header.to_str().ok().map(str::to_owned)
    }
}

/// An answer whose headers are there, and the key it is given to.
struct Opened {
    response: Response,
    lease: Lease,
}

/// Where errors come from. Owned, since a stream outlives the borrow of its upstream.
pub(super) struct Place {
    provider: String,
    model: ModelId,
    keys: KeyRing,
}

impl Place {
    /// Names the place of `error`, and blots the keys out of what the provider may have quoted.
    pub(super) fn name(&self, error: Error) -> Error {
        let error = error.at(&self.provider, &self.model);
        error.map_message(|message| self.keys.redact(message))
    }
}
