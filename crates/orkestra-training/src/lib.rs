//! Learns Orkestra's routers from per-prompt outcomes, and measures them.
//!
//! Rows (`rows`) become questions (`questions`); `learn` makes a router's tables of them, `fit` calibrates it on
//! questions that were left out; `evaluate` has it judge questions it never saw, and `measure` says what its
//! forecasts are worth. Nothing here is needed to route.

mod arithmetic;
mod dial;
pub mod evaluate;
mod extend;
mod fit;
pub mod heads;
mod learn;
pub mod measure;
mod progress;
pub mod prompts;
pub mod questions;
mod random;
pub mod remember;
pub mod rows;
pub mod seed;
mod vote;

pub use extend::extend;
pub use fit::{CALIBRATION_FOLDS, fit};
pub use learn::{LearnSettings, network::NetworkSettings, ridge::RidgeSettings};
pub use progress::{Progress, Silent};
pub use vote::vote_router;
