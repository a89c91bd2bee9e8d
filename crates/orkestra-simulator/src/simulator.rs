//! Starting and stopping.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jiff::civil::Date;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cache::Cache;
use crate::compatible::Personas;
use crate::delivery::Pace;
use crate::exchange::{World, serve};
use crate::faults::{Fault, Script};
use crate::line::{Line, Lines};
use crate::record::{MOST_REQUESTS, Record, Recorded};
use crate::rules::Rules;
use crate::usage::Total;
use crate::{control, page};

/// How long [`Simulator::stop`] waits for connections that do not end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// The settings of a simulator.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    latency: Duration,
    tokens_per_second: Option<f64>,
    faults: Vec<Fault>,
    today: Option<String>,
    beyond_loopback: bool,
    keep_requests: Option<usize>,
    bind_thinking: bool,
}

impl Builder {
    /// Time before the first byte of every answer. Default none.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Speed at which answers are written. Default as fast as possible.
    #[must_use]
    pub const fn tokens_per_second(mut self, speed: f64) -> Self {
        self.tokens_per_second = Some(speed);
        self
    }

    /// What goes wrong, in this order; see also [`Simulator::push_fault`].
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// The day (`YYYY-MM-DD`) by which models are retired. Default none: every id that ever existed is served.
    #[must_use]
    pub fn today(mut self, today: &str) -> Self {
        self.today = Some(today.to_owned());
        self
    }

    /// Most requests that [`Simulator::requests`] remembers; the totals of [`Simulator::usage`] count them all. Default
    /// 10,000, and never more than 256 MiB of bodies.
    #[must_use]
    pub const fn keep_requests(mut self, most: usize) -> Self {
        self.keep_requests = Some(most);
        self
    }

    /// Whether Anthropic's thinking blocks are refused after the conversation before them was changed, as for accounts
    /// made since 2026-08-31. Default false.
    #[must_use]
    pub const fn bind_thinking(mut self, bound: bool) -> Self {
        self.bind_thinking = bound;
        self
    }

    /// Allows an address that other machines can reach. Default not allowed.
    #[must_use]
    pub const fn allow_beyond_loopback(mut self, allowed: bool) -> Self {
        self.beyond_loopback = allowed;
        self
    }

    /// Starts serving at `address`; port 0 picks a free one.
    ///
    /// # Errors
    /// `InvalidInput` for an address beyond loopback that was not allowed, a date that is none, or a speed that is not
    /// above 0; else what the system says when the address cannot be used.
    pub async fn start(self, address: SocketAddr) -> io::Result<Simulator> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        if !address.ip().is_loopback() && !self.beyond_loopback {
            return Err(invalid(format!(
                "{address} can be reached from other machines; the simulator listens on loopback, such as \
                 127.0.0.1:{}, unless that is allowed explicitly",
                address.port()
            )));
        }
        let today = self.today.as_deref().map(str::parse::<Date>).transpose().map_err(|error| {
            invalid(format!(
                "today: {:?} is not a date YYYY-MM-DD: {error}",
                self.today.unwrap_or_default()
            ))
        })?;
        let per_token = self.tokens_per_second.map(time_per_token).transpose().map_err(invalid)?;
        let wrong = |error: String| invalid(format!("the simulator's rules: {error}"));
        let rules = Rules::on(today).map_err(wrong)?;
        let personas = Personas::on(today).map_err(wrong)?;
        let script = Script::default();
        self.faults.into_iter().for_each(|fault| script.push(fault));

        let (stop, stopping) = watch::channel(false);
        let pace = Pace { latency: self.latency, per_token, stopping: stopping.clone() };
        let world = Arc::new(World {
            rules,
            personas,
            cache: Cache::default(),
            record: Arc::new(Record::keeping(self.keep_requests.unwrap_or(MOST_REQUESTS))),
            script,
            pace,
            bind_thinking: self.bind_thinking,
        });
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let app = routes(Arc::clone(&world));
        let serving = tokio::spawn(async move {
            let until = async move {
                let mut stopping = stopping;
                let _ = stopping.wait_for(|stopping| *stopping).await;
            };
            // Serving never fails: accept errors are retried inside.
            let app = app.into_make_service_with_connect_info::<Line>();
            let _ = axum::serve(Lines(listener), app).with_graceful_shutdown(until).await;
        });
        Ok(Simulator { address, world, stop, serving })
    }
}

fn time_per_token(speed: f64) -> Result<Duration, String> {
    let time = Duration::try_from_secs_f64(1.0 / speed);
    time.map_err(|_| format!("tokens_per_second: {speed} is not a number above 0"))
}

fn routes(world: Arc<World>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/health", get(control::health))
        .route("/requests", get(control::requests).delete(control::forget))
        .route("/usage", get(control::usage))
        .route("/faults", axum::routing::post(control::push_faults).delete(control::clear_faults))
        .fallback(serve)
        .with_state(world)
}

/// A running simulator. It stops when dropped; [`stop`](Self::stop) waits until it has.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    world: Arc<World>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Simulator {
    /// Settings to change before the start.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts at a free port of 127.0.0.1 with the default settings.
    ///
    /// # Errors
    /// What the system says when there is no free port.
    pub async fn start_on_loopback() -> io::Result<Self> {
        Self::builder().start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL that a client of `provider` wants: `http://ADDRESS/openai/v1`, `http://ADDRESS/anthropic`,
    /// `http://ADDRESS/google`; for the compatible ones of [`PROVIDERS`](crate::PROVIDERS)
    /// `http://ADDRESS/openai-compatible/NAME/v1`. For any other name `http://ADDRESS/NAME`, where nothing answers.
    #[must_use]
    pub fn base_url(&self, provider: &str) -> String {
        let below = match provider {
            "openai" => "openai/v1".to_owned(),
            name if self.world.personas.named(name).is_some() => {
                format!("openai-compatible/{name}/v1")
            }
            name => name.to_owned(),
        };
        format!("http://{}/{below}", self.address)
    }

    /// The requests to the providers' APIs so far, oldest first, and what became of them. At most as many as
    /// [`Builder::keep_requests`] says.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.world.record.all()
    }

    /// Takes the oldest requests out of the record, up to the first that did not come to an end yet, so that a long run
    /// can keep all of them elsewhere. The totals of [`usage`](Self::usage) go on counting them.
    #[must_use]
    pub fn take_ended(&self) -> Vec<Recorded> {
        self.world.record.take_ended()
    }

    /// What the providers bill for all requests that came to an end, by `PROVIDER/MODEL`; `PROVIDER` alone for requests
    /// that named no model.
    #[must_use]
    pub fn usage(&self) -> BTreeMap<String, Total> {
        self.world.record.totals()
    }

    /// Forgets the requests so far and their totals, what the prompt caches hold, and the faults still to come.
    pub fn clear(&self) {
        self.world.record.clear();
        self.world.cache.clear();
        self.world.script.clear();
    }

    /// Makes something go wrong after the faults already pushed.
    pub fn push_fault(&self, fault: Fault) {
        self.world.script.push(fault);
    }

    /// Stops: answers under way are cut, connections closed. Returns when the port is free.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A client that holds its connection open must not hold the stop.
        if tokio::time::timeout(GRACE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
