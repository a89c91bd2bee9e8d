//! Answers before they are sent: one body, or the events of a stream.

use serde_json::Value;

use crate::usage::Usage;

/// An answer, ready to be sent.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) content: Content,
    /// None: it took no model.
    pub(crate) bill: Option<Bill>,
}

#[derive(Debug)]
pub(crate) enum Content {
    Whole(Value),
    Stream { frames: Vec<Frame>, framing: Framing },
}

/// Who answered, and what it took.
#[derive(Debug)]
pub(crate) struct Bill {
    /// The id that the answer names.
    pub(crate) model: String,
    pub(crate) usage: Usage,
}

impl Reply {
    /// A body that took no model.
    pub(crate) const fn listing(body: Value) -> Self {
        Self { content: Content::Whole(body), bill: None }
    }

    pub(crate) const fn whole(body: Value, bill: Bill) -> Self {
        Self { content: Content::Whole(body), bill: Some(bill) }
    }

    pub(crate) const fn stream(frames: Vec<Frame>, framing: Framing, bill: Bill) -> Self {
        Self { content: Content::Stream { frames, framing }, bill: Some(bill) }
    }
}

/// What a piece of a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Before anything is said.
    Opening,
    /// Text or reasoning.
    Content,
    /// A call of a tool.
    Call,
    /// After everything was said.
    Closing,
}

/// One piece of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    name: Option<&'static str>,
    pub(super) data: String,
    pub(super) part: Part,
    pub(super) tokens: f64,
    /// Sent as it is, whatever the framing.
    bare: bool,
}

impl Frame {
    /// An event with or without a name.
    pub(crate) fn event(name: Option<&'static str>, data: &Value, part: Part) -> Self {
        Self::written(name, data.to_string(), part)
    }

    /// An event whose data is written already.
    pub(crate) const fn written(name: Option<&'static str>, data: String, part: Part) -> Self {
        Self { name, data, part, tokens: 0.0, bare: false }
    }

    /// Text as it is.
    pub(crate) fn bare(text: impl Into<String>) -> Self {
        Self { name: None, data: text.into(), part: Part::Closing, tokens: 0.0, bare: true }
    }

    /// The tokens that it took to write.
    pub(crate) fn weighing(self, tokens: f64) -> Self {
        Self { tokens, ..self }
    }

    pub(super) const fn is_bare(&self) -> bool {
        self.bare
    }
}

/// How the pieces of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// Server-sent events whose lines end with CR LF.
    EventsCrlf,
    /// The elements of one JSON array.
    Array,
}

impl Framing {
    /// `frame` as it is sent; `first`: nothing was sent before.
    pub(super) fn write(self, frame: &Frame, first: bool) -> String {
        if frame.bare {
            return frame.data.clone();
        }
        let end = match self {
            Self::Array => {
                return format!("{}{}", if first { "[" } else { ",\r\n" }, frame.data);
            }
            Self::Events => "\n",
            Self::EventsCrlf => "\r\n",
        };
        match frame.name {
            Some(name) => format!("event: {name}{end}data: {}{end}{end}", frame.data),
            None => format!("data: {}{end}{end}", frame.data),
        }
    }
}

/// JSON with one text left open, written once for the many pieces of a stream that differ in nothing else.
#[derive(Debug)]
pub(crate) struct Template {
    before: String,
    after: String,
}

impl Template {
    /// The text to leave open.
    pub(crate) const HOLE: &'static str = "@@a piece of the answer@@";

    /// `json` with [`HOLE`](Self::HOLE) in the place of the text.
    pub(crate) fn of(json: &Value) -> Self {
        let text = json.to_string();
        let (before, after) =
            text.split_once(&format!("\"{}\"", Self::HOLE)).unwrap_or((&text, ""));
        Self { before: before.to_owned(), after: after.to_owned() }
    }

    pub(crate) fn with(&self, piece: &str) -> String {
        format!("{}{}{}", self.before, Value::from(piece), self.after)
    }
}
