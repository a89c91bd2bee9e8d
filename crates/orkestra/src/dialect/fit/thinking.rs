//! How much to think: efforts, budgets and modes, and what each model takes of them.

use super::Fitting;
use crate::chat::{DialectName, Effort, Thinking, ThinkingMode, ToolChoice};

/// Tokens that stand for an effort, for models that are told a budget. The APIs give no exchange rate; these are
/// the ones that LiteLLM uses.
const BUDGETS: [(Effort, u32); 5] = [
    (Effort::Low, 1024),
    (Effort::Medium, 2048),
    (Effort::High, 4096),
    (Effort::Xhigh, 8192),
    (Effort::Max, 16_384),
];
/// Anthropic's API refuses a smaller budget.
const LEAST_BUDGET: u32 = 1024;

impl Fitting<'_> {
    pub(super) fn fit_thinking(&mut self) {
        let wish = self.request.thinking;
        if wish.is_default() {
            return;
        }
        let shown = wish.shown;
        let fitted = if wants_none(&wish) { self.no_thinking() } else { self.some_thinking(&wish) };
        let says_nothing = Thinking { shown: None, ..fitted }.is_default();
        let thinks =
            !self.model.parameters.efforts.is_empty() || !self.model.parameters.thinking.is_empty();
        let shown = shown.filter(|_| thinks || !says_nothing);
        self.request.thinking = Thinking { shown, ..fitted };
        self.give_way_to_forced_tools();
    }

    fn takes(&self, mode: ThinkingMode) -> bool {
        self.model.parameters.thinking.contains(&mode)
    }

    /// Not to think, as far as the model can be told so.
    fn no_thinking(&mut self) -> Thinking {
        if self.takes(ThinkingMode::Disabled) {
            return Thinking { mode: Some(ThinkingMode::Disabled), ..Thinking::default() };
        }
        let least = self.model.parameters.efforts.first().copied();
        if let Some(least) = least.filter(|least| *least != Effort::None) {
            self.warn(format!(
                "it cannot be told not to think; its least effort, {}, was asked for",
                least.name()
            ));
        }
        // A model that never thinks does as it is told without a word.
        Thinking { effort: least, ..Thinking::default() }
    }

    fn some_thinking(&mut self, wish: &Thinking) -> Thinking {
        let rules = &self.model.parameters;
        if rules.efforts.is_empty() && rules.thinking.is_empty() {
            if *wish != (Thinking { shown: wish.shown, ..Thinking::default() }) {
                self.warn(
                    "it does not think on demand; what was asked of its thinking was left out",
                );
            }
            return Thinking::default();
        }
        let mut fitted =
            Thinking { mode: self.mode(wish.mode), effort: None, budget: None, shown: None };
        // To be shown thoughts there must be some.
        let only_shown = wish.shown == Some(true) && wish.mode.is_none() && wish.budget.is_none();
        if only_shown
            && self.dialect == DialectName::Anthropic
            && self.takes(ThinkingMode::Adaptive)
        {
            fitted.mode = Some(ThinkingMode::Adaptive);
        }
        if let Some(budget) = wish.budget {
            self.fit_budget(&mut fitted, budget);
        }
        if let Some(effort) = wish.effort {
            self.fit_effort(&mut fitted, effort, wish.budget.is_some());
        }
        fitted
    }

    fn mode(&mut self, wished: Option<ThinkingMode>) -> Option<ThinkingMode> {
        let mode = wished.filter(|mode| {
            // Implied by the budget or the level itself.
            !matches!(mode, ThinkingMode::Budget | ThinkingMode::Level)
        })?;
        if self.takes(mode) {
            return Some(mode);
        }
        let other = self.takes(ThinkingMode::Adaptive).then_some(ThinkingMode::Adaptive);
        // A model that thinks by itself needs no word for it.
        if mode != ThinkingMode::Adaptive || self.model.parameters.efforts.is_empty() {
            let name =
                if mode == ThinkingMode::BetweenTools { "between tools" } else { "adaptive" };
            self.warn(format!("thinking {name} was left out, the model does not take it"));
        }
        other
    }

    fn fit_budget(&mut self, fitted: &mut Thinking, budget: u32) {
        if self.takes(ThinkingMode::Budget) {
            fitted.budget = self.in_range(budget);
            return;
        }
        let wanted = BUDGETS.iter().find(|(_, most)| budget <= *most);
        let effort = self.nearest(wanted.map_or(Effort::Max, |(effort, _)| *effort));
        if let Some(effort) = effort {
            self.warn(format!("the thinking budget {budget} became the effort {}", effort.name()));
            fitted.effort = Some(effort);
        } else {
            self.warn(format!("the thinking budget {budget} was left out, the model takes none"));
        }
        self.adapt(fitted);
    }

    fn fit_effort(&mut self, fitted: &mut Thinking, effort: Effort, has_budget: bool) {
        if let Some(nearest) = self.nearest(effort) {
            // Google refuses a budget and a level together.
            if self.dialect == DialectName::Gemini && fitted.budget.is_some() {
                self.warn(format!("the effort {} was left out beside the budget", effort.name()));
                return;
            }
            if nearest != effort {
                self.warn(format!("the effort {} became {}", effort.name(), nearest.name()));
            }
            fitted.effort = Some(nearest);
            self.adapt(fitted);
        } else if has_budget {
            self.warn(format!("the effort {} was left out beside the budget", effort.name()));
        } else if self.takes(ThinkingMode::Budget) {
            let least = BUDGETS.iter().find(|(known, _)| effort <= *known);
            let wanted = least.map_or(BUDGETS[4].1, |(_, budget)| *budget);
            fitted.budget = self.in_range(wanted);
            if let Some(budget) = fitted.budget {
                self.warn(format!(
                    "the effort {} became a thinking budget of {budget} tokens",
                    effort.name()
                ));
            }
        } else {
            self.warn(format!("the effort {} was left out, the model takes none", effort.name()));
        }
    }

    /// Callers of other APIs mean by an effort that the model shall think; Anthropic's models must be told apart.
    fn adapt(&self, fitted: &mut Thinking) {
        let foreign = self.request.dialect != Some(DialectName::Anthropic);
        if foreign && fitted.mode.is_none() && self.takes(ThinkingMode::Adaptive) {
            fitted.mode = Some(ThinkingMode::Adaptive);
        }
    }

    /// The model's effort that is nearest to `effort`, the lower of two.
    fn nearest(&self, effort: Effort) -> Option<Effort> {
        let place = |effort: Effort| effort as i32;
        let efforts = self.model.parameters.efforts.iter().copied();
        efforts
            .filter(|known| *known != Effort::None)
            .min_by_key(|known| ((place(*known) - place(effort)).abs(), place(*known)))
    }

    /// A budget that fits below the output limit, where the API wants that.
    fn in_range(&mut self, budget: u32) -> Option<u32> {
        if self.dialect != DialectName::Anthropic {
            return Some(budget);
        }
        let limit = self.request.output_limit();
        if limit <= LEAST_BUDGET {
            self.warn(format!(
                "thinking was left out: max_tokens is {limit}, and thinking alone needs {LEAST_BUDGET}"
            ));
            return None;
        }
        let fitting = budget.clamp(LEAST_BUDGET, limit - 1);
        if fitting != budget {
            self.warn(format!("the thinking budget {budget} became {fitting}"));
        }
        Some(fitting)
    }

    /// Anthropic's models that can be made to use a tool can be so only while they do not think.
    fn give_way_to_forced_tools(&mut self) {
        let forced = matches!(
            self.request.tool_choice,
            Some(ToolChoice::Required | ToolChoice::Function(_))
        );
        if self.dialect == DialectName::Anthropic && forced && self.thinks_on_demand() {
            self.request.thinking = self.no_thinking();
            self.warn("thinking was left out, since a tool is forced");
        }
    }
}

fn wants_none(wish: &Thinking) -> bool {
    wish.mode == Some(ThinkingMode::Disabled)
        || wish.effort == Some(Effort::None)
        || wish.budget == Some(0)
}
