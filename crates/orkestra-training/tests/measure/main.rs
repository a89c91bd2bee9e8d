//! The figures of routers, through the public interface.

#![cfg(test)]

mod calibration;
mod intervals;
mod json;
mod pairs;
mod picture;
mod properties;
mod reference;
mod refusals;
mod support;
mod triples;
