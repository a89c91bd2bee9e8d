//! Answers, as Python sees them.

use std::sync::Arc;

use orkestra::{Usd, chat};
use pyo3::{IntoPyObjectExt, prelude::*, sync::PyOnceLock};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use crate::{ask, json, plan::Plan};

/// An amount of dollars as a float, which is what Python's users format, compare and add up.
pub(crate) fn dollars(amount: Usd) -> f64 {
    plain(amount.amount())
}

fn plain(number: Decimal) -> f64 {
    // Every decimal of 96 bits has a float near it.
    number.to_f64().unwrap_or(f64::NAN)
}

/// An amount of dollars as `decimal.Decimal`, exactly.
pub(crate) fn exact(py: Python<'_>, amount: Usd) -> PyResult<Py<PyAny>> {
    static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let decimal = DECIMAL.import(py, "decimal", "Decimal")?;
    Ok(decimal.call1((amount.amount().to_string(),))?.unbind())
}

#[doc = stub!(Response)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Response(pub(crate) Arc<orkestra::Response>);

impl From<orkestra::Response> for Response {
    fn from(response: orkestra::Response) -> Self {
        Self(Arc::new(response))
    }
}

impl Response {
    fn bill(&self) -> String {
        let response = &*self.0;
        let simulated = if response.simulated { " (simulated, not spent)" } else { "" };
        format!(
            "{} ({}), {} tokens in, {} out, {}{simulated}, saved {} ({} %) against {}",
            response.model,
            response.provider,
            response.input_tokens,
            response.output_tokens,
            response.cost,
            response.savings,
            response.savings_percent.round_dp(1).normalize(),
            response.base_model
        )
    }
}

#[pymethods]
impl Response {
    #[getter]
    #[doc = stub!(Response, text)]
    fn text(&self) -> &str {
        &self.0.text
    }

    #[getter]
    #[doc = stub!(Response, model)]
    fn model(&self) -> &str {
        self.0.model.as_str()
    }

    #[getter]
    #[doc = stub!(Response, provider)]
    fn provider(&self) -> &str {
        &self.0.provider
    }

    #[getter]
    #[doc = stub!(Response, tier)]
    fn tier(&self) -> &'static str {
        self.0.tier.name()
    }

    #[getter]
    #[doc = stub!(Response, cost)]
    fn cost(&self) -> f64 {
        dollars(self.0.cost)
    }

    #[getter]
    #[doc = stub!(Response, input_cost)]
    fn input_cost(&self) -> f64 {
        dollars(self.0.input_cost)
    }

    #[getter]
    #[doc = stub!(Response, output_cost)]
    fn output_cost(&self) -> f64 {
        dollars(self.0.output_cost)
    }

    #[getter]
    #[doc = stub!(Response, savings)]
    fn savings(&self) -> f64 {
        dollars(self.0.savings)
    }

    #[getter]
    #[doc = stub!(Response, savings_percent)]
    fn savings_percent(&self) -> f64 {
        plain(self.0.savings_percent)
    }

    #[getter]
    #[doc = stub!(Response, base_model)]
    fn base_model(&self) -> &str {
        self.0.base_model.as_str()
    }

    #[getter]
    #[doc = stub!(Response, base_cost)]
    fn base_cost(&self) -> f64 {
        dollars(self.0.base_cost)
    }

    #[getter]
    #[doc = stub!(Response, cost_exact)]
    fn cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.cost)
    }

    #[getter]
    #[doc = stub!(Response, input_cost_exact)]
    fn input_cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.input_cost)
    }

    #[getter]
    #[doc = stub!(Response, output_cost_exact)]
    fn output_cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.output_cost)
    }

    #[getter]
    #[doc = stub!(Response, savings_exact)]
    fn savings_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.savings)
    }

    #[getter]
    #[doc = stub!(Response, base_cost_exact)]
    fn base_cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.base_cost)
    }

    #[getter]
    #[doc = stub!(Response, input_tokens)]
    fn input_tokens(&self) -> u64 {
        self.0.input_tokens
    }

    #[getter]
    #[doc = stub!(Response, output_tokens)]
    fn output_tokens(&self) -> u64 {
        self.0.output_tokens
    }

    #[getter]
    #[doc = stub!(Response, usage)]
    fn usage(&self) -> Usage {
        Usage(self.0.usage)
    }

    #[getter]
    #[doc = stub!(Response, finish_reason)]
    fn finish_reason(&self) -> &'static str {
        self.0.finish_reason.name()
    }

    #[getter]
    #[doc = stub!(Response, tool_calls)]
    fn tool_calls(&self) -> Vec<ToolCall> {
        self.0.tool_calls.iter().cloned().map(ToolCall).collect()
    }

    #[getter]
    #[doc = stub!(Response, warnings)]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    #[getter]
    #[doc = stub!(Response, request_id)]
    fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    #[getter]
    #[doc = stub!(Response, decision_id)]
    fn decision_id(&self) -> &str {
        &self.0.decision_id
    }

    #[getter]
    #[doc = stub!(Response, attempts)]
    fn attempts(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &self.0.attempts)
    }

    #[getter]
    #[doc = stub!(Response, latency)]
    fn latency(&self) -> f64 {
        self.0.latency.as_secs_f64()
    }

    #[getter]
    #[doc = stub!(Response, simulated)]
    fn simulated(&self) -> bool {
        self.0.simulated
    }

    #[getter]
    #[doc = stub!(Response, plan)]
    fn plan(&self) -> Plan {
        Plan(Arc::new(self.0.plan.clone()))
    }

    #[getter]
    #[doc = stub!(Response, message)]
    fn message(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::to_python(py, &ask::written(&[self.0.message()])[0])
    }

    #[doc = stub!(Response, to_dict)]
    fn to_dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &*self.0)
    }

    fn __str__(&self) -> String {
        format!("{}\n\n[{}]", self.0.text, self.bill())
    }

    fn __repr__(&self) -> String {
        let start: String = self.0.text.chars().take(60).collect();
        let more = if start.len() < self.0.text.len() { "..." } else { "" };
        format!("<orkestra.Response {start:?}{more} by {}>", self.bill())
    }

    fn _repr_html_(&self) -> String {
        let text = escaped(&self.0.text).replace('\n', "<br>");
        format!(
            "<div><p>{text}</p><p style=\"opacity:.7;font-size:90%\">{}</p></div>",
            escaped(&self.bill())
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[doc = stub!(ToolCall)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct ToolCall(chat::ToolCall);

#[pymethods]
impl ToolCall {
    #[getter]
    #[doc = stub!(ToolCall, id)]
    fn id(&self) -> &str {
        &self.0.id
    }

    #[getter]
    #[doc = stub!(ToolCall, name)]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    #[doc = stub!(ToolCall, arguments)]
    fn arguments(&self) -> &str {
        &self.0.arguments
    }

    #[doc = stub!(ToolCall, parsed)]
    fn parsed(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.0.parsed() {
            Some(value) => json::to_python(py, &value),
            None => Err(crate::errors::wrong_value(
                py,
                &format!(
                    "the model wrote arguments for {} that are no JSON: {:?}",
                    self.0.name, self.0.arguments
                ),
            )),
        }
    }

    fn __repr__(&self) -> String {
        format!("<orkestra.ToolCall {} {}({})>", self.0.id, self.0.name, self.0.arguments)
    }
}

#[doc = stub!(Usage)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Usage(pub(crate) chat::Usage);

#[pymethods]
impl Usage {
    #[getter]
    #[doc = stub!(Usage, input)]
    fn input(&self) -> u64 {
        self.0.input
    }

    #[getter]
    #[doc = stub!(Usage, cache_read)]
    fn cache_read(&self) -> u64 {
        self.0.cache_read
    }

    #[getter]
    #[doc = stub!(Usage, cache_write_5m)]
    fn cache_write_5m(&self) -> u64 {
        self.0.cache_write_5m
    }

    #[getter]
    #[doc = stub!(Usage, cache_write_1h)]
    fn cache_write_1h(&self) -> u64 {
        self.0.cache_write_1h
    }

    #[getter]
    #[doc = stub!(Usage, output)]
    fn output(&self) -> u64 {
        self.0.output
    }

    #[getter]
    #[doc = stub!(Usage, reasoning)]
    fn reasoning(&self) -> u64 {
        self.0.reasoning
    }

    #[getter]
    #[doc = stub!(Usage, estimated)]
    fn estimated(&self) -> bool {
        self.0.estimated
    }

    #[doc = stub!(Usage, to_dict)]
    fn to_dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &self.0)
    }

    fn __repr__(&self) -> String {
        let usage = &self.0;
        format!("<orkestra.Usage {} in, {} out>", usage.input_tokens(), usage.output)
    }
}

/// `None`, or the object of a response.
pub(crate) fn maybe(
    py: Python<'_>,
    response: Option<&Arc<orkestra::Response>>,
) -> PyResult<Py<PyAny>> {
    response.map(|response| Response(Arc::clone(response))).into_py_any(py)
}

/// The response in `value`, if it is one.
pub(crate) fn taken(value: &Bound<'_, PyAny>) -> Option<Arc<orkestra::Response>> {
    value.cast::<Response>().ok().map(|response| Arc::clone(&response.get().0))
}
