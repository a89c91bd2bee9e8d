//! JSON Schemas in requests: what in them is refused, and values that fit them.

mod check;
mod sample;

pub(crate) use check::{Step, Visit, walk};
pub(crate) use sample::sample;
