//! The contents of a request: roles, and the order of function calls and responses.

use crate::cache::Chain;
use crate::fields::{Fields, Refusal, Wording as _};
use crate::tokens;

use super::errors::{Gemini, invalid};
use super::parts::{self, Named, Turn};
use super::{Family, signatures};

const UNANSWERED: &str = "Please ensure that the number of function response parts is equal to the number of function \
                          call parts of the function call turn.";
const NO_CALLS: &str =
    "Please ensure that function response turn comes immediately after a function call turn.";
const TOO_LATE: &str = "Please ensure that function call turn comes immediately after a user turn or after a function \
                        response turn.";

/// Checks `contents` of `body` and weighs them; whether the model's turn is the last.
pub(super) fn check(
    body: &Fields<'_, Gemini>,
    family: &Family,
    chain: &mut Chain,
) -> Result<bool, Refusal> {
    body.list("contents")?;
    let contents = body.objects("contents")?;
    if contents.is_empty() {
        return Err(Gemini::missing(&body.at("contents")));
    }
    let mut before: Option<(&str, Turn)> = None;
    for content in &contents {
        content.allow(&["role", "parts"])?;
        let role = content.text("role")?.unwrap_or("user");
        if role != "user" && role != "model" {
            return Err(invalid("Please use a valid role: user, model."));
        }
        chain.other(role, tokens::PER_MESSAGE);
        let turn = parts::check(content, family, chain)?;
        order(before.as_ref(), role, &turn, family)?;
        before = Some((role, turn));
    }
    if before.as_ref().is_some_and(|(_, turn)| !turn.calls.is_empty()) {
        return Err(invalid(UNANSWERED));
    }
    if family.signs {
        signatures::all_there(&contents)?;
    }
    Ok(before.is_some_and(|(role, _)| role == "model"))
}

fn order(
    before: Option<&(&str, Turn)>,
    role: &str,
    turn: &Turn,
    family: &Family,
) -> Result<(), Refusal> {
    let calls = before.map(|(_, turn)| turn.calls.as_slice()).unwrap_or_default();
    if role == "model" && !turn.calls.is_empty() {
        let follows_user = before.is_some_and(|(role, _)| *role == "user");
        return if follows_user { Ok(()) } else { Err(invalid(TOO_LATE)) };
    }
    if !turn.responses.is_empty() && calls.is_empty() {
        return Err(invalid(NO_CALLS));
    }
    if turn.responses.len() != calls.len() {
        return Err(invalid(UNANSWERED));
    }
    matches(calls, &turn.responses, family)
}

/// Every response must belong to a call: by its id where it has one, by its name in any case. The vendor's own SDK
/// leaves the id out where it calls functions itself, so that an id is not required.
fn matches(calls: &[Named], responses: &[Named], family: &Family) -> Result<(), Refusal> {
    let mut left: Vec<&Named> = calls.iter().collect();
    for (id, name) in responses {
        let same_id = |call: &Named| !family.signs || id.is_none() || call.0 == *id;
        let at = left.iter().position(|call| same_id(call) && call.1 == *name);
        let Some(at) = at else {
            let what = match id.as_ref().filter(|_| family.signs) {
                Some(id) => format!("functionResponse.id '{id}' does not match functionCall.id"),
                None => {
                    format!("functionResponse.name '{name}' does not match functionCall.name")
                }
            };
            return Err(invalid(&format!(
                "Please ensure that every response answers a call: {what}."
            )));
        };
        left.remove(at);
    }
    Ok(())
}

/// Weighs `systemInstruction`.
pub(super) fn system(
    body: &Fields<'_, Gemini>,
    family: &Family,
    chain: &mut Chain,
) -> Result<(), Refusal> {
    let Some(system) = body.object("systemInstruction")? else { return Ok(()) };
    system.allow(&["role", "parts"])?;
    chain.tokens(tokens::PER_MESSAGE);
    parts::check(&system, family, chain).map(drop)
}
