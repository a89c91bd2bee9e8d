//! Which tools a simulated model calls, and with which arguments.

use serde_json::{Map, Value};

use crate::schema::sample;
use crate::tokens;
use crate::wishes::{WishedCall, Wishes};

/// Longer prompts are about tools without asking for them.
const LONGEST_MENTION: usize = 1000;

/// A tool that a request offers.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// The schema of its arguments; null: none.
    pub(crate) schema: Value,
    /// It takes text instead of JSON.
    pub(crate) custom: bool,
}

/// What a request says about calling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    Never,
    /// Some tool must be called.
    Some,
    /// This tool must be called.
    This(String),
}

/// The tools of a request, and what it says about calling them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offer {
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// Only these may be called; none: all.
    pub(crate) allowed: Option<Vec<String>>,
    /// At most one call.
    pub(crate) one_by_one: bool,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// JSON text, or any text for a custom tool.
    pub(crate) arguments: String,
    pub(crate) custom: bool,
}

impl Call {
    /// The arguments as an object; an empty one if they are none.
    pub(crate) fn object(&self) -> Value {
        match serde_json::from_str(&self.arguments) {
            Ok(object @ Value::Object(_)) => object,
            _ => Value::Object(Map::new()),
        }
    }

    /// The arguments in the pieces in which a stream sends them.
    pub(crate) fn pieces(&self) -> Vec<&str> {
        const LENGTH: usize = 12;
        let mut pieces = Vec::new();
        let mut rest = self.arguments.as_str();
        while let Some((end, _)) = rest.char_indices().nth(LENGTH) {
            let (piece, left) = rest.split_at(end);
            pieces.push(piece);
            rest = left;
        }
        if !rest.is_empty() {
            pieces.push(rest);
        }
        pieces
    }

    /// Takes the end off the arguments, so that they are no JSON any more.
    pub(super) fn spoil(&mut self) {
        self.arguments.pop();
    }

    pub(super) fn weight(&self) -> f64 {
        tokens::PER_MESSAGE + tokens::weight(&self.name) + tokens::weight(&self.arguments)
    }
}

impl Offer {
    /// The calls that a model makes at a step whose wishes these are; `first`: it has called nothing yet.
    pub(super) fn calls(&self, wishes: &Wishes, first: bool) -> Vec<Call> {
        if self.choice == Choice::Never {
            return Vec::new();
        }
        let may_call = |tool: &&Tool| {
            let allowed = self.allowed.as_ref();
            allowed.is_none_or(|names| names.contains(&tool.name))
                && match &self.choice {
                    Choice::This(name) => tool.name == *name,
                    _ => true,
                }
        };
        let tools: Vec<&Tool> = self.tools.iter().filter(may_call).collect();
        let of = |wish: &WishedCall| {
            let tool = tools.iter().find(|tool| tool.name == wish.name)?;
            Some(tool.called_with(wish.arguments.clone()))
        };
        let mut calls: Vec<Call> = wishes.calls.iter().filter_map(of).collect();
        let short = wishes.plain.len() <= LONGEST_MENTION;
        if calls.is_empty() && first && short && wishes.reply.is_none() {
            let mentioned = tools.iter().filter(|tool| mentions(&wishes.plain, &tool.name));
            calls.extend(mentioned.map(|tool| tool.called_with(None)));
        }
        let forced = matches!(self.choice, Choice::Some | Choice::This(_));
        if calls.is_empty() && forced {
            calls.extend(tools.first().map(|tool| tool.called_with(None)));
        }
        if self.one_by_one {
            calls.truncate(1);
        }
        calls
    }
}

impl Tool {
    fn called_with(&self, arguments: Option<String>) -> Call {
        let fitting = || match (&self.schema, self.custom) {
            (_, true) => "simulated".to_owned(),
            (Value::Object(_), _) => sample(&self.schema).to_string(),
            _ => "{}".to_owned(),
        };
        Call {
            name: self.name.clone(),
            arguments: arguments.unwrap_or_else(fitting),
            custom: self.custom,
        }
    }
}

/// Whether `text` contains `name` as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let in_word = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(in_word) && !after.is_some_and(in_word)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Choice, Offer, Tool};
    use crate::wishes::Wishes;

    fn offer(choice: Choice) -> Offer {
        let tool =
            |name: &str, schema: Value| Tool { name: name.to_owned(), schema, custom: false };
        let tools = vec![
            tool("look", json!({"type": "object", "properties": {"at": {"type": "string"}}})),
            tool("go", Value::Null),
        ];
        Offer { tools, choice, ..Offer::default() }
    }

    fn names(offer: &Offer, text: &str, first: bool) -> Vec<(String, String)> {
        let calls = offer.calls(&Wishes::of(text), first);
        calls.into_iter().map(|call| (call.name, call.arguments)).collect()
    }

    fn pair(name: &str, arguments: &str) -> (String, String) {
        (name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn what_is_asked_for_is_called() {
        let auto = offer(Choice::Auto);
        let text = r#"[[call: go {"x":1}]] [[call: look]] [[call: unknown]]"#;
        let both = vec![pair("go", r#"{"x":1}"#), pair("look", r#"{"at":"simulated"}"#)];
        assert_eq!(names(&auto, text, true), both);
        assert_eq!(names(&Offer { one_by_one: true, ..auto.clone() }, text, true), both[..1]);
        assert_eq!(names(&auto, "please go, do not look_up", true), [pair("go", "{}")]);
        assert_eq!(names(&auto, "please go", false), []);
        assert_eq!(names(&auto, "going [[reply: go]]", true), []);
        assert_eq!(names(&offer(Choice::Never), text, true), []);
    }

    #[test]
    fn what_is_forced_is_called_and_nothing_else() {
        assert_eq!(names(&offer(Choice::Some), "hi", false)[0].0, "look");
        let this = offer(Choice::This("go".to_owned()));
        assert_eq!(names(&this, "[[call: look]]", true), [pair("go", "{}")]);
        let allowed = Some(vec!["go".to_owned()]);
        assert_eq!(
            names(&Offer { allowed, ..offer(Choice::Some) }, "look", true),
            [pair("go", "{}")]
        );
    }
}
