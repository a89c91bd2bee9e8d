//! Reading a `generateContent` request, and one that only counts its tokens.

use crate::answer::{Offer, Prompt};
use crate::cache::{Chain, Scope};
use crate::exchange::World;
use crate::fields::{Fields, Refusal};
use crate::rules::Model;
use crate::tokens;
use crate::vendor::{Call, Vendor as _};

use super::config::{self, Shape};
use super::errors::{self, Gemini, invalid};
use super::{Asked, Family, Google, contents, thinking, tools};

const FIELDS: [&str; 11] = [
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "model",
    "serviceTier",
    "store",
    "labels",
];

/// Prefixes are cached in steps of so many tokens.
const STEP: u32 = 128;

/// The model of the path and what is asked of it.
pub(super) fn read<'w>(
    call: &Call,
    world: &'w World,
    id: &str,
    verb: &str,
) -> Result<(&'w Model<Family>, Asked), Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Gemini>::of(json, String::new())?;
    body.allow(&FIELDS)?;
    let model = find_model(world, id, verb)?;
    let family = &model.family;
    let mut chain = Chain::of_steps(STEP);
    let offer = fixed(&body, family, &mut chain)?;
    let functions = !offer.tools.is_empty();
    let config = body.object("generationConfig")?;
    let shape = config.as_ref().map(|fields| config::read(fields, model, functions)).transpose()?;
    let shape = shape.unwrap_or_default();
    let thinking = thinking::read(config.as_ref(), family)?;
    let ends_with_model = contents::check(&body, family, &mut chain)?;
    if ends_with_model && !family.prefill {
        return Err(invalid(
            "Please ensure that the last content of the request has the role user.",
        ));
    }
    if let Some(name) = body.text("cachedContent")? {
        return Err(errors::no_such_cache(name, family.prefill));
    }
    let input = tokens::whole(chain.weight());
    if input > model.context {
        return Err(invalid(&format!(
            "The input token count ({input}) exceeds the maximum number of tokens allowed ({}).",
            model.context
        )));
    }
    let scope = Scope::of(&["google", &model.id]);
    let cached = world.cache.automatic(scope, &chain, family.min_cacheable).min(input);
    let candidates = shape.candidates.max(1);
    let logprobs = shape.logprobs;
    let prompt = Prompt {
        effort: thinking.effort,
        thinking_limit: thinking.budget,
        ..prompt(call, model, offer, shape)
    };
    let thoughts_shown = thinking.shown;
    Ok((model, Asked { prompt, input, cached, candidates, thoughts_shown, logprobs }))
}

fn prompt(call: &Call, model: &Model<Family>, offer: Offer, shape: Shape) -> Prompt {
    Prompt {
        model: model.answers_as().to_owned(),
        tail: Google.glance(call).tail,
        offer,
        format: shape.format,
        limit: shape.limit.unwrap_or(model.max_output),
        stops: shape.stops,
        effort: 0.0,
        thinking_limit: None,
        thinking_step: 1,
        token_factor: 1.0,
    }
}

/// The tokens of a request that only counts them.
pub(super) fn count(call: &Call, world: &World, id: &str) -> Result<u64, Refusal> {
    let json = call.json.as_ref().map_err(|why| errors::no_json(why))?;
    let body = Fields::<Gemini>::of(json, String::new())?;
    body.allow(&["contents", "generateContentRequest"])?;
    let family = &find_model(world, id, "countTokens")?.family;
    let mut chain = Chain::of_steps(STEP);
    let Some(request) = body.object("generateContentRequest")? else {
        chain.tokens(tokens::PER_REQUEST);
        contents::check(&body, family, &mut chain)?;
        return Ok(tokens::whole(chain.weight()));
    };
    if body.has("contents") {
        return Err(invalid("Only one of contents and generate_content_request may be set."));
    }
    request.allow(&FIELDS)?;
    fixed(&request, family, &mut chain)?;
    contents::check(&request, family, &mut chain)?;
    Ok(tokens::whole(chain.weight()))
}

fn find_model<'w>(world: &'w World, id: &str, verb: &str) -> Result<&'w Model<Family>, Refusal> {
    world.rules.google.find(id).ok_or_else(|| errors::no_such_model(id, verb))
}

/// What stands before the contents, in the order in which the cache sees it.
fn fixed(body: &Fields<'_, Gemini>, family: &Family, chain: &mut Chain) -> Result<Offer, Refusal> {
    chain.tokens(tokens::PER_REQUEST);
    let offer = tools::read(body, chain)?;
    contents::system(body, family, chain)?;
    for setting in body.objects("safetySettings")? {
        setting.allow(&["category", "threshold", "method"])?;
        setting.required_text("category")?;
        setting.required_text("threshold")?;
    }
    Ok(offer)
}
