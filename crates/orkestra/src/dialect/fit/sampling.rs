//! Temperature and its kin.

use super::Fitting;
use crate::{
    catalogue::{Acceptance, TemperatureRule},
    chat::{DEFAULT_TEMPERATURE, DialectName, Effort, ThinkingMode},
};

impl Fitting<'_> {
    pub(super) fn fit_sampling(&mut self) {
        self.fit_temperature();
        let rules = &self.model.parameters;
        let free = self.sampling_is_free();
        let rule = |rule: Acceptance| match free {
            Some(true) => Acceptance::Accepted,
            Some(false) => Acceptance::Refused,
            None => rule,
        };
        if let Some(value) = refused(&mut self.request.top_p, rule(rules.top_p)) {
            // 1 is what no limit means.
            if value < 1.0 {
                self.left_out("top_p", value, rules.top_p);
            }
        }
        if let Some(value) = refused(&mut self.request.logprobs, rule(rules.logprobs)) {
            if value {
                self.left_out("logprobs", value, rules.logprobs);
            }
            self.request.extra.shift_remove("top_logprobs");
        }
        if let Some(value) = refused(&mut self.request.top_k, rules.top_k) {
            self.left_out("top_k", value, rules.top_k);
        }
        if let Some(value) = refused(&mut self.request.seed, rules.seed) {
            self.left_out("seed", value, rules.seed);
        }
        let (frequency, presence) =
            (&mut self.request.frequency_penalty, &mut self.request.presence_penalty);
        let penalties = [
            ("frequency_penalty", refused(frequency, rules.penalties)),
            ("presence_penalty", refused(presence, rules.penalties)),
        ];
        for (field, value) in penalties {
            if let Some(value) = value.filter(|value| *value != 0.0) {
                self.left_out(field, value, rules.penalties);
            }
        }
        if !self.request.stop.is_empty() && rules.stop != Acceptance::Accepted {
            let stop = std::mem::take(&mut self.request.stop);
            self.left_out("stop", format!("{stop:?}"), rules.stop);
        }
    }

    /// Whether sampling is taken, for models that decide it by their effort alone.
    fn sampling_is_free(&self) -> Option<bool> {
        let rules = &self.model.parameters;
        let effort = self.request.thinking.effort.or(rules.default_effort);
        rules.sampling_needs_no_effort.then_some(effort == Some(Effort::None))
    }

    fn fit_temperature(&mut self) {
        let Some(asked) = self.request.temperature else { return };
        let rule = self.model.parameters.temperature;
        let is_default = (asked - DEFAULT_TEMPERATURE).abs() <= f64::EPSILON;
        // Anthropic's models that take a temperature take it only while they do not think.
        let thinks = self.dialect == DialectName::Anthropic && self.thinks_on_demand();
        let accepted = match rule {
            _ if self.sampling_is_free() == Some(false) || thinks => None,
            TemperatureRule::Accepted { max } => Some(max),
            _ if self.sampling_is_free() == Some(true) => Some(2.0),
            _ => None,
        };
        self.request.temperature = match accepted {
            Some(max) if asked > max => {
                self.warn(format!("temperature {asked} was lowered to {max}, the most it takes"));
                Some(max)
            }
            Some(_) => Some(asked),
            None => {
                if !is_default {
                    let why = if thinks { " while it thinks" } else { "" };
                    self.warn(format!("temperature {asked} was left out, it takes none{why}"));
                }
                None
            }
        };
    }

    /// Whether the request asks a model to think that would not by itself.
    pub(super) fn thinks_on_demand(&self) -> bool {
        let thinking = &self.request.thinking;
        thinking.budget.is_some()
            || matches!(thinking.mode, Some(ThinkingMode::Adaptive | ThinkingMode::Budget))
    }
}

/// Takes `value` out where the model does not follow it, and gives what was there.
fn refused<T>(value: &mut Option<T>, rule: Acceptance) -> Option<T> {
    if rule == Acceptance::Accepted { None } else { value.take() }
}
