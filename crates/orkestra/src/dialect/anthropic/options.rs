//! Thinking and the form of the answer, in both directions.

use serde_json::{Map, Value, json};

use super::{
    super::fields::{self, Fields},
    request_write::Writer,
};
use crate::{
    chat::{Effort, Extra, Format, Request, ThinkingMode},
    error::Result,
};

impl Writer<'_> {
    pub(super) fn thinking(&mut self, body: &mut Map<String, Value>) {
        let asked = self.request.thinking;
        let mode = asked.mode.or(asked.budget.map(|_| ThinkingMode::Budget));
        let value = match (mode, asked.budget) {
            (Some(ThinkingMode::Disabled), _) => Some(json!({"type": "disabled"})),
            (Some(ThinkingMode::BetweenTools), _) => Some(json!({"type": "between_tools"})),
            (Some(ThinkingMode::Adaptive), _) => Some(json!({"type": "adaptive"})),
            (Some(ThinkingMode::Budget), Some(budget)) => {
                Some(json!({"type": "enabled", "budget_tokens": budget}))
            }
            (Some(ThinkingMode::Budget), None) => {
                self.warn("thinking: anthropic wants a number of tokens; left out".into());
                None
            }
            // The effort says it all.
            (Some(ThinkingMode::Level) | None, _) => None,
        };
        if let Some(mut value) = value {
            let silent = matches!(mode, Some(ThinkingMode::Disabled | ThinkingMode::BetweenTools));
            if let Some(shown) = asked.shown.filter(|_| !silent) {
                value["display"] = if shown { "summarized" } else { "omitted" }.into();
            }
            body.insert("thinking".into(), value);
        }
        match asked.effort {
            None => {}
            Some(effort @ (Effort::None | Effort::Minimal)) => {
                self.warn(format!(
                    "effort {}: anthropic has no such effort; left out",
                    effort.name()
                ));
            }
            Some(effort) => output_config(body, "effort", effort.name().into()),
        }
    }

    pub(super) fn format(&mut self, body: &mut Map<String, Value>) {
        if let Some(Format::Schema { name, description, schema, .. }) = &self.request.format {
            if name.is_some() || description.is_some() {
                self.warn(
                    "the name and the description of the answer's schema: anthropic has no such fields; left out"
                        .into(),
                );
            }
            output_config(body, "format", json!({"type": "json_schema", "schema": schema}));
        }
    }
}

fn output_config(body: &mut Map<String, Value>, field: &str, value: Value) {
    let config = body.entry("output_config").or_insert_with(|| json!({}));
    if let Value::Object(config) = config {
        config.insert(field.to_owned(), value);
    }
}

/// Reads `thinking` into `request`, and gives what of it is not known.
pub(super) fn read_thinking(mut thinking: Fields, request: &mut Request) -> Result<Extra> {
    let asked = &mut request.thinking;
    let kind = thinking.get("type").and_then(Value::as_str);
    asked.mode = Some(match kind {
        Some("disabled") => ThinkingMode::Disabled,
        Some("between_tools") => ThinkingMode::BetweenTools,
        Some("adaptive") => ThinkingMode::Adaptive,
        Some("enabled") => {
            let expected = "the most tokens to think, at least 1024";
            let place = thinking.place("budget_tokens");
            let budget = thinking.count("budget_tokens")?;
            asked.budget = Some(budget.ok_or_else(|| fields::absent(&place, expected))?);
            ThinkingMode::Budget
        }
        Some(_) => return Ok(thinking.rest()),
        None => {
            let expected = "\"adaptive\", \"enabled\", \"disabled\" or \"between_tools\"";
            let place = thinking.place("type");
            return Err(match thinking.take("type") {
                Some(other) => fields::wrong(&place, &other, expected),
                None => fields::absent(&place, expected),
            });
        }
    });
    thinking.take("type");
    asked.shown = match thinking.get("display").and_then(Value::as_str) {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        _ => None,
    };
    if asked.shown.is_some() {
        thinking.take("display");
    }
    Ok(thinking.rest())
}

/// Reads `output_config` into `request`, and gives what of it is not known.
pub(super) fn read_output_config(mut config: Fields, request: &mut Request) -> Result<Extra> {
    let effort = config.get("effort").and_then(Value::as_str).and_then(Effort::named);
    if effort.is_some() {
        request.thinking.effort = effort;
        config.take("effort");
    }
    let schema = config.get("format").is_some_and(|format| {
        format["type"] == "json_schema" && format["schema"].is_object() && has_only(format, 2)
    });
    if schema {
        let schema = config.object("format")?.and_then(|mut format| format.take("schema"));
        request.format = schema.map(|schema| Format::Schema {
            name: None,
            description: None,
            schema,
            strict: None,
        });
    }
    Ok(config.rest())
}

fn has_only(object: &Value, fields: usize) -> bool {
    object.as_object().is_some_and(|object| object.len() == fields)
}
