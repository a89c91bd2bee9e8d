//! What handlers and middleware are handed.

use orkestra::{
    chat::{Chunk, Request},
    engine::{Event, Moment},
};
use pyo3::{IntoPyObjectExt, prelude::*, types::PyDict};

use crate::{
    ask,
    plan::Plan,
    response::{self},
};

#[doc = stub!(EventData)]
#[pyclass(module = "orkestra", get_all, set_all)]
pub(crate) struct EventData {
    event: Py<PyAny>,
    provider: Py<PyAny>,
    prompt: Py<PyAny>,
    model: Py<PyAny>,
    response: Py<PyAny>,
    metadata: Py<PyDict>,
}

fn or_empty(py: Python<'_>, metadata: Option<Py<PyDict>>) -> Py<PyDict> {
    metadata.unwrap_or_else(|| PyDict::new(py).unbind())
}

#[pymethods]
impl EventData {
    #[new]
    #[pyo3(signature = (event, provider=None, prompt=None, model=None, response=None, metadata=None))]
    fn new(
        py: Python<'_>,
        event: Py<PyAny>,
        provider: Option<Py<PyAny>>,
        prompt: Option<Py<PyAny>>,
        model: Option<Py<PyAny>>,
        response: Option<Py<PyAny>>,
        metadata: Option<Py<PyDict>>,
    ) -> Self {
        let or_none = |value: Option<Py<PyAny>>| value.unwrap_or_else(|| py.None());
        Self {
            event,
            provider: or_none(provider),
            prompt: or_none(prompt),
            model: or_none(model),
            response: or_none(response),
            metadata: or_empty(py, metadata),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (event, provider) = (self.event.bind(py).repr()?, self.provider.bind(py).repr()?);
        Ok(format!("<orkestra.EventData {event} provider={provider}>"))
    }
}

/// The words of a piece, where it has some that the user reads.
fn words(chunk: &Chunk) -> Option<&str> {
    match chunk {
        Chunk::Text(text) | Chunk::Refusal(text) => Some(text),
        _ => None,
    }
}

impl EventData {
    /// `event` as a handler gets it; `None`: it is of no concern, as pieces without words are.
    pub(crate) fn of(py: Python<'_>, event: &Event) -> PyResult<Option<Self>> {
        let metadata = PyDict::new(py);
        let request: &Request = &event.request;
        let (model, response) = match &event.moment {
            Moment::Route(plan) => {
                let model = plan.choice().model.to_string();
                metadata.set_item("plan", Plan(plan.clone()))?;
                (Some(model), py.None())
            }
            Moment::Response(response) | Moment::StreamComplete(response) => {
                (Some(response.model.to_string()), response::maybe(py, Some(response))?)
            }
            Moment::Chunk(chunk) => match words(chunk) {
                Some(words) => {
                    metadata.set_item("chunk", words)?;
                    (request.model.clone(), words.into_py_any(py)?)
                }
                None => return Ok(None),
            },
            _ => (request.model.clone(), py.None()),
        };
        Ok(Some(Self {
            event: event.moment.name().into_py_any(py)?,
            provider: event.provider.as_deref().into_py_any(py)?,
            prompt: ask::prompt(py, request)?,
            model: model.into_py_any(py)?,
            response,
            metadata: metadata.unbind(),
        }))
    }
}

#[doc = stub!(MiddlewareData)]
#[pyclass(module = "orkestra", get_all, set_all)]
pub(crate) struct MiddlewareData {
    pub(crate) prompt: Py<PyAny>,
    pub(crate) provider: Py<PyAny>,
    pub(crate) model: Py<PyAny>,
    pub(crate) max_tokens: Py<PyAny>,
    pub(crate) temperature: Py<PyAny>,
    pub(crate) event: Py<PyAny>,
    pub(crate) response: Py<PyAny>,
    pub(crate) metadata: Py<PyDict>,
}

#[pymethods]
impl MiddlewareData {
    #[new]
    #[pyo3(
        signature = (prompt, provider=None, model=None, max_tokens=None, temperature=None, event=None, response=None, metadata=None),
        text_signature = "(prompt, provider=None, model=None, max_tokens=8192, temperature=1.0, event=None, response=None, metadata=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the documented fields")]
    fn new(
        py: Python<'_>,
        prompt: Py<PyAny>,
        provider: Option<Py<PyAny>>,
        model: Option<Py<PyAny>>,
        max_tokens: Option<Py<PyAny>>,
        temperature: Option<Py<PyAny>>,
        event: Option<Py<PyAny>>,
        response: Option<Py<PyAny>>,
        metadata: Option<Py<PyDict>>,
    ) -> PyResult<Self> {
        let or_none = |value: Option<Py<PyAny>>| value.unwrap_or_else(|| py.None());
        let usual = Request::from("");
        Ok(Self {
            prompt,
            provider: or_none(provider),
            model: or_none(model),
            max_tokens: max_tokens.map_or_else(|| usual.max_tokens.into_py_any(py), Ok)?,
            temperature: temperature.map_or_else(|| usual.temperature.into_py_any(py), Ok)?,
            event: or_none(event),
            response: or_none(response),
            metadata: or_empty(py, metadata),
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (event, prompt) = (self.event.bind(py).repr()?, self.prompt.bind(py).repr()?);
        Ok(format!("<orkestra.MiddlewareData {event} prompt={prompt}>"))
    }
}
