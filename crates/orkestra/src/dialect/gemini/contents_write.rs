//! The messages of a request → its contents.
//!
//! This API has two roles that take turns: what follows of the same role is one turn. What tools gave stands first in
//! the turn after the model's calls, all of it in that one turn.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    part_write::{self, Form, can_be_opened, of},
    warnings::Warnings,
};
use crate::{
    catalogue::{Acceptance, Model},
    chat::{Content, Extra, Message, Part, Role, Source, ToolResult},
    dialect::fields::add_missing,
};

/// Stands for the proof of a call that another model made: `skip_thought_signature_validator` in base64, the value that
/// the API documents for a history it did not write. <https://ai.google.dev/gemini-api/docs/thought-signatures>
const PLACEHOLDER: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// A turn in the making.
#[derive(Debug)]
struct Turn {
    is_model: bool,
    /// What tools gave, each with the place of its call among the calls before.
    results: Vec<(usize, Extra)>,
    /// Pictures of results that could not be put into them.
    moved: Vec<Extra>,
    parts: Vec<Extra>,
    extra: Extra,
}

/// A call that waits for its result.
#[derive(Debug)]
struct Called<'a> {
    id: &'a str,
    name: &'a str,
    answered: bool,
}

/// Writes the conversation after the leading instructions.
pub(super) struct Contents<'a, 'w> {
    model: &'a Model,
    form: Form,
    warnings: &'w mut Warnings<'a>,
    /// The function that each call with an id calls.
    names: HashMap<&'a str, &'a str>,
    /// The calls of the model's last turn.
    calls: Vec<Called<'a>>,
    turns: Vec<Turn>,
}

/// The contents that `messages` make. `own`: they were read in this dialect.
pub(super) fn contents<'a>(
    messages: &'a [Message],
    model: &'a Model,
    own: bool,
    warnings: &mut Warnings<'a>,
) -> Value {
    let ids = model.parameters.call_ids == Acceptance::Accepted;
    let calls = messages.iter().flat_map(|message| &message.content).filter_map(|part| {
        let Content::ToolCall(call) = &part.content else { return None };
        Some((call.id.as_str(), call.name.as_str()))
    });
    let names = calls.filter(|(id, _)| !id.is_empty()).collect();
    let form = Form { ids, own };
    let (calls, turns) = (Vec::new(), Vec::new());
    let mut contents = Contents { model, form, warnings, names, calls, turns };
    for message in messages {
        contents.add(message);
    }
    contents.sign();
    contents.finish()
}

impl<'a> Contents<'a, '_> {
    fn add(&mut self, message: &'a Message) {
        let is_model = message.role == Role::Assistant;
        let mut turn = Turn {
            is_model,
            results: Vec::new(),
            moved: Vec::new(),
            parts: Vec::new(),
            extra: if self.form.own { message.extra.clone() } else { Extra::new() },
        };
        if is_model && self.turns.last().is_none_or(|last| !last.is_model) {
            self.calls.clear();
        }
        for part in &message.content {
            match &part.content {
                Content::ToolResult(result) => self.add_result(&mut turn, part, result),
                Content::Text(text) if message.role.instructs() => {
                    // There is one place for instructions, before the conversation.
                    turn.parts.push(of(json!({"text": format!("<system>\n{text}\n</system>")})));
                }
                _ => turn.parts.extend(self.part(part)),
            }
            if let Content::ToolCall(call) = &part.content {
                self.calls.push(Called { id: &call.id, name: &call.name, answered: false });
            }
        }
        match self.turns.last_mut().filter(|last| last.is_model == is_model) {
            Some(last) => {
                last.results.extend(turn.results);
                last.moved.extend(turn.moved);
                last.parts.extend(turn.parts);
                add_missing(&mut last.extra, &turn.extra);
            }
            // A turn of the model in which nothing can be said was none.
            None if is_model && turn.parts.is_empty() => {}
            None => self.turns.push(turn),
        }
    }

    fn part(&mut self, part: &Part) -> Option<Extra> {
        match &part.content {
            // Empty text says nothing, but it may carry a proof.
            Content::Text(text) | Content::Reasoning { text, redacted: None }
                if text.is_empty() && part.signature.is_none() =>
            {
                return None;
            }
            Content::ToolCall(call) if !part_write::arguments(call).1 => {
                self.warnings.add(format!(
                    "the arguments of a call of {:?} are no JSON object; they were sent as {{\"_raw\": …}}",
                    call.name
                ));
            }
            Content::Image { detail: Some(detail), .. } if detail != "auto" => {
                self.warnings.add("detail was left out; gemini takes none for a single picture");
            }
            _ => {}
        }
        if let Some(source) = source(&part.content)
            && !self.form.own
            && !can_be_opened(source)
        {
            let what = noun(&part.content);
            self.warnings.add(match source {
                Source::File(_) => {
                    format!("{what} uploaded to another provider was left out; send its bytes instead")
                }
                _ => format!(
                    "{what} at an https address was left out, gemini cannot fetch it; send its bytes instead"
                ),
            });
            return None;
        }
        let written = part_write::part(part, self.form);
        if written.is_none() {
            self.warnings.add(match &part.content {
                Content::Reasoning { .. } => {
                    "thoughts that only another provider can read were left out".to_owned()
                }
                Content::Other(value) => {
                    format!(
                        "a part of the type {:?} was left out; gemini has no such parts",
                        kind(value)
                    )
                }
                other => format!("{} was left out; gemini has no word for it here", noun(other)),
            });
        }
        written
    }

    fn add_result(&mut self, turn: &mut Turn, part: &Part, result: &'a ToolResult) {
        let place = self.place_of(result);
        let called = place.and_then(|place| self.calls.get(place)).map(|call| call.name);
        let named =
            result.name.as_deref().or_else(|| self.names.get(result.call.as_str()).copied());
        let mut response = Extra::new();
        if self.form.ids && !result.call.is_empty() {
            response.insert("id".into(), result.call.as_str().into());
        }
        response.insert("name".into(), named.or(called).unwrap_or("unknown").into());
        // A caller's own object, unless somebody changed what it says.
        let given = part.extra.get("functionResponse").and_then(|inner| inner.get("response"));
        let given = given.and_then(Value::as_object).filter(|given| {
            let (text, is_error) = super::part_read::said(given);
            let same = text.unwrap_or_default() == result.joined_text();
            self.form.own && same && is_error == result.is_error
        });
        let said = given.cloned().unwrap_or_else(|| part_write::response(result));
        response.insert("response".into(), said.into());
        let media = result.content.iter().filter(|part| part.as_text().is_none());
        let media: Vec<Extra> = media.filter_map(|part| self.part(part)).collect();
        if self.model.parameters.media_in_results == Acceptance::Accepted {
            if !media.is_empty() {
                response.insert("parts".into(), media.into_iter().map(Value::Object).collect());
            }
        } else if !media.is_empty() {
            self.warnings.add(
                "pictures and files that tools gave were moved behind the results; the model takes none inside them",
            );
            turn.moved.extend(media);
        }
        let mut fields = of(json!({"functionResponse": response}));
        if let Some(signature) = &part.signature {
            fields.insert("thoughtSignature".into(), signature.as_str().into());
        }
        if self.form.own {
            let mut extra = part.extra.clone();
            if let Some(inner) = extra.get_mut("functionResponse").and_then(Value::as_object_mut) {
                inner.shift_remove("response");
            }
            add_missing(&mut fields, &extra);
        }
        turn.results.push((place.unwrap_or(usize::MAX), fields));
    }

    /// Which of the last calls `result` answers. Without an id, the next one of its name does.
    fn place_of(&mut self, result: &ToolResult) -> Option<usize> {
        let name = result.name.as_deref();
        let answers = |call: &Called<'_>| {
            if result.call.is_empty() {
                call.id.is_empty() && !call.answered && name.is_none_or(|name| name == call.name)
            } else {
                call.id == result.call
            }
        };
        let place = self.calls.iter().position(answers)?;
        if let Some(call) = self.calls.get_mut(place) {
            call.answered = true;
        }
        Some(place)
    }

    /// Puts a placeholder where the model wants a proof that it made a call, and there is none. It looks at the first
    /// call of each of its turns since the user last spoke.
    fn sign(&mut self) {
        if !self.model.parameters.call_signatures {
            return;
        }
        let speaks = |turn: &Turn| !turn.is_model && turn.results.is_empty();
        let since = self.turns.iter().rposition(speaks).unwrap_or(0);
        let mut unsigned = false;
        for turn in self.turns.iter_mut().skip(since).filter(|turn| turn.is_model) {
            let call = turn.parts.iter_mut().find(|part| part.contains_key("functionCall"));
            if let Some(call) = call.filter(|call| !call.contains_key("thoughtSignature")) {
                call.insert("thoughtSignature".into(), PLACEHOLDER.into());
                unsigned = true;
            }
        }
        if unsigned {
            self.warnings.add(
                "a placeholder was sent as the thought signature of calls that the model did not make itself",
            );
        }
    }

    fn finish(self) -> Value {
        let form = self.form;
        let begins_with_model = self.turns.first().is_none_or(|turn| turn.is_model);
        let mut contents = Vec::with_capacity(self.turns.len() + 1);
        if begins_with_model && !form.own {
            // The conversation must begin with the user, who then says nothing.
            contents.push(json!({"role": "user", "parts": [{"text": " "}]}));
        }
        contents.extend(self.turns.into_iter().map(|turn| turn.finish(form)));
        contents.into()
    }
}

impl Turn {
    fn finish(mut self, form: Form) -> Value {
        if !form.ids {
            // Without ids, the order says which result answers which call.
            self.results.sort_by_key(|(place, _)| *place);
        }
        let only_media =
            |part: &Extra| part.contains_key("inlineData") || part.contains_key("fileData");
        let mute = !self.is_model && self.results.is_empty() && self.parts.iter().all(only_media);
        let results = self.results.into_iter().map(|(_, result)| result);
        let mut parts: Vec<Extra> = results.chain(self.moved).chain(self.parts).collect();
        if mute {
            // Pictures alone are refused.
            parts.push(of(json!({"text": " "})));
        }
        let role = if self.is_model { "model" } else { "user" };
        let parts: Vec<Value> = parts.into_iter().map(Value::Object).collect();
        let mut content = of(json!({"role": role, "parts": parts}));
        add_missing(&mut content, &self.extra);
        content.into()
    }
}

fn source(content: &Content) -> Option<&Source> {
    match content {
        Content::Image { source, .. }
        | Content::Document { source, .. }
        | Content::Audio { source } => Some(source),
        _ => None,
    }
}

fn noun(content: &Content) -> &'static str {
    match content {
        Content::Image { .. } => "an image",
        Content::Audio { .. } => "a sound",
        Content::Document { .. } => "a file",
        _ => "a part",
    }
}

/// What another dialect calls `value`.
pub(super) fn kind(value: &Value) -> &str {
    let named = value.get("type").and_then(Value::as_str);
    let first = || value.as_object().and_then(|fields| fields.keys().next()).map(String::as_str);
    named.or_else(first).unwrap_or("unknown")
}
