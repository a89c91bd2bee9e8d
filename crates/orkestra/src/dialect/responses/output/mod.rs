//! What a model says, piece by piece → the items of an answer's `output`, and the events that tell of them.

mod calls;
mod message;
mod thoughts;

use serde_json::{Map, Value};

use self::{calls::Call, message::Message, thoughts::Thoughts};
use super::{item, place::object};
use crate::{
    chat::{Content, Extra, FinishReason, Part},
    dialect::Caption,
};

/// No field takes an id of more than 64 characters.
const MOST_BASE_CHARACTERS: usize = 44;

/// An event's type and its fields, without its number.
type Event = (&'static str, Map<String, Value>);

/// The items of an answer while it is written.
#[derive(Debug)]
pub(super) struct Output {
    /// What the ids of the items are made of.
    base: String,
    /// Whether the answer was read from this API; `None` where nobody knows.
    own: Option<bool>,
    /// The items in the order of their beginning; `None` while one is open.
    items: Vec<Option<Value>>,
    open: Open,
    calls: Vec<Call>,
    refused: bool,
    events: Vec<Event>,
}

/// The item that pieces go to. Calls stay open beside it, since their pieces may alternate.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Message(Message),
    Thoughts(Thoughts),
}

impl Output {
    pub(super) fn new(caption: &Caption, own: Option<bool>) -> Self {
        let base = caption.id.strip_prefix("resp_").unwrap_or(&caption.id);
        Self {
            base: base.chars().take(MOST_BASE_CHARACTERS).collect(),
            own,
            items: Vec::new(),
            open: Open::Nothing,
            calls: Vec::new(),
            refused: false,
            events: Vec::new(),
        }
    }

    /// The events since the last time.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The items that are complete.
    pub(super) fn items(&self) -> Vec<Value> {
        self.items.iter().flatten().cloned().collect()
    }

    /// Whether the model said why it does not answer.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// A part that comes whole, or one without words that only begins.
    pub(super) fn part(&mut self, part: &Part) {
        let extra = self.known_extra(part);
        match &part.content {
            Content::Text(said) => self.whole_text(said, false, &extra),
            Content::Refusal(said) => self.whole_text(said, true, &extra),
            Content::Reasoning { text, redacted: None } => {
                self.whole_thoughts(text, part.signature.as_deref(), extra);
            }
            Content::ToolCall(call) => self.whole_call(call, extra),
            Content::Other(value) if self.takes(value) => self.other(value),
            // Pictures and sounds of a model's, and what only another provider can read: the API has no words for them.
            _ => {}
        }
    }

    /// What goes back of a part's extra fields.
    fn known_extra(&self, part: &Part) -> Extra {
        match self.own {
            Some(true) => part.extra.clone(),
            Some(false) => Extra::new(),
            None => {
                let ours = |name: &str| item::KEPT.contains(&name);
                let kept = part.extra.iter().filter(|(name, _)| ours(name));
                kept.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
        }
    }

    fn takes(&self, item: &Value) -> bool {
        self.own.unwrap_or_else(|| item::is_item(item))
    }

    /// Closes the open item.
    fn close(&mut self, status: &str) {
        self.close_piece();
        let (place, item) = match std::mem::take(&mut self.open) {
            Open::Message(message) => match message.finished(&self.base, status) {
                Some(finished) => finished,
                None => return,
            },
            Open::Thoughts(thoughts) => {
                self.close_summary(&thoughts);
                thoughts.finished()
            }
            Open::Nothing => return,
        };
        self.done(place, item);
    }

    fn done(&mut self, place: usize, item: Value) {
        self.events.push(("response.output_item.done", in_output(place, item.clone())));
        if let Some(slot) = self.items.get_mut(place) {
            *slot = Some(item);
        }
    }

    /// Makes room for the next item; whatever is whole before it is closed.
    fn next_place(&mut self) -> usize {
        self.close("completed");
        self.close_whole_calls();
        self.items.push(None);
        self.items.len() - 1
    }

    fn other(&mut self, item: &Value) {
        let place = self.next_place();
        self.events.push(("response.output_item.added", in_output(place, item.clone())));
        self.done(place, item.clone());
    }

    /// Closes all that is open.
    pub(super) fn end(&mut self, finish_reason: FinishReason) {
        let status = if finish_reason == FinishReason::Length { "incomplete" } else { "completed" };
        self.close(status);
        self.close_calls(status);
    }
}

fn with(mut fields: Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    fields.insert(name.into(), value);
    fields
}

fn in_output(place: usize, item: Value) -> Map<String, Value> {
    object([("output_index", place.into()), ("item", item)])
}
