//! Request + what a model takes → the request as the model takes it, and what was changed.
//!
//! The catalogue says what each model refuses, renames and ignores; here that is carried out, so that a dialect writes
//! whatever a fitted request holds. What was left out or changed is told in words, never silently.

mod origin;
mod sampling;
mod thinking;
mod tools;

use crate::{
    catalogue::{Acceptance, Model},
    chat::{DialectName, Request},
};

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
    fitting.leave_out_foreign_thoughts();
    fitting.fit_tools();
    fitting.fit_thinking();
    fitting.fit_sampling();
    let Fitting { request, warnings, .. } = fitting;
    Fitted { request, warnings }
}

impl Fitting<'_> {
    /// `store: false` asks OpenAI not to keep the answer; nobody else keeps one, so that nothing is lost without it.
    fn leave_out_what_others_never_do(&mut self) {
        let foreign = self.request.dialect != Some(self.dialect);
        if foreign && self.request.extra.get("store") == Some(&serde_json::Value::Bool(false)) {
            self.request.extra.shift_remove("store");
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
