//! Gemini's `generateContent` in both directions: what is written, what is read, and that nothing gets lost between.

mod answers;
mod generators;
mod properties;
mod requests_read;
mod requests_written;
mod streams;
mod support;
