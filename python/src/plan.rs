//! Decisions, as Python sees them.

use std::sync::Arc;

use orkestra::strategy;
use pyo3::prelude::*;

use crate::{json, response::dollars};

#[doc = stub!(Plan)]
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
    #[doc = stub!(Plan, model)]
    fn model(&self) -> &str {
        self.0.choice().model.as_str()
    }

    #[getter]
    #[doc = stub!(Plan, provider)]
    fn provider(&self) -> &str {
        &self.0.choice().provider
    }

    #[getter]
    #[doc = stub!(Plan, tier)]
    fn tier(&self) -> &'static str {
        self.0.choice().tier.name()
    }

    #[getter]
    #[doc = stub!(Plan, reason)]
    fn reason(&self) -> &str {
        &self.0.reason
    }

    #[getter]
    #[doc = stub!(Plan, strategy)]
    fn strategy(&self) -> &str {
        &self.0.strategy
    }

    #[getter]
    #[doc = stub!(Plan, score)]
    fn score(&self) -> f64 {
        self.0.choice().score
    }

    #[getter]
    #[doc = stub!(Plan, expected_cost)]
    fn expected_cost(&self) -> f64 {
        dollars(self.0.choice().expected_cost)
    }

    #[getter]
    #[doc = stub!(Plan, expected_savings)]
    fn expected_savings(&self) -> f64 {
        dollars(self.0.expected_savings())
    }

    #[getter]
    #[doc = stub!(Plan, base_model)]
    fn base_model(&self) -> &str {
        self.0.base.model.as_str()
    }

    #[getter]
    #[doc = stub!(Plan, quality)]
    fn quality(&self) -> f64 {
        self.0.quality
    }

    #[getter]
    #[doc = stub!(Plan, margin)]
    fn margin(&self) -> f64 {
        self.0.margin
    }

    #[getter]
    #[doc = stub!(Plan, candidates)]
    fn candidates(&self) -> Vec<Candidate> {
        self.0.candidates.iter().cloned().map(Candidate).collect()
    }

    #[getter]
    #[doc = stub!(Plan, ruled_out)]
    fn ruled_out(&self) -> Vec<(String, String)> {
        let pair = |one: &strategy::RuledOut| (one.model.to_string(), one.why.clone());
        self.0.ruled_out.iter().map(pair).collect()
    }

    #[getter]
    #[doc = stub!(Plan, notes)]
    fn notes(&self) -> Vec<String> {
        self.0.notes.clone()
    }

    #[getter]
    #[doc = stub!(Plan, forecast)]
    fn forecast(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        json::serialized(py, &self.0.forecast)
    }

    #[doc = stub!(Plan, to_dict)]
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

#[doc = stub!(Candidate)]
#[pyclass(module = "orkestra", frozen)]
pub(crate) struct Candidate(strategy::Candidate);

#[pymethods]
impl Candidate {
    #[getter]
    #[doc = stub!(Candidate, model)]
    fn model(&self) -> &str {
        self.0.model.as_str()
    }

    #[getter]
    #[doc = stub!(Candidate, provider)]
    fn provider(&self) -> &str {
        &self.0.provider
    }

    #[getter]
    #[doc = stub!(Candidate, tier)]
    fn tier(&self) -> &'static str {
        self.0.tier.name()
    }

    #[getter]
    #[doc = stub!(Candidate, score)]
    fn score(&self) -> f64 {
        self.0.score
    }

    #[getter]
    #[doc = stub!(Candidate, expected_cost)]
    fn expected_cost(&self) -> f64 {
        dollars(self.0.expected_cost)
    }

    #[getter]
    #[doc = stub!(Candidate, expected_input_tokens)]
    fn expected_input_tokens(&self) -> u64 {
        self.0.expected_input_tokens
    }

    #[getter]
    #[doc = stub!(Candidate, expected_output_tokens)]
    fn expected_output_tokens(&self) -> u64 {
        self.0.expected_output_tokens
    }

    fn __repr__(&self) -> String {
        format!("<orkestra.Candidate {} ({})>", self.0.model, self.0.provider)
    }
}
