//! The simulator, in the process that tests or tries.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use orkestra::{Error, ErrorKind};
use orkestra_simulator::Fault;
use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use serde_json::{Value, json};

use crate::{coroutine::Coroutine, drive, errors::raise, errors::wrong_value, json};

#[doc = stub!(Simulator)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Simulator(Mutex<Option<orkestra_simulator::Simulator>>);

impl Simulator {
    fn with<T>(&self, work: impl FnOnce(&orkestra_simulator::Simulator) -> T) -> PyResult<T> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*running {
            Some(running) => Ok(work(running)),
            None => Err(PyRuntimeError::new_err("the simulator is stopped")),
        }
    }

    fn taken(&self) -> Option<orkestra_simulator::Simulator> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl Simulator {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let started: io::Result<_> =
            drive::wait(py, orkestra_simulator::Simulator::start_on_loopback())?;
        let started = started.map_err(|cause| {
            let message = "the simulator found no free port on 127.0.0.1";
            raise(&Error::new(ErrorKind::Unavailable, message).because(cause))
        })?;
        Ok(Self(Mutex::new(Some(started))))
    }

    #[doc = stub!(Simulator, base_url)]
    fn base_url(&self, provider: &str) -> PyResult<String> {
        self.with(|running| running.base_url(provider))
    }

    #[getter]
    #[doc = stub!(Simulator, address)]
    fn address(&self) -> PyResult<String> {
        self.with(|running| running.address().to_string())
    }

    #[pyo3(signature = (name, *, count=1, provider=None, model=None))]
    #[doc = stub!(Simulator, fault)]
    fn fault(
        &self,
        py: Python<'_>,
        name: &str,
        count: usize,
        provider: Option<&str>,
        model: Option<&str>,
    ) -> PyResult<()> {
        let kind = name.parse().map_err(|unknown: orkestra_simulator::UnknownFault| {
            wrong_value(py, &unknown.to_string())
        })?;
        for _ in 0..count {
            let mut fault = Fault::new(kind);
            if let Some(provider) = provider {
                fault = fault.for_provider(provider);
            }
            if let Some(model) = model {
                fault = fault.for_model(model);
            }
            self.with(|running| running.push_fault(fault))?;
        }
        Ok(())
    }

    #[doc = stub!(Simulator, requests)]
    fn requests(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let requests = self.with(orkestra_simulator::Simulator::requests)?;
        let shown = requests.iter().map(|request| {
            let answer = request.answer.as_ref();
            json!({
                "provider": request.provider,
                "method": request.method,
                "path": request.path,
                "body": request.json(),
                "status": answer.map(|answer| answer.status),
                "end": answer.map(|answer| answer.end),
            })
        });
        json::to_python(py, &shown.collect::<Value>())
    }

    #[doc = stub!(Simulator, headers)]
    fn headers(&self, py: Python<'_>) -> PyResult<Vec<Py<PyDict>>> {
        let requests = self.with(orkestra_simulator::Simulator::requests)?;
        let shown = requests.iter().map(|request| {
            let headers = PyDict::new(py);
            for (name, value) in &request.headers {
                headers.set_item(name, value)?;
            }
            Ok(headers.unbind())
        });
        shown.collect()
    }

    #[doc = stub!(Simulator, clear)]
    fn clear(&self) -> PyResult<()> {
        self.with(orkestra_simulator::Simulator::clear)
    }

    #[doc = stub!(Simulator, stop)]
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        match self.taken() {
            Some(running) => drive::wait(py, running.stop()),
            None => Ok(()),
        }
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let _ = exception;
        self.stop(py)
    }

    fn __aenter__(slf: Py<Self>) -> Coroutine {
        Coroutine::of("__aenter__", async move { Ok(slf) })
    }

    #[pyo3(signature = (*exception))]
    fn __aexit__(&self, exception: &Bound<'_, PyAny>) -> Coroutine {
        let _ = exception;
        let running = self.taken();
        Coroutine::of("__aexit__", async move {
            if let Some(running) = running {
                running.stop().await;
            }
            Ok(())
        })
    }
}
