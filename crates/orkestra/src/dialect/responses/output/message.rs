//! What models say.

use serde_json::{Map, Value, json};

use super::{
    super::{item, place::object},
    Open, Output, in_output, with,
};
use crate::chat::Extra;

/// A message while it is written.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// Its place in the output, once it has begun.
    place: Option<usize>,
    about: Extra,
    content: Vec<Value>,
    /// The piece that is being said.
    piece: Option<Piece>,
}

#[derive(Debug)]
struct Piece {
    refusal: bool,
    said: String,
    extra: Extra,
}

impl Message {
    /// The whole item and its place, where it ever began.
    pub(super) fn finished(self, base: &str, status: &str) -> Option<(usize, Value)> {
        let place = self.place?;
        Some((place, message_value(base, place, status, self.content, &self.about)))
    }
}

impl Output {
    pub(in super::super) fn text(&mut self, said: &str) {
        self.take_pieces(false);
        self.say(said, false);
    }

    pub(in super::super) fn refusal(&mut self, said: &str) {
        self.take_pieces(true);
        self.say(said, true);
    }

    /// Closes a message of which something is said that is not said of the next piece.
    fn take_pieces(&mut self, refusal: bool) {
        let Open::Message(message) = &self.open else { return };
        let continues = match &message.piece {
            Some(piece) => piece.refusal == refusal,
            None => message.content.is_empty(),
        };
        if !continues && !message.about.is_empty() {
            self.close("completed");
        }
    }

    /// A text that stands by itself; without words, a message that only begins.
    pub(super) fn whole_text(&mut self, said: &str, refusal: bool, extra: &Extra) {
        let (about, extra) = (item::about_in(extra), item::without_about(extra));
        let begins = said.is_empty();
        match &mut self.open {
            Open::Message(message) if !begins && message.about == about => {}
            _ => {
                self.close("completed");
                self.open = Open::Message(Message { about, ..Message::default() });
            }
        }
        if begins {
            return;
        }
        self.close_piece();
        self.say(said, refusal);
        if let Open::Message(Message { piece: Some(piece), .. }) = &mut self.open {
            piece.extra = extra;
        }
        self.close_piece();
    }

    fn say(&mut self, said: &str, refusal: bool) {
        if said.is_empty() {
            return;
        }
        self.refused |= refusal;
        self.begin_message();
        if let Open::Message(Message { piece: Some(piece), .. }) = &self.open
            && piece.refusal != refusal
        {
            self.close_piece();
        }
        let Open::Message(message) = &mut self.open else { return };
        let at = at(&self.base, message);
        if message.piece.is_none() {
            let empty = piece_value(refusal, "", &Extra::new());
            self.events.push(("response.content_part.added", with(at.clone(), "part", empty)));
        }
        let new = || Piece { refusal, said: String::new(), extra: Extra::new() };
        message.piece.get_or_insert_with(new).said.push_str(said);
        let mut fields = with(at, "delta", said.into());
        if refusal {
            self.events.push(("response.refusal.delta", fields));
        } else {
            fields.insert("logprobs".into(), json!([]));
            self.events.push(("response.output_text.delta", fields));
        }
    }

    /// The sources of the words that are being said.
    pub(in super::super) fn annotations(&mut self, extra: &Extra) {
        let Some(Value::Array(list)) = extra.get(item::ANNOTATIONS) else { return };
        let Open::Message(message) = &mut self.open else { return };
        let at = at(&self.base, message);
        let Some(piece) = message.piece.as_mut().filter(|piece| !piece.refusal) else { return };
        let known = piece.extra.entry(item::ANNOTATIONS).or_insert_with(|| json!([]));
        let Value::Array(known) = known else { return };
        for one in list {
            let mut fields = with(at.clone(), "annotation_index", known.len().into());
            fields.insert("annotation".into(), one.clone());
            self.events.push(("response.output_text.annotation.added", fields));
            known.push(one.clone());
        }
    }

    /// Sees to it that a message is open and has begun.
    fn begin_message(&mut self) {
        let mut message = match std::mem::take(&mut self.open) {
            Open::Message(message) => message,
            other => {
                self.open = other;
                Message::default()
            }
        };
        if message.place.is_none() {
            let place = self.next_place();
            message.place = Some(place);
            let begun = message_value(&self.base, place, "in_progress", Vec::new(), &message.about);
            self.events.push(("response.output_item.added", in_output(place, begun)));
        }
        self.open = Open::Message(message);
    }

    pub(super) fn close_piece(&mut self) {
        let Open::Message(message) = &mut self.open else { return };
        let Some(piece) = message.piece.take() else { return };
        let at = at(&self.base, message);
        let whole = piece_value(piece.refusal, &piece.said, &piece.extra);
        let (kind, field) = if piece.refusal {
            ("response.refusal.done", "refusal")
        } else {
            ("response.output_text.done", "text")
        };
        let mut fields = with(at.clone(), field, piece.said.into());
        if let Some(logprobs) = whole.get("logprobs") {
            fields.insert("logprobs".into(), logprobs.clone());
        }
        self.events.push((kind, fields));
        self.events.push(("response.content_part.done", with(at, "part", whole.clone())));
        message.content.push(whole);
    }
}

fn id(base: &str, place: usize) -> String {
    item::made_up_id("msg", base, place)
}

/// Where the next piece of a message stands.
fn at(base: &str, message: &Message) -> Map<String, Value> {
    let place = message.place.unwrap_or_default();
    object([
        ("item_id", id(base, place).into()),
        ("output_index", place.into()),
        ("content_index", message.content.len().into()),
    ])
}

fn message_value(
    base: &str,
    place: usize,
    status: &str,
    content: Vec<Value>,
    about: &Extra,
) -> Value {
    let mut item = object([
        ("id", id(base, place).into()),
        ("type", "message".into()),
        ("status", status.into()),
        ("role", "assistant".into()),
        ("content", content.into()),
    ]);
    item.extend(about.clone());
    item.into()
}

fn piece_value(refusal: bool, said: &str, extra: &Extra) -> Value {
    let mut piece = if refusal {
        object([("type", "refusal".into()), ("refusal", said.into())])
    } else {
        object([
            ("type", "output_text".into()),
            ("text", said.into()),
            ("annotations", json!([])),
            ("logprobs", json!([])),
        ])
    };
    piece.extend(extra.clone());
    piece.into()
}
