//! The router: what it looks at, what it believes and why, and the file it comes from.

#![cfg(test)]

mod addition;
mod artefact;
mod damage;
mod embedded;
mod explanation;
mod familiarity;
mod features;
mod kernel;
mod tiny;
mod votes;
