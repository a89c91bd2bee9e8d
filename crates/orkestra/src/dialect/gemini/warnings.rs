//! What of a request could not be said, in words for the user.

use crate::catalogue::Model;

/// Collects warnings, each once.
#[derive(Debug)]
pub(super) struct Warnings<'a> {
    model: &'a Model,
    told: Vec<String>,
}

impl<'a> Warnings<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self { model, told: Vec::new() }
    }

    /// Adds `what`, which is said of the model.
    pub(super) fn add(&mut self, what: impl AsRef<str>) {
        let warning = format!("{}: {}", self.model.id, what.as_ref());
        if !self.told.contains(&warning) {
            self.told.push(warning);
        }
    }

    /// All that was told, in order.
    pub(super) fn told(self) -> Vec<String> {
        self.told
    }
}
