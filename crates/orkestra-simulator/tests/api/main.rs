//! The simulator on a socket, as any HTTP client sees it.

// `cfg(test)` tells clippy that these modules may unwrap.
#[cfg(test)]
mod anthropic;
#[cfg(test)]
mod client;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod google;
#[cfg(test)]
mod openai;
