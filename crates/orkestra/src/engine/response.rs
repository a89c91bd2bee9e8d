//! What the caller gets.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::Serialize;

use super::Attempt;
use crate::{
    catalogue::ModelId,
    chat::{FinishReason, Message, Part, Reply, ToolCall, Usage},
    ledger::Entry,
    money::{self, Usd},
    strategy::Plan,
    tier::Tier,
};

/// An answer, what it cost and what it saved.
///
/// `cost + savings == base_cost` holds exactly. As JSON, money is a number of dollars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Response {
    /// The answer.
    pub text: String,
    /// The calls of tools that the model wants made, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The model that answered.
    pub model: ModelId,
    /// Its provider.
    pub provider: String,
    /// Its tier.
    pub tier: Tier,
    /// What the call cost.
    #[serde(serialize_with = "money::as_number")]
    pub cost: Usd,
    /// The part of `cost` that is for input.
    #[serde(serialize_with = "money::as_number")]
    pub input_cost: Usd,
    /// The part of `cost` that is for output.
    #[serde(serialize_with = "money::as_number")]
    pub output_cost: Usd,
    /// All input tokens, cached or not.
    pub input_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// `base_cost - cost`; negative when the answer cost more than the baseline would have.
    #[serde(serialize_with = "money::as_number")]
    pub savings: Usd,
    /// `savings` in percent of `base_cost`; 0 when the baseline is free.
    #[serde(serialize_with = "money::decimal_as_number")]
    pub savings_percent: Decimal,
    /// The model that savings are measured against.
    pub base_model: ModelId,
    /// What `base_model` would have cost for the same tokens.
    #[serde(serialize_with = "money::as_number")]
    pub base_cost: Usd,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// The tokens by bucket.
    pub usage: Usage,
    /// What could not be said to the model, what was replaced, what was estimated.
    pub warnings: Vec<String>,
    /// The provider's id of the call.
    pub request_id: Option<String>,
    /// Our id of the decision, as in the ledger.
    pub decision_id: String,
    /// Every call that was made, and every model that was passed over, in order; the last one answered.
    pub attempts: Vec<Attempt>,
    /// From the request to the end of the answer, in seconds as JSON.
    #[serde(rename = "latency_seconds", serialize_with = "seconds")]
    pub latency: Duration,
    /// True when a simulator answered: the text and the tokens are made up, the money was not spent.
    pub simulated: bool,
    /// The answer with everything the provider said: thoughts, proofs, what only its dialect knows.
    #[serde(skip)]
    pub reply: Reply,
    /// What was decided and why.
    pub plan: Plan,
}

impl Response {
    /// An answer that no model was called for, such as one from a middleware's own cache. It cost nothing and, as nothing
    /// was compared, saved nothing; model and provider are called `none`. `plan` is what would have been done.
    #[must_use]
    pub fn uncalled(reply: Reply, plan: Plan) -> Self {
        Self {
            text: reply.text(),
            tool_calls: reply.tool_calls().cloned().collect(),
            model: ModelId::from("none"),
            provider: "none".to_owned(),
            tier: plan.choice().tier,
            cost: Usd::ZERO,
            input_cost: Usd::ZERO,
            output_cost: Usd::ZERO,
            input_tokens: 0,
            output_tokens: 0,
            savings: Usd::ZERO,
            savings_percent: Decimal::ZERO,
            base_model: plan.base.model.clone(),
            base_cost: Usd::ZERO,
            finish_reason: reply.finish_reason,
            usage: Usage::default(),
            warnings: vec!["a middleware answered; no model was called".to_owned()],
            request_id: None,
            decision_id: Entry::new_id(),
            attempts: Vec::new(),
            latency: Duration::ZERO,
            simulated: false,
            reply,
            plan,
        }
    }

    /// The same bill for another text: what a middleware made of the answer.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        // Calls of tools stay; thoughts and proofs belong to the words that are gone.
        let calls = self.tool_calls.iter().cloned().map(Part::from);
        self.reply.content = std::iter::once(Part::text(self.text.clone())).chain(calls).collect();
        self
    }

    /// The answer as the next message of its conversation.
    #[must_use]
    pub fn message(&self) -> Message {
        self.reply.clone().into_message(self.model.as_str())
    }
}

pub(super) fn seconds<S: serde::Serializer>(
    latency: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(latency.as_secs_f64())
}
