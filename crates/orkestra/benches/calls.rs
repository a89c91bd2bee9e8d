//! What our client adds to a call, beside a bare `reqwest` call of the same server, and how fast requests are read:
//! `cargo bench -p orkestra --bench calls`. Medians of one run, the two sides taking turns.

#![expect(clippy::expect_used, reason = "a failure here is the report")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::{
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use orkestra::{
    Provider, Settings,
    chat::{Content, DialectName, Message, Part, Request, Role, Source},
    dialect::{self, Call},
    ledger::Recorder,
};
use orkestra_simulator::Simulator;
use serde_json::{Value, json};

/// Calls of each side.
const CALLS: usize = 3_000;
/// Calls before them, which open connections and warm caches.
const WARM: usize = 100;
const MODEL: &str = "gpt-4o-mini";
/// Streams of each side.
const STREAMS: usize = 300;
/// Words of a streamed answer; each comes as a piece of its own.
const WORDS: usize = 400;
/// Calls with a picture, of each side, and the size of the picture in base64.
const PICTURES: usize = 60;
const PICTURE: usize = 3_000_000;
/// The body that is parsed, in bytes.
const BODY: usize = 1_000_000;

fn main() {
    // Server and client have a thread each, so that what is measured is the client's own work and not where the
    // scheduler put the two.
    let (address, told) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be made").block_on(async move {
            let simulator = Simulator::start_on_loopback().await.expect("loopback is there");
            address.send(simulator.base_url("openai")).expect("somebody listens");
            // An error is a stop, too.
            let _ = stopped.await;
            simulator.stop().await;
        });
    });
    let url = told.recv().expect("the simulator starts");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let sides = Sides::new(&url, &folder.path().join("ledger.db"));
        whole(&sides).await;
        streamed(&sides).await;
        with_picture(&sides).await;
    });
    drop(stop);
    serving.join().expect("the simulator ends");
    parse();
}

/// The two clients of one server.
struct Sides {
    ours: Provider,
    /// With a ledger, as the faces have it.
    keeping: Provider,
    bare: reqwest::Client,
    url: String,
}

impl Sides {
    fn new(base_url: &str, ledger: &Path) -> Self {
        let provider = |recorder| {
            let settings = Settings::new().expect("the embedded router is whole");
            let builder = Provider::builder("openai").key("key").base_url(base_url);
            let builder = builder.settings(Settings { recorder, ..settings });
            builder.build().expect("the provider is in the catalogue")
        };
        Self {
            ours: provider(Recorder::off()),
            keeping: provider(Recorder::sqlite(ledger)),
            bare: reqwest::Client::builder().no_proxy().build().expect("a client can be made"),
            url: format!("{base_url}/chat/completions"),
        }
    }

    async fn call_bare(&self, body: &Value) -> reqwest::Response {
        let call = self.bare.post(&self.url).bearer_auth("key");
        let call = call.header("content-type", "application/json").body(body.to_string());
        call.send().await.expect("the simulator answers")
    }
}

/// What our client sends for `text`.
fn body(text: &str, stream: bool) -> Value {
    let messages = json!([{"role": "user", "content": text}]);
    let mut body = json!({"model": MODEL, "messages": messages, "max_completion_tokens": 8192, "temperature": 1.0});
    if stream {
        body["stream"] = true.into();
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

async fn whole(sides: &Sides) {
    let prompt = "[[reply: Yes.]] Is the sea salty?";
    let named = Request::from(prompt).model(MODEL);
    println!("{CALLS} whole calls, medians");
    // Each against bare calls of its own: what writes the ledger in the background slows both sides down.
    for (name, provider, request) in [
        ("model named", &sides.ours, named),
        ("routed", &sides.ours, prompt.into()),
        ("routed, with a ledger", &sides.keeping, prompt.into()),
    ] {
        let (bare, ours) = turns(sides, provider, &request, &body(prompt, false)).await;
        println!("  {name:<22} bare {bare:>6.1} us, ours {ours:>6.1} us, {:+.1} us", ours - bare);
    }
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        sides.ours.route(prompt).expect("it can be decided");
        times.push(started.elapsed());
    }
    println!("  the decision alone     {:>.1} us", micros(median(&mut times)));
}

/// The medians of bare calls of `body` and of `provider`'s answers to `request`, in microseconds.
async fn turns(sides: &Sides, provider: &Provider, request: &Request, body: &Value) -> (f64, f64) {
    let (mut bare_times, mut our_times) = (Vec::new(), Vec::new());
    for round in 0..CALLS + WARM {
        let started = Instant::now();
        let answer = sides.call_bare(body).await.bytes().await.expect("the answer is whole");
        serde_json::from_slice::<Value>(&answer).expect("the answer is JSON");
        let bare = started.elapsed();
        let mine = request.clone();
        let started = Instant::now();
        provider.chat(mine).await.expect("the simulator answers");
        if round >= WARM {
            our_times.push(started.elapsed());
            bare_times.push(bare);
        }
    }
    (micros(median(&mut bare_times)), micros(median(&mut our_times)))
}

/// A call with a large picture, where each copy of the request counts.
async fn with_picture(sides: &Sides) {
    let data = "iVBORw0KGgoA".repeat(PICTURE / 12);
    let text = "[[reply: Yes.]] Is this the sea?";
    let picture = Content::Image {
        source: Source::Base64 { media_type: "image/png".to_owned(), data: data.clone() },
        detail: None,
    };
    let said = Message::of(Role::User, vec![picture.into(), Part::text(text)]);
    let request = Request::from(vec![said]).model(MODEL);
    let mut body = body(text, false);
    let url = format!("data:image/png;base64,{data}");
    body["messages"][0]["content"] = json!([
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": text}
    ]);
    let (mut bare_times, mut our_times) = (Vec::new(), Vec::new());
    for _ in 0..PICTURES {
        let started = Instant::now();
        sides.call_bare(&body).await.bytes().await.expect("the answer is whole");
        bare_times.push(started.elapsed());
        let mine = request.clone();
        let started = Instant::now();
        sides.ours.chat(mine).await.expect("the simulator answers");
        our_times.push(started.elapsed());
    }
    let (bare, ours) = (micros(median(&mut bare_times)), micros(median(&mut our_times)));
    println!("{PICTURES} calls with a picture of {} KB, medians", PICTURE / 1000);
    println!("  bare reqwest {bare:.0} us, ours {ours:.0} us, {:+.0} us", ours - bare);
}

async fn streamed(sides: &Sides) {
    let long = format!("[[reply: {}]] Recite.", vec!["word"; WORDS].join(" "));
    let body = body(&long, true);
    let request = Request::from(long.as_str()).model(MODEL);
    let (mut bare_times, mut our_times, mut pieces) = (Vec::new(), Vec::new(), 0);
    for _ in 0..STREAMS {
        let started = Instant::now();
        let mut bytes = sides.call_bare(&body).await.bytes_stream();
        while let Some(piece) = bytes.next().await {
            piece.expect("the answer is whole");
        }
        bare_times.push(started.elapsed());
        let started = Instant::now();
        let mut stream = sides.ours.stream(request.clone()).await.expect("the simulator answers");
        pieces = 0;
        while let Some(piece) = stream.next().await {
            piece.expect("the answer is whole");
            pieces += 1;
        }
        our_times.push(started.elapsed());
    }
    let (bare, ours) = (micros(median(&mut bare_times)), micros(median(&mut our_times)));
    println!("{STREAMS} streams of {pieces} pieces, medians");
    println!(
        "  bare reqwest {bare:.1} us, ours {ours:.1} us, {:+.2} us a piece",
        (ours - bare) / f64::from(pieces)
    );
}

fn parse() {
    for (what, turns) in [("four long turns", 4), ("1,000 turns", 1000)] {
        println!("reading a request of {} KB, {what}", BODY / 1000);
        for (name, body) in bodies(turns) {
            let body = body.to_string();
            let call = Call {
                path: "/v1beta/models/auto:generateContent",
                query: "",
                headers: &[],
                body: body.as_bytes(),
            };
            let mut times: Vec<Duration> = (0..200)
                .map(|_| {
                    let started = Instant::now();
                    let asked = dialect::named(name).read_request(&call);
                    let taken = started.elapsed();
                    drop(asked.expect("the body is a request"));
                    taken
                })
                .collect();
            let rate = body.len() as f64 / median(&mut times).as_secs_f64() / 1e6;
            println!("  {:<10} {rate:>7.0} MB/s", name.name());
        }
    }
}

/// The same conversation of so many turns in every dialect, with an escape in every sentence.
fn bodies(turns: usize) -> [(DialectName, Value); 4] {
    let text = "The quick \"brown\" fox jumps over the lazy dog.\n";
    let text = text.repeat(BODY / turns / (text.len() + 3));
    let role = |at: usize, other: &'static str| if at.is_multiple_of(2) { "user" } else { other };
    let message = |at| json!({"role": role(at, "assistant"), "content": text});
    let content = |at| json!({"role": role(at, "model"), "parts": [{"text": text}]});
    // An odd number, so that the user has the last word.
    let messages: Value = (0..turns | 1).map(message).collect();
    let contents: Value = (0..turns | 1).map(content).collect();
    [
        (DialectName::Openai, json!({"model": "auto", "messages": messages})),
        (DialectName::Responses, json!({"model": "auto", "input": messages})),
        (DialectName::Anthropic, json!({"model": "auto", "max_tokens": 10, "messages": messages})),
        (DialectName::Gemini, json!({"contents": contents})),
    ]
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
