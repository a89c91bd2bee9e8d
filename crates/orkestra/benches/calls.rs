//! What our client adds to a call, beside a bare `reqwest` call of the same server, and how fast requests are read:
//! `cargo bench -p orkestra --bench calls`. Medians of one run, the two sides taking turns.

#![expect(clippy::expect_used, reason = "a failure here is the report")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::{Duration, Instant};

use futures::StreamExt;
use orkestra::{
    Provider, Settings,
    chat::{DialectName, Request},
    dialect::{self, Call},
};
use orkestra_simulator::Simulator;
use serde_json::json;

/// Calls of each side.
const CALLS: usize = 3_000;
/// Streams of each side.
const STREAMS: usize = 300;
/// Words of a streamed answer; each comes as a piece of its own.
const WORDS: usize = 400;
/// The body that is parsed, in bytes.
const BODY: usize = 1_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(measure());
    parse();
}

async fn measure() {
    let simulator = Simulator::start_on_loopback().await.expect("loopback can be listened on");
    let settings = Settings::new().expect("the embedded router is whole");
    let builder = Provider::builder("openai").key("key").base_url(simulator.base_url("openai"));
    let ours = builder.settings(settings).build().expect("the provider is in the catalogue");
    let bare = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let url = format!("{}/chat/completions", simulator.base_url("openai"));

    let prompt = "[[reply: Yes.]] Is the sea salty?";
    let body = |text: &str, stream: bool| {
        let messages = json!([{"role": "user", "content": text}]);
        json!({"model": "gpt-4o-mini", "messages": messages, "max_completion_tokens": 8192, "temperature": 1.0,
            "stream": stream, "stream_options": if stream { json!({"include_usage": true}) } else { json!(null) }})
    };
    let plain = {
        let mut body = body(prompt, false);
        body.as_object_mut().map(|fields| fields.shift_remove("stream_options"));
        body.to_string()
    };
    let pinned = Request::from(prompt).model("gpt-4o-mini");
    let (mut bare_times, mut pinned_times, mut routed_times) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..CALLS + 100 {
        let started = Instant::now();
        let answer = bare
            .post(&url)
            .bearer_auth("key")
            .header("content-type", "application/json")
            .body(plain.clone());
        let answer = answer.send().await.expect("the simulator answers");
        let _ = answer.bytes().await.expect("the answer is whole");
        let bare_time = started.elapsed();
        let started = Instant::now();
        ours.chat(pinned.clone()).await.expect("the simulator answers");
        let pinned_time = started.elapsed();
        let started = Instant::now();
        ours.chat(prompt).await.expect("the simulator answers");
        // The first calls open connections and warm caches.
        if round >= 100 {
            bare_times.push(bare_time);
            pinned_times.push(pinned_time);
            routed_times.push(started.elapsed());
        }
    }
    let bare_median = median(&mut bare_times);
    println!("{CALLS} whole calls, medians");
    println!("  bare reqwest              {:>8.1} us", micros(bare_median));
    for (name, times) in
        [("ours, model named", &mut pinned_times), ("ours, routed", &mut routed_times)]
    {
        let ours = median(times);
        println!(
            "  {name:<25} {:>8.1} us, {:+.1} us",
            micros(ours),
            micros(ours) - micros(bare_median)
        );
    }

    let long = format!("[[reply: {}]] Recite.", vec!["word"; WORDS].join(" "));
    let streamed = body(&long, true).to_string();
    let request = Request::from(long.as_str()).model("gpt-4o-mini");
    let (mut bare_times, mut our_times, mut pieces) = (Vec::new(), Vec::new(), 0);
    for _ in 0..STREAMS {
        let started = Instant::now();
        let answer = bare
            .post(&url)
            .bearer_auth("key")
            .header("content-type", "application/json")
            .body(streamed.clone());
        let mut bytes = answer.send().await.expect("the simulator answers").bytes_stream();
        while let Some(piece) = bytes.next().await {
            piece.expect("the answer is whole");
        }
        bare_times.push(started.elapsed());
        let started = Instant::now();
        let mut stream = ours.stream(request.clone()).await.expect("the simulator answers");
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
        (ours - bare) / pieces as f64
    );
    simulator.stop().await;
}

fn parse() {
    println!("reading a request of {} KB", BODY / 1000);
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(BODY / 4 / 45);
    let turns = |role: &str| json!({"role": role, "content": text});
    let messages = json!([turns("user"), turns("assistant"), turns("user"), turns("user")]);
    let contents: Vec<_> = ["user", "model", "user", "user"]
        .map(|role| json!({"role": role, "parts": [{"text": text}]}))
        .to_vec();
    let bodies = [
        (DialectName::Openai, json!({"model": "auto", "messages": messages})),
        (DialectName::Responses, json!({"model": "auto", "input": messages})),
        (DialectName::Anthropic, json!({"model": "auto", "max_tokens": 10, "messages": messages})),
        (DialectName::Gemini, json!({"contents": contents})),
    ];
    for (name, body) in bodies {
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
                let asked =
                    dialect::named(name).read_request(&call).expect("the body is a request");
                let taken = started.elapsed();
                drop(asked);
                taken
            })
            .collect();
        let rate = body.len() as f64 / median(&mut times).as_secs_f64() / 1e6;
        println!("  {:<10} {rate:>7.0} MB/s", name.name());
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
