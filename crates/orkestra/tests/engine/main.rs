//! The engine through its public API, over real sockets, against the simulator.

#![cfg(test)]

mod accounting;
mod agent_loop;
mod answers;
mod around;
mod bad_input;
mod breaker;
mod broken_providers;
mod deadlines;
mod expectations;
mod fallback;
mod fault_matrix;
mod hold;
mod keys;
mod plans;
mod raw;
mod retries;
mod scripted;
mod secrets;
mod slow_embedders;
mod streams;
mod support;
mod wire;
