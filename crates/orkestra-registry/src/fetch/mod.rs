//! Fetching over HTTP: small texts whole, files in parts that survive the process.

mod answer;
mod file;
mod part;

use std::{panic, thread, time::Duration};

use bytes::Bytes;
use orkestra::{Error, ErrorKind, Result, provider::is_loopback};
use reqwest::{
    Client, RequestBuilder, Response, Url,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue},
    redirect::Policy,
};
use tokio::{runtime::Builder, time::timeout};

pub(crate) use self::{
    answer::{host, refused},
    file::File,
    part::Part,
};
use crate::{
    address,
    progress::{Event, Progress},
};

/// How long to wait, and how often to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection. Default: 10 s.
    pub connect: Duration,
    /// For an answer, and for the next piece of it. Default: 30 s.
    pub idle: Duration,
    /// For one file, all tries together. Default: one hour.
    pub total: Duration,
    /// Tries in all, each of which goes on where the last one was cut. Default: 4; at least one is made.
    pub tries: u32,
    /// Before the second try; doubled before each further one. A server that asks for another wait gets it, up to
    /// [`idle`](Self::idle). Default: 0.5 s.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(3600),
            tries: 4,
            pause: Duration::from_millis(500),
        }
    }
}

/// Fetches files from one server, and from where it redirects to.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    client: Client,
    patience: Patience,
}

impl Fetcher {
    /// A fetcher from `server`, which follows redirects as [`address::redirects`] says.
    pub(crate) fn new(server: &Url, patience: Patience) -> Result<Self> {
        Self::following(address::redirects(), server, patience)
    }

    /// A fetcher that follows no redirect.
    pub(crate) fn staying(server: &Url, patience: Patience) -> Result<Self> {
        Self::following(Policy::none(), server, patience)
    }

    fn following(policy: Policy, server: &Url, patience: Patience) -> Result<Self> {
        let mut builder = Client::builder()
            .connect_timeout(patience.connect)
            .user_agent(concat!("orkestra/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(
                ACCEPT_ENCODING,
                // Sizes and ranges are those of the file, not of a compressed one.
                HeaderValue::from_static("identity"),
            )]))
            .redirect(policy);
        if is_loopback(server.as_str()) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|cause| {
            let message =
                "the HTTP client could not be set up; are the system's certificates readable?";
            Error::new(ErrorKind::Config, message).because(cause)
        })?;
        Ok(Self { client, patience })
    }

    /// A request that [`send`](Self::send) sends.
    pub(crate) fn get(&self, url: &Url) -> RequestBuilder {
        self.client.get(url.clone())
    }

    /// A request for what [`get`](Self::get) would answer, without its body.
    pub(crate) fn head(&self, url: &Url) -> RequestBuilder {
        self.client.head(url.clone())
    }

    /// Sends a request for `what` and waits for the headers of the answer, whatever its status.
    pub(crate) async fn send(
        &self,
        what: &str,
        url: &Url,
        request: RequestBuilder,
    ) -> Result<Response> {
        match timeout(self.patience.idle, request.send()).await {
            Ok(sent) => sent.map_err(|cause| answer::unreachable(what, url, cause, self.patience)),
            Err(_) => Err(answer::too_slow(what, url, self.patience.idle)),
        }
    }

    /// The body of `url`, which is at most `most` bytes long.
    pub(crate) async fn small(
        &self,
        what: &str,
        url: &Url,
        most: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<u8>> {
        let limit = self.patience.total;
        let read = self.again(what, progress, async || self.body(what, url, most).await);
        timeout(limit, read).await.unwrap_or_else(|_| {
            let limit = limit.as_secs_f64();
            let message = format!("{what} could not be fetched within {limit} s");
            Err(Error::new(ErrorKind::Timeout, message))
        })
    }

    async fn body(&self, what: &str, url: &Url, most: usize) -> Result<Vec<u8>> {
        let mut response = answer::checked(what, self.send(what, url, self.get(url)).await?)?;
        let mut body = Vec::new();
        while let Some(piece) = self.piece(what, &mut response).await? {
            if body.len() + piece.len() > most {
                let message = format!("{what} is larger than {most} bytes");
                return Err(Error::new(ErrorKind::Config, message));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// The next piece of a body; `None` at its end.
    async fn piece(&self, what: &str, response: &mut Response) -> Result<Option<Bytes>> {
        match timeout(self.patience.idle, response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(cause)) => Err(answer::cut(what, response.url(), cause)),
            Err(_) => Err(answer::too_slow(what, response.url(), self.patience.idle)),
        }
    }

    /// Does `attempt` until it comes off, fails for good, or was tried often enough.
    pub(crate) async fn again<T>(
        &self,
        what: &str,
        progress: &dyn Progress,
        mut attempt: impl AsyncFnMut() -> Result<T>,
    ) -> Result<T> {
        let mut pause = self.patience.pause;
        for _ in 1..self.patience.tries {
            let error = match attempt().await {
                Err(error) if error.is_retryable() => error,
                done => return done,
            };
            let wait = error.retry_after().map_or(pause, |asked| asked.min(self.patience.idle));
            progress.event(&Event::Retrying { what, error: &error, pause: wait });
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        attempt().await
    }
}

/// Runs `work` to its end, wherever the caller is: a thread of its own may block, and has a runtime of its own.
pub(crate) fn blocking<T: Send>(work: impl AsyncFnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = Builder::new_current_thread().enable_all().build().map_err(|cause| {
                let message = format!("a download could not be begun: {cause}");
                Error::new(ErrorKind::Unavailable, message).because(cause)
            })?;
            let outcome = runtime.block_on(work());
            // A name that is still being looked up must not hold up the end.
            runtime.shutdown_background();
            outcome
        });
        worker.join().unwrap_or_else(|cause| panic::resume_unwind(cause))
    })
}
