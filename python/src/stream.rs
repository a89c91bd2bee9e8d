//! Answers in pieces. One object for both faces: a thread reads it with `for`, an event loop with `async for`.

use std::{
    future::Future,
    sync::{Arc, PoisonError},
};

use futures::{StreamExt, future::BoxFuture};
use orkestra::{Error, ErrorKind, ResponseStream, chat::Chunk, strategy};
use pyo3::{
    exceptions::{PyStopAsyncIteration, PyStopIteration},
    prelude::*,
};
use tokio::sync::Mutex;

use crate::{
    coroutine::Coroutine,
    drive,
    errors::or_raise,
    plan::Plan,
    response::{Response, Usage},
    runtime::{self, Birth},
};

type Opening = BoxFuture<'static, orkestra::Result<ResponseStream>>;

/// A stream that several objects may read, and the response that it comes to.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    birth: Birth,
    state: Mutex<State>,
    // Known before the stream is free: getters do not wait.
    response: std::sync::Mutex<Option<Arc<orkestra::Response>>>,
    plan: std::sync::Mutex<Option<Arc<strategy::Plan>>>,
}

enum State {
    /// The call begins when the first piece is asked for.
    Opening(Opening),
    Open(Box<ResponseStream>),
    Ended,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = std::mem::replace(self.state.get_mut(), State::Ended);
        if !matches!(state, State::Ended) {
            // Not under the interpreter's lock, for which a connection's locks may be held.
            let _ = Python::try_attach(|py| py.detach(move || runtime::dropped(state)));
        }
    }
}

impl Shared {
    pub(crate) fn opening(opening: Opening) -> Self {
        Self::of(State::Opening(opening))
    }

    pub(crate) fn open(stream: ResponseStream) -> Self {
        let plan = Arc::new(stream.plan().clone());
        let shared = Self::of(State::Open(Box::new(stream)));
        *shared.0.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
        shared
    }

    fn of(state: State) -> Self {
        Self(Arc::new(Inner {
            birth: Birth::now(),
            state: Mutex::new(state),
            response: std::sync::Mutex::default(),
            plan: std::sync::Mutex::default(),
        }))
    }

    pub(crate) fn response_there(&self) -> Option<Arc<orkestra::Response>> {
        self.0.response.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn plan(&self) -> Option<Arc<strategy::Plan>> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The stream itself, if nothing was read of it and nobody else reads it.
    pub(crate) fn take(&self) -> Option<ResponseStream> {
        let mut state = self.0.state.try_lock().ok()?;
        match std::mem::replace(&mut *state, State::Ended) {
            State::Open(stream) => Some(*stream),
            other => {
                *state = other;
                None
            }
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&self) -> orkestra::Result<Option<Chunk>> {
        let mut state = self.0.state.lock().await;
        if let State::Opening(opening) = &mut *state {
            let opened = opening.await;
            *state = State::Ended;
            let stream = opened?;
            let plan = Arc::new(stream.plan().clone());
            *self.0.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
            *state = State::Open(Box::new(stream));
        }
        let State::Open(stream) = &mut *state else { return Ok(None) };
        match stream.next().await {
            Some(Ok(chunk)) => Ok(Some(chunk)),
            Some(Err(error)) => {
                *state = State::Ended;
                Err(error)
            }
            None => {
                if let State::Open(stream) = std::mem::replace(&mut *state, State::Ended) {
                    let response = Arc::new(stream.response().await?);
                    let mut there = self.0.response.lock().unwrap_or_else(PoisonError::into_inner);
                    *there = Some(response);
                }
                Ok(None)
            }
        }
    }

    async fn next_text(&self) -> orkestra::Result<Option<String>> {
        loop {
            match self.next().await? {
                None => return Ok(None),
                Some(Chunk::Text(text) | Chunk::Refusal(text)) => return Ok(Some(text)),
                Some(_) => {}
            }
        }
    }

    /// Reads what is left, and gives the whole.
    async fn response(&self) -> orkestra::Result<Arc<orkestra::Response>> {
        while self.next().await?.is_some() {}
        self.response_there().ok_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                "the stream was closed or failed; there is no response",
            )
        })
    }

    async fn close(&self) {
        let mut state = self.0.state.lock().await;
        *state = State::Ended;
    }

    /// Waits on this thread. What interrupts the wait ends the call.
    fn wait<T: Send>(
        &self,
        py: Python<'_>,
        work: impl Future<Output = orkestra::Result<T>> + Send,
    ) -> PyResult<T> {
        self.0.birth.check()?;
        match drive::wait(py, work) {
            Ok(outcome) => or_raise(outcome),
            Err(interrupted) => drive::wait(py, self.close()).and(Err(interrupted)),
        }
    }
}

macro_rules! stream_class {
    ($class:ident, $item:ty, $next:ident) => {
        #[doc = stub!($class)]
        #[pyclass(module = "orkestra", frozen)]
        pub(crate) struct $class(pub(crate) Shared);

        #[pymethods]
        impl $class {
            fn __iter__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            fn __next__(&self, py: Python<'_>) -> PyResult<$item> {
                let next = self.0.wait(py, self.0.$next())?;
                next.map(<$item>::from).ok_or_else(|| PyStopIteration::new_err(()))
            }

            fn __aiter__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            fn __anext__(&self) -> PyResult<Coroutine> {
                self.0.0.birth.check()?;
                let shared = self.0.clone();
                Ok(Coroutine::of("__anext__", async move {
                    let next = or_raise(shared.$next().await)?;
                    next.map(<$item>::from).ok_or_else(|| PyStopAsyncIteration::new_err(()))
                }))
            }

            #[doc = stub!($class, response)]
            fn response(&self, py: Python<'_>) -> PyResult<Response> {
                self.0.wait(py, self.0.response()).map(Response)
            }

            #[doc = stub!($class, aresponse)]
            fn aresponse(&self) -> Coroutine {
                let shared = self.0.clone();
                Coroutine::of("aresponse", async move {
                    or_raise(shared.response().await).map(Response)
                })
            }

            #[getter]
            #[doc = stub!($class, plan)]
            fn plan(&self) -> Option<Plan> {
                self.0.plan().map(Plan)
            }

            #[doc = stub!($class, close)]
            fn close(&self, py: Python<'_>) -> PyResult<()> {
                drive::wait(py, self.0.close())
            }

            #[doc = stub!($class, aclose)]
            fn aclose(&self) -> Coroutine {
                let shared = self.0.clone();
                Coroutine::of("aclose", async move {
                    shared.close().await;
                    Ok(())
                })
            }

            fn __enter__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            #[pyo3(signature = (*exception))]
            fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyAny>) -> PyResult<()> {
                let _ = exception;
                self.close(py)
            }

            fn __aenter__(slf: Py<Self>) -> Coroutine {
                Coroutine::of("__aenter__", async move { Ok(slf) })
            }

            #[pyo3(signature = (*exception))]
            fn __aexit__(&self, exception: &Bound<'_, PyAny>) -> Coroutine {
                let _ = exception;
                self.aclose()
            }
        }
    };
}

stream_class!(TextStream, String, next_text);
stream_class!(Stream, StreamEvent, next);

#[doc = stub!(StreamEvent)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct StreamEvent(Chunk);

impl From<Chunk> for StreamEvent {
    fn from(chunk: Chunk) -> Self {
        Self(chunk)
    }
}

#[pymethods]
impl StreamEvent {
    #[getter]
    #[doc = stub!(StreamEvent, type)]
    fn r#type(&self) -> &'static str {
        match &self.0 {
            Chunk::Text(_) => "text",
            Chunk::Refusal(_) => "refusal",
            Chunk::Reasoning(_) => "reasoning",
            Chunk::Signature(_) => "signature",
            Chunk::ToolCall { .. } => "tool_call",
            Chunk::ToolArguments { .. } => "tool_arguments",
            Chunk::Usage(_) => "usage",
            _ => "other",
        }
    }

    #[getter]
    #[doc = stub!(StreamEvent, text)]
    fn text(&self) -> Option<&str> {
        match &self.0 {
            Chunk::Text(text) | Chunk::Refusal(text) | Chunk::Reasoning(text) => Some(text),
            Chunk::ToolArguments { piece, .. } => Some(piece),
            _ => None,
        }
    }

    #[getter]
    #[doc = stub!(StreamEvent, index)]
    fn index(&self) -> Option<usize> {
        match &self.0 {
            Chunk::ToolCall { index, .. } | Chunk::ToolArguments { index, .. } => Some(*index),
            _ => None,
        }
    }

    #[getter]
    #[doc = stub!(StreamEvent, id)]
    fn id(&self) -> Option<&str> {
        match &self.0 {
            Chunk::ToolCall { id, .. } => Some(id),
            _ => None,
        }
    }

    #[getter]
    #[doc = stub!(StreamEvent, name)]
    fn name(&self) -> Option<&str> {
        match &self.0 {
            Chunk::ToolCall { name, .. } => Some(name),
            _ => None,
        }
    }

    #[getter]
    #[doc = stub!(StreamEvent, usage)]
    fn usage(&self) -> Option<Usage> {
        match &self.0 {
            Chunk::Usage(usage) => Some(Usage(*usage)),
            _ => None,
        }
    }

    fn __repr__(&self) -> String {
        let text = self.text().map(|text| format!(" {text:?}")).unwrap_or_default();
        let name = self.name().map(|name| format!(" {name}")).unwrap_or_default();
        format!("<orkestra.StreamEvent {}{name}{text}>", self.r#type())
    }
}
