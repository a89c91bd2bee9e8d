//! Thoughts and proofs belong to the model that made them; shown to another they are refused, or worse, believed.

use super::Fitting;
use crate::chat::{Content, Message, Part, Role};

impl Fitting<'_> {
    /// Leaves out what other models thought, and their proofs. The same model's stay, byte for byte.
    pub(super) fn leave_out_foreign_thoughts(&mut self) {
        // A message that does not say who wrote it comes from the caller. It is taken at its word only where the caller
        // speaks to this very model in the model's own dialect.
        let named = self.request.model.as_deref().is_some_and(|name| self.is_model(name));
        let trusted = named && self.request.dialect == Some(self.dialect);
        let mut found = false;
        let mut messages = std::mem::take(&mut self.request.messages);
        for message in messages.iter_mut().filter(|message| message.role == Role::Assistant) {
            let own = message.model.as_deref().map_or(trusted, |name| self.is_model(name));
            if !own {
                found |= strip(message);
            }
        }
        // A message of nothing but thoughts has nothing left to say.
        messages.retain(|message| !(message.role == Role::Assistant && message.content.is_empty()));
        self.request.messages = messages;
        if found {
            self.warn("the thoughts of another model were left out of the conversation");
        }
    }

    fn is_model(&self, name: &str) -> bool {
        name == self.model.id.as_str() || name == self.model.upstream_id
    }
}

/// Takes thoughts and proofs out of `message`; tells whether there were any.
fn strip(message: &mut Message) -> bool {
    let before = message.content.len();
    message.content.retain(|part| !matches!(part.content, Content::Reasoning { .. }));
    let proofs = message.content.iter_mut().filter_map(|part: &mut Part| part.signature.take());
    let proofs = proofs.count();
    proofs > 0 || message.content.len() < before
}
