//! What can be checked of a request before a model is chosen.

use std::collections::HashSet;

use super::{Content, Format, Message, Part, Request, Role, ToolChoice};
use crate::error::{Error, ErrorKind, Result};

/// The most text one request may carry: what the largest context windows hold, and a bound for memory.
pub const MAX_PROMPT_BYTES: usize = 16 * 1024 * 1024;

impl Request {
    /// Checks everything that can be checked before a model is chosen.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), naming the field, its value and what was expected;
    /// [`TooLong`](crate::ErrorKind::TooLong) for more text than any model reads.
    pub fn validate(&self) -> Result<()> {
        self.validate_messages()?;
        self.validate_text()?;
        self.validate_tools()?;
        self.validate_numbers()
    }

    fn validate_messages(&self) -> Result<()> {
        let spoken = || self.messages.iter().filter(|message| !message.role.instructs());
        if !spoken().any(|message| message.role == Role::User) {
            return Err(Error::invalid(if self.messages.is_empty() {
                "messages is empty; give at least one user message"
            } else {
                "no message is the user's; give at least one"
            }));
        }
        for (position, message) in self.messages.iter().enumerate() {
            if message.is_blank() {
                return Err(Error::invalid(if self.messages.len() == 1 {
                    "the prompt is empty; write what the model shall answer".to_owned()
                } else {
                    format!("messages[{position}] is empty; remove it or give it text")
                }));
            }
            in_place(position, message)?;
        }
        self.validate_results()
    }

    /// Each result of a tool must answer a call that stands before it, once.
    fn validate_results(&self) -> Result<()> {
        let mut open: HashSet<&str> = HashSet::new();
        for (position, message) in self.messages.iter().enumerate() {
            for part in &message.content {
                match &part.content {
                    // Dialects without ids have empty ones, which are matched by order and name.
                    Content::ToolCall(call) if !call.id.is_empty() && !open.insert(&call.id) => {
                        return Err(Error::invalid(format!(
                            "messages[{position}] calls a tool with the id {:?}, which an earlier call has; ids must differ",
                            call.id
                        )));
                    }
                    Content::ToolResult(result)
                        if !result.call.is_empty() && !open.remove(result.call.as_str()) =>
                    {
                        return Err(Error::invalid(format!(
                            "messages[{position}] has the result of a tool call {:?}, but no message before it makes that call",
                            result.call
                        )));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn validate_text(&self) -> Result<()> {
        let mut bytes = 0;
        for text in self.texts() {
            bytes += text.len();
            if let Some(position) = text.find('\0') {
                return Err(Error::invalid(format!(
                    "the prompt has a NUL byte at position {position}; providers refuse it, remove it"
                )));
            }
        }
        if bytes > MAX_PROMPT_BYTES {
            return Err(Error::new(
                ErrorKind::TooLong,
                format!(
                    "the prompt has {bytes} bytes; at most {MAX_PROMPT_BYTES} (16 MiB) can be sent"
                ),
            )
            .whatever_the_model());
        }
        Ok(())
    }

    fn validate_tools(&self) -> Result<()> {
        let mut names = HashSet::new();
        for function in self.functions() {
            let name = function.name.as_str();
            if name.trim().is_empty() {
                return Err(Error::invalid("a tool has no name; give every function one"));
            }
            if !names.insert(name) {
                return Err(Error::invalid(format!(
                    "tools names {name:?} twice; names must differ"
                )));
            }
            if let Some(parameters) =
                function.parameters.as_ref().filter(|value| !value.is_object())
            {
                return Err(Error::invalid(format!(
                    "the parameters of the tool {name:?} are {parameters}; expected a JSON Schema, which is an object"
                )));
            }
        }
        let wanted: &[String] = match &self.tool_choice {
            Some(ToolChoice::Function(name)) => std::slice::from_ref(name),
            Some(ToolChoice::Allowed { names, .. }) => names,
            Some(ToolChoice::Required) if self.tools.is_empty() => {
                return Err(Error::invalid(
                    "tool_choice asks for a tool, but tools is empty; add tools or leave it out",
                ));
            }
            _ => &[],
        };
        // A tool that only its dialect knows may be called by a name that stands nowhere we can see.
        let all_are_functions = self.functions().count() == self.tools.len();
        match wanted.iter().find(|name| all_are_functions && !names.contains(name.as_str())) {
            None => Ok(()),
            Some(stranger) => Err(Error::invalid(format!(
                "tool_choice names {stranger:?}, which is not among tools ({})",
                self.functions().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    fn validate_numbers(&self) -> Result<()> {
        if self.max_tokens == Some(0) {
            return Err(Error::invalid("max_tokens is 0; it must be at least 1"));
        }
        let ranges = [
            ("temperature", self.temperature, 0.0, 2.0),
            ("top_p", self.top_p, 0.0, 1.0),
            ("frequency_penalty", self.frequency_penalty, -2.0, 2.0),
            ("presence_penalty", self.presence_penalty, -2.0, 2.0),
        ];
        for (field, value, low, high) in ranges {
            if let Some(value) = value.filter(|value| !(low..=high).contains(value)) {
                return Err(Error::invalid(format!(
                    "{field} is {value}; it must be a number from {low} to {high}"
                )));
            }
        }
        if self.top_k == Some(0) {
            return Err(Error::invalid("top_k is 0; it must be at least 1"));
        }
        if self.stop.iter().any(String::is_empty) {
            return Err(Error::invalid("stop has an empty text; every stop sequence needs one"));
        }
        match &self.format {
            Some(Format::Schema { schema, .. }) if !schema.is_object() => {
                Err(Error::invalid(format!(
                    "the schema of the answer is {schema}; expected a JSON Schema, which is an object"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Every text of the request that a person, a program or a model wrote, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts().filter_map(|part| match &part.content {
            Content::Text(text) | Content::Refusal(text) => Some(text.as_str()),
            Content::ToolCall(call) => Some(call.arguments.as_str()),
            _ => None,
        })
    }
}

/// Calls of tools are the model's, their results are not.
fn in_place(position: usize, message: &Message) -> Result<()> {
    let wrong = |part: &Part| match (&part.content, message.role) {
        (Content::ToolCall(_) | Content::Reasoning { .. }, Role::Assistant)
        | (Content::ToolResult(_), Role::User) => None,
        (Content::ToolCall(_), _) => Some("a tool call, which only an assistant message may"),
        (Content::Reasoning { .. }, _) => Some("reasoning, which only an assistant message may"),
        (Content::ToolResult(_), _) => Some("a tool result, which only a user message may"),
        _ => None,
    };
    match message.content.iter().find_map(wrong) {
        None => Ok(()),
        Some(what) => Err(Error::invalid(format!("messages[{position}] has {what}"))),
    }
}
