//! How far a download is.

use std::time::Duration;

use orkestra::Error;

/// Something worth showing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another process holds the lock of `what`; this one goes on when it is done.
    Waiting {
        /// What is fetched, such as `documented 1.2.0`.
        what: &'a str,
    },
    /// A download begins, or goes on.
    Started {
        /// What is fetched.
        what: &'a str,
        /// Its host.
        host: &'a str,
        /// Bytes that are there already.
        at: u64,
        /// Bytes of the whole, where that is known.
        size: Option<u64>,
    },
    /// Some of it is there.
    Received {
        /// Bytes that are there.
        at: u64,
        /// Bytes of the whole, where that is known.
        size: Option<u64>,
    },
    /// A try failed, and another one follows.
    Retrying {
        /// What is fetched.
        what: &'a str,
        /// Why it failed.
        error: &'a Error,
        /// How long it waits first.
        pause: Duration,
    },
    /// All of it is there and was found right.
    Finished {
        /// What was fetched.
        what: &'a str,
        /// Its bytes.
        size: u64,
    },
}

/// Is told how far a download is. `()` does not care.
pub trait Progress: Sync {
    /// Something happened. Called from the thread that downloads, so it should be quick.
    fn event(&self, event: &Event<'_>);
}

impl Progress for () {
    fn event(&self, _event: &Event<'_>) {}
}
