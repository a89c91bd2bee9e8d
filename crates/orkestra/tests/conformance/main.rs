//! The conformance table: every API of a caller × every API that is called × what is said, whole and in streams.
//!
//! The golden files in `tests/dialect/` hold each request and answer in each API's own words. Here one API's file is
//! read, written in the other API, and compared with that API's file. `tests/dialect/lossy.toml` lists where they
//! differ and which warning says so; what is not listed must be equal.

#![cfg(test)]

mod differences;
mod goldens;
mod replies;
mod requests;
mod spelling;
mod streamed;
