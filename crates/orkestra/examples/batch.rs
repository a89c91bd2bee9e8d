//! Decides each line of a file on all processors, and says how fast: no key, no network.
//! Run with: `cargo run --release -p orkestra --example batch -- prompts.txt`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{collections::BTreeMap, env, fs, num::NonZero, thread, time::Instant};

use orkestra::{Provider, Result, Settings, chat::Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = env::args().nth(1).ok_or("name a file with one prompt a line")?;
    let text = fs::read_to_string(file)?;
    let requests: Vec<Request> = text.lines().map(Request::from).collect();
    let openai = Provider::builder("openai").settings(Settings::new()?).build()?;

    // One by one, after some to warm up.
    let mut times = Vec::new();
    for request in requests.iter().cycle().take(3_000) {
        let request = request.clone();
        let started = Instant::now();
        openai.route(request)?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();

    let started = Instant::now();
    let models = decide(&openai, &requests)?;
    let rate = requests.len() as f64 / started.elapsed().as_secs_f64();
    println!("one decision: {:.1} us", median.as_secs_f64() * 1e6);
    println!("all of them: {rate:.0} /s");
    for (model, count) in models {
        println!("{count:>8} {model}");
    }
    Ok(())
}

/// How often each model was chosen.
fn decide(openai: &Provider, requests: &[Request]) -> Result<BTreeMap<String, usize>> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = requests.len().div_ceil(processors).max(1);
    let decide = |part: &[Request]| -> Result<Vec<String>> {
        let models = part.iter().map(|request| {
            let plan = openai.route(request.clone())?;
            Ok(plan.choice().model.to_string())
        });
        models.collect()
    };
    let parts: Vec<Result<Vec<String>>> = thread::scope(|scope| {
        let part = |part| scope.spawn(move || decide(part));
        let threads: Vec<_> = requests.chunks(share).map(part).collect();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)));
        joined.collect()
    });
    let mut models = BTreeMap::new();
    for part in parts {
        for model in part? {
            *models.entry(model).or_default() += 1;
        }
    }
    Ok(models)
}
