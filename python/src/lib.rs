//! The Python package `orkestra` over the engine: translates in, calls the engine, translates out, and decides nothing.
//!
//! [`drive`] carries futures of Rust on Python's threads and event loops, so that the package needs no thread a call.

// What the interpreter is handed is documented in `orkestra/_orkestra.pyi`, in Python's way; what it cannot see, in Rust.
#![expect(
    clippy::doc_lazy_continuation,
    reason = "examples of Python's look like quotes of Markdown"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "functions that Python calls are handed their arguments whole"
)]

/// What the stubs say of a class, of a method of it, or of a function.
macro_rules! stub {
    ($name:ident) => {
        include_str!(concat!(env!("OUT_DIR"), "/", stringify!($name)))
    };
    ($class:ident, $name:ident) => {
        include_str!(concat!(env!("OUT_DIR"), "/", stringify!($class), ".", stringify!($name)))
    };
}

mod around;
mod ask;
mod callbacks;
mod catalogue;
mod client;
mod command;
mod coroutine;
mod courier;
mod data;
mod drive;
mod errors;
mod json;
#[expect(clippy::too_many_arguments, reason = "each is a filter that Python names")]
mod ledger;
mod plan;
mod response;
mod router;
mod runtime;
mod settings;
mod simulator;
mod stream;

use pyo3::prelude::*;

/// The extension module; `orkestra/__init__.py` shows what is public of it.
#[pymodule]
mod _orkestra {
    #[pymodule_export]
    use super::{
        callbacks::{register_event, register_middleware, unregister_event, unregister_middleware},
        catalogue::Catalogue,
        client::{MultiProvider, Provider},
        command::main,
        coroutine::Coroutine,
        data::{EventData, MiddlewareData},
        errors::{error_kinds, raise_kind},
        ledger::{Ledger, before_fork},
        plan::{Candidate, Plan},
        response::{Response, ToolCall, Usage},
        router::Router,
        simulator::Simulator,
        stream::{Stream, StreamEvent, TextStream},
    };

    /// The package's version.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python spells it so")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
