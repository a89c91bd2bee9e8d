//! From an ended attempt to the bill, the ledger entry and the response.

use super::{Attempt, Decision, Engine, Response, attempt::Ended, day_of};
use crate::{
    chat::{FinishReason, Usage},
    error::{Error, ErrorKind, Result},
    features,
    ledger::{Entry, Outcome},
    strategy::FIXED,
};

impl Engine {
    /// Writes the entry of an attempt that answered and gives the response; a ledger that fails costs a warning,
    /// never the answer. `output_limit` is the request's.
    pub(super) async fn settle(
        &self,
        output_limit: u32,
        decision: &Decision,
        attempts: Vec<Attempt>,
        ended: Ended,
    ) -> Result<Response> {
        let outcome = outcome(&ended);
        self.memory.remember(&ended.reply.content, &ended.candidate.model);
        let entry = self.entry(decision, attempts.len(), &ended, outcome)?;
        let mut response = self.response(output_limit, decision, attempts, ended, &entry)?;
        response.warnings.extend(self.settings.recorder.record(entry).await);
        if outcome != Outcome::Refused {
            return Ok(response);
        }
        let message =
            "the model declined to answer (its own refusal or the provider's content filter)";
        Err(Error::new(ErrorKind::Refused, format!("{message}; {} was charged", response.cost))
            .at(&response.provider, &response.model)
            .with_request_id(response.request_id))
    }

    /// Works out what the ended attempt cost and what it saved.
    pub(super) fn entry(
        &self,
        decision: &Decision,
        attempt: usize,
        ended: &Ended,
        outcome: Outcome,
    ) -> Result<Entry> {
        let Decision { id, asked_at, plan } = decision;
        let (catalogue, today) = (&self.settings.catalogue, day_of(*asked_at));
        let model = catalogue.model(ended.candidate.model.as_str())?;
        let base = catalogue.model(plan.base.model.as_str())?;
        let usage = usage(ended, model.token_factor);
        let cost = model.price_on(today)?.cost(&usage);
        // The same tokens at the baseline's price: tokenisers differ, but nobody can know by how much here.
        let base_cost = base.price_on(today)?.cost(&usage).total();
        Ok(Entry {
            id: Entry::new_id(),
            decision_id: id.clone(),
            attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
            at: *asked_at,
            day: today,
            provider: ended.candidate.provider.clone(),
            model: model.id.clone(),
            tier: ended.candidate.tier,
            strategy: plan.strategy.clone(),
            router: plan.forecast.router.clone(),
            usage,
            input_cost: cost.input,
            output_cost: cost.output,
            cost: cost.total(),
            base_model: base.id.clone(),
            base_cost,
            savings: base_cost - cost.total(),
            outcome,
            stream: ended.first_token.is_some(),
            latency: ended.latency,
            first_token: ended.first_token,
            request_id: ended.reply.request_id.clone(),
            simulated: ended.simulated,
            expected_cost: ended.candidate.expected_cost,
            expected_output_tokens: ended.candidate.expected_output_tokens as f64,
            finish_reason: ended.finished.then_some(ended.reply.finish_reason),
            // A router may be anyone's: a forecast that is no number must not cost the entry.
            forecast_output_tokens: Some(
                plan.forecast.tiers.get(ended.candidate.tier).output_tokens,
            )
            .filter(|tokens| tokens.is_finite() && *tokens >= 0.0),
        })
    }

    fn response(
        &self,
        output_limit: u32,
        decision: &Decision,
        attempts: Vec<Attempt>,
        ended: Ended,
        entry: &Entry,
    ) -> Result<Response> {
        let plan = decision.plan.clone();
        let upstream_id = &self.settings.catalogue.model(entry.model.as_str())?.upstream_id;
        // Who let the router choose did not name the replaced models; who named one is told.
        let mut warnings = match &*plan.strategy {
            FIXED => plan.notes.clone(),
            _ => self.settings.catalogue.age_note(entry.day).into_iter().collect(),
        };
        warnings.extend(ended.warnings.iter().cloned());
        warnings.extend(cautions(output_limit, upstream_id, &ended));
        Ok(Response {
            text: ended.reply.text(),
            tool_calls: ended.reply.tool_calls().cloned().collect(),
            model: entry.model.clone(),
            provider: entry.provider.clone(),
            tier: entry.tier,
            cost: entry.cost,
            input_cost: entry.input_cost,
            output_cost: entry.output_cost,
            input_tokens: entry.usage.input_tokens(),
            output_tokens: entry.usage.output,
            savings: entry.savings,
            savings_percent: entry.savings.percent_of(entry.base_cost).round_dp(2),
            base_model: entry.base_model.clone(),
            base_cost: entry.base_cost,
            finish_reason: ended.reply.finish_reason,
            usage: entry.usage,
            warnings,
            request_id: ended.reply.request_id.clone(),
            decision_id: entry.decision_id.clone(),
            attempts,
            latency: ended.latency,
            simulated: ended.simulated,
            reply: ended.reply,
            plan,
        })
    }
}

fn outcome(ended: &Ended) -> Outcome {
    match ended.reply.finish_reason {
        _ if !ended.finished => Outcome::Cut,
        FinishReason::ContentFilter if ended.reply.text().is_empty() => Outcome::Refused,
        _ => Outcome::Ok,
    }
}

/// What was consumed: the provider's word, else our own count. A stream that broke has reported its input at
/// most; what it wrote is counted here.
fn usage(ended: &Ended, token_factor: f64) -> Usage {
    let reported = ended.reply.usage;
    match reported {
        Some(usage) if ended.finished || usage.estimated => usage,
        _ => {
            let written = features::written_tokens(&ended.reply.content) as f64 * token_factor;
            let input = Usage::plain(ended.candidate.expected_input_tokens, 0);
            let known = reported.unwrap_or(input);
            let output = known.output.max(written.ceil() as u64);
            Usage { output, estimated: true, ..known }
        }
    }
}

/// What the caller should know about the answer.
fn cautions(max_tokens: u32, upstream_id: &str, ended: &Ended) -> impl Iterator<Item = String> {
    let asked = &ended.candidate.model;
    let reply = &ended.reply;
    let length = reply.finish_reason == FinishReason::Length;
    let cut_short = length.then(|| {
        if reply.content.is_empty() || reply.text().is_empty() {
            format!("the output limit of {max_tokens} tokens was reached before the first word; raise max_tokens")
        } else {
            format!("the answer was cut at the output limit of {max_tokens} tokens; raise max_tokens")
        }
    });
    let estimated = reply
        .usage
        .is_none()
        .then(|| format!("{asked} did not report its usage; tokens and cost are estimates"));
    let reported = reply.model.as_deref().map(|name| name.trim_start_matches("models/"));
    // Providers answer under dated names; anything else means that another model did the work.
    let other =
        reported.filter(|name| !name.starts_with(upstream_id) && !upstream_id.starts_with(name));
    let other =
        other.map(|name| format!("{asked} was asked, but the provider says that {name} answered"));
    [cut_short, estimated, other].into_iter().flatten()
}
