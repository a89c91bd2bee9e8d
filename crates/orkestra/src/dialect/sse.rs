//! Server-sent events, from bytes split anywhere.
//!
//! Follows the event-stream format of the HTML standard, and takes two liberties that real providers
//! need: a last event without its blank line counts, and a line that is bare JSON (Gemini reports some
//! mid-stream errors so) is taken as data.

use crate::error::{Error, ErrorKind, Result};

/// The longest event accepted: far beyond any real one, and a bound for memory.
const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event:` line; empty where there was none.
    pub name: String,
    /// The `data:` lines, joined by line breaks.
    pub data: String,
}

/// Collects bytes and gives events.
#[derive(Debug, Default)]
pub struct Parser {
    /// The line that has not ended yet.
    line: Vec<u8>,
    after_carriage_return: bool,
    event: Event,
    has_data: bool,
    started: bool,
    /// Bare JSON that spans several lines.
    bare: Vec<u8>,
}

impl Parser {
    /// Takes the next bytes and gives the events they complete.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) when one event grows beyond 32 MiB.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.after_carriage_return => self.after_carriage_return = false,
                b'\n' | b'\r' => {
                    self.after_carriage_return = byte == b'\r';
                    events.extend(self.end_line());
                }
                _ => {
                    self.after_carriage_return = false;
                    self.line.push(byte);
                }
            }
        }
        if self.line.len() + self.event.data.len() + self.bare.len() > MAX_EVENT_BYTES {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the provider sent an event of more than {MAX_EVENT_BYTES} bytes"),
            ));
        }
        Ok(events)
    }

    /// Says that no more bytes come; gives the last event if its blank line is missing.
    pub fn end(&mut self) -> Option<Event> {
        let last = if self.line.is_empty() { None } else { self.end_line() };
        last.or_else(|| self.end_event()).or_else(|| {
            let data = std::mem::take(&mut self.bare);
            (!data.is_empty()).then(|| Event { name: String::new(), data: lossy(&data) })
        })
    }

    fn end_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.started, true) && line.starts_with(b"\xEF\xBB\xBF") {
            line.drain(..3);
        }
        if !self.bare.is_empty() || line.starts_with(b"{") || line.starts_with(b"[") {
            return self.bare_json(&line);
        }
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (&line[..], &line[..0]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.event.name = lossy(value),
            b"data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(&lossy(value));
                self.has_data = true;
            }
            // Comments start with a colon; `id` and `retry` are for reconnecting, which no chat stream does.
            _ => {}
        }
        None
    }

    fn bare_json(&mut self, line: &[u8]) -> Option<Event> {
        self.bare.extend_from_slice(line);
        if serde_json::from_slice::<serde::de::IgnoredAny>(&self.bare).is_err() {
            self.bare.push(b'\n');
            return None;
        }
        let data = std::mem::take(&mut self.bare);
        Some(Event { name: String::new(), data: lossy(&data) })
    }

    fn end_event(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::default();
        let mut events: Vec<Event> =
            pieces.iter().flat_map(|piece| parser.push(piece).unwrap()).collect();
        events.extend(parser.end());
        events
    }

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    const STREAM: &str = ": hello\r\nevent: message_start\r\ndata: {\"a\":1}\r\n\r\ndata:x\ndata: y\n\nid: 7\n\n\
        data: caf\u{e9} \u{1F3BB}\r\rdata: [DONE]";

    #[test]
    fn comments_carriage_returns_and_a_missing_last_blank_line_are_fine() {
        let expected = [
            event("message_start", "{\"a\":1}"),
            event("", "x\ny"),
            event("", "café 🎻"),
            event("", "[DONE]"),
        ];
        assert_eq!(parsed(&[STREAM.as_bytes()]), expected);
    }

    #[test]
    fn a_bare_json_error_is_data_even_over_several_lines() {
        let events = parsed(&[b"data: 1\n\n{\n \"error\": {\"code\": 503}\n}\n"]);
        assert_eq!(events.len(), 2);
        let value: serde_json::Value = serde_json::from_str(&events[1].data).unwrap();
        assert_eq!(value["error"]["code"], 503);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parsed(&[b"\xEF\xBB\xBFdata: 1\n\n"]), [event("", "1")]);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(cuts in prop::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &STREAM.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(parsed(&pieces), parsed(&[STREAM.as_bytes()]));
        }

        #[test]
        fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            parsed(&[&bytes]);
        }
    }
}
