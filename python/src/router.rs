//! Routers, as Python sees them.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use futures::channel::oneshot;
use orkestra::{
    Error,
    chat::Request,
    features::Features,
    routing::{self, GENERAL, Trained},
};
use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use serde_json::Value;

use crate::{coroutine::Coroutine, drive, errors::or_raise, json};

#[doc = stub!(Router)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Router {
    pub(crate) trained: Trained,
    /// Its file, while it has one.
    path: Option<PathBuf>,
    embedded: bool,
}

/// What work that computes comes to, on a thread of its own.
pub(crate) async fn computed<T: Send + 'static>(
    work: impl FnOnce() -> PyResult<T> + Send + 'static,
) -> PyResult<T> {
    let (done, waiting) = oneshot::channel();
    std::thread::Builder::new().name("orkestra-work".to_owned()).spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send(work());
    })?;
    waiting.await.map_err(|_| PyRuntimeError::new_err("the work ended without a result"))?
}

/// What a router shall be learned from, and where its file goes.
struct Lesson {
    argv: Vec<OsString>,
    out: PathBuf,
    /// Ours, to be removed when all is read.
    folder: PathBuf,
    keeps_file: bool,
}

impl Lesson {
    fn learn(self) -> PyResult<Router> {
        let learned = or_raise(orkestra_cli::train(self.argv)).and_then(|()| Router::of(&self.out));
        // A folder that stays behind is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.folder);
        learned.map(|router| Router { path: router.path.filter(|_| self.keeps_file), ..router })
    }
}

/// Rows from Python's side: a file, several, or a list of rows.
fn lesson(
    rows: &Bound<'_, PyAny>,
    tiers: &Bound<'_, PyDict>,
    family: &str,
    base: Option<&OsStr>,
    out: Option<PathBuf>,
) -> PyResult<Lesson> {
    let py = rows.py();
    let folder: PathBuf = py.import("tempfile")?.call_method0("mkdtemp")?.extract()?;
    let mut argv: Vec<OsString> = vec!["--data".into()];
    let files = match (rows.extract::<PathBuf>(), rows.extract::<Vec<PathBuf>>()) {
        (Ok(file), _) => vec![file],
        (_, Ok(files)) if !files.is_empty() => files,
        _ => vec![written(rows, &folder)?],
    };
    argv.extend(files.into_iter().map(PathBuf::into_os_string));
    let mut names = Vec::new();
    for (tier, model) in tiers {
        names.push(format!(
            "{}={}",
            json::text(&tier, "a key of tiers")?,
            json::text(&model, "a model of tiers")?
        ));
    }
    argv.extend(["--tiers".into(), names.join(",").into(), "--family".into(), family.into()]);
    if let Some(base) = base {
        argv.extend(["--base".into(), base.to_owned()]);
    }
    let keeps_file = out.is_some();
    let out = out.unwrap_or_else(|| folder.join("router.safetensors"));
    argv.extend(["--out".into(), out.clone().into()]);
    Ok(Lesson { argv, out, folder, keeps_file })
}

fn written(rows: &Bound<'_, PyAny>, folder: &Path) -> PyResult<PathBuf> {
    let mut lines = String::new();
    let rows = json::from_python(rows, "rows")?;
    let Value::Array(rows) = rows else {
        return or_raise(Err(Error::invalid(
            "rows is no list of rows; expected dicts with prompt and scores",
        )));
    };
    for row in rows {
        lines += &format!("{row}\n");
    }
    let file = folder.join("rows.jsonl");
    std::fs::write(&file, lines)?;
    Ok(file)
}

impl Router {
    fn of(path: &Path) -> PyResult<Self> {
        let trained = or_raise(routing::from_file(path))?;
        Ok(Self { trained, path: Some(path.to_owned()), embedded: false })
    }

    fn base(&self) -> PyResult<&OsStr> {
        match &self.path {
            Some(path) => Ok(path.as_os_str()),
            None if self.embedded => Ok(OsStr::new("embedded")),
            None => Err(PyRuntimeError::new_err(
                "rows can be added to a router that is in a file; give out= when you train it",
            )),
        }
    }
}

#[pymethods]
impl Router {
    #[new]
    #[pyo3(signature = (path=None))]
    fn new(path: Option<PathBuf>) -> PyResult<Self> {
        match path {
            Some(path) => Self::of(&path),
            None => {
                Ok(Self { trained: or_raise(routing::embedded())?, path: None, embedded: true })
            }
        }
    }

    #[getter]
    #[doc = stub!(Router, id)]
    fn id(&self) -> String {
        self.trained.router().id().to_owned()
    }

    #[getter]
    #[doc = stub!(Router, heads)]
    fn heads(&self) -> Vec<String> {
        self.trained.router().heads().into_iter().map(str::to_owned).collect()
    }

    #[getter]
    #[doc = stub!(Router, metadata)]
    fn metadata(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, self.trained.metadata())
    }

    #[pyo3(signature = (prompt, *, head=GENERAL), text_signature = "($self, prompt, *, head='general')")]
    #[doc = stub!(Router, forecast)]
    fn forecast(
        &self,
        py: Python<'_>,
        prompt: &Bound<'_, PyAny>,
        head: &str,
    ) -> PyResult<Py<PyAny>> {
        let request = Request::from(crate::ask::conversation(prompt)?);
        or_raise(request.validate())?;
        let forecast = py.detach(|| {
            let features = Features::of(&request, &*self.trained.embedder())?;
            self.trained.router().forecast(&features, head)
        });
        json::serialized(py, &or_raise(forecast)?)
    }

    #[staticmethod]
    #[pyo3(signature = (rows, *, tiers, family=GENERAL, out=None), text_signature = "(rows, *, tiers, family='general', out=None)")]
    #[doc = stub!(Router, train)]
    fn train(
        py: Python<'_>,
        rows: &Bound<'_, PyAny>,
        tiers: &Bound<'_, PyDict>,
        family: &str,
        out: Option<PathBuf>,
    ) -> PyResult<Self> {
        let lesson = lesson(rows, tiers, family, None, out)?;
        drive::wait(py, computed(|| lesson.learn()))?
    }

    #[staticmethod]
    #[pyo3(signature = (rows, *, tiers, family=GENERAL, out=None), text_signature = "(rows, *, tiers, family='general', out=None)")]
    #[doc = stub!(Router, atrain)]
    fn atrain(
        rows: &Bound<'_, PyAny>,
        tiers: &Bound<'_, PyDict>,
        family: &str,
        out: Option<PathBuf>,
    ) -> PyResult<Coroutine> {
        let lesson = lesson(rows, tiers, family, None, out)?;
        Ok(Coroutine::of("atrain", computed(|| lesson.learn())))
    }

    #[pyo3(signature = (rows, *, tiers, family=GENERAL, out=None), text_signature = "($self, rows, *, tiers, family='general', out=None)")]
    #[doc = stub!(Router, add_rows)]
    fn add_rows(
        &self,
        py: Python<'_>,
        rows: &Bound<'_, PyAny>,
        tiers: &Bound<'_, PyDict>,
        family: &str,
        out: Option<PathBuf>,
    ) -> PyResult<Self> {
        let lesson = lesson(rows, tiers, family, Some(self.base()?), out)?;
        drive::wait(py, computed(|| lesson.learn()))?
    }

    #[pyo3(signature = (rows, *, tiers, family=GENERAL, out=None), text_signature = "($self, rows, *, tiers, family='general', out=None)")]
    #[doc = stub!(Router, aadd_rows)]
    fn aadd_rows(
        &self,
        rows: &Bound<'_, PyAny>,
        tiers: &Bound<'_, PyDict>,
        family: &str,
        out: Option<PathBuf>,
    ) -> PyResult<Coroutine> {
        let lesson = lesson(rows, tiers, family, Some(self.base()?), out)?;
        Ok(Coroutine::of("aadd_rows", computed(|| lesson.learn())))
    }

    fn __repr__(&self) -> String {
        format!("<orkestra.Router {}>", self.id())
    }
}
