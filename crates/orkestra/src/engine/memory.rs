//! Which model wrote what, for conversations whose messages do not say so.
//!
//! No API's requests name the model that wrote an assistant's message. Calls of tools and signed thoughts come back
//! as they were given, so they are recognised: the model that made the calls goes on after them, and its thoughts are
//! shown to no other.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    hash::BuildHasher,
    sync::{Mutex, PoisonError},
};

use rustc_hash::FxBuildHasher;

use crate::{
    catalogue::ModelId,
    chat::{Content, Message, Part, Request, Role},
};

/// So many calls and proofs are remembered, the newest; some megabytes.
const MOST: usize = 65_536;

/// Remembers the models that made calls of tools and signed thoughts.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    makers: HashMap<u64, ModelId, FxBuildHasher>,
    /// The oldest first.
    order: VecDeque<u64>,
}

impl Memory {
    /// Remembers that `model` wrote `parts`.
    pub(super) fn remember(&self, parts: &[Part], model: &ModelId) {
        let mut keys = parts.iter().filter_map(key).peekable();
        if keys.peek().is_none() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if known.makers.insert(key, model.clone()).is_none() {
                known.order.push_back(key);
            }
        }
        while known.order.len() > MOST {
            if let Some(oldest) = known.order.pop_front() {
                known.makers.remove(&oldest);
            }
        }
    }

    /// `request` with the model of every assistant's message that is recognised.
    pub(super) fn recognised<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        let unsigned = |message: &Message| {
            message.role == Role::Assistant
                && message.model.is_none()
                && message.content.iter().any(is_telling)
        };
        if !request.messages.iter().any(unsigned) {
            return Cow::Borrowed(request);
        }
        let mut request = request.clone();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for message in request.messages.iter_mut().filter(|message| unsigned(message)) {
            let maker =
                message.content.iter().filter_map(key).find_map(|key| known.makers.get(&key));
            message.model = maker.map(|maker| maker.as_str().to_owned());
        }
        drop(known);
        Cow::Owned(request)
    }
}

/// The model that made the calls whose results `request` ends with, where that is known.
pub(super) fn caller_of_tools(request: &Request) -> Option<&str> {
    if !request.is_in_tool_loop() {
        return None;
    }
    let assistants =
        request.messages.iter().rev().filter(|message| message.role == Role::Assistant);
    assistants.filter_map(|message| message.model.as_deref()).next()
}

fn is_telling(part: &Part) -> bool {
    key(part).is_some()
}

/// What a part is recognised by.
fn key(part: &Part) -> Option<u64> {
    let hash = FxBuildHasher;
    if let Some(signature) = &part.signature {
        return Some(hash.hash_one(("signature", signature)));
    }
    match &part.content {
        Content::Reasoning { redacted: Some(data), .. } => Some(hash.hash_one(("redacted", data))),
        // Some APIs have no ids of their own, so that an id alone names many calls.
        Content::ToolCall(call) => {
            Some(hash.hash_one((&call.id, &call.name, canonical(&call.arguments))))
        }
        _ => None,
    }
}

/// The arguments without the white space that dialects which parse them do not keep.
fn canonical(arguments: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(arguments);
    parsed.map_or_else(|_| arguments.to_owned(), |value| value.to_string())
}
