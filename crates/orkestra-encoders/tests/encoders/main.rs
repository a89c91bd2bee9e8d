//! Our encoders against the Python originals, by numbers that `tests/make_fixtures.py` kept.

mod damage;
mod folders;
mod parity;
mod support;
mod tokens;
