//! What a prompt asks the simulator itself to do: `[[reply: TEXT]]`, `[[call: NAME {"json": "arguments"}]]`,
//! `[[redacted]]`, `[[finish: REASON]]`; `[[then]]` separates the steps of a loop of tools.

use serde_json::Value;

/// The end of a conversation, which decides what is answered.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tail {
    /// The newest text that a user wrote.
    pub(crate) newest: String,
    /// How often the model has called tools since.
    pub(crate) rounds: usize,
    /// What the tools that it called last have said.
    pub(crate) results: Vec<String>,
    /// The last thing in the conversation is a call.
    calling: bool,
}

impl Tail {
    /// A user says `text`, next to the results of tools or by itself.
    pub(crate) fn said(&mut self, text: String, beside_results: bool) {
        self.calling = false;
        // Clients add reminders to results; only a wish makes a new prompt of such a text.
        if !text.is_empty() && (!beside_results || text.contains("[[")) {
            *self = Self { newest: text, ..Self::default() };
        }
    }

    /// The model calls a tool; calls that follow each other are one round.
    pub(crate) fn called(&mut self) {
        if !self.calling {
            self.rounds += 1;
            self.results.clear();
        }
        self.calling = true;
    }

    /// A tool answers.
    pub(crate) fn result(&mut self, text: String) {
        self.calling = false;
        self.results.push(text);
    }

    /// The part of the newest text that is about this step; none: it says nothing about so late a step.
    pub(crate) fn step(&self) -> Option<&str> {
        self.newest.split("[[then]]").nth(self.rounds)
    }
}

/// A call that a prompt asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WishedCall {
    pub(crate) name: String,
    /// The arguments as they were written; none: whatever fits the tool.
    pub(crate) arguments: Option<String>,
}

/// The wishes of one step.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) reply: Option<String>,
    pub(crate) calls: Vec<WishedCall>,
    /// A redacted block of thinking.
    pub(crate) redacted: bool,
    /// The finish reason, in the vendor's own words.
    pub(crate) finish: Option<String>,
    /// The text around the wishes.
    pub(crate) plain: String,
}

impl Wishes {
    /// Reads the wishes in `text`. What is no wish stays text.
    pub(crate) fn of(text: &str) -> Self {
        let mut wishes = Self::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("[[") {
            wishes.plain.push_str(before);
            match wishes.take(after) {
                Some(left) => rest = left,
                None => {
                    wishes.plain.push_str("[[");
                    rest = after;
                }
            }
        }
        wishes.plain.push_str(rest);
        wishes
    }

    /// Takes the wish that `text` starts with; what is left behind it.
    fn take<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix("call:") {
            return self.take_call(rest.trim_start());
        }
        if let Some(rest) = text.strip_prefix("reply:") {
            let (reply, left) = value_or_text(rest.trim_start())?;
            self.reply = Some(reply.to_owned());
            return Some(left);
        }
        let (wish, left) = text.split_once("]]")?;
        match wish.split_once(':') {
            None if wish == "redacted" => self.redacted = true,
            Some(("finish", reason)) => self.finish = Some(reason.trim().to_owned()),
            // Faults are read elsewhere.
            Some(("fault", _)) => {}
            _ => return None,
        }
        Some(left)
    }

    fn take_call<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let end = text.find(|char: char| char.is_whitespace() || char == ']' || char == '{')?;
        let (name, rest) = text.split_at(end);
        let rest = rest.trim_start();
        let (arguments, left) = match rest.strip_prefix("]]") {
            Some(left) => (None, left),
            None => {
                let (arguments, left) = value_or_text(rest)?;
                (Some(arguments.to_owned()), left)
            }
        };
        self.calls.push(WishedCall { name: name.to_owned(), arguments });
        Some(left)
    }
}

/// The text up to `]]`, or a JSON value, which may contain `]]`, and what comes behind the `]]`.
fn value_or_text(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(['{', '[']) {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        if let Some(Ok(_)) = values.next() {
            let (value, rest) = text.split_at(values.byte_offset());
            if let Some(left) = rest.trim_start().strip_prefix("]]") {
                return Some((value, left));
            }
        }
    }
    let (value, left) = text.split_once("]]")?;
    Some((value.trim_end(), left))
}

#[cfg(test)]
mod tests {
    use super::{Tail, WishedCall, Wishes};

    fn call(name: &str, arguments: Option<&str>) -> WishedCall {
        WishedCall { name: name.to_owned(), arguments: arguments.map(str::to_owned) }
    }

    #[test]
    fn wishes_are_read_and_the_rest_stays() {
        let text = r#"Please [[call: look_up {"rows": [[1, 2], [3]]}]] and [[call:go]] [[reply: so be it]] [[1]] now"#;
        let wishes = Wishes::of(text);
        let rows = r#"{"rows": [[1, 2], [3]]}"#;
        assert_eq!(wishes.calls, [call("look_up", Some(rows)), call("go", None)]);
        assert_eq!(wishes.reply.as_deref(), Some("so be it"));
        assert_eq!(wishes.plain, "Please  and   [[1]] now");
        let wishes = Wishes::of(
            r#"[[reply: {"a": [[]]}]] [[redacted]] [[finish: pause_turn]] [[call: f {"broken]]"#,
        );
        assert_eq!(wishes.reply.as_deref(), Some(r#"{"a": [[]]}"#));
        assert!(wishes.redacted && wishes.finish.as_deref() == Some("pause_turn"));
        assert_eq!(wishes.calls, [call("f", Some(r#"{"broken"#))]);
    }

    #[test]
    fn steps_follow_the_rounds() {
        let mut tail = Tail::default();
        tail.said("a [[then]] b".to_owned(), false);
        assert_eq!(tail.step(), Some("a "));
        for (result, step) in [("1", Some(" b")), ("2", None)] {
            tail.called();
            tail.called();
            tail.result(result.to_owned());
            tail.said("a reminder".to_owned(), true);
            assert_eq!((tail.step(), tail.results.as_slice()), (step, &[result.to_owned()][..]));
        }
    }
}
