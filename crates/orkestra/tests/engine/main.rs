//! The engine through its public API, over real sockets, against the simulator.

#![cfg(test)]

mod accounting;
mod answers;
mod bad_input;
mod broken_providers;
mod expectations;
mod fallback;
mod plans;
mod secrets;
mod streams;
mod support;
mod wire;
