//! The providers' HTTP APIs on loopback: OpenAI (Chat Completions and Responses), Anthropic Messages and Gemini, with
//! usage, streaming, each model's parameter rules, the vendors' own error bodies, and faults on demand.
//!
//! No model is called and no answer means anything: every answer starts with `[simulated]`, every response carries the
//! header `x-orkestra-simulated: true`. The same request always gets the same answer and ids.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use orkestra_simulator::{Fault, FaultKind, Simulator};
//!
//! let simulator = Simulator::start_on_loopback().await?;
//! simulator.push_fault(Fault::new(FaultKind::Overloaded).for_provider("anthropic"));
//! let base_url = simulator.base_url("anthropic");
//! // ... point any client at `base_url`, with any key ...
//! assert!(simulator.requests().is_empty());
//! simulator.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows nothing of the engine that it is used to test: its reading of the vendors' APIs is its own.

mod answer;
mod anthropic;
mod cache;
mod compatible;
mod control;
mod delivery;
mod encoding;
mod exchange;
mod faults;
mod fields;
mod google;
mod line;
mod media;
mod openai;
mod page;
mod record;
mod rules;
mod schema;
mod seal;
mod simulator;
mod tokens;
mod usage;
mod vendor;
mod waiting;
mod wishes;

pub use faults::{FAULTS, Fault, FaultDescription, FaultKind, UnknownFault};
pub use record::{Answered, End, Recorded};
pub use simulator::{Builder, Simulator};
pub use usage::{Total, Usage};

/// Every provider that is simulated: the three vendors by their own APIs, the others by OpenAI's, each with its habits.
pub const PROVIDERS: [&str; 11] = [
    "openai",
    "anthropic",
    "google",
    "groq",
    "deepseek",
    "mistral",
    "xai",
    "openrouter",
    "together",
    "ollama",
    "vllm",
];
