//! The bytes of an answer, whole or broken.

use bytes::Bytes;
use serde_json::Value;

use crate::faults::FaultKind;
use crate::vendor::{Call, Vendor};

use super::frame::{Content, Frame, Framing, Part};
use super::sloppy;

pub(super) const JSON: &str = "application/json";
pub(super) const EVENTS: &str = "text/event-stream; charset=utf-8";
const HTML: &str = "<html><head><title>Bad Gateway</title></head><body><h1>[simulated] Bad Gateway</h1></body></html>";

/// What happens after the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Closed,
    /// The connection breaks.
    Broken,
    /// The connection stays open.
    Open,
}

/// A body in pieces, each with the tokens that it took to write.
pub(super) struct Body {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) pieces: Box<dyn Iterator<Item = (Bytes, f64)> + Send>,
    /// The tokens of all pieces of the answer, sent or not.
    pub(super) tokens: f64,
    pub(super) ending: Ending,
    /// Every piece has to leave by itself.
    pub(super) apart: bool,
    /// One piece, sent with its length.
    pub(super) single: bool,
}

impl Body {
    fn of(status: u16, kind: &'static str, bytes: Vec<Bytes>) -> Self {
        let single = bytes.len() <= 1;
        Self {
            status,
            kind,
            pieces: Box::new(bytes.into_iter().map(|bytes| (bytes, 0.0))),
            tokens: 0.0,
            ending: Ending::Closed,
            apart: false,
            single,
        }
    }

    /// JSON in one piece.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::of(status, JSON, vec![Bytes::from(body.to_string())])
    }

    /// `content` as `fault` leaves it.
    pub(super) fn new(
        content: Content,
        fault: Option<FaultKind>,
        vendor: &dyn Vendor,
        call: &Call,
    ) -> Self {
        match (fault, content) {
            (Some(FaultKind::Html(status)), _) => Self::of(
                status,
                "text/html; charset=utf-8",
                vec![Bytes::from_static(HTML.as_bytes())],
            ),
            (_, Content::Whole(body)) => Self::whole(body, fault),
            (_, Content::Stream { frames, framing }) => {
                Self::stream(frames, framing, fault, vendor, call)
            }
        }
    }

    fn whole(mut body: Value, fault: Option<FaultKind>) -> Self {
        if let Some(fault) = fault {
            sloppy::spoil(&mut body, fault);
        }
        let text = body.to_string();
        let mut middle = text.len() / 2;
        while !text.is_char_boundary(middle) {
            middle -= 1;
        }
        let half = || vec![Bytes::copy_from_slice(&text.as_bytes()[..middle])];
        let broken = |ending| Self { ending, single: false, ..Self::of(200, JSON, half()) };
        match fault {
            Some(FaultKind::Empty) => Self::of(200, JSON, Vec::new()),
            Some(FaultKind::Cut | FaultKind::CutTool) => broken(Ending::Broken),
            Some(FaultKind::Stall) => broken(Ending::Open),
            Some(FaultKind::EndEarly | FaultKind::Malformed) => Self::of(200, JSON, half()),
            Some(FaultKind::HalfUtf8) => {
                let pieces = within_characters(text.as_bytes());
                Self { apart: true, single: false, ..Self::of(200, JSON, pieces) }
            }
            _ => Self::of(200, JSON, vec![Bytes::from(text)]),
        }
    }

    fn stream(
        mut frames: Vec<Frame>,
        mut framing: Framing,
        fault: Option<FaultKind>,
        vendor: &dyn Vendor,
        call: &Call,
    ) -> Self {
        let kind = if framing == Framing::Array { JSON } else { EVENTS };
        let tokens = frames.iter().map(|frame| frame.tokens).sum();
        let mut ending = Ending::Closed;
        if let Some(fault) = fault {
            ending = damage(&mut frames, framing, fault, vendor, call);
            if fault == FaultKind::Crlf && framing == Framing::Events {
                framing = Framing::EventsCrlf;
            }
        }
        if let Some(comment) = vendor.comment().filter(|_| kind == EVENTS && !frames.is_empty()) {
            frames.insert(0, Frame::bare(format!(": {comment}\n\n")));
        }
        let last = frames.len().saturating_sub(1);
        let unended = fault == Some(FaultKind::NoBlankLineAtEnd);
        let framed = frames.into_iter().enumerate().map(move |(index, frame)| {
            let text = framing.write(&frame, index == 0);
            let text = if unended && index == last { text.trim_end().to_owned() } else { text };
            (Bytes::from(text), frame.tokens)
        });
        let apart = fault == Some(FaultKind::HalfUtf8);
        let pieces: Box<dyn Iterator<Item = (Bytes, f64)> + Send> = if apart {
            let whole: Vec<u8> = framed.flat_map(|(bytes, _)| bytes).collect();
            Box::new(within_characters(&whole).into_iter().map(|bytes| (bytes, 0.0)))
        } else {
            Box::new(framed)
        };
        Self { status: 200, kind, pieces, tokens, ending, apart, single: false }
    }
}

/// Breaks the frames as `fault` says.
fn damage(
    frames: &mut Vec<Frame>,
    framing: Framing,
    fault: FaultKind,
    vendor: &dyn Vendor,
    call: &Call,
) -> Ending {
    sloppy::spoil_all(frames, fault);
    let said = |frame: &Frame| matches!(frame.part, Part::Content | Part::Call);
    let first = frames.iter().position(said).unwrap_or(0);
    // Never before something is said, never all of it: the middle is where it hurts.
    let middle = frames.len().div_ceil(2).max(first + 1).min(frames.len().saturating_sub(1).max(1));
    match fault {
        FaultKind::Cut => {
            frames.truncate(middle);
            return Ending::Broken;
        }
        FaultKind::CutTool => {
            cut_call(frames, framing, middle);
            return Ending::Broken;
        }
        FaultKind::Stall => {
            frames.truncate(middle);
            return Ending::Open;
        }
        FaultKind::EndEarly => frames.truncate(middle),
        FaultKind::Malformed if framing == Framing::Array => frames.truncate(middle),
        FaultKind::Malformed => {
            frames
                .insert(middle, Frame::written(None, "{\"id\": \"brok".to_owned(), Part::Content));
        }
        FaultKind::Empty => frames.clear(),
        FaultKind::Comments if framing != Framing::Array => {
            let comment = Frame::bare(": simulated keep-alive\n\n:\n\n");
            *frames = frames.drain(..).flat_map(|frame| [comment.clone(), frame]).collect();
        }
        FaultKind::StreamError | FaultKind::BareJsonError | FaultKind::ErrorArray => {
            frames.truncate(middle);
            frames.push(vendor.stream_error(call, fault, middle));
        }
        FaultKind::StreamErrorEarly => {
            frames.truncate(first);
            frames.push(vendor.stream_error(call, fault, first));
        }
        _ => {}
    }
    Ending::Closed
}

/// Ends the frames in the middle of the middle piece of a call, or at `middle` if nothing is called.
fn cut_call(frames: &mut Vec<Frame>, framing: Framing, middle: usize) {
    let calls: Vec<usize> = (0..frames.len()).filter(|at| frames[*at].part == Part::Call).collect();
    let Some(at) = calls.get(calls.len() / 2) else {
        frames.truncate(middle);
        return;
    };
    let text = framing.write(&frames[*at], *at == 0);
    let mut half = text.len() / 2;
    while !text.is_char_boundary(half) {
        half -= 1;
    }
    frames.truncate(*at);
    frames.push(Frame::bare(&text[..half]));
}

/// Cut after the first byte of every character that has several.
fn within_characters(bytes: &[u8]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0xc0 {
            pieces.push(Bytes::copy_from_slice(&bytes[from..=at]));
            from = at + 1;
        }
    }
    pieces.push(Bytes::copy_from_slice(&bytes[from..]));
    pieces
}
