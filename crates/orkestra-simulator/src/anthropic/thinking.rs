//! How much a model thinks, and which wishes about it are refused.

use crate::fields::{Fields, Refusal};
use crate::vendor::Call;
use crate::wishes::Tail;

use super::Family;
use super::blocks::Binding;
use super::errors::{Messages, invalid, none_of};
use super::messages::Conversation;

/// Efforts, and how much thinking each stands for.
const EFFORTS: [(&str, f64); 5] =
    [("low", 0.5), ("medium", 0.75), ("high", 1.0), ("xhigh", 2.0), ("max", 3.0)];

/// What a request gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thinking {
    /// 0: none.
    pub(super) effort: f64,
    /// The text of the thinking is sent along.
    pub(super) shown: bool,
    /// Most tokens of thinking.
    pub(super) budget: Option<u64>,
    when: When,
}

/// When a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Not in a loop of tools that began without thinking.
    FromTheStart,
    /// Only after tools have answered.
    BetweenTools,
}

impl Thinking {
    const fn of(effort: f64, shown: bool) -> Self {
        Self { effort, shown, budget: None, when: When::Always }
    }
}

/// How much of its effort a model makes at this point of the conversation.
pub(super) fn share(thinking: Thinking, tail: &Tail, conversation: &Conversation) -> f64 {
    let thinks = match thinking.when {
        When::Always => true,
        When::FromTheStart => tail.rounds == 0 || conversation.thought,
        When::BetweenTools => tail.rounds > 0,
    };
    f64::from(u8::from(thinks))
}

/// What happens to thinking whose conversation was changed; `bound`: the account and the model bind it.
pub(super) fn binding(
    call: &Call,
    body: &Fields<'_, Messages>,
    bound: bool,
) -> Result<Binding, Refusal> {
    let beta = call.header("anthropic-beta").unwrap_or_default();
    let has_beta =
        beta.split(',').any(|beta| beta.trim() == "thinking-binding-controls-2026-08-01");
    let wishes = body.object("thinking")?;
    let wishes = wishes.map(|thinking| thinking.object("block_binding")).transpose()?.flatten();
    if let Some(wishes) = wishes {
        if !has_beta {
            let message = format!("{}: Extra inputs are not permitted", wishes.place);
            return Err(invalid(&message));
        }
        match wishes.required_text("prefix_mismatch_behavior")? {
            "drop_block" => return Ok(Binding::Drop),
            "error" => {}
            _ => {
                let place = wishes.at("prefix_mismatch_behavior");
                return Err(none_of(&place, &["drop_block", "error"]));
            }
        }
    }
    Ok(if bound { Binding::Refuse } else { Binding::None })
}

/// Reads `thinking` and `output_config`. `limit` is the request's `max_tokens`; counting tokens has none.
pub(super) fn read(
    body: &Fields<'_, Messages>,
    family: &Family,
    limit: Option<u64>,
) -> Result<Thinking, Refusal> {
    let output = body.object("output_config")?;
    if let Some(output) = &output {
        output.allow(&["effort", "format"])?;
        output.object("format")?;
    }
    let named = output.map(|output| output.text("effort")).transpose()?.flatten().unwrap_or("high");
    let Some((_, effort)) = EFFORTS.iter().find(|(name, _)| *name == named) else {
        let known = EFFORTS.map(|(name, _)| format!("'{name}'")).join(", ");
        return Err(invalid(&format!("output_config.effort: Input should be {known}")));
    };
    let Some(thinking) = body.object("thinking")? else {
        return Ok(Thinking::of(if family.thinks_unasked { *effort } else { 0.0 }, false));
    };
    let kind = thinking.required_text("type")?;
    check_kind(kind, family)?;
    let display = thinking.text("display")?;
    if !matches!(display, None | Some("summarized" | "omitted")) {
        return Err(invalid("thinking.display: Input should be 'summarized' or 'omitted'"));
    }
    match kind {
        "enabled" => {
            thinking.allow(&["type", "budget_tokens", "display"])?;
            let budget = Some(budget(&thinking, limit)?);
            let shown = display != Some("omitted");
            Ok(Thinking { budget, when: When::FromTheStart, ..Thinking::of(*effort, shown) })
        }
        "adaptive" => {
            thinking.allow(&["type", "display", "block_binding"])?;
            // The text is left out unless it is asked for.
            Ok(Thinking::of(*effort, display == Some("summarized")))
        }
        "disabled" if family.always_thinks_above_high && *effort > 1.0 => {
            let message = format!(
                "thinking.type: 'disabled' is not supported with output_config.effort '{named}'"
            );
            Err(invalid(&message))
        }
        "between_tools" => {
            thinking.allow(&["type", "display", "block_binding"])?;
            let shown = display == Some("summarized");
            Ok(Thinking { when: When::BetweenTools, ..Thinking::of(*effort, shown) })
        }
        _ => {
            thinking.allow(&["type"])?;
            Ok(Thinking::of(0.0, false))
        }
    }
}

fn check_kind(kind: &str, family: &Family) -> Result<(), Refusal> {
    if !["enabled", "adaptive", "disabled", "between_tools"].contains(&kind) {
        let message = format!(
            "thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'adaptive', \
             'between_tools', 'disabled', 'enabled'"
        );
        return Err(invalid(&message));
    }
    if family.thinking.iter().any(|known| known == kind) {
        return Ok(());
    }
    let known = family.thinking.join("\" or \"thinking.type.");
    let message = format!(
        "\"thinking.type.{kind}\" is not supported for this model. Use \"thinking.type.{known}\" and \
         \"output_config.effort\" to control thinking behavior."
    );
    Err(invalid(&message))
}

fn budget(thinking: &Fields<'_, Messages>, limit: Option<u64>) -> Result<u64, Refusal> {
    thinking.required("budget_tokens")?;
    let budget = thinking.integer("budget_tokens", 1024)?.unwrap_or_default().unsigned_abs();
    match limit {
        Some(limit) if budget >= limit => {
            Err(invalid("`max_tokens` must be greater than `thinking.budget_tokens`."))
        }
        _ => Ok(budget),
    }
}
