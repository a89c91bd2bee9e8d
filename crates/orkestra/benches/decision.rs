//! How long a decision takes: `cargo bench -p orkestra --bench decision`.

#![expect(clippy::expect_used, reason = "a failure here is the report")]

mod prompts;

use divan::{Bencher, black_box, counter::ItemsCount};
use orkestra::{
    MultiProvider, Provider, Settings, chat::Request, features::Features, routing, strategy::Plan,
};
use prompts::prompt;

fn main() {
    divan::main();
}

fn provider(name: &str) -> Provider {
    let settings = Settings::new().expect("the embedded router is whole");
    Provider::builder(name).settings(settings).build().expect("the provider is in the catalogue")
}

/// From the request to the plan, through one provider.
#[divan::bench(args = [20, 100, 4000])]
fn one_decision(bencher: Bencher<'_, '_>, tokens: usize) {
    let (openai, request) = (provider("openai"), Request::from(prompt(0, tokens)));
    bencher.bench_local(|| openai.route(black_box(&request).clone()));
}

/// From the request to the plan, through three providers.
#[divan::bench(args = [100])]
fn one_decision_of_three_providers(bencher: Bencher<'_, '_>, tokens: usize) {
    let all = ["google", "anthropic", "openai"].map(provider);
    let all = MultiProvider::new(&all).expect("the pool is sound");
    let request = Request::from(prompt(0, tokens));
    bencher.bench_local(|| all.route(black_box(&request).clone()));
}

/// Without planning.
#[divan::bench(args = [20, 100, 4000])]
fn one_forecast(bencher: Bencher<'_, '_>, tokens: usize) {
    let trained = routing::embedded().expect("the embedded router is whole");
    let (embedder, router) = (trained.embedder(), trained.router());
    let request = Request::from(prompt(0, tokens));
    bencher.bench_local(|| {
        let features = Features::of(black_box(&request), &*embedder).expect("it embeds any text");
        router.forecast(&features, "openai")
    });
}

#[divan::bench(args = [100, 4000])]
fn features_alone(bencher: Bencher<'_, '_>, tokens: usize) {
    let embedder = routing::embedded().expect("the embedded router is whole").embedder();
    let request = Request::from(prompt(0, tokens));
    bencher.bench_local(|| Features::of(black_box(&request), &*embedder));
}

/// Different prompts of about 40 tokens on two threads.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn batch_of_ten_thousand(bencher: Bencher<'_, '_>) {
    let openai = provider("openai");
    let requests: Vec<Request> =
        (0..10_000).map(|number| Request::from(prompt(number, 45))).collect();
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
