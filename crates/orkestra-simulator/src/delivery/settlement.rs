//! What is noted of an answer when it ends, however it ends.

use std::sync::Arc;

use crate::faults::FaultKind;
use crate::record::{Answered, End, Number, Record};
use crate::usage::Usage;

/// An answer under way. Given up before its end, it is noted as dropped by the client.
#[derive(Debug)]
pub(crate) struct Settlement {
    record: Arc<Record>,
    number: Number,
    provider: &'static str,
    answer: Answered,
    /// The tokens of all pieces, and of those that were sent.
    all: f64,
    sent: f64,
    /// All pieces were sent; a client that goes away now has everything.
    complete: bool,
    done: bool,
}

impl Settlement {
    pub(crate) const fn new(record: Arc<Record>, number: Number, provider: &'static str) -> Self {
        let answer = Answered {
            status: 0,
            end: End::Dropped,
            model: None,
            usage: Usage {
                input: 0,
                cache_read: 0,
                cache_write_5m: 0,
                cache_write_1h: 0,
                output: 0,
                reasoning: 0,
            },
            fault: None,
        };
        Self { record, number, provider, answer, all: 0.0, sent: 0.0, complete: false, done: false }
    }

    /// Says which request it is.
    pub(crate) fn concerns(&mut self, model: Option<String>, fault: Option<FaultKind>) {
        self.answer.model = model;
        self.answer.fault = fault;
    }

    /// Says what is sent, and what it costs if all of it is.
    pub(super) fn expect(&mut self, status: u16, usage: Usage, tokens: f64) {
        self.answer.status = status;
        self.answer.usage = usage;
        self.all = tokens;
    }

    /// Says who answers.
    pub(super) fn answered_by(&mut self, model: String) {
        self.answer.model = Some(model);
    }

    /// Says that a piece is sent; `last`: nothing follows it.
    pub(super) const fn sent(&mut self, tokens: f64, last: bool) {
        self.sent += tokens;
        self.complete = last;
    }

    pub(crate) fn end(mut self, end: End) {
        self.note(end);
    }

    fn note(&mut self, end: End) {
        self.done = true;
        self.answer.end = end;
        if end != End::Finished {
            // What goes out in one body was written in full.
            let share = if self.all > 0.0 { self.sent / self.all } else { 1.0 };
            self.answer.usage = self.answer.usage.at(share);
        }
        self.record.settle(self.number, self.provider, self.answer.clone());
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if !self.done {
            self.note(if self.complete { End::Finished } else { End::Dropped });
        }
    }
}
