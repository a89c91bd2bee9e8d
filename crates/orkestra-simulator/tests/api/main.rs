//! The simulator on a socket, as any HTTP client sees it.

mod anthropic;
mod client;
mod control;
mod faults;
mod google;
mod openai;
