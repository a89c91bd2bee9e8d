//! How long decisions take at the median and at the slow end, and how many all cores make in a second:
//! `cargo bench -p orkestra --bench percentiles`.

#![expect(clippy::expect_used, reason = "a failure here is the report")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod prompts;

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use orkestra::{Provider, Settings, chat::Request};
use prompts::prompt;

/// Decisions that are timed one by one.
const DECISIONS: usize = 20_000;
/// Tokens of each of them.
const TOKENS: usize = 100;
/// Decisions of the batch.
const BATCH: usize = 100_000;
/// Different prompts, which repeat.
const PROMPTS: usize = 1_000;

fn main() {
    let settings = Settings::new().expect("the embedded router is whole");
    let openai = Provider::builder("openai").settings(settings).build();
    let openai = openai.expect("the provider is in the catalogue");

    let requests: Vec<Request> =
        (0..PROMPTS).map(|number| Request::from(prompt(number, TOKENS))).collect();
    for request in &requests {
        openai.route(request.clone()).expect("a plain prompt can be decided");
    }
    let mut times = one_by_one(&openai, &requests);
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!("{DECISIONS} decisions of about {TOKENS} tokens, one thread");
    println!("  p50 {:>7.1} us   p90 {:>7.1} us   p99 {:>7.1} us", at(0.5), at(0.9), at(0.99));

    // Short to medium: about 15 to 90 tokens.
    let requests: Vec<Request> =
        (0..PROMPTS).map(|number| Request::from(prompt(number, 15 * (1 + number % 6)))).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let taken = batch(&openai, &requests, threads);
    println!("{BATCH} decisions of about 15 to 90 tokens, {threads} threads");
    println!("  {:.0} a second", BATCH as f64 / taken.as_secs_f64());
}

fn one_by_one(provider: &Provider, requests: &[Request]) -> Vec<Duration> {
    let each = requests.iter().cycle().take(DECISIONS).map(|request| {
        let request = request.clone();
        let started = Instant::now();
        let plan = provider.route(black_box(request));
        let taken = started.elapsed();
        drop(black_box(plan));
        taken
    });
    each.collect()
}

fn batch(provider: &Provider, requests: &[Request], threads: usize) -> Duration {
    let started = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                // Every thread takes each prompt that comes to it when they are dealt in turn.
                let dealt = requests.iter().cycle().take(BATCH).skip(thread).step_by(threads);
                dealt.for_each(|request| drop(black_box(provider.route(request.clone()))));
            });
        }
    });
    started.elapsed()
}
