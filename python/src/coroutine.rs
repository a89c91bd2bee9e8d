//! A future of Rust as a coroutine of Python, and an awaitable of Python as a future of Rust.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use futures::{FutureExt, future::BoxFuture};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyRuntimeError, PyRuntimeWarning, PyStopIteration},
    intern,
    prelude::*,
    sync::PyOnceLock,
};
use tokio::runtime::Handle;

use crate::{
    courier::Courier,
    drive::{Carrier, check_interruption, poll_as},
    runtime,
};

/// What a coroutine comes to.
type Work = BoxFuture<'static, PyResult<Py<PyAny>>>;

#[doc = stub!(Coroutine)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Coroutine {
    state: Mutex<State>,
    name: &'static str,
}

enum State {
    New(Work),
    Running(Box<Running>),
    Ended,
}

struct Running {
    work: Work,
    runtime: Handle,
    courier: Arc<Courier>,
    /// The iterator of the loop's future that is waited for.
    waiting: Option<Py<PyAny>>,
}

impl Coroutine {
    /// The coroutine of the method called `name` that does `work`.
    pub(crate) fn of<T, F>(name: &'static str, work: F) -> Self
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'py> IntoPyObject<'py> + Send,
    {
        let work = async move {
            let output = work.await?;
            Python::attach(|py| output.into_py_any(py))
        };
        Self { state: Mutex::new(State::New(work.boxed())), name }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, py: Python<'_>) {
        let state = std::mem::replace(&mut *self.state(), State::Ended);
        discard(py, state);
    }
}

/// Drops what may hold connections. Not under the interpreter's lock: whoever holds the locks of a connection
/// may be waiting for that one.
fn discard<T: Send>(py: Python<'_>, value: T) {
    py.detach(move || runtime::dropped(value));
}

#[pymethods]
impl Coroutine {
    fn __await__(slf: Py<Self>) -> Awaiting {
        Awaiting(slf)
    }

    #[pyo3(signature = (value, /))]
    #[doc = stub!(Coroutine, send)]
    fn send(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        let taken = std::mem::replace(&mut *self.state(), State::Ended);
        let mut running = match taken {
            State::Ended => {
                return Err(PyRuntimeError::new_err("cannot reuse already awaited coroutine"));
            }
            State::New(work) => {
                let (runtime, courier) = (runtime::handle()?, Courier::here(py)?);
                Box::new(Running { work, runtime, courier, waiting: None })
            }
            State::Running(running) => running,
        };
        match running.step(py) {
            Ok(Step::Wait(future)) => {
                *self.state() = State::Running(running);
                Ok(future)
            }
            Ok(Step::Done(output)) => {
                discard(py, running);
                Err(PyStopIteration::new_err((output,)))
            }
            Err(error) => {
                discard(py, running);
                Err(error)
            }
        }
    }

    #[pyo3(signature = (typ, val=None, tb=None, /))]
    #[doc = stub!(Coroutine, throw)]
    fn throw(
        &self,
        py: Python<'_>,
        typ: Bound<'_, PyAny>,
        val: Option<Bound<'_, PyAny>>,
        tb: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let _ = tb;
        self.end(py);
        let exception = match val.filter(|val| !val.is_none()) {
            Some(val) if val.is_instance(&typ).unwrap_or(false) => val,
            Some(val) => typ.call1((val,))?,
            None if typ.is_callable() => typ.call0()?,
            None => typ,
        };
        Err(PyErr::from_value(exception))
    }

    #[doc = stub!(Coroutine, close)]
    fn close(&self, py: Python<'_>) {
        self.end(py);
    }

    #[getter]
    fn __name__(&self) -> &'static str {
        self.name
    }

    #[getter]
    fn __qualname__(&self) -> &'static str {
        self.name
    }

    fn __repr__(&self) -> String {
        format!("<coroutine {}>", self.name)
    }
}

/// What `await` runs through. Coroutines are no iterators themselves, so that type checkers do not take them for generators.
#[pyclass(frozen)]
struct Awaiting(Py<Coroutine>);

#[pymethods]
impl Awaiting {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.0.get().send(py, py.None())
    }

    #[pyo3(signature = (value, /))]
    fn send(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<Py<PyAny>> {
        self.0.get().send(py, value)
    }

    #[pyo3(signature = (typ, val=None, tb=None, /))]
    fn throw(
        &self,
        py: Python<'_>,
        typ: Bound<'_, PyAny>,
        val: Option<Bound<'_, PyAny>>,
        tb: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.0.get().throw(py, typ, val, tb)
    }

    fn close(&self, py: Python<'_>) {
        self.0.get().close(py);
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        let state = std::mem::replace(
            self.state.get_mut().unwrap_or_else(PoisonError::into_inner),
            State::Ended,
        );
        let forgotten = matches!(state, State::New(_));
        let name = self.name;
        Python::try_attach(|py| {
            discard(py, state);
            if forgotten {
                let message = format!("coroutine '{name}' was never awaited\0");
                let category = py.get_type::<PyRuntimeWarning>();
                if let Ok(message) = std::ffi::CStr::from_bytes_with_nul(message.as_bytes())
                    && let Err(error) = PyErr::warn(py, &category, message, 1)
                {
                    error.write_unraisable(py, None);
                }
            }
        });
    }
}

enum Step {
    /// Something for the loop to wait for.
    Wait(Py<PyAny>),
    Done(Py<PyAny>),
}

impl Running {
    /// Polls once.
    fn step(&mut self, py: Python<'_>) -> PyResult<Step> {
        if let Some(waiting) = self.waiting.take() {
            // Its future is resolved; if it was cancelled, this raises.
            match waiting.call_method1(py, intern!(py, "send"), (py.None(),)) {
                Err(ended) if ended.is_instance_of::<PyStopIteration>(py) => {}
                Err(error) => return Err(error),
                Ok(_) => return Err(PyRuntimeError::new_err("the event loop went on too early")),
            }
        }
        let alarm = Arc::new(Alarm { courier: Arc::clone(&self.courier), state: Mutex::default() });
        let waker = Waker::from(Arc::clone(&alarm));
        let (work, runtime) = (&mut self.work, &self.runtime);
        let polled = py.detach(|| {
            let _entered = runtime.enter();
            poll_as(Carrier::Loop, || work.as_mut().poll(&mut Context::from_waker(&waker)))
        });
        check_interruption()?;
        match polled {
            Poll::Ready(output) => Ok(Step::Done(output?)),
            Poll::Pending => {
                let future = self.courier.future(py)?;
                let waiting = future.call_method0(intern!(py, "__await__"))?;
                // The future says by this that it is waited for, and gives itself.
                let yielded = waiting.call_method1(intern!(py, "send"), (py.None(),))?;
                self.waiting = Some(waiting.unbind());
                if alarm.set(future.clone().unbind()) {
                    future.call_method1(intern!(py, "set_result"), (py.None(),))?;
                }
                Ok(Step::Wait(yielded.unbind()))
            }
        }
    }
}

/// Wakes the coroutine, once.
struct Alarm {
    courier: Arc<Courier>,
    state: Mutex<Alarmed>,
}

#[derive(Default)]
struct Alarmed {
    woken: bool,
    future: Option<Py<PyAny>>,
}

impl Alarm {
    /// What to resolve; `true`: the alarm has gone off before.
    fn set(&self, future: Py<PyAny>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.woken {
            state.future = Some(future);
        }
        state.woken
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let future = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.woken = true;
            state.future.take()
        };
        if let Some(future) = future {
            self.courier.wake(future);
        }
    }
}

/// What `awaitable` comes to, as a task of the event loop that carries the caller.
///
/// # Errors
/// What it raises.
pub(crate) async fn awaited(awaitable: Py<PyAny>) -> PyResult<Py<PyAny>> {
    let slot = Arc::new(Mutex::new(Slot::default()));
    let task = Python::attach(|py| {
        static ENSURE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let task = ENSURE.import(py, "asyncio", "ensure_future")?.call1((awaitable,))?;
        let done = Bound::new(py, Done(Arc::clone(&slot)))?;
        task.call_method1(intern!(py, "add_done_callback"), (done,))?;
        Ok::<_, PyErr>(task.unbind())
    })?;
    Task { task, slot }.await
}

#[derive(Default)]
struct Slot {
    output: Option<PyResult<Py<PyAny>>>,
    waker: Option<Waker>,
}

#[pyclass(frozen)]
struct Done(Arc<Mutex<Slot>>);

#[pymethods]
impl Done {
    fn __call__(&self, future: &Bound<'_, PyAny>) {
        let output = future.call_method0(intern!(future.py(), "result")).map(Bound::unbind);
        let waker = {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.output = Some(output);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Task {
    task: Py<PyAny>,
    slot: Arc<Mutex<Slot>>,
}

impl Future for Task {
    type Output = PyResult<Py<PyAny>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // Without an interpreter there is no task. A task that is done is not cancelled by this.
        let _ = Python::try_attach(|py| self.task.call_method0(py, intern!(py, "cancel")));
    }
}
