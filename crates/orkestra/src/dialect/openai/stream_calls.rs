//! The calls of tools in a streamed answer, whose pieces not every server numbers and names as OpenAI does.

use serde_json::{Value, json};

use super::{
    super::fields::{self, text},
    reply_read::{arguments, free_text_part, made_up_id},
};
use crate::{
    chat::{Chunk, ToolCall},
    error::Result,
};

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    /// How many of them were passed on.
    begun: usize,
}

#[derive(Debug, Default)]
struct Call {
    /// The server's number, where it gives one.
    index: Option<u64>,
    id: String,
    name: String,
    /// Its number towards the outside, once its beginning was passed on.
    number: Option<usize>,
    /// What came of its arguments, as far as that is needed later.
    held: String,
    /// A call of a free-text tool, which is passed on whole.
    free_text: bool,
}

impl Calls {
    /// Whether there is none that says what to call.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.iter().all(|call| call.name.is_empty())
    }

    /// Takes a piece of `tool_calls` and adds the chunks it completes.
    pub(super) fn piece(&mut self, piece: &Value, reply_id: Option<&str>, chunks: &mut Vec<Chunk>) {
        let custom = piece.get("custom").filter(|custom| custom.is_object());
        let function = custom.or_else(|| piece.get("function")).unwrap_or(&Value::Null);
        let some = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_owned);
        let (id, name) = (some(text(piece, "id")), some(text(function, "name")));
        let text =
            if custom.is_some() { fields::owned(function, "input") } else { arguments(function) };
        let index = piece.get("index").and_then(Value::as_u64);
        let place = self.place(index, id.as_deref(), name.as_deref());
        let begun = self.begun;
        let Some(call) = self.calls.get_mut(place) else { return };
        call.free_text |= custom.is_some();
        // Some servers repeat both in every piece.
        if call.number.is_none() {
            call.id = id.unwrap_or_else(|| std::mem::take(&mut call.id));
            call.name = name.unwrap_or_else(|| std::mem::take(&mut call.name));
        }
        let mut text = text.unwrap_or_default();
        // A call without an index ends where its arguments do.
        if call.number.is_none() || call.index.is_none() {
            call.held.push_str(&text);
        }
        if call.number.is_none() && !call.name.is_empty() && !call.free_text {
            if call.id.is_empty() {
                call.id = made_up_id(reply_id, begun);
            }
            call.number = Some(begun);
            self.begun += 1;
            let (id, name) = (call.id.clone(), call.name.clone());
            chunks.push(Chunk::ToolCall { index: begun, id, name });
            text.clone_from(&call.held);
        }
        if let Some(index) = call.number {
            if !text.is_empty() {
                chunks.push(Chunk::ToolArguments { index, piece: text });
            }
            // A proof belongs to the part that was begun last.
            if index + 1 == self.begun {
                chunks.extend(super::signature(piece.get("extra_content")).map(Chunk::Signature));
            }
        }
    }

    /// Where the call stands that a piece belongs to.
    fn place(&mut self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> usize {
        let found = match (index, id) {
            (Some(index), _) => {
                let place = self.calls.iter().rposition(|call| call.index == Some(index));
                // Some servers number every call 0; a new name beside a new id is a new call.
                place.filter(|place| {
                    let known = &self.calls[*place].id;
                    name.is_none() || known.is_empty() || id.is_none_or(|id| id == known)
                })
            }
            (None, Some(id)) if self.calls.iter().any(|call| call.id == id) => {
                self.calls.iter().rposition(|call| call.id == id)
            }
            (None, id) => self.calls.len().checked_sub(1).filter(|last| {
                let last = &self.calls[*last];
                let complete = || serde_json::from_str::<Value>(&last.held).is_ok();
                // A name begins a call, unless it is the last one's, repeated while its arguments are not complete.
                name.is_none_or(|name| id.is_none() && name == last.name && !complete())
            }),
        };
        found.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        })
    }

    /// Passes on what had to be held until the end.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when a call never got a name.
    pub(super) fn end(&mut self, reply_id: Option<&str>, chunks: &mut Vec<Chunk>) -> Result<()> {
        for call in std::mem::take(&mut self.calls) {
            let empty = call.name.is_empty() && call.id.is_empty() && call.held.is_empty();
            if call.number.is_some() || empty {
                continue;
            }
            if call.name.is_empty() {
                let said = json!({"id": call.id, "arguments": call.held});
                return Err(fields::missing("name of a called tool", &said));
            }
            let id = if call.id.is_empty() { made_up_id(reply_id, self.begun) } else { call.id };
            if call.free_text {
                let custom = json!({"name": call.name, "input": call.held});
                chunks.push(Chunk::Part(free_text_part(id, &custom)));
            } else {
                let call = ToolCall { id, name: call.name, arguments: call.held };
                chunks.push(Chunk::Part(call.into()));
            }
        }
        Ok(())
    }
}
