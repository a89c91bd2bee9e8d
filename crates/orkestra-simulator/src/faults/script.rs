//! The script of what shall go wrong next.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::PROVIDERS;

use super::{FaultKind, UnknownFault};

/// A fault in the script: what goes wrong, for whom, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    provider: Option<String>,
    model: Option<String>,
    times: u32,
    /// Of so many requests that it is meant for, it hits the last.
    every: u32,
    /// Those that it let pass since it hit.
    passed: u32,
}

impl Fault {
    /// Hits the next request, whichever it is.
    #[must_use]
    pub const fn new(kind: FaultKind) -> Self {
        Self { kind, provider: None, model: None, times: 1, every: 1, passed: 0 }
    }

    /// Hits only requests to one of [`PROVIDERS`].
    #[must_use]
    pub fn for_provider(mut self, provider: &str) -> Self {
        self.provider = Some(provider.to_owned());
        self
    }

    /// Hits only requests that name this model.
    #[must_use]
    pub fn for_model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Hits this many requests. Default 1; [`u32::MAX`] is for ever.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Lets requests pass and hits every `count`th that it is meant for. Default 1.
    #[must_use]
    pub const fn every(mut self, count: u32) -> Self {
        self.every = count;
        self
    }

    fn is_meant_for(&self, provider: &str, model: Option<&str>) -> bool {
        self.times > 0
            && self.provider.as_deref().is_none_or(|wanted| wanted == provider)
            && self.model.as_deref().is_none_or(|wanted| Some(wanted) == model)
    }

    /// Counts a request that it is meant for; whether it hits this one.
    const fn hits(&mut self) -> bool {
        self.passed += 1;
        if self.passed < self.every {
            return false;
        }
        self.passed = 0;
        if self.times != u32::MAX {
            self.times -= 1;
        }
        true
    }
}

/// A fault as `POST /faults` takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    fault: String,
    provider: Option<String>,
    model: Option<String>,
    times: Option<u32>,
    every: Option<u32>,
}

impl TryFrom<Order> for Fault {
    type Error = String;

    fn try_from(order: Order) -> Result<Self, String> {
        if let Some(provider) = &order.provider
            && !PROVIDERS.contains(&provider.as_str())
        {
            return Err(format!("provider: {provider:?} is not one of {}", PROVIDERS.join(", ")));
        }
        let kind = order.fault.parse().map_err(|error: UnknownFault| format!("fault: {error}"))?;
        Ok(Self {
            provider: order.provider,
            model: order.model,
            ..Self::new(kind).times(order.times.unwrap_or(1)).every(order.every.unwrap_or(1))
        })
    }
}

/// The faults still to come, first in, first out.
#[derive(Debug, Default)]
pub(crate) struct Script(Mutex<Vec<Fault>>);

impl Script {
    pub(crate) fn push(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes the first fault that hits this request.
    pub(crate) fn take(&self, provider: &str, model: Option<&str>) -> Option<FaultKind> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = faults.iter_mut().find_map(|fault| {
            (fault.is_meant_for(provider, model) && fault.hits()).then_some(fault.kind)
        });
        faults.retain(|fault| fault.times > 0);
        hit
    }
}
