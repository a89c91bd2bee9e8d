//! From errors of the engine to exceptions, and back.

use std::fmt;

use orkestra::{Error, ErrorKind};
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    sync::PyOnceLock,
    types::{IntoPyDict, PyDict},
};

/// The class of `orkestra._errors` for each kind: the one table.
fn class_name(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest => "InvalidRequest",
        ErrorKind::Unauthenticated => "Unauthenticated",
        ErrorKind::UnknownModel => "UnknownModel",
        ErrorKind::UnpricedModel => "UnpricedModel",
        ErrorKind::TooLong => "TooLong",
        ErrorKind::Refused => "Refused",
        ErrorKind::RateLimited { .. } => "RateLimited",
        ErrorKind::BudgetSpent => "BudgetSpent",
        ErrorKind::Timeout => "Timeout",
        ErrorKind::Unavailable => "Unavailable",
        ErrorKind::Storage => "Storage",
        ErrorKind::Config => "Config",
        // A kind that is new to this face is shown as what every error is.
        _ => "Error",
    }
}

const INVALID_TYPE: &str = "InvalidType";

/// An exception of Python's on its way through the engine; comes out as it went in, traceback and all.
#[derive(Debug)]
pub(crate) struct Raised(pub(crate) PyErr);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Raised {}

/// `raised` as an error that the engine can carry.
pub(crate) fn carried(raised: PyErr) -> Error {
    Error::new(ErrorKind::InvalidRequest, raised.to_string()).because(Raised(raised))
}

/// `error` as an exception.
pub(crate) fn raise(error: &Error) -> PyErr {
    Python::attach(|py| {
        let source = std::error::Error::source(error);
        if let Some(raised) = source.and_then(|source| source.downcast_ref::<Raised>()) {
            return raised.0.clone_ref(py);
        }
        let details = details(py, error);
        details.map_or_else(
            |failed| failed,
            |details| exception(py, class_name(error.kind()), &error.to_string(), Some(&details)),
        )
    })
}

/// What `outcome` gives, or its error as an exception.
pub(crate) fn or_raise<T>(outcome: orkestra::Result<T>) -> PyResult<T> {
    outcome.map_err(|error| raise(&error))
}

fn details<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyDict>> {
    let details =
        [("provider", error.provider()), ("request_id", error.request_id())].into_py_dict(py)?;
    details.set_item("model", error.model().map(|model| model.as_str()))?;
    details.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    details.set_item("status", error.status())?;
    details.set_item("attempts", error.attempts())?;
    Ok(details)
}

fn exception(
    py: Python<'_>,
    class: &str,
    message: &str,
    details: Option<&Bound<'_, PyDict>>,
) -> PyErr {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("orkestra._errors").map(Bound::unbind));
    let made = module.and_then(|module| module.bind(py).getattr(class)?.call((message,), details));
    made.map_or_else(|failed| failed, PyErr::from_value)
}

/// `error`, which is about one item of a list, with the item's place before its words.
pub(crate) fn of_item(py: Python<'_>, error: &PyErr, place: &str) -> PyErr {
    let message = format!("{place}: {}", error.value(py));
    error.get_type(py).call1((message,)).map_or_else(|failed| failed, PyErr::from_value)
}

/// A value of a type that cannot be meant.
pub(crate) fn wrong_type(py: Python<'_>, message: &str) -> PyErr {
    exception(py, INVALID_TYPE, message, None)
}

/// A value that cannot be meant.
pub(crate) fn wrong_value(py: Python<'_>, message: &str) -> PyErr {
    exception(py, class_name(&ErrorKind::InvalidRequest), message, None)
}

/// What `value` is, for a message: its type.
pub(crate) fn type_of(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}

#[pyfunction]
#[doc = stub!(error_kinds)]
pub(crate) fn error_kinds() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(ErrorKind::name).collect()
}

#[pyfunction]
#[pyo3(signature = (name, /))]
#[doc = stub!(raise_kind)]
pub(crate) fn raise_kind(name: &str) -> PyResult<()> {
    match ErrorKind::ALL.into_iter().find(|kind| kind.name() == name) {
        Some(kind) => Err(raise(&Error::new(kind, format!("an error of the kind {name}")))),
        None => Err(PyRuntimeError::new_err(format!("there is no kind called {name:?}"))),
    }
}
