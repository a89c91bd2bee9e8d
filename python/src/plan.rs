//! Decisions, as Python sees them.

use std::sync::Arc;

use orkestra::strategy;
use pyo3::prelude::*;

use crate::{json, response::dollars};

/// What was decided about a request, and why.
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Plan(pub(crate) Arc<strategy::Plan>);

impl From<strategy::Plan> for Plan {
    fn from(plan: strategy::Plan) -> Self {
        Self(Arc::new(plan))
    }
}

#[pymethods]
impl Plan {
    #[getter]
    fn model(&self) -> &str {
        self.0.choice().model.as_str()
    }

    #[getter]
    fn provider(&self) -> &str {
        &self.0.choice().provider
    }

    #[getter]
    fn tier(&self) -> &'static str {
        self.0.choice().tier.name()
    }

    #[getter]
    fn reason(&self) -> &str {
        &self.0.reason
    }

    #[getter]
    fn strategy(&self) -> &str {
        &self.0.strategy
    }

    #[getter]
    fn score(&self) -> f64 {
        self.0.choice().score
    }

    #[getter]
    fn expected_cost(&self) -> f64 {
        dollars(self.0.choice().expected_cost)
    }

    #[getter]
    fn expected_savings(&self) -> f64 {
        dollars(self.0.expected_savings())
    }

    #[getter]
    fn base_model(&self) -> &str {
        self.0.base.model.as_str()
    }

    #[getter]
    fn quality(&self) -> f64 {
        self.0.quality
    }

    #[getter]
    fn margin(&self) -> f64 {
        self.0.margin
    }

    #[getter]
    fn candidates(&self) -> Vec<Candidate> {
        self.0.candidates.iter().cloned().map(Candidate).collect()
    }

    #[getter]
    fn ruled_out(&self) -> Vec<(String, String)> {
        let pair = |one: &strategy::RuledOut| (one.model.to_string(), one.why.clone());
        self.0.ruled_out.iter().map(pair).collect()
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.clone()
    }

    #[getter]
    fn forecast(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &self.0.forecast)
    }

    fn to_dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &*self.0)
    }

    fn __str__(&self) -> String {
        let choice = self.0.choice();
        format!("{} ({}): {}", choice.model, choice.provider, self.0.reason)
    }

    fn __repr__(&self) -> String {
        let choice = self.0.choice();
        format!(
            "<orkestra.Plan {} ({}, {}), about {}>",
            choice.model, choice.provider, choice.tier, choice.expected_cost
        )
    }
}

/// A model that can do the job, and what is expected of it.
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Candidate(strategy::Candidate);

#[pymethods]
impl Candidate {
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
    fn score(&self) -> f64 {
        self.0.score
    }

    #[getter]
    fn expected_cost(&self) -> f64 {
        dollars(self.0.expected_cost)
    }

    #[getter]
    fn expected_input_tokens(&self) -> u64 {
        self.0.expected_input_tokens
    }

    #[getter]
    fn expected_output_tokens(&self) -> u64 {
        self.0.expected_output_tokens
    }

    fn __repr__(&self) -> String {
        format!("<orkestra.Candidate {} ({})>", self.0.model, self.0.provider)
    }
}
