//! From a provider's arguments and the environment to what the engine works with.

use std::{path::PathBuf, sync::Arc, time::Duration};

use orkestra::{engine::Extensions, features::Embedder, ledger::Recorder, provider::Timeouts};
use orkestra_cli::environment;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyString, PyTuple},
};

use crate::{
    ask, callbacks,
    catalogue::{self, Catalogue},
    drive,
    errors::{or_raise, type_of, wrong_type, wrong_value},
    json, ledger,
    router::Router,
    runtime::Birth,
};

/// What a provider is made of, beside its name and key; `None` is what was left out.
pub(crate) struct Wanted<'py> {
    pub(crate) base_url: Option<Bound<'py, PyAny>>,
    pub(crate) smart_routing: bool,
    pub(crate) default_model: Option<Bound<'py, PyAny>>,
    pub(crate) timeout: Option<Bound<'py, PyAny>>,
    pub(crate) max_retries: Option<Bound<'py, PyAny>>,
    pub(crate) headers: Option<Bound<'py, PyAny>>,
    pub(crate) router: Option<Bound<'py, PyAny>>,
    pub(crate) quality: Option<Bound<'py, PyAny>>,
    pub(crate) catalogue: Option<Bound<'py, PyAny>>,
    pub(crate) ledger: Option<Bound<'py, PyAny>>,
    pub(crate) base_model: Option<Bound<'py, PyAny>>,
}

/// The provider called `name`.
pub(crate) fn provider(
    name: &Bound<'_, PyAny>,
    api_key: &Bound<'_, PyAny>,
    wanted: Wanted<'_>,
    birth: Birth,
) -> PyResult<orkestra::Provider> {
    let settings = engine(name.py(), &wanted, birth)?;
    let name = json::text(name, "name")?;
    let entry = or_raise(settings.catalogue.provider(&name))?.clone();
    let base_url = match &wanted.base_url {
        Some(url) => Some(json::text(url, "base_url")?),
        None => or_raise(environment::base_url(&name))?,
    };
    let mut builder =
        orkestra::Provider::builder(&name).settings(settings).smart_routing(wanted.smart_routing);
    builder = match keys(api_key)? {
        Some(keys) => builder.keys(keys),
        None => match or_raise(environment::keys(&entry, base_url.as_deref()))? {
            none if none.is_empty() => builder,
            keys => builder.keys(keys),
        },
    };
    if let Some(url) = base_url {
        builder = builder.base_url(url);
    }
    if let Some(timeout) = &wanted.timeout {
        builder = builder.timeouts(Timeouts::of(seconds("timeout", timeout)?));
    }
    if let Some(retries) = &wanted.max_retries {
        builder = builder.max_retries(ask::count("max_retries", retries)?);
    }
    if let Some(model) = &wanted.default_model {
        builder = builder.default_model(json::text(model, "default_model")?);
    }
    for (name, value) in headers(wanted.headers.as_ref())? {
        builder = builder.header(name, value);
    }
    or_raise(builder.build())
}

fn engine(py: Python<'_>, wanted: &Wanted<'_>, birth: Birth) -> PyResult<orkestra::Settings> {
    let mut settings = or_raise(environment::engine_settings())?;
    if let Some(router) = &wanted.router {
        (settings.embedder, settings.router) = chosen(router)?;
    }
    if let Some(catalogue) = &wanted.catalogue {
        settings.catalogue = match catalogue.cast::<Catalogue>() {
            Ok(catalogue) => catalogue.get().0.clone(),
            Err(_) => {
                catalogue::from_file(&path("catalogue", catalogue, "an orkestra.Catalogue")?)?
            }
        };
    }
    ledger::watch_forks(py)?;
    let recorder = match &wanted.ledger {
        Some(named) => ledger::named(named, birth)?,
        None => ledger::shared(settings.recorder.clone(), birth),
    };
    measure(py, &mut settings, &recorder)?;
    settings.recorder = recorder;
    if let Some(quality) = &wanted.quality {
        settings.quality = Some(ask::number("quality", quality)?);
    }
    if let Some(model) = &wanted.base_model {
        let model = json::text(model, "base_model")?;
        or_raise(settings.catalogue.model(&model))?;
        settings.base_model = Some(model);
    }
    settings.extensions = Extensions::after(callbacks::global());
    Ok(settings)
}

/// Corrects expected output by what the ledger measured. It is read through a connection of its own, which ends with it, so that
/// nothing runs in a process that has made no call.
fn measure(py: Python<'_>, settings: &mut orkestra::Settings, recorder: &Recorder) -> PyResult<()> {
    let Some(ledger) = recorder.ledger() else { return Ok(()) };
    settings.recorder = Recorder::sqlite(ledger.location());
    if let Err(error) = drive::wait_bare(py, settings.measure_output())? {
        let logger = py.import("logging")?.call_method1("getLogger", ("orkestra",))?;
        let message = "expected output is estimated, not measured: %s";
        logger.call_method1("warning", (message, error.to_string()))?;
    }
    Ok(())
}

fn chosen(
    router: &Bound<'_, PyAny>,
) -> PyResult<(Arc<dyn Embedder>, Arc<dyn orkestra::routing::Router>)> {
    if let Ok(router) = router.cast::<Router>() {
        let trained = &router.get().trained;
        return Ok((trained.embedder(), trained.router()));
    }
    let name = path("router", router, "an orkestra.Router")?;
    let name = name.to_str().ok_or_else(|| {
        wrong_value(router.py(), "router is a path that is no Unicode; expected one that is")
    })?;
    or_raise(environment::router(name))
}

fn path(name: &str, value: &Bound<'_, PyAny>, other: &str) -> PyResult<PathBuf> {
    value.extract().map_err(|_| {
        let message = format!("{name} is of type {}; expected a path or {other}", type_of(value));
        wrong_type(value.py(), &message)
    })
}

/// Keys are never quoted.
fn keys(api_key: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    if api_key.is_none() {
        return Ok(None);
    }
    if api_key.is_instance_of::<PyString>() {
        return Ok(Some(vec![json::text(api_key, "api_key")?]));
    }
    if api_key.is_instance_of::<PyList>() || api_key.is_instance_of::<PyTuple>() {
        let keys = api_key.try_iter()?.enumerate();
        let keys = keys.map(|(at, key)| json::text(&key?, &format!("api_key[{at}]")));
        return keys.collect::<PyResult<_>>().map(Some);
    }
    let message =
        format!("api_key is of type {}; expected str, a list of str or None", type_of(api_key));
    Err(wrong_type(api_key.py(), &message))
}

fn headers(headers: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, String)>> {
    let Some(headers) = headers else { return Ok(Vec::new()) };
    let Ok(headers) = headers.cast::<PyDict>() else {
        let message = format!("headers is of type {}; expected a dict of str", type_of(headers));
        return Err(wrong_type(headers.py(), &message));
    };
    let mut pairs = Vec::new();
    for (name, value) in headers {
        pairs
            .push((json::text(&name, "a header's name")?, json::text(&value, "a header's value")?));
    }
    Ok(pairs)
}

fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let number = ask::number(name, value)?;
    match Duration::try_from_secs_f64(number) {
        Ok(limit) if !limit.is_zero() => Ok(limit),
        _ => {
            let message = format!("{name} is {number}; expected a number of seconds above 0");
            Err(wrong_value(value.py(), &message))
        }
    }
}
