//! Our encoders against the Python originals, by numbers that `tests/make_fixtures.py` kept.

#![cfg(test)]

mod damage;
mod folders;
mod parity;
mod support;
mod tokens;
