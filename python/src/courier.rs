//! Tells an event loop that futures of Rust can go on.
//!
//! Whoever wakes a future may hold locks of the network's, so it must not wait for the interpreter; and a thread that
//! waits for an interpreter which is ending is ended with it, in the middle of Rust. So a byte through a pipe rings, once
//! for all that were woken meanwhile.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError},
};
#[cfg(unix)]
use std::{
    io::{Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
};

use pyo3::{exceptions::PyNotImplementedError, intern, prelude::*, sync::PyOnceLock};

use crate::runtime;

/// Brings woken futures to one event loop.
pub(crate) struct Courier {
    event_loop: Py<PyAny>,
    woken: Mutex<Vec<Py<PyAny>>>,
    bell: Bell,
}

enum Bell {
    /// The loop listens at one end; a byte at the other rings.
    #[cfg(unix)]
    Pipe { ring: UnixStream, heard: UnixStream },
    /// For loops that can listen to no pipe, such as Windows' own: a thread of the runtime calls them.
    Interpreter,
}

thread_local! {
    /// The couriers of the loops that run on this thread: one may be run inside of another.
    static HERE: RefCell<Vec<Arc<Courier>>> = const { RefCell::new(Vec::new()) };
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
        let known = |here: &Vec<Arc<Self>>| {
            here.iter().find(|courier| courier.event_loop.is(&event_loop)).cloned()
        };
        if let Some(courier) = HERE.with_borrow(known) {
            return Ok(courier);
        }
        let courier = Self::of(&event_loop)?;
        // Taken out, since whatever Python runs meanwhile may ask for one, too.
        let mut here = HERE.take();
        here.retain(|courier| {
            let closed = courier.event_loop.call_method0(py, intern!(py, "is_closed"));
            !closed.and_then(|closed| closed.is_truthy(py)).unwrap_or(true)
        });
        here.push(Arc::clone(&courier));
        HERE.with_borrow_mut(|others| others.append(&mut here));
        Ok(courier)
    }

    #[cfg(unix)]
    fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let py = event_loop.py();
        let (ring, heard) = UnixStream::pair()?;
        ring.set_nonblocking(true)?;
        heard.set_nonblocking(true)?;
        let ear = heard.as_raw_fd();
        let courier = Self::with(event_loop, Bell::Pipe { ring, heard });
        let delivery = Bound::new(py, Delivery(Arc::clone(&courier)))?;
        // The loop keeps the delivery, and with it both ends, until it is closed.
        match event_loop.call_method1(intern!(py, "add_reader"), (ear, delivery)) {
            Ok(_) => Ok(courier),
            Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => {
                Ok(Self::with(event_loop, Bell::Interpreter))
            }
            Err(error) => Err(error),
        }
    }

    #[cfg(not(unix))]
    fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        Ok(Self::with(event_loop, Bell::Interpreter))
    }

    fn with(event_loop: &Bound<'_, PyAny>, bell: Bell) -> Arc<Self> {
        Arc::new(Self { event_loop: event_loop.clone().unbind(), woken: Mutex::default(), bell })
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
        if first {
            match &self.bell {
                // A pipe that is full rings, and without a reader nobody waits any more.
                #[cfg(unix)]
                Bell::Pipe { ring, .. } => drop((&mut &*ring).write(&[0])),
                Bell::Interpreter => self.ring_by_call(),
            }
        }
    }

    fn ring_by_call(self: &Arc<Self>) {
        if let Ok(runtime) = runtime::handle() {
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
        #[cfg(unix)]
        if let Bell::Pipe { heard, .. } = &self.0.bell {
            let mut bytes = [0; 16];
            while (&mut &*heard).read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
        }
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
