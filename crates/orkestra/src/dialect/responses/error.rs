//! What OpenAI's errors mean, and how ours are said in its words: as in Chat Completions.

pub(super) use super::super::openai::errors::{code, in_band, read, status_of, write};
use crate::error::{Error, ErrorKind};

/// The error of an answer that failed without a word.
pub(super) fn unexplained(status: &str) -> Error {
    let message = format!("the provider's answer is {status} and gives no reason");
    Error::new(ErrorKind::Unavailable, message)
}
