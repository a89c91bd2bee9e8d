//! Asks one provider, then several, and shows what that cost and saved.
//!
//! Runs without a key against the simulator: `cargo run -p orkestra --example quick_start`

use orkestra::{MultiProvider, Provider, Settings, strategy::Smartest};
use orkestra_simulator::Simulator;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let simulator = Simulator::start_on_loopback().await?;
    // With real keys this is `Provider::new("google", &key)?`.
    let provider = |name: &str| {
        let builder = Provider::builder(name).key("simulated").base_url(simulator.base_url(name));
        builder.settings(Settings::new()?).build()
    };

    let google = provider("google")?;
    let response = google.chat("What is the boiling point of water at sea level?").await?;
    println!("{}", response.text);
    println!(
        "{}: {}, saved {} ({} %)",
        response.model, response.cost, response.savings, response.savings_percent
    );

    let all = MultiProvider::new(&[google, provider("anthropic")?, provider("openai")?])?;
    let plan = all.route("Draft a two-line birthday wish")?;
    println!("\nwould ask {}: {}", plan.choice().model, plan.reason);
    let response = all.chat_by(&Smartest, "Draft a two-line birthday wish").await?;
    println!("the smartest is {}, for {}", response.model, response.cost);
    Ok(())
}
