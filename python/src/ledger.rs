//! The ledger, as Python sees it.

use std::{
    collections::HashMap,
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use orkestra::{
    Error,
    ledger::{Query, Recorder},
};
use pyo3::{
    exceptions::PyImportError,
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyList, PyString},
};
use serde::Serialize;

use crate::{
    coroutine::Coroutine,
    drive,
    errors::{or_raise, type_of, wrong_type, wrong_value},
    json, response,
    runtime::{self, Birth},
};

/// Entries that are on their way are waited for so long before they are read.
const FLUSH: Duration = Duration::from_secs(5);

/// One recorder a place, shared by all that write there: each has two threads.
static RECORDERS: Mutex<Option<HashMap<String, (u64, Recorder)>>> = Mutex::new(None);

/// The recorder of the process for the place that `recorder` writes to.
pub(crate) fn shared(recorder: Recorder, birth: Birth) -> Recorder {
    let Some(ledger) = recorder.ledger() else { return recorder };
    let mut all = RECORDERS.lock().unwrap_or_else(PoisonError::into_inner);
    let generation = birth.generation();
    let kept = all
        .get_or_insert_default()
        .entry(ledger.location())
        .or_insert((generation, recorder.clone()));
    if kept.0 != generation {
        *kept = (generation, recorder);
    }
    kept.1.clone()
}

#[pyfunction]
#[doc = stub!(before_fork)]
pub(crate) fn before_fork(py: Python<'_>) -> PyResult<()> {
    if !runtime::is_running() {
        return Ok(());
    }
    let recorders: Vec<Recorder> = {
        let all = RECORDERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().flat_map(HashMap::values).map(|(_, recorder)| recorder.clone()).collect()
    };
    for recorder in recorders {
        drive::wait(py, recorder.flush(Duration::from_secs(1)))?;
        if let Some(ledger) = recorder.ledger() {
            ledger.rest();
        }
    }
    Ok(())
}

/// Has forks prepared, from now on.
pub(crate) fn watch_forks(py: Python<'_>) -> PyResult<()> {
    static WATCHED: PyOnceLock<()> = PyOnceLock::new();
    WATCHED.get_or_try_init(py, || {
        let os = py.import("os")?;
        if os.hasattr("register_at_fork")? {
            let before = PyDict::new(py);
            let function = py.import("orkestra._orkestra")?.getattr("before_fork")?;
            before.set_item("before", function)?;
            os.call_method("register_at_fork", (), Some(&before))?;
        }
        Ok::<_, PyErr>(())
    })?;
    Ok(())
}

/// Where a provider's calls are kept: a path, a [`Ledger`], or `"off"`.
pub(crate) fn named(value: &Bound<'_, PyAny>, birth: Birth) -> PyResult<Recorder> {
    if let Ok(ledger) = value.cast::<Ledger>() {
        return Ok(ledger.get().recorder.clone());
    }
    if value.cast::<PyString>().is_ok_and(|text| text == "off") {
        return Ok(Recorder::off());
    }
    let path: PathBuf = value.extract().map_err(|_| {
        let expected = "expected a path, an orkestra.Ledger or \"off\"";
        wrong_type(value.py(), &format!("ledger is of type {}; {expected}", type_of(value)))
    })?;
    Ok(shared(Recorder::sqlite(path), birth))
}

#[doc = stub!(Ledger)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Ledger {
    pub(crate) recorder: Recorder,
    birth: Birth,
}

impl Ledger {
    pub(crate) fn over(recorder: Recorder, birth: Birth) -> Self {
        Self { recorder, birth }
    }

    /// Reads, when all that was recorded has arrived.
    fn read<T, F>(
        &self,
        work: impl FnOnce(Arc<dyn orkestra::ledger::Ledger>) -> F + Send + 'static,
    ) -> PyResult<impl Future<Output = PyResult<T>> + Send + 'static>
    where
        F: Future<Output = orkestra::Result<T>> + Send,
        T: Send + 'static,
    {
        self.birth.check()?;
        let recorder = self.recorder.clone();
        Ok(async move {
            recorder.flush(FLUSH).await;
            match recorder.ledger() {
                Some(ledger) => or_raise(work(Arc::clone(ledger)).await),
                None => {
                    or_raise(Err(Error::invalid("the ledger is off; there is nothing to read")))
                }
            }
        })
    }
}

/// What is asked of the ledger, as its methods are told.
struct Asked<'py> {
    since: Option<Bound<'py, PyAny>>,
    until: Option<Bound<'py, PyAny>>,
    provider: Option<String>,
    model: Option<String>,
    simulated: Option<bool>,
    limit: Option<usize>,
}

impl Asked<'_> {
    fn query(self) -> PyResult<Query> {
        Ok(Query {
            since: self.since.as_ref().map(|since| moment("since", since)).transpose()?,
            until: self.until.as_ref().map(|until| moment("until", until)).transpose()?,
            provider: self.provider,
            model: self.model.as_deref().map(Into::into),
            simulated: self.simulated,
            limit: self.limit,
            ..Query::default()
        })
    }
}

/// A `datetime` with a time zone, or text of the same form.
fn moment(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    let py = value.py();
    let text = if value.is_instance_of::<PyString>() {
        json::text(value, name)?
    } else if value.hasattr(intern!(py, "isoformat"))? {
        value.call_method0(intern!(py, "isoformat"))?.extract()?
    } else {
        let expected = "expected a datetime with a time zone, or text like 2026-11-25T00:00:00Z";
        let message = format!("{name} is of type {}; {expected}", type_of(value));
        return Err(wrong_type(py, &message));
    };
    text.parse().map_err(|_| {
        let expected = "expected a moment with its time zone, like 2026-11-25T00:00:00Z";
        wrong_value(py, &format!("{name} is {text:?}; {expected}"))
    })
}

/// What entries spell as text, since it is money.
const MONEY: [&str; 6] =
    ["input_cost", "output_cost", "cost", "base_cost", "savings", "expected_cost"];

/// `value` with money as floats, or exactly.
struct Rows<T> {
    rows: T,
    exact: bool,
}

impl<'py, T: Serialize> IntoPyObject<'py> for Rows<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let rows = json::serialized(py, &self.rows)?.into_bound(py);
        with_money(&rows, self.exact)?;
        Ok(rows)
    }
}

fn with_money(value: &Bound<'_, PyAny>, exact: bool) -> PyResult<()> {
    let py = value.py();
    if let Ok(list) = value.cast::<PyList>() {
        return list.iter().try_for_each(|item| with_money(&item, exact));
    }
    let Ok(dict) = value.cast::<PyDict>() else { return Ok(()) };
    for (name, inner) in dict.copy()? {
        let text = inner.cast::<PyString>().ok();
        match text {
            Some(text) if MONEY.iter().any(|money| name.eq(*money).unwrap_or(false)) => {
                let amount: orkestra::Usd = or_raise(text.to_str()?.parse())?;
                if exact {
                    dict.set_item(name, response::exact(py, amount)?)?;
                } else {
                    dict.set_item(name, response::dollars(amount))?;
                }
            }
            _ => with_money(&inner, exact)?,
        }
    }
    Ok(())
}

macro_rules! readers {
    ($($name:ident / $twin:ident, [$($signature:tt)*], $text:literal, ($($argument:ident: $kind:ty),*), $asked:expr, |$ledger:ident, $query:ident, $exact:ident| $work:expr;)*) => {
        #[pymethods]
        impl Ledger {
            #[new]
            #[pyo3(signature = (path=None))]
            fn new(py: Python<'_>, path: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
                watch_forks(py)?;
                let birth = Birth::now();
                let recorder = match path {
                    Some(path) => named(&path, birth)?,
                    None => shared(or_raise(orkestra_cli::environment::engine_settings())?.recorder, birth),
                };
                Ok(Self { recorder, birth })
            }

            #[getter]
            #[doc = stub!(Ledger, location)]
            fn location(&self) -> Option<String> {
                self.recorder.ledger().map(|ledger| ledger.location())
            }

            $(
                #[pyo3(signature = ($($signature)*), text_signature = $text)]
                #[doc = stub!(Ledger, $name)]
                fn $name(&self, py: Python<'_>, $($argument: $kind,)* exact: bool) -> PyResult<Py<PyAny>> {
                    let $query = $asked.query()?;
                    let $exact = exact;
                    let work = self.read(move |$ledger| async move { $work })?;
                    let rows = drive::wait(py, work)??;
                    Ok(rows.into_pyobject(py)?.unbind())
                }

                #[pyo3(signature = ($($signature)*), text_signature = $text)]
                #[doc = stub!(Ledger, $twin)]
                fn $twin(&self, $($argument: $kind,)* exact: bool) -> PyResult<Coroutine> {
                    let $query = $asked.query()?;
                    let $exact = exact;
                    Ok(Coroutine::of(
                        stringify!($twin),
                        self.read(move |$ledger| async move { $work })?,
                    ))
                }
            )*

            #[pyo3(signature = (timeout=5.0))]
            #[doc = stub!(Ledger, flush)]
            pub(crate) fn flush(&self, py: Python<'_>, timeout: f64) -> PyResult<Vec<String>> {
                self.birth.check()?;
                drive::wait(py, self.recorder.flush(seconds(py, timeout)?))
            }

            #[pyo3(signature = (timeout=5.0))]
            #[doc = stub!(Ledger, aflush)]
            pub(crate) fn aflush(&self, py: Python<'_>, timeout: f64) -> PyResult<Coroutine> {
                self.birth.check()?;
                let (recorder, wait) = (self.recorder.clone(), seconds(py, timeout)?);
                Ok(Coroutine::of("aflush", async move { Ok(recorder.flush(wait).await) }))
            }

            #[pyo3(signature = (**filters))]
            #[doc = stub!(Ledger, to_pandas)]
            fn to_pandas(slf: Bound<'_, Self>, filters: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
                let entries = slf.call_method("entries", (), filters)?;
                let separator = PyDict::new(slf.py());
                separator.set_item("sep", "_")?;
                installed(slf.py(), "pandas")?
                    .call_method("json_normalize", (entries,), Some(&separator))
                    .map(Bound::unbind)
            }

            #[pyo3(signature = (**filters))]
            #[doc = stub!(Ledger, to_arrow)]
            fn to_arrow(slf: Bound<'_, Self>, filters: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
                let entries = slf.call_method("entries", (), filters)?;
                let table = installed(slf.py(), "pyarrow")?.getattr("Table")?;
                table.call_method1("from_pylist", (entries,)).map(Bound::unbind)
            }

            fn __repr__(&self) -> String {
                format!("<orkestra.Ledger {}>", self.location().unwrap_or_else(|| "off".to_owned()))
            }
        }
    };
}

readers! {
    entries / aentries,
        [*, since=None, until=None, provider=None, model=None, simulated=None, limit=None, exact=false],
        "($self, *, since=None, until=None, provider=None, model=None, simulated=None, limit=None, exact=False)",
        (since: Option<Bound<'_, PyAny>>, until: Option<Bound<'_, PyAny>>, provider: Option<String>,
         model: Option<String>, simulated: Option<bool>, limit: Option<usize>),
        Asked { since, until, provider, model, simulated, limit },
        |ledger, query, exact| ledger.entries(&query).await.map(|rows| Rows { rows, exact });
    totals / atotals,
        [*, since=None, until=None, provider=None, model=None, simulated=None, exact=false],
        "($self, *, since=None, until=None, provider=None, model=None, simulated=None, exact=False)",
        (since: Option<Bound<'_, PyAny>>, until: Option<Bound<'_, PyAny>>, provider: Option<String>,
         model: Option<String>, simulated: Option<bool>),
        Asked { since, until, provider, model, simulated, limit: None },
        |ledger, query, exact| ledger.totals(&query).await.map(|rows| Rows { rows, exact });
}

fn seconds(py: Python<'_>, timeout: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(timeout).map_err(|_| {
        wrong_value(py, &format!("timeout is {timeout}; expected a number of seconds, at least 0"))
    })
}

fn installed<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(name).map_err(|cause| {
        let error = PyImportError::new_err(format!("{name} is not installed; install it for this"));
        error.set_cause(py, Some(cause));
        error
    })
}
