//! The callers: each asks again as soon as it has its answer, and some walk away in the middle.

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use futures::StreamExt;
use orkestra::{
    Provider, Response, Settings, Usd,
    catalogue::ModelId,
    chat::{Effort, Function, Request, Thinking, Usage},
    provider::Timeouts,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

/// Stands before a request's serial number in its prompt.
pub(crate) const MARK: &str = "soak number ";
/// Of a hundred requests so many are answered whole.
const WHOLE: u8 = 20;
/// Of a hundred streams so many are let go of in the middle, after at most so many pieces.
const LET_GO: u8 = 15;
const MOST_PIECES: usize = 40;
/// The callers begin one after the other in this time.
const RAMP: Duration = Duration::from_secs(2);
/// Silence of the provider for longer than this is a failure.
const SILENCE: Duration = Duration::from_secs(30);

/// The four APIs.
#[derive(Clone, Copy, Debug)]
enum Way {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

const WAYS: [Way; 4] = [Way::Chat, Way::Responses, Way::Anthropic, Way::Gemini];

/// What became of a request, as its caller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum End {
    Answered,
    /// A stream broke after it had begun.
    Broken,
    /// The caller let go of a stream.
    LetGo,
    /// There was no answer and no beginning of one.
    Failed,
}

/// One request as its caller saw it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) serial: u64,
    pub(crate) end: End,
    /// `None`: there was none to be told.
    pub(crate) decision: Option<String>,
    pub(crate) bill: Option<Bill>,
}

/// What the caller was told that an answer cost.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bill {
    pub(crate) model: ModelId,
    pub(crate) usage: Usage,
    pub(crate) cost: Usd,
}

/// All callers together.
#[derive(Debug)]
pub(crate) struct Load {
    google: Provider,
    anthropic: Provider,
    openai: Provider,
    until: Instant,
    serials: AtomicU64,
    told: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    // On disk: what is held here would look like a leak.
    file: BufWriter<File>,
    ends: BTreeMap<End, u64>,
    /// Warnings that answers came with, of the ledger alone.
    warnings: u64,
}

impl Load {
    /// Callers of the simulator at `address` until `until`. What they are told goes to `record`.
    pub(crate) fn new(
        address: &str,
        settings: &Settings,
        until: Instant,
        record: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let provider = |name: &str, path: &str| {
            let builder =
                Provider::builder(name).key("soak").base_url(format!("http://{address}/{path}"));
            let timeouts = Timeouts {
                first_byte: Some(SILENCE),
                first_event: SILENCE,
                idle: SILENCE,
                ..Timeouts::default()
            };
            builder.timeouts(timeouts).settings(settings.clone()).build()
        };
        let file = BufWriter::new(File::create(record)?);
        Ok(Self {
            google: provider("google", "google")?,
            anthropic: provider("anthropic", "anthropic")?,
            openai: provider("openai", "openai/v1")?,
            until,
            serials: AtomicU64::new(0),
            told: Mutex::new(Book { file, ends: BTreeMap::new(), warnings: 0 }),
        })
    }

    /// One caller, from its first request to the end of the soak.
    pub(crate) async fn call(self: Arc<Self>, seed: u64) -> io::Result<()> {
        let mut random = Rng::with_seed(seed);
        sleep(RAMP.mul_f64(random.f64())).await;
        while Instant::now() < self.until {
            let serial = self.serials.fetch_add(1, Ordering::Relaxed);
            let way = WAYS[random.usize(..WAYS.len())];
            let request = request(way, serial, &mut random);
            let told = if random.u8(..100) < WHOLE {
                self.whole(way, serial, request).await
            } else {
                let let_go = random.u8(..100) < LET_GO;
                let after = let_go.then(|| random.usize(1..=MOST_PIECES));
                self.stream(way, serial, request, after).await
            };
            self.note(&told)?;
        }
        Ok(())
    }

    async fn whole(&self, way: Way, serial: u64, request: Request) -> Told {
        match self.provider(way).chat(request).await {
            Ok(response) => self.answered(serial, response),
            Err(_) => Told { serial, end: End::Failed, decision: None, bill: None },
        }
    }

    async fn stream(
        &self,
        way: Way,
        serial: u64,
        request: Request,
        let_go_after: Option<usize>,
    ) -> Told {
        let Ok(mut stream) = self.provider(way).stream(request).await else {
            return Told { serial, end: End::Failed, decision: None, bill: None };
        };
        let decision = Some(stream.decision_id().to_owned());
        let mut pieces = 0;
        while let Some(piece) = stream.next().await {
            if piece.is_err() {
                return Told { serial, end: End::Broken, decision, bill: None };
            }
            pieces += 1;
            if Some(pieces) == let_go_after {
                return Told { serial, end: End::LetGo, decision, bill: None };
            }
        }
        match stream.response().await {
            Ok(response) => self.answered(serial, response),
            Err(_) => Told { serial, end: End::Broken, decision, bill: None },
        }
    }

    fn provider(&self, way: Way) -> &Provider {
        match way {
            Way::Chat | Way::Responses => &self.openai,
            Way::Anthropic => &self.anthropic,
            Way::Gemini => &self.google,
        }
    }

    fn answered(&self, serial: u64, response: Response) -> Told {
        let of_ledger = response.warnings.iter().filter(|warning| warning.contains("ledger"));
        let of_ledger = of_ledger.count() as u64;
        if of_ledger > 0 {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).warnings += of_ledger;
        }
        let Response { model, usage, cost, decision_id, .. } = response;
        let bill = Some(Bill { model, usage, cost });
        Told { serial, end: End::Answered, decision: Some(decision_id), bill }
    }

    fn note(&self, told: &Told) -> io::Result<()> {
        let mut book = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *book.ends.entry(told.end).or_default() += 1;
        serde_json::to_writer(&mut book.file, told)?;
        book.file.write_all(b"\n")
    }

    /// How many requests came to each end so far.
    pub(crate) fn ends(&self) -> BTreeMap<End, u64> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).ends.clone()
    }

    /// How many answers came with a warning of the ledger's.
    pub(crate) fn warnings(&self) -> u64 {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).warnings
    }

    /// Everything that callers were told.
    pub(crate) fn told(&self, record: &Path) -> Result<Vec<Told>, Box<dyn Error>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).file.flush()?;
        let lines = BufReader::new(File::open(record)?).lines();
        lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }
}

fn request(way: Way, serial: u64, random: &mut Rng) -> Request {
    const ASKED: [&str; 4] = [
        "Say in a few words what the sea is.",
        "Translate 'good morning' into Italian.",
        "Prove that the square root of 2 is irrational.",
        "Design an index for a billion rows and weigh its costs.",
    ];
    let words = vec!["water"; random.usize(15..45)].join(" ");
    let asked = ASKED[random.usize(..ASKED.len())];
    let request = Request::from(format!("{asked} ({MARK}{serial}) [[reply: {words}]]"));
    match way {
        // With a tool and some thinking, newer models are called there alone.
        Way::Responses => {
            let tool = Function { name: "look_up".to_owned(), ..Function::default() };
            Request { thinking: Thinking::with_effort(Effort::Low), ..request.tools([tool]) }
        }
        _ => request,
    }
}
