//! What models call.

use serde_json::{Map, Value};

use super::{
    super::{item, place::object},
    Output, in_output, with,
};
use crate::chat::{Extra, ToolCall};

/// A call while it is written.
#[derive(Debug)]
pub(super) struct Call {
    /// Its number among the calls whose pieces come one by one.
    number: Option<usize>,
    place: usize,
    call: ToolCall,
    extra: Extra,
    done: bool,
}

impl Call {
    /// Whether its arguments are all there.
    fn is_whole(&self) -> bool {
        let arguments = &self.call.arguments;
        arguments.ends_with('}') && serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok()
    }

    fn id(&self, base: &str) -> String {
        item::made_up_id("fc", base, self.place)
    }

    fn at(&self, base: &str) -> Map<String, Value> {
        object([("item_id", self.id(base).into()), ("output_index", self.place.into())])
    }

    fn value(&self, base: &str, status: &str) -> Value {
        let mut item = object([
            ("id", self.id(base).into()),
            ("type", "function_call".into()),
            ("status", status.into()),
            ("call_id", self.call.id.as_str().into()),
            ("name", self.call.name.as_str().into()),
            ("arguments", self.call.arguments.as_str().into()),
        ]);
        item.extend(self.extra.clone());
        item.into()
    }
}

impl Output {
    /// The call with this number begins.
    pub(in super::super) fn call(&mut self, number: usize, id: &str, name: &str) {
        let call = ToolCall { id: id.to_owned(), name: name.to_owned(), ..ToolCall::default() };
        self.begin_call(Some(number), call, Extra::new());
    }

    pub(in super::super) fn arguments(&mut self, number: usize, piece: &str) {
        if let Some(at) = self.calls.iter().position(|call| call.number == Some(number)) {
            self.add_arguments(at, piece);
        }
    }

    /// A call that comes whole.
    pub(super) fn whole_call(&mut self, call: &ToolCall, extra: Extra) {
        let begun = ToolCall { arguments: String::new(), ..call.clone() };
        self.begin_call(None, begun, extra);
        let at = self.calls.len() - 1;
        self.add_arguments(at, &call.arguments);
    }

    fn begin_call(&mut self, number: Option<usize>, call: ToolCall, extra: Extra) {
        let place = self.next_place();
        let call = Call { number, place, call, extra, done: false };
        let begun = call.value(&self.base, "in_progress");
        self.events.push(("response.output_item.added", in_output(place, begun)));
        self.calls.push(call);
    }

    fn add_arguments(&mut self, at: usize, piece: &str) {
        let Some(call) = self.calls.get_mut(at).filter(|call| !call.done) else { return };
        if piece.is_empty() {
            return;
        }
        call.call.arguments.push_str(piece);
        let fields = with(call.at(&self.base), "delta", piece.into());
        self.events.push(("response.function_call_arguments.delta", fields));
    }

    /// Closes the calls whose arguments are all there.
    pub(super) fn close_whole_calls(&mut self) {
        for at in 0..self.calls.len() {
            if self.calls.get(at).is_some_and(Call::is_whole) {
                self.close_call(at, "completed");
            }
        }
    }

    /// Closes every call.
    pub(super) fn close_calls(&mut self, status: &str) {
        for at in 0..self.calls.len() {
            // Clients read JSON where the API promises it.
            if status == "completed"
                && self.calls.get(at).is_some_and(|call| call.call.arguments.is_empty())
            {
                self.add_arguments(at, "{}");
            }
            self.close_call(at, status);
        }
    }

    fn close_call(&mut self, at: usize, status: &str) {
        let Some(call) = self.calls.get_mut(at).filter(|call| !call.done) else { return };
        call.done = true;
        let mut fields = call.at(&self.base);
        fields.insert("name".into(), call.call.name.as_str().into());
        fields.insert("arguments".into(), call.call.arguments.as_str().into());
        self.events.push(("response.function_call_arguments.done", fields));
        let (place, item) = (call.place, call.value(&self.base, status));
        self.done(place, item);
    }
}
