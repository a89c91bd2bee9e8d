//! Request + what a model takes → the request as the model takes it, and what was changed.
//!
//! The catalogue says what each model refuses, renames and ignores; here that is carried out, so that a dialect writes
//! whatever a fitted request holds. What was left out or changed is told in words, never silently.

mod origin;
mod sampling;
mod thinking;
mod tools;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    catalogue::{Acceptance, Model},
    chat::{DialectName, Request},
};

/// What answers say of themselves and callers send back: it asks for nothing.
const OF_ANSWERS: [&str; 10] = [
    "annotations",
    "caller",
    "citations",
    "content",
    "id",
    "logprobs",
    "message",
    "status",
    "summary",
    "type",
];

/// A request that a model takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The request.
    pub request: Request,
    /// What was left out or changed, in words for the user.
    pub warnings: Vec<String>,
}

/// A request on its way to be fitted.
struct Fitting<'a> {
    request: Request,
    model: &'a Model,
    dialect: DialectName,
    warnings: Vec<String>,
}

/// Fits `request` to `model`, which is called in `dialect`.
#[must_use]
pub fn fit(request: &Request, model: &Model, dialect: DialectName) -> Fitted {
    let mut fitting = Fitting { request: request.clone(), model, dialect, warnings: Vec::new() };
    fitting.leave_out_what_others_never_do();
    fitting.tell_what_others_cannot_say();
    fitting.leave_out_foreign_thoughts();
    fitting.fit_tools();
    fitting.fit_thinking();
    fitting.fit_sampling();
    let Fitting { request, warnings, .. } = fitting;
    Fitted { request, warnings }
}

impl Fitting<'_> {
    /// Fields of the caller's API that ask for nothing which the other does not do anyway, so that nothing is lost without
    /// them: not to keep the answer, to prove thoughts, and the newer name of a field that is known by the older.
    fn leave_out_what_others_never_do(&mut self) {
        if self.request.dialect == Some(self.dialect) {
            return;
        }
        let user = self.request.user.clone().map(Value::from);
        let idle = [
            ("store", Some(Value::Bool(false))),
            ("include", Some(json!(["reasoning.encrypted_content"]))),
            ("safety_identifier", user),
        ];
        for (field, value) in idle {
            if self.request.extra.get(field).is_some_and(|given| Some(given) == value.as_ref()) {
                self.request.extra.shift_remove(field);
            }
        }
    }

    /// Tells of what only the caller's API can say of a part, a message or a tool.
    fn tell_what_others_cannot_say(&mut self) {
        let Some(from) = self.request.dialect.filter(|from| *from != self.dialect) else { return };
        let parts = self.request.parts().map(|part| &part.extra);
        let messages = self.request.messages.iter().map(|message| &message.extra);
        let functions = self.request.functions().map(|function| &function.extra);
        let names = parts.chain(messages).chain(functions).flat_map(|extra| extra.keys());
        let names: BTreeSet<&str> =
            names.map(String::as_str).filter(|name| !OF_ANSWERS.contains(name)).collect();
        if !names.is_empty() {
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            let to = self.dialect;
            self.warn(format!("{names}: {to} has no such fields of {from}'s; left out"));
        }
    }

    fn warn(&mut self, what: impl AsRef<str>) {
        self.warnings.push(format!("{}: {}", self.model.id, what.as_ref()));
    }

    /// Says that `field` was left out because of `rule`.
    fn left_out(&mut self, field: &str, value: impl std::fmt::Display, rule: Acceptance) {
        let why = match rule {
            Acceptance::Ignored => "it would be ignored",
            _ => "the model does not take it",
        };
        self.warn(format!("{field} {value} was left out, {why}"));
    }
}
