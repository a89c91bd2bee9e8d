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

/// An answer, what it cost and what it saved.
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
    fn text(&self) -> &str {
        &self.0.text
    }

    #[getter]
    fn model(&self) -> &str {
        self.0.model.as_str()
    }

    #[getter]
    fn provider(&self) -> &str {
        &self.0.provider
    }

    #[getter]
    fn tier(&self) -> &'static str {
        self.0.tier.name()
    }

    #[getter]
    fn cost(&self) -> f64 {
        dollars(self.0.cost)
    }

    #[getter]
    fn input_cost(&self) -> f64 {
        dollars(self.0.input_cost)
    }

    #[getter]
    fn output_cost(&self) -> f64 {
        dollars(self.0.output_cost)
    }

    #[getter]
    fn savings(&self) -> f64 {
        dollars(self.0.savings)
    }

    #[getter]
    fn savings_percent(&self) -> f64 {
        plain(self.0.savings_percent)
    }

    #[getter]
    fn base_model(&self) -> &str {
        self.0.base_model.as_str()
    }

    #[getter]
    fn base_cost(&self) -> f64 {
        dollars(self.0.base_cost)
    }

    #[getter]
    fn cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.cost)
    }

    #[getter]
    fn input_cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.input_cost)
    }

    #[getter]
    fn output_cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.output_cost)
    }

    #[getter]
    fn savings_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.savings)
    }

    #[getter]
    fn base_cost_exact(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        exact(py, self.0.base_cost)
    }

    #[getter]
    fn input_tokens(&self) -> u64 {
        self.0.input_tokens
    }

    #[getter]
    fn output_tokens(&self) -> u64 {
        self.0.output_tokens
    }

    #[getter]
    fn usage(&self) -> Usage {
        Usage(self.0.usage)
    }

    #[getter]
    fn finish_reason(&self) -> &'static str {
        self.0.finish_reason.name()
    }

    #[getter]
    fn tool_calls(&self) -> Vec<ToolCall> {
        self.0.tool_calls.iter().cloned().map(ToolCall).collect()
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    #[getter]
    fn decision_id(&self) -> &str {
        &self.0.decision_id
    }

    #[getter]
    fn attempts(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &self.0.attempts)
    }

    #[getter]
    fn latency(&self) -> f64 {
        self.0.latency.as_secs_f64()
    }

    #[getter]
    fn simulated(&self) -> bool {
        self.0.simulated
    }

    #[getter]
    fn plan(&self) -> Plan {
        Plan(Arc::new(self.0.plan.clone()))
    }

    #[getter]
    fn message(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::to_python(py, &ask::written(&[self.0.message()])[0])
    }

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

/// A call of a tool that the model wants made.
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct ToolCall(chat::ToolCall);

#[pymethods]
impl ToolCall {
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn arguments(&self) -> &str {
        &self.0.arguments
    }

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

/// Token counts in buckets that do not overlap.
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Usage(pub(crate) chat::Usage);

#[pymethods]
impl Usage {
    #[getter]
    fn input(&self) -> u64 {
        self.0.input
    }

    #[getter]
    fn cache_read(&self) -> u64 {
        self.0.cache_read
    }

    #[getter]
    fn cache_write_5m(&self) -> u64 {
        self.0.cache_write_5m
    }

    #[getter]
    fn cache_write_1h(&self) -> u64 {
        self.0.cache_write_1h
    }

    #[getter]
    fn output(&self) -> u64 {
        self.0.output
    }

    #[getter]
    fn reasoning(&self) -> u64 {
        self.0.reasoning
    }

    #[getter]
    fn estimated(&self) -> bool {
        self.0.estimated
    }

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
