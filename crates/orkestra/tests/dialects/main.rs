//! What the dialects make of requests, answers, streams and errors, in both directions.

#![cfg(test)]

mod answers;
mod anthropic;
mod gemini;
mod generate;
mod openai;
mod responses;
mod streams;
