//! Any bytes, split anywhere, give the same events as whole, and never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orkestra::dialect::sse::{Event, Parser};

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Event>> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(parser.push(piece).ok()?);
    }
    events.extend(parser.end());
    Some(events)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let whole = events(std::iter::once(bytes));
    let split = events(bytes.chunks(usize::from(step).max(1)));
    assert_eq!(whole, split);
});
