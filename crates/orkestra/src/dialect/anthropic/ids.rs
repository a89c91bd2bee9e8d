//! The ids of calls, as the API takes them.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::chat::{ToolCall, ToolResult};

/// The ids of one conversation. Those that the API takes stay as they are; the others, which come from elsewhere, are
/// replaced, in the calls as in their results. The API wants all ids of a conversation to differ.
#[derive(Debug, Default)]
pub(super) struct Ids {
    taken: HashSet<String>,
    /// What stands for an id now. Some servers begin anew in every turn.
    written: HashMap<String, String>,
    /// The names and the ids of calls that came without one, and that have no result yet.
    unnamed: VecDeque<(String, String)>,
}

impl Ids {
    /// The id of `call`, which is written next.
    pub(super) fn of_call(&mut self, call: &ToolCall) -> String {
        let base = if call.id.is_empty() { "call".to_owned() } else { sanitised(&call.id) };
        let mut id = base.clone();
        let mut number = 2;
        while !self.taken.insert(id.clone()) {
            id = format!("{base}_{number}");
            number += 1;
        }
        if call.id.is_empty() {
            self.unnamed.push_back((call.name.clone(), id.clone()));
        } else {
            self.written.insert(call.id.clone(), id.clone());
        }
        id
    }

    /// The id of the call that `result` answers: without a name of its own, the first of the same function.
    pub(super) fn of_result(&mut self, result: &ToolResult) -> String {
        if !result.call.is_empty() {
            let written = self.written.get(&result.call);
            return written.cloned().unwrap_or_else(|| sanitised(&result.call));
        }
        let named = |(name, _): &(String, String)| result.name.as_ref().is_none_or(|it| it == name);
        let place = self.unnamed.iter().position(named).unwrap_or(0);
        self.unnamed.remove(place).map_or_else(|| "call".to_owned(), |(_, id)| id)
    }
}

/// The API takes letters, digits, `_` and `-`.
fn sanitised(id: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    id.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}
