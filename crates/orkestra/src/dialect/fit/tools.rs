//! Tools, and how much the model may be told about using them.

use super::Fitting;
use crate::{
    catalogue::Acceptance,
    chat::{DialectName, Tool, ToolChoice},
};

impl Fitting<'_> {
    pub(super) fn fit_tools(&mut self) {
        let rules = &self.model.parameters;
        if rules.names != Acceptance::Accepted {
            let names = self.request.messages.iter_mut().filter_map(|message| message.name.take());
            if names.count() > 0 {
                self.warn("the names of speakers were left out, the model does not take them");
            }
        }
        if rules.strict_tools != Acceptance::Accepted {
            let functions = self.request.tools.iter_mut().filter_map(|tool| match tool {
                Tool::Function(function) => function.strict.take(),
                Tool::Other(_) => None,
            });
            if functions.filter(|strict| *strict).count() > 0 {
                self.warn("strict was left out of the tools, the model does not take it");
            }
        }
        self.fit_choice();
        self.fit_parallel(rules.parallel_tool_calls);
    }

    fn fit_choice(&mut self) {
        // Without tools there is nothing to choose, and some APIs refuse the choice.
        if self.request.tools.is_empty() {
            self.request.tool_choice = None;
        }
        if let Some(ToolChoice::Allowed { names, required }) = &self.request.tool_choice
            && !matches!(self.dialect, DialectName::Openai | DialectName::Responses)
        {
            // Other APIs know no list of allowed tools: the others are not shown to the model.
            let (names, required) = (names.clone(), *required);
            let allowed = |tool: &Tool| match tool {
                Tool::Function(function) => names.contains(&function.name),
                Tool::Other(_) => false,
            };
            self.request.tools.retain(allowed);
            self.request.tool_choice =
                Some(if required { ToolChoice::Required } else { ToolChoice::Auto });
        }
        let forced = match &self.request.tool_choice {
            Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => "a tool",
            Some(ToolChoice::Function(_)) => "one tool",
            _ => return,
        };
        if !self.model.parameters.forced_tool_choice {
            self.request.tool_choice = Some(ToolChoice::Auto);
            self.warn(format!("tool_choice became auto, the model cannot be made to use {forced}"));
        }
    }

    fn fit_parallel(&mut self, rule: Acceptance) {
        // Anthropic's API says it in a way of its own.
        if self.dialect == DialectName::Anthropic || rule == Acceptance::Accepted {
            return;
        }
        if self.request.parallel_tool_calls.take() == Some(false) {
            self.left_out("parallel_tool_calls", false, rule);
        }
    }
}
