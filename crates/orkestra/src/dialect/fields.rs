//! Reading JSON without trusting it, a provider's or a caller's, and the failures all dialects share.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Failure;
use crate::{
    chat::{DialectName, Extra, Request},
    error::{Error, ErrorKind, Result},
};

/// No real count comes near it; a provider that reports more must not make a sum overflow.
const MOST_TOKENS: u64 = 1 << 53;
/// How much of a body that nobody understands is quoted in an error.
const QUOTED_CHARACTERS: usize = 120;

/// Reads `body` as JSON, or says what it is instead.
pub(super) fn json(body: &[u8]) -> Result<Value> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Unavailable, "the provider answered with an empty body"));
    }
    serde_json::from_str(text).map_err(|cause| {
        let what = if text.starts_with('<') {
            "HTML instead of JSON; is the base URL right, or does a proxy stand in between?"
                .to_owned()
        } else {
            format!("something that is not complete JSON ({cause}): {}", quoted(text))
        };
        Error::new(ErrorKind::Unavailable, format!("the provider answered with {what}"))
            .because(cause)
    })
}

/// Reads one event of a stream as JSON.
pub(super) fn event_json(data: &str) -> Result<Value> {
    serde_json::from_str(data).map_err(|cause| {
        Error::new(
            ErrorKind::Unavailable,
            format!("the provider sent a malformed line in its stream: {}", quoted(data)),
        )
        .because(cause)
    })
}

/// The error of a stream that stopped in the middle.
pub(super) fn cut() -> Error {
    Error::new(ErrorKind::Unavailable, "the provider's stream was cut before its end")
}

/// The error of an answer that lacks what its API promises.
pub(super) fn missing(field: &str, body: &Value) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the provider's answer has no {field}: {}", quoted(&body.to_string())),
    )
}

/// The failure that `error` reports where an answer was expected.
pub(super) fn in_band(kind: ErrorKind, error: &Value) -> Error {
    let message = text(error, "message").or_else(|| error.as_str()).unwrap_or("no reason given");
    Error::new(kind, format!("the provider reported an error in its answer: {message}"))
}

/// `value[field]` as a count; absent and null are 0.
pub(super) fn count(value: &Value, field: &str) -> u64 {
    maybe_count(value.get(field)).unwrap_or(0)
}

/// A count, where there is one.
pub(super) fn maybe_count(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64).map(|count| count.min(MOST_TOKENS))
}

/// `value[field]` as text.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// `value[field]` as text of its own.
pub(super) fn owned(value: &Value, field: &str) -> Option<String> {
    text(value, field).map(str::to_owned)
}

/// What to tell of the fields that only another dialect than `dialect` knows; `None` where there are none.
pub(super) fn left_out_extra(request: &Request, dialect: DialectName) -> Option<String> {
    if request.extra.is_empty() || request.dialect == Some(dialect) {
        return None;
    }
    let names: Vec<&str> = request.extra.keys().map(String::as_str).collect();
    Some(format!("{}: {dialect} has no such fields; left out", names.join(", ")))
}

/// What a failed answer says about itself, read from the dialect's own error body.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// The provider's words.
    pub(super) message: Option<&'a str>,
    /// The kind where the body decides it, whatever the status.
    pub(super) kind: Option<ErrorKind>,
    /// The wait that the body asks for.
    pub(super) retry_after: Option<Duration>,
}

/// The rules that all dialects share: the body decides where it can, else the status does.
pub(super) fn failure(failure: &Failure<'_>, said: Said<'_>) -> Error {
    let retry_after = failure.retry_after.or(said.retry_after);
    let kind = match said.kind {
        // The wait may stand in the headers alone.
        Some(ErrorKind::RateLimited { retry_after: None }) => {
            ErrorKind::RateLimited { retry_after }
        }
        Some(kind) => kind,
        None => kind_of(failure.status, retry_after),
    };
    let words = said.message.map_or_else(|| unexplained(failure.body), str::to_owned);
    let advice = match kind {
        ErrorKind::Unauthenticated => "; check the key and what it may use",
        ErrorKind::BudgetSpent => "; add credit or raise the limit at the provider",
        _ => "",
    };
    let message = format!("the provider answered {}: {words}{advice}", failure.status);
    let error = Error::new(kind, message)
        .with_status(failure.status)
        .with_request_id(failure.request_id.clone());
    match failure.status {
        // A conflict or an overload passes; a body over the provider's limit stays too large.
        413 => error.whatever_the_model(),
        _ => error,
    }
}

/// What `status` alone says.
pub(super) fn kind_of(status: u16, retry_after: Option<Duration>) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Unauthenticated,
        402 => ErrorKind::BudgetSpent,
        404 => ErrorKind::UnknownModel,
        408 | 504 => ErrorKind::Timeout,
        413 => ErrorKind::TooLong,
        429 => ErrorKind::RateLimited { retry_after },
        409 | 500.. => ErrorKind::Unavailable,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable,
    }
}

fn unexplained(body: &[u8]) -> String {
    match json(body) {
        Ok(value) => quoted(&value.to_string()),
        Err(error) => error.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text, QUOTED_CHARACTERS))
}

/// The first `most` characters of `text`, with a sign where it goes on.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The error of a caller's field that is not what it must be.
pub(super) fn wrong(place: &str, value: &Value, expected: &str) -> Error {
    let value = shortened(&value.to_string(), QUOTED_CHARACTERS);
    Error::invalid(format!("{place} is {value}; expected {expected}"))
}

/// The error of a field that a caller must give.
pub(super) fn absent(place: &str, expected: &str) -> Error {
    Error::invalid(format!("{place} is missing; expected {expected}"))
}

/// Reads the body of a caller's call.
pub(super) fn body(body: &[u8]) -> Result<Fields> {
    let value: Value = serde_json::from_slice(body).map_err(|cause| {
        let what = if body.iter().all(u8::is_ascii_whitespace) {
            "the body is empty; expected a JSON object".to_owned()
        } else {
            format!("the body is not JSON ({cause}); expected a JSON object")
        };
        Error::invalid(what).because(cause)
    })?;
    match value {
        Value::Object(map) => Ok(Fields { place: String::new(), map, spelling: Spelling::Exact }),
        other => Err(wrong("the body", &other, "a JSON object")),
    }
}

/// An object that a caller sent. Every field that is known is taken out; the rest is what nobody knows. Null is as good
/// as nothing.
#[derive(Debug)]
pub(super) struct Fields {
    /// Where it stands, such as `messages[2]`; empty for the body itself.
    place: String,
    map: Map<String, Value>,
    spelling: Spelling,
}

/// How names and numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Exact,
    /// As protocol buffers are written as JSON: a field is called `mimeType` or `mime_type` (Google's own Python client
    /// mixes both in one request), and a number may stand in quotes.
    ProtocolBuffers,
}

impl Fields {
    /// The same fields, written as protocol buffers are; they are asked for in camelCase.
    pub(super) fn of_protocol_buffers(self) -> Self {
        Self { spelling: Spelling::ProtocolBuffers, ..self }
    }

    /// The fields of `value`, which stands at `place`.
    pub(super) fn of(value: Value, place: impl Into<String>) -> Result<Self> {
        let place = place.into();
        match value {
            Value::Object(map) => Ok(Self { place, map, spelling: Spelling::Exact }),
            other => Err(wrong(&place, &other, "an object")),
        }
    }

    /// Where `field` stands.
    pub(super) fn place(&self, field: &str) -> String {
        if self.place.is_empty() { field.to_owned() } else { format!("{}.{field}", self.place) }
    }

    /// Looks at `field` without taking it.
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        let other = || self.other_name(field).and_then(|name| self.map.get(&name));
        self.map.get(field).or_else(other).filter(|value| !value.is_null())
    }

    /// What else `field` may be called.
    fn other_name(&self, field: &str) -> Option<String> {
        let camel = field.contains(|character: char| character.is_ascii_uppercase());
        (self.spelling == Spelling::ProtocolBuffers && camel).then(|| snake_case(field))
    }

    /// Takes `field`, whatever it holds.
    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        // Most parts of a message have one field, which is taken before most others are asked for.
        if self.map.is_empty() {
            return None;
        }
        let mut taken = |name: &str| self.map.shift_remove(name).filter(|value| !value.is_null());
        let value = taken(field);
        let other = self.other_name(field).and_then(|name| self.map.shift_remove(&name));
        value.or(other).filter(|value| !value.is_null())
    }

    /// Puts `value` back to what nobody took.
    pub(super) fn put_back(&mut self, field: &str, value: Value) {
        self.map.insert(field.to_owned(), value);
    }

    /// Takes `field` as text.
    pub(super) fn text(&mut self, field: &str) -> Result<Option<String>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(&self.place(field), &other, "text")),
        }
    }

    /// Takes `field` as text that must be there.
    pub(super) fn needed_text(&mut self, field: &str, expected: &str) -> Result<String> {
        // An empty text is a protocol buffer's way to say nothing.
        let exact = self.spelling == Spelling::Exact;
        let text = self.text(field)?.filter(|text| exact || !text.is_empty());
        text.ok_or_else(|| absent(&self.place(field), expected))
    }

    /// Takes `field` as yes or no.
    pub(super) fn boolean(&mut self, field: &str) -> Result<Option<bool>> {
        self.read(field, "true or false", Value::as_bool)
    }

    /// Takes `field` as a number.
    pub(super) fn number(&mut self, field: &str) -> Result<Option<f64>> {
        let in_quotes = self.spelling == Spelling::ProtocolBuffers;
        self.read(field, "a number", |value| match value {
            Value::String(text) if in_quotes => {
                text.parse().ok().filter(|number: &f64| number.is_finite())
            }
            other => other.as_f64(),
        })
    }

    /// Takes `field` as a whole number.
    pub(super) fn integer(&mut self, field: &str) -> Result<Option<i64>> {
        let in_quotes = self.spelling == Spelling::ProtocolBuffers;
        self.read(field, "a whole number", |value| whole(value, in_quotes))
    }

    /// Takes `field` as a count of something.
    pub(super) fn count(&mut self, field: &str) -> Result<Option<u32>> {
        let in_quotes = self.spelling == Spelling::ProtocolBuffers;
        self.read(field, "a whole number from 0 to 4294967295", |value| {
            whole(value, in_quotes).and_then(|count| u32::try_from(count).ok())
        })
    }

    /// Takes `field` as a list.
    pub(super) fn list(&mut self, field: &str) -> Result<Option<Vec<Value>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(wrong(&self.place(field), &other, "a list")),
        }
    }

    /// Takes `field` as a list of texts.
    pub(super) fn texts(&mut self, field: &str) -> Result<Option<Vec<String>>> {
        let place = self.place(field);
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            other => Err(wrong(&place, &other, "a list of texts")),
        };
        self.list(field)?.map(|list| list.into_iter().map(text).collect()).transpose()
    }

    /// Takes `field` as an object.
    pub(super) fn object(&mut self, field: &str) -> Result<Option<Self>> {
        let Some(value) = self.take(field) else { return Ok(None) };
        self.inner(value, self.place(field)).map(Some)
    }

    /// The objects in the list `field`.
    pub(super) fn objects(&mut self, field: &str) -> Result<Vec<Self>> {
        let place = self.place(field);
        let list = self.list(field)?.unwrap_or_default().into_iter().enumerate();
        list.map(|(at, value)| self.inner(value, format!("{place}[{at}]"))).collect()
    }

    /// An object inside this one, written as it is.
    fn inner(&self, value: Value, place: String) -> Result<Self> {
        Ok(Self { spelling: self.spelling, ..Self::of(value, place)? })
    }

    /// What was not taken, without nulls.
    pub(super) fn rest(self) -> Extra {
        self.map.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    fn read<T>(
        &mut self,
        field: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.take(field) else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| wrong(&self.place(field), &value, expected))
    }
}

/// The whole number that `value` is. In quotes it may also be written with a point.
fn whole(value: &Value, in_quotes: bool) -> Option<i64> {
    match value {
        Value::String(text) if in_quotes => text.parse().ok(),
        other => other.as_i64().or_else(|| {
            let number = other.as_f64().filter(|number| in_quotes && number.fract() == 0.0)?;
            let exact = number.abs() < 9_007_199_254_740_992.0;
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            exact.then_some(number as i64)
        }),
    }
}

fn snake_case(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for character in camel.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// Puts what `from` has into `into`, objects into objects; what `into` has already stays.
pub(super) fn add_missing(into: &mut Extra, from: &Extra) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (None, _) => {
                into.insert(name.clone(), value.clone());
            }
            (Some(Value::Object(into)), Value::Object(from)) => add_missing(into, from),
            (Some(_), _) => {}
        }
    }
}
