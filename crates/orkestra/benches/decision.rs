//! How long a belief takes: `cargo bench -p orkestra --bench decision`. Planning is not in it.

#![expect(clippy::expect_used, reason = "a failure here is the report")]

use divan::{Bencher, black_box, counter::ItemsCount};
use orkestra::{chat::Request, features::Features, routing};

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

#[divan::bench(args = [20, 100, 4000])]
fn one_decision(bencher: Bencher<'_, '_>, tokens: usize) {
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

#[divan::bench(args = ["google", "anthropic", "general"])]
fn one_decision_by_head(bencher: Bencher<'_, '_>, head: &str) {
    let trained = routing::embedded().expect("the embedded router is whole");
    let (embedder, router) = (trained.embedder(), trained.router());
    let request = Request::from(prompt(100));
    bencher.bench_local(|| router.forecast(&Features::of(&request, &*embedder), head));
}

/// Different prompts of about 40 tokens on two threads.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn batch_of_ten_thousand(bencher: Bencher<'_, '_>) {
    let trained = routing::embedded().expect("the embedded router is whole");
    let requests: Vec<Request> =
        (0..10_000).map(|i| Request::from(format!("{i}: {}", &prompt(45)[i % 40..]))).collect();
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        std::thread::scope(|scope| {
            for part in requests.chunks(requests.len() / 2) {
                let (embedder, router) = (trained.embedder(), trained.router());
                scope.spawn(move || {
                    for request in part {
                        black_box(
                            router.forecast(&Features::of(request, &*embedder), "openai").ok(),
                        );
                    }
                });
            }
        });
    });
}

#[divan::bench]
fn load_the_embedded_router() -> routing::Trained {
    routing::embedded().expect("the embedded router is whole")
}
