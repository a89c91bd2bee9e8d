//! Sends every prompt to the cheapest model that can handle it, calls it, and shows what that cost and what it saved.
//!
//! ```no_run
//! # async fn example() -> orkestra::Result<()> {
//! use orkestra::Provider;
//! let google = Provider::new("google", "your key")?;
//! let response = google.chat("What makes the sea salty?").await?;
//! println!("{}", response.text);
//! println!("{} cost {}, saved {} against {}", response.model, response.cost, response.savings, response.base_model);
//! # Ok(()) }
//! ```
//!
//! A request walks one line, and the modules stand in its order:
//!
//! [`chat::Request`] → [`features::Features`] → [`routing::Forecast`] → [`strategy::Plan`] →
//! [`engine::Attempt`] → [`Response`] → [`ledger::Entry`]
//!
//! What the router believes (`Forecast`) and what is decided (`Plan`) are apart: one router serves every
//! strategy, price list and pool. Deciding needs no network and no key:
//!
//! ```
//! # fn main() -> orkestra::Result<()> {
//! # let settings = orkestra::Settings::new()?;
//! let openai = orkestra::Provider::builder("openai").settings(settings).build()?;
//! let plan = openai.route("Prove that there are infinitely many primes.")?;
//! println!("{}: {}", plan.choice().model, plan.reason);
//! # Ok(()) }
//! ```

// Nouns: depend on nothing.
pub mod chat;
pub mod error;
mod model_id;
pub mod money;
mod output_ratios;
mod tier;

// Pure stages: no async, no I/O, no clock.
pub mod catalogue;
pub mod dialect;
pub mod features;
pub mod routing;
pub mod strategy;

// The rim: networks and disks, behind traits.
pub mod ledger;
pub mod provider;

// The conductor, and the nouns users hold.
pub mod client;
pub mod engine;

pub use client::{MultiProvider, Provider, ProviderBuilder};
pub use engine::{Engine, Response, ResponseStream, Settings};
pub use error::{Error, ErrorKind, Result};
pub use money::Usd;
