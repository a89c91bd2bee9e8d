//! The catalogue, as Python sees it.

use std::{path::PathBuf, sync::Arc};

use jiff::{Timestamp, civil::Date, tz::Offset};
use orkestra::{Error, ErrorKind, catalogue};
use pyo3::prelude::*;

use crate::{
    errors::{or_raise, raise},
    json,
};

#[doc = stub!(Catalogue)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Catalogue(pub(crate) Arc<catalogue::Catalogue>);

/// The built-in catalogue with the file at `path` on top.
pub(crate) fn from_file(path: &PathBuf) -> PyResult<Arc<catalogue::Catalogue>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| {
        let message = format!("the catalogue file {name} cannot be read: {cause}");
        raise(&Error::new(ErrorKind::Config, message).because(cause))
    })?;
    let merged = catalogue::Catalogue::builtin().merged_with(&text, &name);
    or_raise(merged).map(Arc::new)
}

fn day(date: Option<&str>) -> PyResult<Date> {
    let Some(text) = date else {
        return Ok(Offset::UTC.to_datetime(Timestamp::now()).date());
    };
    or_raise(text.parse().map_err(|cause: jiff::Error| {
        Error::invalid(format!("date is {text:?}; expected one like 2026-11-25")).because(cause)
    }))
}

#[pymethods]
impl Catalogue {
    #[new]
    #[pyo3(signature = (path=None))]
    fn new(path: Option<PathBuf>) -> PyResult<Self> {
        match path {
            None => Ok(Self(Arc::clone(catalogue::Catalogue::builtin()))),
            Some(path) => from_file(&path).map(Self),
        }
    }

    #[pyo3(signature = (toml, *, name="catalogue"))]
    #[doc = stub!(Catalogue, merged)]
    fn merged(&self, toml: &str, name: &str) -> PyResult<Self> {
        or_raise(self.0.merged_with(toml, name)).map(|merged| Self(Arc::new(merged)))
    }

    #[getter]
    #[doc = stub!(Catalogue, version)]
    fn version(&self) -> &str {
        self.0.version()
    }

    #[getter]
    #[doc = stub!(Catalogue, providers)]
    fn providers(&self) -> Vec<String> {
        self.0.providers().iter().map(|provider| provider.name.clone()).collect()
    }

    #[pyo3(signature = (provider=None))]
    #[doc = stub!(Catalogue, models)]
    fn models(&self, py: Python<'_>, provider: Option<&str>) -> PyResult<Vec<Py<PyAny>>> {
        if let Some(provider) = provider {
            or_raise(self.0.provider(provider))?;
        }
        let models = self.0.models().iter();
        let wanted = models.filter(|model| provider.is_none_or(|name| model.provider == name));
        wanted.map(|model| json::serialized(py, model)).collect()
    }

    #[pyo3(signature = (name, *, date=None))]
    #[doc = stub!(Catalogue, resolve)]
    fn resolve(&self, py: Python<'_>, name: &str, date: Option<&str>) -> PyResult<Py<PyAny>> {
        let resolved = or_raise(self.0.resolve(name, day(date)?))?;
        json::serialized(py, resolved.model)
    }

    fn __repr__(&self) -> String {
        format!("<orkestra.Catalogue {}, {} models>", self.0.version(), self.0.models().len())
    }
}
