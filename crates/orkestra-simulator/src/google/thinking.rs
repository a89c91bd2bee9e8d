//! How much a model thinks: `thinkingLevel` or `thinkingBudget`, never both.

use crate::fields::{Fields, Refusal};

use super::errors::{Gemini, invalid, invalid_field};
use super::{Control, Family};

/// Levels, and how much thinking each stands for.
const LEVELS: [(&str, f64); 5] =
    [("minimal", 0.1), ("low", 0.5), ("medium", 1.0), ("high", 1.5), ("xhigh", 2.5)];

const HIGHEST_BUDGET: i64 = 32_768;

/// What a request gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thinking {
    /// 0: none.
    pub(super) effort: f64,
    /// Most tokens of thinking.
    pub(super) budget: Option<u64>,
    /// The thinking is sent along.
    pub(super) shown: bool,
}

fn amount(level: &str) -> f64 {
    LEVELS.iter().find(|(name, _)| *name == level).map_or(0.0, |(_, amount)| *amount)
}

/// Reads `generationConfig.thinkingConfig`.
pub(super) fn read(
    config: Option<&Fields<'_, Gemini>>,
    family: &Family,
) -> Result<Thinking, Refusal> {
    let unasked = family.thinks_unasked.as_deref().map_or(0.0, amount);
    let mut thinking = Thinking { effort: unasked, budget: None, shown: false };
    let Some(wishes) = config.map(|config| config.object("thinkingConfig")).transpose()?.flatten()
    else {
        return Ok(thinking);
    };
    wishes.allow(&["includeThoughts", "thinkingBudget", "thinkingLevel"])?;
    thinking.shown = wishes.boolean("includeThoughts")?.unwrap_or(false);
    let (budget, level) =
        (wishes.integer("thinkingBudget", i64::MIN)?, wishes.text("thinkingLevel")?);
    match (budget, level) {
        (Some(_), Some(_)) => {
            Err(invalid("You can only set one of thinking budget and thinking level."))
        }
        (Some(_), None) if family.thinking == Control::Level => Err(invalid(
            "Thinking budget is not supported for this model. Use thinking level instead.",
        )),
        (None, Some(_)) if family.thinking == Control::Budget => {
            Err(invalid("Thinking level is not supported for this model."))
        }
        (Some(budget), None) => within(budget, family, thinking),
        (None, Some(level)) => {
            let level = level.to_ascii_lowercase();
            if !LEVELS.iter().any(|(name, _)| *name == level)
                && level != "thinking_level_unspecified"
            {
                let place = wishes.at("thinkingLevel");
                return Err(invalid_field(&place, &format!("unknown thinking level \"{level}\"")));
            }
            if !family.levels.contains(&level) {
                let level = level.to_ascii_uppercase();
                return Err(invalid(&format!(
                    "Thinking level {level} is not supported for this model."
                )));
            }
            Ok(Thinking { effort: amount(&level), ..thinking })
        }
        (None, None) => Ok(thinking),
    }
}

fn within(budget: i64, family: &Family, thinking: Thinking) -> Result<Thinking, Refusal> {
    let lowest = family.lowest_budget.max(1);
    match budget {
        0 if family.can_stop_thinking => Ok(Thinking { effort: 0.0, ..thinking }),
        0 => Err(invalid("Budget 0 is invalid. This model only works in thinking mode.")),
        -1 => Ok(Thinking { effort: 1.0, ..thinking }),
        budget if (lowest..=HIGHEST_BUDGET).contains(&budget) => {
            Ok(Thinking { effort: 1.0, budget: Some(budget.unsigned_abs()), ..thinking })
        }
        budget => Err(invalid(&format!(
            "The thinking budget {budget} is invalid. Please choose a value between {lowest} and {HIGHEST_BUDGET}."
        ))),
    }
}
