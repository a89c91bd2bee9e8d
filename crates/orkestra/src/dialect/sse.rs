//! Server-sent events, read from bytes split anywhere, and written.
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

impl Event {
    /// An event of `data` alone.
    #[must_use]
    pub fn of(data: impl Into<String>) -> Self {
        Self { name: String::new(), data: data.into() }
    }

    /// An event called `name`.
    #[must_use]
    pub fn named(name: impl Into<String>, data: impl Into<String>) -> Self {
        Self { name: name.into(), data: data.into() }
    }

    /// The event as it stands in a stream, its blank line included. Every line break in `data` begins a line of its
    /// own; a `name` is one line.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(self.name.len() + self.data.len() + 16);
        if !self.name.is_empty() {
            text.push_str("event: ");
            text.extend(self.name.chars().filter(|c| !matches!(c, '\n' | '\r')));
            text.push('\n');
        }
        let data = if self.data.contains('\r') {
            std::borrow::Cow::Owned(self.data.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            std::borrow::Cow::Borrowed(self.data.as_str())
        };
        for line in data.split('\n') {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        text.into_bytes()
    }
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
    bare: Bare,
}

impl Parser {
    /// Takes the next bytes and gives the events they complete.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) when one event grows beyond 32 MiB.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_carriage_return) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.line.extend_from_slice(rest);
                break;
            };
            self.after_carriage_return = rest[end] == b'\r';
            if self.line.is_empty() {
                // Most lines come whole and need not be collected first.
                events.extend(self.end_line(&rest[..end]));
            } else {
                self.line.extend_from_slice(&rest[..end]);
                let line = std::mem::take(&mut self.line);
                events.extend(self.end_line(&line));
            }
            rest = &rest[end + 1..];
        }
        if self.line.len() + self.event.data.len() + self.bare.bytes.len() > MAX_EVENT_BYTES {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the provider sent an event of more than {MAX_EVENT_BYTES} bytes"),
            ));
        }
        Ok(events)
    }

    /// Says that no more bytes come; gives the last event if its blank line is missing.
    pub fn end(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let last = if line.is_empty() { None } else { self.end_line(&line) };
        last.or_else(|| self.end_event()).or_else(|| {
            let bare = std::mem::take(&mut self.bare);
            (!bare.bytes.is_empty()).then(|| Event::of(lossy(&bare.bytes)))
        })
    }

    fn end_line(&mut self, line: &[u8]) -> Option<Event> {
        let first = !std::mem::replace(&mut self.started, true);
        let mark = if first { line.strip_prefix(b"\xEF\xBB\xBF") } else { None };
        let line = mark.unwrap_or(line);
        if !self.bare.bytes.is_empty() || line.starts_with(b"{") || line.starts_with(b"[") {
            return self.bare.line(line).then(|| {
                let bare = std::mem::take(&mut self.bare);
                Event::of(lossy(&bare.bytes))
            });
        }
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[..0]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.event.name = lossy(value),
            b"data" if self.has_data => {
                self.event.data.push('\n');
                self.event.data.push_str(&String::from_utf8_lossy(value));
            }
            b"data" => {
                self.event.data = lossy(value);
                self.has_data = true;
            }
            // Comments start with a colon; `id` and `retry` are for reconnecting, which no chat stream does.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

/// JSON that stands in the stream without `data:`, over as many lines as its brackets are open.
#[derive(Debug, Default)]
struct Bare {
    bytes: Vec<u8>,
    open: usize,
    in_string: bool,
    escaped: bool,
}

impl Bare {
    /// Adds a line; tells whether it is the last one.
    fn line(&mut self, line: &[u8]) -> bool {
        if !self.bytes.is_empty() {
            self.bytes.push(b'\n');
        }
        self.bytes.extend_from_slice(line);
        for byte in line {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.open += 1,
                b'}' | b']' if !self.in_string => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
        self.open == 0
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

    #[test]
    fn bare_json_ends_where_its_brackets_close_even_if_it_is_none() {
        let events = parsed(&[b"[DONE]\ndata: 1\n\n{\"a\": \"}\\\"{\"}\n{oops}\ndata: 2\n\n"]);
        let expected = ["[DONE]", "1", "{\"a\": \"}\\\"{\"}", "{oops}", "2"];
        assert_eq!(events, expected.map(|data| event("", data)));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            written in prop::collection::vec(("[a-z_.]{0,8}", "[a-z{}\":\u{e9}\u{1F3BB} \n]{0,20}"), 0..5),
        ) {
            let written: Vec<Event> = written.into_iter().map(|(name, data)| event(&name, &data)).collect();
            let bytes: Vec<u8> = written.iter().flat_map(Event::to_bytes).collect();
            prop_assert_eq!(parsed(&[&bytes]), written);
        }

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
