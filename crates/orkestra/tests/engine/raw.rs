//! A server that says any bytes, for what no well-made server does.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use orkestra::{
    Provider, Settings,
    catalogue::Catalogue,
    engine::Resilience,
    ledger::{Memory, Recorder},
    provider::Timeouts,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::{KEY, TODAY, WAIT, at_once, easy, on};

/// What a connection is given once its request is read.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// These bytes, after which the connection is closed.
    Bytes(String),
    /// These bytes, and then nothing for ever.
    Silence(String),
    /// The first bytes, then the second again and again at this distance.
    Drip(String, &'static str, Duration),
}

pub(crate) struct Raw {
    address: std::net::SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    /// How many connections the other side has closed while we were silent.
    hung_up: tokio::sync::watch::Receiver<usize>,
    _serving: JoinSet<()>,
}

impl Raw {
    /// The connections are given what `says` has for their number, from 0.
    pub(crate) async fn start(says: impl Fn(usize) -> Says + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (hangs_up, hung_up) = tokio::sync::watch::channel(0);
        let mut serving = JoinSet::new();
        let kept = Arc::clone(&heard);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (says, kept, hangs_up) = (says(number), Arc::clone(&kept), hangs_up.clone());
                connections.spawn(async move {
                    if serve(stream, says, &kept).await {
                        hangs_up.send_modify(|count| *count += 1);
                    }
                });
            }
        });
        Self { address, heard, hung_up, _serving: serving }
    }

    /// The requests so far, with their headers.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until `count` connections were closed by the other side.
    pub(crate) async fn hung_up(&self, count: usize) {
        let mut hung_up = self.hung_up.clone();
        let waiting = hung_up.wait_for(|closed| *closed >= count);
        tokio::time::timeout(WAIT, waiting).await.expect("the connection stays open").unwrap();
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// A provider that calls it as OpenAI.
    pub(crate) fn provider(&self, timeouts: Timeouts, settings: Settings) -> Provider {
        let builder = Provider::builder("openai").key(KEY).base_url(self.url("http"));
        builder.timeouts(timeouts).settings(settings).build().unwrap()
    }
}

/// Whether the other side closed the connection while this one was silent.
async fn serve(mut stream: TcpStream, says: Says, heard: &Mutex<Vec<String>>) -> bool {
    let Some(request) = read(&mut stream).await else { return true };
    heard.lock().unwrap().push(request);
    let (first, drip) = match says {
        Says::Bytes(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            return false;
        }
        Says::Silence(bytes) => (bytes, None),
        Says::Drip(bytes, drop, pause) => (bytes, Some((drop, pause))),
    };
    let mut gone = stream.write_all(first.as_bytes()).await.is_err();
    while let Some((drop, pause)) = drip
        && !gone
    {
        tokio::time::sleep(pause).await;
        gone = stream.write_all(drop.as_bytes()).await.is_err();
    }
    gone || matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_))
}

/// One whole request.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split_once("content-length: ").map_or(0, |(_, rest)| {
            rest.lines().next().unwrap_or_default().trim().parse::<usize>().unwrap_or(0)
        });
        if body.len() >= length {
            return Some(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// An answer with a status, headers and a body.
pub(crate) fn response(status: u16, headers: &str, body: &str) -> Says {
    let length = body.len();
    Says::Bytes(format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

/// A whole answer as OpenAI gives it.
pub(crate) const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#;

pub(crate) fn answer() -> Says {
    response(200, "", ANSWER)
}

pub(crate) fn failure(status: u16, headers: &str) -> Says {
    let body =
        format!(r#"{{"error":{{"message":"no","type":"test","code":null,"status":{status}}}}}"#);
    response(status, headers, &body)
}

/// The headers of a stream, and its first piece of text.
pub(crate) const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
pub(crate) const FIRST_PIECE: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Once \"},\"finish_reason\":null}]}\n\n";

/// Settings whose plans have one model, and their ledger.
pub(crate) fn settings(resilience: Resilience) -> (Settings, Arc<Memory>) {
    let ledger = Arc::new(Memory::default());
    let gpt = Catalogue::builtin().default_model("openai", orkestra::routing::Tier::Budget, TODAY);
    let settings = Settings {
        embedder: easy(),
        router: easy(),
        recorder: Recorder::new(ledger.clone(), None).waiting_at_most(WAIT),
        default_model: Some(gpt.unwrap().model.id.as_str().to_owned()),
        clock: on(TODAY),
        resilience,
        ..Settings::new().unwrap()
    };
    (settings, ledger)
}

/// No call is made twice.
pub(crate) fn once() -> Resilience {
    let mut resilience = at_once();
    resilience.retry.max_retries = 0;
    resilience
}
