//! Python's functions as hooks and middleware of the engine.

use std::{
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use async_trait::async_trait;
use orkestra::{
    Result,
    engine::{Event, Extensions, Hook, Middleware, Moment},
};
use pyo3::{
    IntoPyObjectExt, exceptions::PyException, intern, prelude::*, sync::PyOnceLock, types::PyDict,
};

use crate::{
    around::PyMiddleware,
    coroutine::awaited,
    data::EventData,
    drive::{self, Carrier, carrier},
    errors::{type_of, wrong_type, wrong_value},
};

/// What is registered for all calls of the process.
static GLOBAL: LazyLock<Registry> = LazyLock::new(Registry::default);

#[derive(Default)]
struct Registry {
    extensions: Extensions,
    hooks: Mutex<Vec<KeptHook>>,
    middleware: Mutex<Vec<KeptMiddleware>>,
}

/// What a function was registered for, the function, and what became of it.
type KeptHook = (String, Py<PyAny>, Arc<dyn Hook>);
type KeptMiddleware = (Py<PyAny>, Arc<dyn Middleware>);

/// Those of the process.
pub(crate) fn global() -> &'static Extensions {
    &GLOBAL.extensions
}

/// A function of `orkestra._loops`.
pub(crate) fn loops<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("orkestra._loops").map(Bound::unbind))?;
    module.bind(py).getattr(name)
}

/// What `awaitable` comes to, whoever carries the call.
pub(crate) async fn finished(awaitable: Py<PyAny>) -> PyResult<Py<PyAny>> {
    match carrier() {
        Carrier::Loop => awaited(awaitable).await,
        Carrier::Thread => Python::attach(|py| Ok(loops(py, "run")?.call1((awaitable,))?.unbind())),
    }
}

pub(crate) fn is_awaitable(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.hasattr(intern!(value.py(), "__await__"))
}

fn callable(value: &Bound<'_, PyAny>, what: &str) -> PyResult<()> {
    if value.is_callable() {
        return Ok(());
    }
    let message = format!("{what} is of type {}; expected a function", type_of(value));
    Err(wrong_type(value.py(), &message))
}

/// Watches with a function of Python's.
struct PyHook {
    event: &'static str,
    handler: Py<PyAny>,
}

impl fmt::Debug for PyHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyHook").field("event", &self.event).finish_non_exhaustive()
    }
}

#[async_trait]
impl Hook for PyHook {
    fn wants(&self, name: &str) -> bool {
        self.event == name
    }

    async fn notice(&self, event: &Event) -> Result<()> {
        let returned = Python::attach(|py| {
            let Some(data) = EventData::of(py, event)? else { return Ok(None) };
            let returned = self.handler.bind(py).call1((data,))?;
            Ok::<_, PyErr>(is_awaitable(&returned)?.then(|| returned.unbind()))
        });
        let outcome = match returned {
            Ok(Some(awaitable)) => finished(awaitable).await.map(drop),
            Ok(None) => Ok(()),
            Err(raised) => Err(raised),
        };
        if let Err(raised) = outcome {
            Python::attach(|py| self.failed(py, raised));
        }
        Ok(())
    }
}

impl PyHook {
    /// Logs what the handler raised, unless it wants to end the program or the task.
    fn failed(&self, py: Python<'_>, raised: PyErr) {
        if !raised.is_instance_of::<PyException>(py) {
            drive::interrupt(raised);
            return;
        }
        let log = || -> PyResult<()> {
            let logger = py.import("logging")?.call_method1("getLogger", ("orkestra",))?;
            let details = PyDict::new(py);
            details.set_item("exc_info", raised.value(py))?;
            let message = "the handler %r of %s failed; the call goes on";
            let arguments = (message, &self.handler, self.event);
            logger.call_method("error", arguments, Some(&details)).map(drop)
        };
        if let Err(failed) = log() {
            failed.write_unraisable(py, None);
        }
    }
}

/// Adds `handler` for the event called `name` to `extensions`.
fn add_hook(
    extensions: &Extensions,
    name: &str,
    handler: &Bound<'_, PyAny>,
) -> PyResult<Arc<dyn Hook>> {
    callable(handler, "the handler")?;
    let event = Moment::NAMES.into_iter().find(|event| *event == name).ok_or_else(|| {
        let names = Moment::NAMES.join(", ");
        wrong_value(handler.py(), &format!("event is {name:?}; expected one of {names}"))
    })?;
    let hook: Arc<dyn Hook> = Arc::new(PyHook { event, handler: handler.clone().unbind() });
    extensions.add_hook(Arc::clone(&hook));
    Ok(hook)
}

fn add_middleware(
    extensions: &Extensions,
    function: &Bound<'_, PyAny>,
) -> PyResult<Arc<dyn Middleware>> {
    callable(function, "the middleware")?;
    let is_async = loops(function.py(), "is_async")?.call1((function,))?.is_truthy()?;
    let function = function.clone().unbind();
    let middleware: Arc<dyn Middleware> = Arc::new(PyMiddleware { function, is_async });
    extensions.add_middleware(Arc::clone(&middleware));
    Ok(middleware)
}

/// Registers for one object's calls what a decorator or a plain call hands over.
pub(crate) fn own_event(
    py: Python<'_>,
    extensions: &Extensions,
    name: &str,
    handler: Option<Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    match handler {
        Some(handler) => {
            add_hook(extensions, name, &handler)?;
            Ok(handler.unbind())
        }
        None => decorator(py, name, Some(extensions)),
    }
}

/// As [`own_event`], for middleware.
pub(crate) fn own_middleware(
    extensions: &Extensions,
    function: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    add_middleware(extensions, function)?;
    Ok(function.clone().unbind())
}

fn decorator(py: Python<'_>, name: &str, extensions: Option<&Extensions>) -> PyResult<Py<PyAny>> {
    if !Moment::NAMES.contains(&name) {
        let names = Moment::NAMES.join(", ");
        return Err(wrong_value(py, &format!("event is {name:?}; expected one of {names}")));
    }
    Registering { name: name.to_owned(), extensions: extensions.cloned() }.into_py_any(py)
}

/// What registers the function that stands below it.
#[pyclass(frozen)]
struct Registering {
    name: String,
    extensions: Option<Extensions>,
}

#[pymethods]
impl Registering {
    fn __call__(&self, py: Python<'_>, handler: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        match &self.extensions {
            Some(extensions) => own_event(py, extensions, &self.name, Some(handler)),
            None => register_event(py, &self.name, Some(handler)),
        }
    }
}

#[pyfunction]
#[pyo3(signature = (name, handler=None))]
#[doc = stub!(register_event)]
pub(crate) fn register_event(
    py: Python<'_>,
    name: &str,
    handler: Option<Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let Some(handler) = handler else { return decorator(py, name, None) };
    let hook = add_hook(global(), name, &handler)?;
    let kept = (name.to_owned(), handler.clone().unbind(), hook);
    GLOBAL.hooks.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    Ok(handler.unbind())
}

#[pyfunction]
#[pyo3(signature = (name, handler))]
#[doc = stub!(unregister_event)]
pub(crate) fn unregister_event(name: &str, handler: Bound<'_, PyAny>) -> bool {
    let mut hooks = GLOBAL.hooks.lock().unwrap_or_else(PoisonError::into_inner);
    let place = hooks.iter().position(|(event, kept, _)| event == name && kept.is(&handler));
    place.is_some_and(|place| {
        let (_, _, leaving) = hooks.remove(place);
        global().remove_hooks(|hook| Arc::ptr_eq(hook, &leaving)) > 0
    })
}

#[pyfunction]
#[pyo3(signature = (function))]
#[doc = stub!(register_middleware)]
pub(crate) fn register_middleware(function: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let middleware = add_middleware(global(), &function)?;
    let kept = (function.clone().unbind(), middleware);
    GLOBAL.middleware.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    Ok(function.unbind())
}

#[pyfunction]
#[pyo3(signature = (function))]
#[doc = stub!(unregister_middleware)]
pub(crate) fn unregister_middleware(function: Bound<'_, PyAny>) -> bool {
    let mut kept = GLOBAL.middleware.lock().unwrap_or_else(PoisonError::into_inner);
    let place = kept.iter().position(|(one, _)| one.is(&function));
    place.is_some_and(|place| {
        let (_, leaving) = kept.remove(place);
        global().remove_middleware(|one| Arc::ptr_eq(one, &leaving)) > 0
    })
}
