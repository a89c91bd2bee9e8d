//! Which models can do the job, and what each is expected to cost.

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    catalogue::{Ability, Catalogue, Model, ModelId, Resolved},
    chat::{Content, Format, Message, Request, Role, ToolChoice, Usage},
    error::{Error, ErrorKind, Result},
    features::Features,
    money::Usd,
    output_ratios::OutputRatios,
    routing::{Forecast, Tier},
};

/// Input counts are estimates until the provider has billed; this much room is kept for their error.
const CONTEXT_RESERVE: f64 = 1.10;

/// A model that can do the job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The model's name in the catalogue.
    pub model: ModelId,
    /// Its provider.
    pub provider: String,
    /// Its tier.
    pub tier: Tier,
    /// Its capability; higher is more capable.
    pub rank: u16,
    /// The expected score, 0 to 1.
    pub score: f64,
    /// Expected cost of the call; in JSON a number of dollars.
    #[serde(serialize_with = "crate::money::as_number")]
    pub expected_cost: Usd,
    /// Expected input tokens, by this model's tokeniser.
    pub expected_input_tokens: u64,
    /// Expected output tokens, reasoning included; at most the request's `max_tokens`.
    pub expected_output_tokens: u64,
    /// How many output tokens it is expected to bill for each one that is forecast: the
    /// catalogue's `token_factor` times `thinking_factor`, corrected by what was measured.
    pub output_factor: f64,
    /// How many calls in the ledger corrected `output_factor`; 0: it is the catalogue's alone.
    pub output_factor_calls: u64,
    /// Whether `output_factor` includes thinking and rests on the catalogue's estimate of it alone.
    pub thinking_estimated: bool,
}

/// A model that cannot do the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuledOut {
    /// The model's name in the catalogue.
    pub model: ModelId,
    /// Why not.
    pub why: String,
    /// True when the prompt is too long for it.
    #[serde(skip)]
    too_long: bool,
}

/// What a request asks of a model.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The request.
    pub request: &'a Request,
    /// What is known about it.
    pub features: &'a Features,
    /// What the router believes about it.
    pub forecast: &'a Forecast,
    /// What models billed for the output that this router had forecast.
    pub output_ratios: &'a OutputRatios,
    /// The day whose prices hold.
    pub today: Date,
}

/// Sorts each provider's default models into those that can do the job and those that cannot; the notes
/// name the replaced ones.
///
/// # Errors
/// [`TooLong`](ErrorKind::TooLong) or [`InvalidRequest`](ErrorKind::InvalidRequest) when none can, naming
/// what ruled each out; [`UnpricedModel`](ErrorKind::UnpricedModel) when one has no price on that day.
pub fn candidates(
    catalogue: &Catalogue,
    providers: &[&str],
    demand: &Demand<'_>,
) -> Result<(Vec<Candidate>, Vec<RuledOut>, Vec<String>)> {
    let (mut able, mut ruled_out, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for Resolved { model, note } in catalogue.candidates(providers, demand.today)? {
        notes.extend(note);
        match obstacle(model, demand) {
            Some(out) => ruled_out.push(out),
            None => able.push(weigh(model, demand)?),
        }
    }
    if able.is_empty() {
        return Err(none_left(providers, &ruled_out));
    }
    Ok((able, ruled_out, notes))
}

/// What `model` is expected to cost and to achieve.
///
/// # Errors
/// [`UnpricedModel`](ErrorKind::UnpricedModel) when it has no price on that day.
pub fn weigh(model: &Model, demand: &Demand<'_>) -> Result<Candidate> {
    let expected = demand.forecast.tiers.get(model.tier);
    let expected_input_tokens = input_tokens(model, demand);
    let estimate = model.token_factor * model.thinking_factor;
    let measured = demand.output_ratios.get(&model.id);
    let output_factor = measured.map_or(estimate, |ratio| ratio.factor(estimate));
    let output_factor_calls = measured.map_or(0, |ratio| ratio.calls());
    let output = expected.output_tokens * output_factor;
    let expected_output_tokens =
        (output.ceil() as u64).clamp(1, u64::from(demand.request.output_limit()));
    let usage = Usage::plain(expected_input_tokens, expected_output_tokens);
    Ok(Candidate {
        model: model.id.clone(),
        provider: model.provider.clone(),
        tier: model.tier,
        rank: model.rank,
        score: expected.score,
        expected_cost: model.price_on(demand.today)?.cost(&usage).total(),
        expected_input_tokens,
        expected_output_tokens,
        output_factor,
        output_factor_calls,
        thinking_estimated: model.thinking_factor != 1.0 && output_factor_calls == 0,
    })
}

/// Why `model` cannot answer the request, if it cannot.
pub(super) fn obstacle(model: &Model, demand: &Demand<'_>) -> Option<RuledOut> {
    let request = demand.request;
    // Who names no limit gets what the model can write.
    let max_tokens = match request.max_tokens {
        Some(limit) => u64::from(limit),
        None => u64::from(request.output_limit()).min(model.max_output),
    };
    let out = |why: String, too_long| Some(RuledOut { model: model.id.clone(), why, too_long });
    if max_tokens > model.max_output {
        let why = format!(
            "max_tokens is {max_tokens}, {} answers with at most {}",
            model.id, model.max_output
        );
        return out(why, false);
    }
    if let Some((ability, field)) = needed(request).find(|(ability, _)| !model.can(*ability)) {
        return out(format!("{} cannot do what {field} asks for ({ability})", model.id), false);
    }
    if !model.parameters.prefill && request.messages.last().is_some_and(begins_answer) {
        let why = format!(
            "the last message is the assistant's, and {} does not continue an answer that was begun for it; end with a user message",
            model.id
        );
        return out(why, false);
    }
    let input = input_tokens(model, demand);
    let reserved = (input as f64 * CONTEXT_RESERVE).ceil() as u64;
    if !model.fits(reserved, max_tokens) {
        let why = format!(
            "about {input} tokens of prompt and {max_tokens} of answer do not fit into {}'s context of {}",
            model.id, model.context
        );
        return out(why, true);
    }
    None
}

/// What the request needs of a model, and which of its fields says so.
fn needed(request: &Request) -> impl Iterator<Item = (Ability, &'static str)> {
    let images = || request.parts().any(|part| matches!(part.content, Content::Image { .. }));
    let schema = matches!(request.format, Some(Format::Schema { .. }));
    let tools = !request.tools.is_empty() && request.tool_choice != Some(ToolChoice::None);
    [
        tools.then_some((Ability::Tools, "tools")),
        images().then_some((Ability::Images, "an image")),
        schema.then_some((Ability::Schema, "the schema of the answer")),
    ]
    .into_iter()
    .flatten()
}

fn begins_answer(message: &Message) -> bool {
    message.role == Role::Assistant
}

fn input_tokens(model: &Model, demand: &Demand<'_>) -> u64 {
    ((demand.features.counts.input_tokens as f64 * model.token_factor).ceil() as u64).max(1)
}

pub(super) fn none_left(providers: &[&str], ruled_out: &[RuledOut]) -> Error {
    if ruled_out.is_empty() {
        return Error::new(
            ErrorKind::Config,
            format!(
                "the catalogue allows no model of {}; see `orkestra models`",
                providers.join(", ")
            ),
        );
    }
    let kind = if ruled_out.iter().all(|out| out.too_long) {
        ErrorKind::TooLong
    } else {
        ErrorKind::InvalidRequest
    };
    let reasons: Vec<&str> = ruled_out.iter().map(|out| out.why.as_str()).collect();
    Error::new(kind, format!("no model can answer this request: {}", reasons.join("; ")))
        .whatever_the_model()
}
