//! Prints an answer while it arrives, then its bill.
//!
//! Runs without a key against the simulator: `cargo run -p orkestra --example stream`

use orkestra::{Provider, Settings};
use orkestra_simulator::Simulator;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulator =
        Simulator::builder().tokens_per_second(200.0).start(([127, 0, 0, 1], 0).into()).await?;
    let builder =
        Provider::builder("anthropic").key("simulated").base_url(simulator.base_url("anthropic"));
    let anthropic = builder.settings(Settings::new()?).build()?;

    let mut stream =
        anthropic.stream("Describe a thunderstorm to someone who never saw one").await?;
    while let Some(piece) = stream.next_text().await {
        print!("{}", piece?);
    }
    let response = stream.response().await?;
    println!("\n\n{}: {} for {} tokens", response.model, response.cost, response.output_tokens);
    Ok(())
}
