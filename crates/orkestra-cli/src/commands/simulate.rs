//! `orkestra simulate`: the providers' APIs on this machine.

use std::time::Duration;

use orkestra::ErrorKind;
use orkestra_simulator::{FAULTS, Fault, FaultKind, Simulator};
use serde_json::{Map, Value, json};
use tokio::signal;

use crate::{
    args::Simulate,
    failure::Failure,
    output::Output,
    settings::{Settings, base_url_variable},
};

/// The providers whose APIs are served.
pub(super) const SERVED: [&str; 3] = ["google", "anthropic", "openai"];

/// What follows the options in `simulate --help`.
pub(crate) fn after_help() -> String {
    let mut text = String::from("Faults, for --fault:\n");
    for fault in FAULTS {
        let value =
            if fault.value.is_empty() { String::new() } else { format!("={}", fault.value) };
        text.push_str(&format!(
            "  {:<18} {}\n",
            format!("{}{value}", fault.name),
            fault.description
        ));
    }
    text.push_str(
        "\nExamples:\n  orkestra simulate --listen 127.0.0.1:0\n  orkestra simulate --latency 300 --tokens-per-second 80\n  \
         orkestra simulate --fault 429=2:3 --fault cut\n\nA prompt may ask for a fault itself: [[fault: 529]].",
    );
    text
}

/// Serves until Ctrl-C or the signal to terminate.
pub(super) async fn run(
    asked: &Simulate,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let faults = asked.fault.iter().map(|text| fault(text)).collect::<Result<Vec<_>, _>>()?;
    let mut builder = Simulator::builder()
        .latency(Duration::from_millis(asked.latency))
        .faults(faults)
        .allow_beyond_loopback(asked.allow_remote);
    if let Some(speed) = asked.tokens_per_second {
        builder = builder.tokens_per_second(speed);
    }
    if let Some(date) = settings.named_date() {
        builder = builder.today(&date.to_string());
    }
    let stop = stop_signal()?;
    let simulator = builder.start(asked.listen).await.map_err(|cause| {
        Failure::new(
            ErrorKind::Config,
            format!("the simulator cannot listen on {}: {cause}", asked.listen),
            "choose another address with --listen; port 0 picks a free one",
        )
    })?;
    introduce(&simulator, output)?;
    stop.await;
    simulator.stop().await;
    output.note("stopped");
    Ok(())
}

fn introduce(simulator: &Simulator, output: &Output) -> Result<(), Failure> {
    let address = format!("http://{}", simulator.address());
    if output.is_json() {
        let urls = orkestra_simulator::PROVIDERS
            .map(|provider| (provider.to_owned(), simulator.base_url(provider).into()));
        let urls: Map<String, Value> = urls.into_iter().collect();
        return output
            .json_line(&json!({"listening": address, "base_urls": urls, "simulated": true}));
    }
    output.piece(&format!("listening on {address}\n"))?;
    output.line("\nEvery answer is simulated: no model is called, no money is spent.")?;
    output.line("Point the command at it (no key is needed):\n")?;
    for provider in SERVED {
        let url = simulator.base_url(provider);
        output.line(format!("  export {}={url}", base_url_variable(provider)))?;
    }
    let others: Vec<&str> =
        orkestra_simulator::PROVIDERS.into_iter().filter(|name| !SERVED.contains(name)).collect();
    output.line(format!(
        "\nCompatible servers, with their peculiarities: {}\n  at {}",
        others.join(", "),
        simulator.base_url(others[0]).replace(others[0], "NAME")
    ))?;
    output.line("\nOr any other client, by its base URL and any key. Ctrl-C stops it.")
}

/// Reads `NAME[=VALUE][:COUNT]`.
fn fault(text: &str) -> Result<Fault, Failure> {
    let wrong = |message: String| {
        Failure::Usage(message, Some("`orkestra simulate --help` lists the faults".to_owned()))
    };
    let (name, times) = match text.rsplit_once(':') {
        None => (text, 1),
        Some((name, "always")) => (name, u32::MAX),
        Some((name, count)) => match count.parse() {
            Ok(count @ 1..) => (name, count),
            _ => {
                return Err(wrong(format!(
                    "--fault {text:?}: the count is {count:?}; it must be at least 1, or always"
                )));
            }
        },
    };
    let kind: FaultKind =
        name.parse().map_err(|cause| wrong(format!("--fault {text:?}: {cause}")))?;
    Ok(Fault::new(kind).times(times))
}

/// Completes when the process shall end. Listens from the call on, not from the first poll.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = signal::unix::signal(signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Starts a simulator for this process alone.
pub(super) async fn in_process(builder: orkestra_simulator::Builder) -> Result<Simulator, Failure> {
    builder.start(([127, 0, 0, 1], 0).into()).await.map_err(|cause| {
        let hint = "a free port of 127.0.0.1 is needed";
        Failure::new(
            ErrorKind::Unavailable,
            format!("the simulator could not start: {cause}"),
            hint,
        )
    })
}
