//! Vectors from a server: any API that answers `/v1/embeddings` as OpenAI's does.

use std::{
    fmt,
    sync::{Arc, mpsc},
    time::{Duration, SystemTime},
};

use reqwest::{Client, Response, Url, header::HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use super::{Key, Timeouts, headers, is_loopback};
use crate::{
    error::{Error, ErrorKind, Result},
    features::{Embedder, Embedding},
};

/// Texts in one call; every server that we know of takes as many.
const TOGETHER: usize = 64;
/// Calls of one batch, the first included.
const TRIES: u32 = 3;
/// The wait before the second call, which doubles; a server may ask for another.
const WAIT: Duration = Duration::from_millis(500);
/// A server that asks for a longer wait is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read: 64 vectors of 4,096 numbers, generously written.
const MOST_BYTES: usize = 16 << 20;
/// Characters of a server's message that an error quotes.
const QUOTED: usize = 200;

/// Embeds by asking a server. Each call is one HTTPS request and waits for its answer, which is why it
/// [is slow](Embedder::is_slow).
pub struct HttpEmbedder {
    id: String,
    dimensions: usize,
    caller: Arc<Caller>,
    /// Has threads of its own, so that a call can wait on any thread. `None` only while it is dropped.
    runtime: Option<Runtime>,
}

/// What a call needs.
struct Caller {
    url: Url,
    model: String,
    key: Option<Key>,
    timeouts: Timeouts,
    client: Client,
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answered {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    index: usize,
    embedding: Vec<f32>,
}

impl HttpEmbedder {
    /// Asks `model` at `url`, which ends in `/embeddings`. `dimensions` is the length of its vectors; without it a first
    /// call finds out. Its [id](Embedder::id) names address and model; what the server makes of that name may change
    /// behind it.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the address is no HTTPS one (plain HTTP is for this machine alone) or carries a
    /// secret; those of a call when the first one fails.
    pub fn new(
        url: &str,
        model: &str,
        key: Option<Key>,
        dimensions: Option<usize>,
        timeouts: Timeouts,
    ) -> Result<Self> {
        let url = checked(url)?;
        if model.trim().is_empty() {
            return Err(config("the embeddings model has no name; name one".to_owned()));
        }
        let mut builder = Client::builder()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .user_agent(concat!("orkestra/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry key and text to wherever it points.
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(url.as_str()) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|cause| {
            config("the HTTP client could not be set up".to_owned()).because(cause)
        })?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("embeddings")
            .enable_all()
            .build();
        let runtime = runtime
            .map_err(|cause| config(format!("no thread for embeddings: {cause}")).because(cause))?;
        let place = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
        let caller = Arc::new(Caller { model: model.to_owned(), key, timeouts, client, url });
        let mut embedder = Self {
            id: format!("http-{place}#{model}"),
            dimensions: dimensions.unwrap_or_default(),
            caller,
            runtime: Some(runtime),
        };
        if dimensions.is_none() {
            embedder.dimensions =
                embedder.vectors(vec!["dimensions".to_owned()])?.first().map_or(0, Vec::len);
        }
        Ok(embedder)
    }

    /// Waits for one batch.
    fn vectors(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let gone = || config("the thread for embeddings is gone".to_owned());
        let runtime = self.runtime.as_ref().ok_or_else(gone)?;
        let (answer, waiting) = mpsc::sync_channel(1);
        let caller = Arc::clone(&self.caller);
        runtime.spawn(async move {
            // Nobody waits any more when the caller gave up.
            let _ = answer.send(caller.call(&texts).await);
        });
        waiting.recv().map_err(|_| gone())?
    }

    fn embedding(&self, mut vector: Vec<f32>) -> Result<Embedding> {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if vector.len() != self.dimensions || !length.is_finite() {
            let (found, expected) = (vector.len(), self.dimensions);
            let what = format!("a vector of {found} numbers, not {expected} finite ones");
            return Err(self.caller.odd(&what));
        }
        if length > 0.0 {
            vector.iter_mut().for_each(|x| *x /= length);
        }
        Ok(Embedding { vector, tokens: Vec::new() })
    }
}

impl Embedder for HttpEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, text: &str) -> Result<Embedding> {
        let mut all = self.embed_all(&[text])?;
        all.pop().ok_or_else(|| self.caller.odd("no vector"))
    }

    fn embed_all(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let mut all = Vec::with_capacity(texts.len());
        for some in texts.chunks(TOGETHER) {
            // Servers refuse empty texts; a space says as little.
            let some = some.iter().map(|text| if text.is_empty() { " " } else { text }.to_owned());
            for vector in self.vectors(some.collect())? {
                all.push(self.embedding(vector)?);
            }
        }
        Ok(all)
    }

    fn is_slow(&self) -> bool {
        true
    }
}

impl Drop for HttpEmbedder {
    fn drop(&mut self) {
        // Dropping a runtime waits, which async code must not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Caller {
    /// Calls until an answer is there, the tries are used up, or calling again cannot help.
    async fn call(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let mut wait = WAIT;
        for again in 1.. {
            let error = match self.call_once(texts).await {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let pause = error.retry_after().unwrap_or(wait);
            if again == TRIES || !error.is_retryable() || pause > LONGEST_WAIT {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            wait *= 2;
        }
        Err(self.odd("nothing"))
    }

    async fn call_once(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let asked = Asked { model: &self.model, input: texts, encoding_format: "float" };
        let body = serde_json::to_vec(&asked).map_err(|cause| config(cause.to_string()))?;
        let mut request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .body(body);
        if let Some(key) = &self.key {
            let value = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
            let mut value = value.map_err(|cause| {
                Error::new(ErrorKind::Unauthenticated, "the key cannot stand in a header")
                    .because(cause)
            })?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
        let status = response.status();
        let retry_after = headers::retry_after(response.headers(), SystemTime::now());
        let body = self.whole(response).await?;
        if !status.is_success() {
            return Err(self.refused(status.as_u16(), &body, retry_after));
        }
        self.read(&body, texts.len())
    }

    async fn whole(&self, mut response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|cause| self.unreachable(cause))? {
            if body.len() + piece.len() > MOST_BYTES {
                return Err(self.odd(&format!("more than {MOST_BYTES} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn read(&self, body: &[u8], expected: usize) -> Result<Vec<Vec<f32>>> {
        let answered: Answered = serde_json::from_slice(body)
            .map_err(|cause| self.odd("no list of vectors").because(cause))?;
        let mut vectors = vec![Vec::new(); expected];
        let found = answered.data.len();
        for row in answered.data {
            match vectors.get_mut(row.index) {
                Some(place) if place.is_empty() && !row.embedding.is_empty() => {
                    *place = row.embedding
                }
                _ => return Err(self.odd(&format!("a vector at place {} that is none", row.index))),
            }
        }
        if found != expected {
            return Err(self.odd(&format!("{found} vectors for {expected} texts")));
        }
        Ok(vectors)
    }

    fn refused(&self, status: u16, body: &[u8], retry_after: Option<Duration>) -> Error {
        let kind = match status {
            401 | 403 => ErrorKind::Unauthenticated,
            404 => ErrorKind::UnknownModel,
            408 => ErrorKind::Timeout,
            413 => ErrorKind::TooLong,
            429 => ErrorKind::RateLimited { retry_after },
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::InvalidRequest,
        };
        let said: String = String::from_utf8_lossy(body).chars().take(QUOTED).collect();
        let said = self.key.as_ref().map_or(said.clone(), |key| key.redact(&said));
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = format!(
            "{} refused to embed with {} (HTTP {status}): {said}",
            self.place(),
            self.model
        );
        Error::new(kind, message).with_status(status).with_retry_after(retry_after)
    }

    fn unreachable(&self, cause: reqwest::Error) -> Error {
        let cause = cause.without_url();
        let place = self.place();
        if cause.is_timeout() {
            let limit = self.timeouts.total.as_secs_f64();
            let message = format!("{place} did not embed within {limit} s (the total deadline)");
            return Error::new(ErrorKind::Timeout, message).not_retryable().because(cause);
        }
        let message = format!(
            "{place} could not be reached for embeddings; check the network and the address"
        );
        Error::new(ErrorKind::Unavailable, message).because(cause)
    }

    fn odd(&self, what: &str) -> Error {
        let message = format!("{} answered {what} where {} should embed", self.place(), self.model);
        Error::new(ErrorKind::Unavailable, message).not_retryable()
    }

    fn place(&self) -> &str {
        self.url.host_str().unwrap_or("the embeddings server")
    }
}

fn checked(text: &str) -> Result<Url> {
    let expected = "expected one like https://host/v1/embeddings";
    let url = Url::parse(text).map_err(|cause| {
        config(format!("the embeddings address is {text:?}, which is no URL; {expected}"))
            .because(cause)
    })?;
    // The rest does not quote it: what does not belong there may be a secret.
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        let what = "the embeddings address carries a user name, a password or a query; keys belong into the key";
        return Err(config(what.to_owned()));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(text) => Ok(url),
        _ => Err(config(format!(
            "the embeddings address {text:?} is not HTTPS; prompts go over plain HTTP to this machine only"
        ))),
    }
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

impl fmt::Debug for HttpEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpEmbedder").field("id", &self.id).finish_non_exhaustive()
    }
}
