//! From an ended attempt to the bill, the ledger entry and the response.

use jiff::Timestamp;

use super::{Attempt, Engine, Response, attempt::Ended, day_of};
use crate::{
    chat::{FinishReason, Request, Usage},
    error::{Error, ErrorKind, Result},
    features,
    ledger::{Entry, Outcome, Recorder},
    strategy::Plan,
};

/// An ended attempt with its price worked out.
#[derive(Debug)]
pub(super) struct Bill {
    response: Response,
    entry: Entry,
}

impl Engine {
    /// Works out what the ended attempt cost and what it saved.
    pub(super) fn bill(
        &self,
        request: &Request,
        plan: Plan,
        attempts: Vec<Attempt>,
        ended: Ended,
        now: Timestamp,
    ) -> Result<Bill> {
        let today = day_of(now);
        let catalogue = &self.settings.catalogue;
        let model = catalogue.model(ended.candidate.model.as_str())?;
        let base = catalogue.model(plan.base.model.as_str())?;
        let mut warnings = plan.notes.clone();
        warnings.extend(ended.warnings.iter().cloned());
        warnings.extend(cautions(request, &ended.candidate.model, &model.upstream_id, &ended));
        let usage = ended.usage.unwrap_or_else(|| Usage {
            input: ended.candidate.expected_input_tokens,
            output: (features::estimate_tokens(&ended.text) as f64 * model.token_factor).ceil() as u64,
            estimated: true,
            ..Usage::default()
        });
        let cost = model.price_on(today)?.cost(&usage);
        // The same tokens at the baseline's price: tokenisers differ, but nobody can know by how much here.
        let base_cost = base.price_on(today)?.cost(&usage).total();
        let savings = base_cost - cost.total();
        let decision_id = Entry::new_id();
        let entry = Entry {
            id: Entry::new_id(),
            decision_id: decision_id.clone(),
            attempt: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
            at: now,
            day: today,
            provider: ended.candidate.provider.clone(),
            model: ended.candidate.model.clone(),
            tier: ended.candidate.tier,
            strategy: plan.strategy.clone(),
            router: plan.forecast.router.clone(),
            usage,
            input_cost: cost.input,
            output_cost: cost.output,
            cost: cost.total(),
            base_model: base.id.clone(),
            base_cost,
            savings,
            outcome: outcome(ended.finish_reason, &ended.text),
            stream: ended.first_token.is_some(),
            latency: ended.latency,
            first_token: ended.first_token,
            request_id: ended.request_id.clone(),
            simulated: ended.simulated,
            expected_cost: ended.candidate.expected_cost,
            expected_output_tokens: ended.candidate.expected_output_tokens as f64,
        };
        let response = Response {
            text: ended.text,
            model: ended.candidate.model,
            provider: ended.candidate.provider,
            tier: ended.candidate.tier,
            cost: cost.total(),
            input_cost: cost.input,
            output_cost: cost.output,
            input_tokens: usage.input_tokens(),
            output_tokens: usage.output,
            savings,
            savings_percent: savings.percent_of(base_cost).round_dp(2),
            base_model: base.id.clone(),
            base_cost,
            finish_reason: ended.finish_reason.unwrap_or(FinishReason::Length),
            usage,
            warnings,
            request_id: ended.request_id,
            decision_id,
            attempts,
            latency: ended.latency,
            simulated: ended.simulated,
            plan,
        };
        Ok(Bill { response, entry })
    }
}

impl Bill {
    /// Writes the entry and gives the response; a ledger that fails costs a warning, never the answer.
    pub(super) async fn settle(mut self, recorder: &Recorder) -> Result<Response> {
        let refused = self.entry.outcome == Outcome::Refused;
        self.response.warnings.extend(recorder.record(self.entry).await);
        if !refused {
            return Ok(self.response);
        }
        let message = "the model declined to answer (its own refusal or the provider's content filter)";
        Err(Error::new(ErrorKind::Refused, format!("{message}; {} was charged", self.response.cost))
            .at(&self.response.provider, &self.response.model)
            .with_request_id(self.response.request_id))
    }

    /// The entry alone, for an attempt that gives no response.
    pub(super) fn into_entry(self, outcome: Outcome) -> Entry {
        Entry { outcome, ..self.entry }
    }
}

fn outcome(finish_reason: Option<FinishReason>, text: &str) -> Outcome {
    match finish_reason {
        None => Outcome::Cut,
        Some(FinishReason::ContentFilter) if text.is_empty() => Outcome::Refused,
        Some(_) => Outcome::Ok,
    }
}

/// What the caller should know about the answer.
fn cautions(
    request: &Request,
    asked: &crate::catalogue::ModelId,
    upstream_id: &str,
    ended: &Ended,
) -> impl Iterator<Item = String> {
    let length = ended.finish_reason == Some(FinishReason::Length);
    let cut_short = length.then(|| {
        let max_tokens = request.max_tokens;
        if ended.text.is_empty() {
            format!("the output limit of {max_tokens} tokens was reached before the first word; raise max_tokens")
        } else {
            format!("the answer was cut at the output limit of {max_tokens} tokens; raise max_tokens")
        }
    });
    let estimated =
        ended.usage.is_none().then(|| format!("{asked} did not report its usage; tokens and cost are estimates"));
    let reported = ended.reported_model.as_deref().map(|name| name.trim_start_matches("models/"));
    // Providers answer under dated names; anything else means that another model did the work.
    let other = reported.filter(|name| !name.starts_with(upstream_id) && !upstream_id.starts_with(name));
    let other = other.map(|name| format!("{asked} was asked, but the provider says that {name} answered"));
    [cut_short, estimated, other].into_iter().flatten()
}
