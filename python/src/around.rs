//! A function of Python's as a middleware of the engine: what it is handed, and what becomes of what it leaves.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, ThreadId},
};

use async_trait::async_trait;
use futures::{StreamExt, future, future::Either, stream};
use orkestra::{
    Response, ResponseStream, Result,
    chat::{Chunk, FinishReason, Part, Reply},
    engine::{Call, Middleware, Moment, Next},
};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyRuntimeError, PyStopAsyncIteration},
    intern,
    prelude::*,
    types::{PyDict, PyList, PyString},
};
use tokio::sync::watch;

use crate::{
    ask,
    callbacks::{finished, is_awaitable, loops},
    coroutine::{Coroutine, awaited},
    data::MiddlewareData,
    drive::{self, Carrier, carrier},
    errors::{carried, or_raise, type_of, wrong_type, wrong_value},
    json, response,
    stream::{Shared, TextStream},
};

/// Changes calls with a function of Python's.
pub(crate) struct PyMiddleware {
    pub(crate) function: Py<PyAny>,
    pub(crate) is_async: bool,
}

impl fmt::Debug for PyMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyMiddleware").field("is_async", &self.is_async).finish_non_exhaustive()
    }
}

#[async_trait]
impl Middleware for PyMiddleware {
    async fn chat(&self, call: Call, next: Next) -> Result<Response> {
        let (around, _alive) = Around::of(self.is_async, call, next, false).map_err(carried)?;
        self.run(&around).await.map_err(carried)?;
        Python::attach(|py| around.answer(py)).map_err(carried)
    }

    async fn stream(&self, call: Call, next: Next) -> Result<ResponseStream> {
        let (around, _alive) = Around::of(self.is_async, call, next, true).map_err(carried)?;
        self.run(&around).await.map_err(carried)?;
        Python::attach(|py| around.stream_answer(py)).map_err(carried)
    }
}

impl PyMiddleware {
    /// Runs the function to its end. An event loop must not wait for a plain one: a thread of the loop's pool does.
    async fn run(&self, around: &Arc<Around>) -> PyResult<()> {
        let returned = Python::attach(|py| {
            let arguments = (around.data.clone_ref(py), NextCall(Arc::clone(around)));
            let function = self.function.bind(py);
            let returned = if carrier() == Carrier::Loop && !self.is_async {
                loops(py, "in_thread")?.call1((function, arguments.0, arguments.1))?
            } else {
                function.call1(arguments)?
            };
            Ok::<_, PyErr>((is_awaitable(&returned)?, returned.unbind()))
        })?;
        let returned = match returned {
            (true, awaitable) => finished(awaitable).await?,
            (false, value) => value,
        };
        // A function that a thread of the pool ran may have given an awaitable in turn.
        let (again, returned) =
            Python::attach(|py| Ok::<_, PyErr>((is_awaitable(returned.bind(py))?, returned)))?;
        let returned = if again { finished(returned).await? } else { returned };
        Python::attach(|py| around.heed(py, returned.bind(py)))
    }
}

/// One call on its way through one middleware.
struct Around {
    call: Call,
    next: Next,
    stream: bool,
    is_async: bool,
    /// The thread that must not wait.
    loop_thread: Option<ThreadId>,
    data: Py<MiddlewareData>,
    /// The prompt as it was handed over.
    prompt: Py<PyAny>,
    /// The stream that came from further inside, if one did.
    inner: Mutex<Option<Shared>>,
    called: Mutex<Option<Arc<Response>>>,
    /// Closed when nobody waits for the call any more.
    alive: watch::Receiver<()>,
}

impl Around {
    fn of(
        is_async: bool,
        mut call: Call,
        next: Next,
        stream: bool,
    ) -> PyResult<(Arc<Self>, watch::Sender<()>)> {
        let (sender, alive) = watch::channel(());
        let around = Python::attach(|py| {
            let request = &call.request;
            let prompt = ask::prompt(py, request)?;
            let luggage = call.luggage.as_ref().and_then(|kept| kept.downcast_ref::<Py<PyDict>>());
            let metadata =
                luggage.map_or_else(|| PyDict::new(py).unbind(), |kept| kept.clone_ref(py));
            let data = MiddlewareData {
                prompt: prompt.clone_ref(py),
                provider: next.provider().into_py_any(py)?,
                model: request.model.as_deref().into_py_any(py)?,
                max_tokens: request.max_tokens.into_py_any(py)?,
                temperature: request.temperature.into_py_any(py)?,
                event: (if stream { Moment::Stream } else { Moment::Chat })
                    .name()
                    .into_py_any(py)?,
                response: py.None(),
                metadata: metadata.clone_ref(py),
            };
            call.luggage = Some(Arc::new(metadata));
            Ok::<_, PyErr>(Self {
                call,
                next,
                stream,
                is_async,
                loop_thread: (carrier() == Carrier::Loop).then(|| thread::current().id()),
                data: Py::new(py, data)?,
                prompt,
                inner: Mutex::default(),
                called: Mutex::default(),
                alive,
            })
        })?;
        Ok((Arc::new(around), sender))
    }

    /// The call with what the middleware changed.
    fn changed(&self, py: Python<'_>) -> PyResult<Call> {
        let mut call = self.call.clone();
        let data = self.data.bind(py).borrow();
        let given =
            |value: &Py<PyAny>| Some(value.bind(py).clone()).filter(|value| !value.is_none());
        if !data.prompt.is(&self.prompt) {
            ask::replace_prompt(&mut call.request, data.prompt.bind(py))?;
        }
        call.request.model =
            given(&data.model).map(|model| json::text(&model, "model")).transpose()?;
        call.request.max_tokens =
            given(&data.max_tokens).map(|value| ask::count("max_tokens", &value)).transpose()?;
        call.request.temperature =
            given(&data.temperature).map(|value| ask::number("temperature", &value)).transpose()?;
        or_raise(call.request.validate())?;
        let metadata = data.metadata.clone_ref(py);
        call.luggage = Some(Arc::new(metadata));
        Ok(call)
    }

    /// What `next()` does.
    async fn proceed(self: Arc<Self>) -> PyResult<Py<PyAny>> {
        let call = Python::attach(|py| self.changed(py))?;
        let next = self.next.clone();
        if self.stream {
            let shared = Shared::open(or_raise(self.unless_ended(next.stream(call)).await?)?);
            *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = Some(shared.clone());
            return self.given(TextStream(shared));
        }
        let response = Arc::new(or_raise(self.unless_ended(next.chat(call)).await?)?);
        *self.called.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&response));
        self.given(response::Response(response))
    }

    /// A thread that runs a plain function goes on when the task that waits for it is cancelled; its call does not.
    async fn unless_ended<F: Future + Unpin>(&self, work: F) -> PyResult<F::Output> {
        let mut alive = self.alive.clone();
        let ended = std::pin::pin!(alive.changed());
        match future::select(work, ended).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(PyRuntimeError::new_err(
                "the call was cancelled; there is no answer to wait for",
            )),
        }
    }

    fn given<T>(&self, response: T) -> PyResult<Py<PyAny>>
    where
        T: for<'py> IntoPyObject<'py>,
    {
        Python::attach(|py| {
            let response = response.into_py_any(py)?;
            self.data.bind(py).borrow_mut().response = response.clone_ref(py);
            Ok(response)
        })
    }

    /// A function that returns an answer means it.
    fn heed(&self, py: Python<'_>, returned: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut data = self.data.bind(py).borrow_mut();
        if !returned.is_none() && data.response.is_none(py) {
            data.response = returned.clone().unbind();
        }
        Ok(())
    }

    fn answer(&self, py: Python<'_>) -> PyResult<Response> {
        let given = self.answered(py)?;
        if let Some(response) = response::taken(&given) {
            return Ok((*response).clone());
        }
        if !given.is_instance_of::<PyString>() {
            let message = format!(
                "a middleware left data.response of type {}; expected Response or str",
                type_of(&given)
            );
            return Err(wrong_type(py, &message));
        }
        let text = json::text(&given, "data.response")?;
        let called = self.called.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match called {
            Some(response) => Ok((*response).clone().with_text(text)),
            None => {
                let reply = Reply::new(vec![Part::text(text)], FinishReason::Stop);
                Ok(Response::uncalled(reply, or_raise(self.next.plan(&self.changed(py)?))?))
            }
        }
    }

    fn answered<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let given = self.data.bind(py).borrow().response.bind(py).clone();
        if given.is_none() {
            let message = "a middleware neither called next() nor set data.response";
            return Err(wrong_value(py, message));
        }
        Ok(given)
    }

    fn stream_answer(&self, py: Python<'_>) -> PyResult<ResponseStream> {
        let given = self.answered(py)?;
        let untouched = given.cast::<TextStream>().ok().and_then(|stream| stream.get().0.take());
        if let Some(stream) = untouched {
            return Ok(stream);
        }
        let plan = or_raise(self.next.plan(&self.changed(py)?))?;
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let pieces = Pieces::of(&given)?;
        let of_plan = plan.clone();
        let respond = move |reply: Reply| {
            let response = inner.as_ref().and_then(Shared::response_there);
            Ok(match response {
                Some(response) => (*response).clone().with_text(reply.text()),
                None => Response::uncalled(reply, of_plan),
            })
        };
        let pieces = stream::unfold(Some(pieces), |pieces| async {
            let pieces = pieces?;
            match pieces.next().await {
                Ok(Some(text)) => Some((Ok(Chunk::Text(text)), Some(pieces))),
                Ok(None) => None,
                Err(raised) => Some((Err(carried(raised)), None)),
            }
        });
        Ok(ResponseStream::replaced(plan, pieces.boxed(), respond))
    }
}

/// The pieces that a middleware gives instead of a model.
struct Pieces {
    iterator: Py<PyAny>,
    is_async: bool,
}

impl Pieces {
    fn of(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = given.py();
        if given.is_instance_of::<PyString>() {
            let iterator = PyList::new(py, [given])?.try_iter()?.into_any().unbind();
            return Ok(Self { iterator, is_async: false });
        }
        let (sync, twin) = (given.hasattr("__iter__")?, given.hasattr("__aiter__")?);
        if twin && carrier() == Carrier::Loop {
            let iterator = given.call_method0("__aiter__")?.unbind();
            return Ok(Self { iterator, is_async: true });
        }
        if twin && !sync {
            let iterator = loops(py, "items")?.call1((given,))?.unbind();
            return Ok(Self { iterator, is_async: false });
        }
        if sync {
            return Ok(Self { iterator: given.try_iter()?.into_any().unbind(), is_async: false });
        }
        let message = format!(
            "a middleware left data.response of type {}; expected str or something that gives str piece by piece",
            type_of(given)
        );
        Err(wrong_type(py, &message))
    }

    async fn next(&self) -> PyResult<Option<String>> {
        let piece = if self.is_async {
            let next =
                Python::attach(|py| self.iterator.call_method0(py, intern!(py, "__anext__")))?;
            finished(next).await
        } else if carrier() == Carrier::Loop {
            let next = Python::attach(|py| {
                Ok::<_, PyErr>(loops(py, "next_in_thread")?.call1((&self.iterator,))?.unbind())
            })?;
            awaited(next).await
        } else {
            Python::attach(|py| Ok(loops(py, "next_or_stop")?.call1((&self.iterator,))?.unbind()))
        };
        Python::attach(|py| match piece {
            Ok(piece) => json::text(piece.bind(py), "a piece of data.response").map(Some),
            Err(raised) if raised.is_instance_of::<PyStopAsyncIteration>(py) => Ok(None),
            Err(raised) => Err(raised),
        })
    }
}

/// What a middleware calls to let the call go on.
#[pyclass(module = "orkestra", frozen)]
struct NextCall(Arc<Around>);

#[pymethods]
impl NextCall {
    fn __call__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let work = Arc::clone(&self.0).proceed();
        if self.0.is_async || self.0.loop_thread == Some(thread::current().id()) {
            return Coroutine::of("next", work).into_py_any(py);
        }
        drive::wait(py, work)?
    }
}
