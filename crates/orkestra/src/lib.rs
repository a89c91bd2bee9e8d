//! Sends every prompt to the cheapest model that can handle it, and shows what that cost and what it saved.

pub mod catalogue;
pub mod chat;
pub mod error;
pub mod features;
pub mod ledger;
pub mod money;
pub mod routing;

pub use error::{Error, ErrorKind, Result};
