//! Tells an event loop that futures of Rust can go on.
//!
//! Whoever wakes a future may hold locks of the network's, so it must not wait for the interpreter: a task of the
//! runtime does, once for all that were woken meanwhile.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::{intern, prelude::*, sync::PyOnceLock};

use crate::runtime;

/// Brings woken futures to one event loop.
pub(crate) struct Courier {
    event_loop: Py<PyAny>,
    woken: Mutex<Vec<Py<PyAny>>>,
}

thread_local! {
    /// The courier of the loop that runs on this thread.
    static HERE: RefCell<Option<Arc<Courier>>> = const { RefCell::new(None) };
}

/// The running event loop of this thread.
///
/// # Errors
/// `RuntimeError` when there is none.
pub(crate) fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET.import(py, "asyncio", "get_running_loop")?.call0()
}

impl Courier {
    /// That of the running event loop.
    ///
    /// # Errors
    /// `RuntimeError` when none runs on this thread.
    pub(crate) fn here(py: Python<'_>) -> PyResult<Arc<Self>> {
        let event_loop = running_loop(py)?;
        HERE.with_borrow_mut(|here| {
            if let Some(courier) = here.as_ref().filter(|here| here.event_loop.is(&event_loop)) {
                return Ok(Arc::clone(courier));
            }
            let courier =
                Arc::new(Self { event_loop: event_loop.unbind(), woken: Mutex::default() });
            *here = Some(Arc::clone(&courier));
            Ok(courier)
        })
    }

    /// A future of the loop's, which [`wake`](Self::wake) resolves.
    pub(crate) fn future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.event_loop.bind(py).call_method0(intern!(py, "create_future"))
    }

    /// Has `future` resolved by its loop. Waits for nothing.
    pub(crate) fn wake(self: &Arc<Self>, future: Py<PyAny>) {
        let first = {
            let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
            woken.push(future);
            woken.len() == 1
        };
        if first && let Ok(runtime) = runtime::handle() {
            let courier = Arc::clone(self);
            runtime.spawn(async move {
                // Without an interpreter, or with a loop that is closed, nobody waits any more.
                let _ = Python::try_attach(|py| courier.ring(py));
            });
        }
    }

    fn ring(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let event_loop = self.event_loop.clone_ref(py);
        let delivery = Bound::new(py, Delivery(self))?;
        event_loop.call_method1(py, intern!(py, "call_soon_threadsafe"), (delivery,))?;
        Ok(())
    }
}

/// What the loop calls: resolves all that were woken.
#[pyclass(frozen)]
struct Delivery(Arc<Courier>);

#[pymethods]
impl Delivery {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let woken = {
            let mut woken = self.0.woken.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *woken)
        };
        for future in woken {
            let future = future.bind(py);
            if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
                future.call_method1(intern!(py, "set_result"), (py.None(),))?;
            }
        }
        Ok(())
    }
}
