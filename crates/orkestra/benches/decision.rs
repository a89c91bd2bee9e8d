//! How long a decision takes: `cargo bench -p orkestra --bench decision`.

#![expect(clippy::expect_used, reason = "a failure here is the report")]

use divan::{Bencher, black_box, counter::ItemsCount};
use orkestra::{
    MultiProvider, Provider, Settings, chat::Request, features::Features, routing, strategy::Plan,
};

fn main() {
    divan::main();
}

/// A text of about `tokens` tokens: plain sentences, some code, some numbers.
fn prompt(tokens: usize) -> String {
    const PIECES: [&str; 6] = [
        "Our warehouse ships parcels to eleven countries and the returns keep piling up.",
        "Write a short report for the board that explains what we should change first.",
        "let total = orders.iter().filter(|order| order.late).count();",
        "In March there were 1,204 returns, in April 987, and in May 1,411.",
        "Consider customs forms, packaging, carrier delays and wrong addresses.",
        "Which two measures would lower the costs most, and how sure are you?",
    ];
    PIECES.iter().cycle().take(tokens.div_ceil(15).max(1)).copied().collect::<Vec<_>>().join(" ")
}

fn provider(name: &str) -> Provider {
    let settings = Settings::new().expect("the embedded router is whole");
    Provider::builder(name).settings(settings).build().expect("the provider is in the catalogue")
}

/// From the request to the plan, through one provider.
#[divan::bench(args = [20, 100, 4000])]
fn one_decision(bencher: Bencher<'_, '_>, tokens: usize) {
    let (openai, request) = (provider("openai"), Request::from(prompt(tokens)));
    bencher.bench_local(|| openai.route(black_box(&request).clone()));
}

/// From the request to the plan, through three providers.
#[divan::bench(args = [100])]
fn one_decision_of_three_providers(bencher: Bencher<'_, '_>, tokens: usize) {
    let all = ["google", "anthropic", "openai"].map(provider);
    let all = MultiProvider::new(&all).expect("the pool is sound");
    let request = Request::from(prompt(tokens));
    bencher.bench_local(|| all.route(black_box(&request).clone()));
}

/// Without planning.
#[divan::bench(args = [20, 100, 4000])]
fn one_forecast(bencher: Bencher<'_, '_>, tokens: usize) {
    let trained = routing::embedded().expect("the embedded router is whole");
    let (embedder, router) = (trained.embedder(), trained.router());
    let request = Request::from(prompt(tokens));
    bencher.bench_local(|| {
        let features = Features::of(black_box(&request), &*embedder);
        router.forecast(&features, "openai")
    });
}

#[divan::bench(args = [100, 4000])]
fn features_alone(bencher: Bencher<'_, '_>, tokens: usize) {
    let embedder = routing::embedded().expect("the embedded router is whole").embedder();
    let request = Request::from(prompt(tokens));
    bencher.bench_local(|| Features::of(black_box(&request), &*embedder));
}

/// Different prompts of about 40 tokens on two threads.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn batch_of_ten_thousand(bencher: Bencher<'_, '_>) {
    let openai = provider("openai");
    let requests: Vec<Request> =
        (0..10_000).map(|i| Request::from(format!("{i}: {}", &prompt(45)[i % 40..]))).collect();
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        std::thread::scope(|scope| {
            for part in requests.chunks(requests.len() / 2) {
                let openai = openai.clone();
                scope.spawn(move || {
                    let plan =
                        |request: &Request| -> Option<Plan> { openai.route(request.clone()).ok() };
                    part.iter().for_each(|request| drop(black_box(plan(request))));
                });
            }
        });
    });
}

#[divan::bench]
fn load_the_embedded_router() -> routing::Trained {
    routing::embedded().expect("the embedded router is whole")
}
