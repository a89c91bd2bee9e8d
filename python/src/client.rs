//! `Provider` and `MultiProvider`: each call once, and both faces of it from one text.

use std::{future::Future, num::NonZero, sync::Arc, thread};

use futures::FutureExt;
use orkestra::{
    Engine,
    chat::Request,
    engine::Extensions,
    strategy::{self, Strategy},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyString},
};

use crate::{
    ask::{self, Options},
    callbacks,
    coroutine::Coroutine,
    drive,
    errors::{self, or_raise, type_of, wrong_type},
    json,
    ledger::Ledger,
    plan::Plan,
    response::Response,
    runtime::Birth,
    settings::{self, Wanted},
    stream::{Shared, Stream, TextStream},
};

#[doc = stub!(Provider)]
#[pyclass(module = "orkestra", frozen, subclass)]
pub(crate) struct Provider {
    inner: orkestra::Provider,
    talk: Talk,
    name: String,
}

#[doc = stub!(MultiProvider)]
#[pyclass(module = "orkestra", frozen, subclass)]
pub(crate) struct MultiProvider {
    talk: Talk,
    providers: Vec<Py<PyAny>>,
}

/// What both do.
#[derive(Clone)]
struct Talk {
    engine: Engine,
    birth: Birth,
}

/// A request and who chooses the model for it.
type Asked = (Request, Arc<dyn Strategy>);

fn asked(
    prompt: &Bound<'_, PyAny>,
    strategy: Option<&Bound<'_, PyAny>>,
    options: &Options<'_>,
) -> PyResult<Asked> {
    Ok((ask::request(prompt, options)?, self::strategy(strategy)?))
}

fn strategy(named: Option<&Bound<'_, PyAny>>) -> PyResult<Arc<dyn Strategy>> {
    let name = named.map(|name| json::text(name, "strategy")).transpose()?;
    or_raise(strategy::named(name.as_deref().unwrap_or(strategy::NAMES[0])))
}

impl Talk {
    fn extensions(&self) -> &Extensions {
        &self.engine.settings().extensions
    }

    fn chat(
        &self,
        (request, strategy): Asked,
    ) -> impl Future<Output = PyResult<Response>> + Send + 'static {
        let engine = self.engine.clone();
        async move { or_raise(engine.complete(&request, &*strategy).await).map(Response::from) }
    }

    fn stream(&self, (request, strategy): Asked) -> Shared {
        let engine = self.engine.clone();
        Shared::opening(async move { engine.stream(&request, &*strategy).await }.boxed())
    }

    fn route(
        &self,
        (request, strategy): Asked,
    ) -> impl Future<Output = PyResult<Plan>> + Send + 'static {
        let engine = self.engine.clone();
        async move { or_raise(engine.plan(&request, &*strategy)).map(Plan::from) }
    }

    /// Decides each prompt by itself, on all processors.
    fn route_batch(
        &self,
        requests: Vec<Request>,
        strategy: Arc<dyn Strategy>,
    ) -> impl Future<Output = PyResult<Vec<Plan>>> + Send + 'static {
        let engine = self.engine.clone();
        crate::router::computed(move || {
            let plans = in_parallel(&requests, |request| engine.plan(request, &*strategy));
            or_raise(plans).map(|plans| plans.into_iter().map(Plan::from).collect())
        })
    }
}

/// `work` for each of `items`, in their order, on all processors.
fn in_parallel<T: Sync, U: Send>(
    items: &[T],
    work: impl Fn(&T) -> orkestra::Result<U> + Sync,
) -> orkestra::Result<Vec<U>> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(processors).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(share)
            .map(|part| {
                scope.spawn(|| part.iter().map(&work).collect::<orkestra::Result<Vec<_>>>())
            })
            .collect();
        let mut all = Vec::with_capacity(items.len());
        for part in parts {
            all.extend(part.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))?);
        }
        Ok(all)
    })
}

/// The prompts of a batch, each checked, and who chooses for them.
fn batch(
    prompts: &Bound<'_, PyAny>,
    strategy: Given<'_>,
    max_tokens: Given<'_>,
    system: Given<'_>,
) -> PyResult<(Vec<Request>, Arc<dyn Strategy>)> {
    let options = Options { max_tokens, system, ..Options::default() };
    let strategy = self::strategy(strategy.as_ref())?;
    let one = prompts.is_instance_of::<PyString>()
        || prompts.is_instance_of::<PyBytes>()
        || prompts.is_instance_of::<PyDict>();
    let listed = prompts.try_iter().ok().filter(|_| !one).ok_or_else(|| {
        let message =
            format!("prompts is of type {}; expected a list of prompts", type_of(prompts));
        wrong_type(prompts.py(), &message)
    })?;
    let requests = listed.enumerate().map(|(at, prompt)| {
        let request = ask::request(&prompt?, &options);
        request.map_err(|error| errors::of_item(prompts.py(), &error, &format!("prompts[{at}]")))
    });
    Ok((requests.collect::<PyResult<_>>()?, strategy))
}

/// What was left out, or given as `None`, is `None`.
type Given<'py> = Option<Bound<'py, PyAny>>;

/// The methods of a class: its own, and those that both classes have. `waits` makes a blocking method and its asynchronous
/// twin of one function, `opens` a method that gives a stream, which has both faces itself.
macro_rules! methods {
    (
        $class:ident { $($own:tt)* }
        waits { $($name:ident / $twin:ident: $work:ident -> $output:ty;)* }
        opens { $($opening:ident: $stream:ident;)* }
    ) => {
        #[pymethods]
        impl $class {
            $($own)*

            $(
                #[pyo3(
                    signature = (prompt, *, max_tokens=None, temperature=None, strategy=None, model=None, system=None, tools=None, tool_choice=None, response_format=None, images=None, reasoning_effort=None, stop=None, seed=None, top_p=None),
                    text_signature = "($self, prompt, *, max_tokens=8192, temperature=1.0, strategy='cheapest', model=None, system=None, tools=None, tool_choice=None, response_format=None, images=None, reasoning_effort=None, stop=None, seed=None, top_p=None)"
                )]
                #[expect(clippy::too_many_arguments, reason = "each is a keyword of Python's")]
                #[doc = stub!($class, $name)]
                fn $name(
                    &self,
                    py: Python<'_>,
                    prompt: &Bound<'_, PyAny>,
                    max_tokens: Given<'_>,
                    temperature: Given<'_>,
                    strategy: Given<'_>,
                    model: Given<'_>,
                    system: Given<'_>,
                    tools: Given<'_>,
                    tool_choice: Given<'_>,
                    response_format: Given<'_>,
                    images: Given<'_>,
                    reasoning_effort: Given<'_>,
                    stop: Given<'_>,
                    seed: Given<'_>,
                    top_p: Given<'_>,
                ) -> PyResult<$output> {
                    self.talk.birth.check()?;
                    let options = Options { max_tokens, temperature, model, system, tools, tool_choice, response_format, images, reasoning_effort, stop, seed, top_p };
                    let asked = asked(prompt, strategy.as_ref(), &options)?;
                    drive::wait(py, self.talk.$work(asked))?
                }

                #[pyo3(
                    signature = (prompt, *, max_tokens=None, temperature=None, strategy=None, model=None, system=None, tools=None, tool_choice=None, response_format=None, images=None, reasoning_effort=None, stop=None, seed=None, top_p=None),
                    text_signature = "($self, prompt, *, max_tokens=8192, temperature=1.0, strategy='cheapest', model=None, system=None, tools=None, tool_choice=None, response_format=None, images=None, reasoning_effort=None, stop=None, seed=None, top_p=None)"
                )]
                #[expect(clippy::too_many_arguments, reason = "each is a keyword of Python's")]
                #[doc = stub!($class, $twin)]
                fn $twin(
                    &self,
                    prompt: &Bound<'_, PyAny>,
                    max_tokens: Given<'_>,
                    temperature: Given<'_>,
                    strategy: Given<'_>,
                    model: Given<'_>,
                    system: Given<'_>,
                    tools: Given<'_>,
                    tool_choice: Given<'_>,
                    response_format: Given<'_>,
                    images: Given<'_>,
                    reasoning_effort: Given<'_>,
                    stop: Given<'_>,
                    seed: Given<'_>,
                    top_p: Given<'_>,
                ) -> PyResult<Coroutine> {
                    self.talk.birth.check()?;
                    let options = Options { max_tokens, temperature, model, system, tools, tool_choice, response_format, images, reasoning_effort, stop, seed, top_p };
                    let asked = asked(prompt, strategy.as_ref(), &options)?;
                    Ok(Coroutine::of(stringify!($twin), self.talk.$work(asked)))
                }
            )*

            $(
                #[pyo3(
                    signature = (prompt, *, max_tokens=None, temperature=None, strategy=None, model=None, system=None, tools=None, tool_choice=None, response_format=None, images=None, reasoning_effort=None, stop=None, seed=None, top_p=None),
                    text_signature = "($self, prompt, *, max_tokens=8192, temperature=1.0, strategy='cheapest', model=None, system=None, tools=None, tool_choice=None, response_format=None, images=None, reasoning_effort=None, stop=None, seed=None, top_p=None)"
                )]
                #[expect(clippy::too_many_arguments, reason = "each is a keyword of Python's")]
                #[doc = stub!($class, $opening)]
                fn $opening(
                    &self,
                    prompt: &Bound<'_, PyAny>,
                    max_tokens: Given<'_>,
                    temperature: Given<'_>,
                    strategy: Given<'_>,
                    model: Given<'_>,
                    system: Given<'_>,
                    tools: Given<'_>,
                    tool_choice: Given<'_>,
                    response_format: Given<'_>,
                    images: Given<'_>,
                    reasoning_effort: Given<'_>,
                    stop: Given<'_>,
                    seed: Given<'_>,
                    top_p: Given<'_>,
                ) -> PyResult<$stream> {
                    self.talk.birth.check()?;
                    let options = Options { max_tokens, temperature, model, system, tools, tool_choice, response_format, images, reasoning_effort, stop, seed, top_p };
                    let asked = asked(prompt, strategy.as_ref(), &options)?;
                    Ok($stream(self.talk.stream(asked)))
                }
            )*

            #[pyo3(
                signature = (prompts, *, strategy=None, max_tokens=None, system=None),
                text_signature = "($self, prompts, *, strategy='cheapest', max_tokens=8192, system=None)"
            )]
            #[doc = stub!($class, route_batch)]
            fn route_batch(
                &self,
                py: Python<'_>,
                prompts: &Bound<'_, PyAny>,
                strategy: Given<'_>,
                max_tokens: Given<'_>,
                system: Given<'_>,
            ) -> PyResult<Vec<Plan>> {
                let (requests, strategy) = batch(prompts, strategy, max_tokens, system)?;
                drive::wait(py, self.talk.route_batch(requests, strategy))?
            }

            #[pyo3(
                signature = (prompts, *, strategy=None, max_tokens=None, system=None),
                text_signature = "($self, prompts, *, strategy='cheapest', max_tokens=8192, system=None)"
            )]
            #[doc = stub!($class, aroute_batch)]
            fn aroute_batch(
                &self,
                prompts: &Bound<'_, PyAny>,
                strategy: Given<'_>,
                max_tokens: Given<'_>,
                system: Given<'_>,
            ) -> PyResult<Coroutine> {
                let (requests, strategy) = batch(prompts, strategy, max_tokens, system)?;
                Ok(Coroutine::of("aroute_batch", self.talk.route_batch(requests, strategy)))
            }

            #[pyo3(signature = (prompt))]
            #[doc = stub!($class, explain)]
            fn explain(&self, py: Python<'_>, prompt: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                let request = Request::from(ask::conversation(prompt)?);
                let explained = py.detach(|| self.talk.engine.explain(&request));
                json::serialized(py, &or_raise(explained)?)
            }

            #[pyo3(signature = (name, handler=None))]
            #[doc = stub!($class, event)]
            fn event(
                &self,
                py: Python<'_>,
                name: &str,
                handler: Option<Bound<'_, PyAny>>,
            ) -> PyResult<Py<PyAny>> {
                callbacks::own_event(py, self.talk.extensions(), name, handler)
            }

            #[pyo3(signature = (function))]
            #[doc = stub!($class, middleware)]
            fn middleware(&self, function: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
                callbacks::own_middleware(self.talk.extensions(), function)
            }

            #[getter]
            #[doc = stub!($class, ledger)]
            fn ledger(&self) -> Ledger {
                let recorder = self.talk.engine.settings().recorder.clone();
                Ledger::over(recorder, self.talk.birth)
            }

            #[pyo3(signature = (timeout=5.0))]
            #[doc = stub!($class, close)]
            fn close(&self, py: Python<'_>, timeout: f64) -> PyResult<Vec<String>> {
                self.ledger().flush(py, timeout)
            }

            #[pyo3(signature = (timeout=5.0))]
            #[doc = stub!($class, aclose)]
            fn aclose(&self, py: Python<'_>, timeout: f64) -> PyResult<Coroutine> {
                self.ledger().aflush(py, timeout)
            }

            fn __enter__(slf: Py<Self>) -> Py<Self> {
                slf
            }

            #[pyo3(signature = (*exception))]
            fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyAny>) -> PyResult<()> {
                let _ = exception;
                self.close(py, 5.0).map(drop)
            }

            fn __aenter__(slf: Py<Self>) -> Coroutine {
                Coroutine::of("__aenter__", async move { Ok(slf) })
            }

            #[pyo3(signature = (*exception))]
            fn __aexit__(&self, py: Python<'_>, exception: &Bound<'_, PyAny>) -> PyResult<Coroutine> {
                let _ = exception;
                self.aclose(py, 5.0)
            }
        }
    };
}

macro_rules! conversation {
    ($class:ident { $($own:tt)* }) => {
        methods! {
            $class { $($own)* }
            waits {
                chat / achat: chat -> Response;
                route / aroute: route -> Plan;
            }
            opens {
                stream_text: TextStream;
                astream_text: TextStream;
                stream: Stream;
                astream: Stream;
            }
        }
    };
}

conversation! {
    Provider {
        #[new]
        #[pyo3(
            signature = (
                name, api_key, *, base_url=None, smart_routing=true, default_model=None, timeout=None, max_retries=None,
                headers=None, router=None, quality=None, catalogue=None, ledger=None, base_model=None
            ),
            text_signature = "(name, api_key, *, base_url=None, smart_routing=True, default_model=None, timeout=None, max_retries=None, headers=None, router=None, quality=None, catalogue=None, ledger=None, base_model=None)"
        )]
        #[expect(clippy::too_many_arguments, reason = "each is a keyword of Python's")]
        fn new(
            name: &Bound<'_, PyAny>,
            api_key: &Bound<'_, PyAny>,
            base_url: Given<'_>,
            smart_routing: bool,
            default_model: Given<'_>,
            timeout: Given<'_>,
            max_retries: Given<'_>,
            headers: Given<'_>,
            router: Given<'_>,
            quality: Given<'_>,
            catalogue: Given<'_>,
            ledger: Given<'_>,
            base_model: Given<'_>,
        ) -> PyResult<Self> {
            let wanted = Wanted {
                base_url, smart_routing, default_model, timeout, max_retries, headers, router, quality, catalogue,
                ledger, base_model,
            };
            let birth = Birth::now();
            let inner = settings::provider(name, api_key, wanted, birth)?;
            let talk = Talk { engine: inner.engine().clone(), birth };
            Ok(Self { inner, talk, name: json::text(name, "name")? })
        }

        #[getter]
        #[doc = stub!(Provider, name)]
        fn name(&self) -> &str {
            &self.name
        }

        fn __repr__(&self) -> String {
            format!("<orkestra.Provider {}>", self.name)
        }
    }
}

conversation! {
    MultiProvider {
        #[new]
        #[pyo3(signature = (providers))]
        fn new(providers: &Bound<'_, PyAny>) -> PyResult<Self> {
            let mut all = Vec::new();
            let mut kept = Vec::new();
            let mut births = Vec::new();
            for (at, provider) in providers.try_iter().map_err(|_| not_providers(providers))?.enumerate() {
                let provider = provider?;
                let one = provider.cast::<Provider>().map_err(|_| {
                    let found = type_of(&provider);
                    wrong_type(
                        provider.py(),
                        &format!("providers[{at}] is of type {found}; expected orkestra.Provider"),
                    )
                })?;
                all.push(one.get().inner.clone());
                births.push(one.get().talk.birth);
                kept.push(provider.clone().unbind());
            }
            births.iter().try_for_each(|birth| birth.check())?;
            let inner = or_raise(orkestra::MultiProvider::new(&all))?;
            let talk = Talk { engine: inner.engine().clone(), birth: Birth::now() };
            Ok(Self { talk, providers: kept })
        }

        #[getter]
        #[doc = stub!(MultiProvider, providers)]
        fn providers(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
            self.providers.iter().map(|provider| provider.clone_ref(py)).collect()
        }

        fn __repr__(&self) -> String {
            format!("<orkestra.MultiProvider of {}>", self.providers.len())
        }
    }
}

fn not_providers(given: &Bound<'_, PyAny>) -> PyErr {
    let message =
        format!("providers is of type {}; expected a list of orkestra.Provider", type_of(given));
    wrong_type(given.py(), &message)
}
