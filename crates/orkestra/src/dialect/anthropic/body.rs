//! Reading a caller's JSON, and saying what is wrong with it.

use serde_json::{Map, Value};

use crate::{
    chat::Extra,
    error::{Error, Result},
};

/// How much of a value that nobody understands is quoted in an error.
const QUOTED_CHARACTERS: usize = 120;

/// The error of a field that is not what it must be.
pub(super) fn wrong(place: &str, value: &Value, expected: &str) -> Error {
    let value = value.to_string();
    let mut short: String = value.chars().take(QUOTED_CHARACTERS).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    Error::invalid(format!("{place} is {short}; expected {expected}"))
}

/// The error of a field that a caller must give.
pub(super) fn absent(place: &str, expected: &str) -> Error {
    Error::invalid(format!("{place} is missing; expected {expected}"))
}

/// Reads the body of a caller's call.
pub(super) fn read(body: &[u8]) -> Result<Fields> {
    let value: Value = serde_json::from_slice(body).map_err(|cause| {
        let what = if body.iter().all(u8::is_ascii_whitespace) {
            "the body is empty; expected a JSON object".to_owned()
        } else {
            format!("the body is not JSON ({cause}); expected a JSON object")
        };
        Error::invalid(what).because(cause)
    })?;
    match value {
        Value::Object(map) => Ok(Fields { place: String::new(), map }),
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
}

impl Fields {
    /// The fields of `value`, which stands at `place`.
    pub(super) fn of(value: Value, place: impl Into<String>) -> Result<Self> {
        let place = place.into();
        match value {
            Value::Object(map) => Ok(Self { place, map }),
            other => Err(wrong(&place, &other, "an object")),
        }
    }

    /// Where `field` stands.
    pub(super) fn place(&self, field: &str) -> String {
        if self.place.is_empty() { field.to_owned() } else { format!("{}.{field}", self.place) }
    }

    /// Looks at `field` without taking it.
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    /// Takes `field`, whatever it holds.
    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        self.map.shift_remove(field).filter(|value| !value.is_null())
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
        self.text(field)?.ok_or_else(|| absent(&self.place(field), expected))
    }

    /// Takes `field` as yes or no.
    pub(super) fn boolean(&mut self, field: &str) -> Result<Option<bool>> {
        self.read(field, "true or false", Value::as_bool)
    }

    /// Takes `field` as a number.
    pub(super) fn number(&mut self, field: &str) -> Result<Option<f64>> {
        self.read(field, "a number", Value::as_f64)
    }

    /// Takes `field` as a count of something.
    pub(super) fn count(&mut self, field: &str) -> Result<Option<u32>> {
        let expected = "a whole number that is not negative and below 2^32";
        let count = |value: &Value| value.as_u64().and_then(|count| u32::try_from(count).ok());
        self.read(field, expected, count)
    }

    /// Takes `field` as a list.
    pub(super) fn list(&mut self, field: &str) -> Result<Option<Vec<Value>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(wrong(&self.place(field), &other, "a list")),
        }
    }

    /// Takes `field` as an object.
    pub(super) fn object(&mut self, field: &str) -> Result<Option<Self>> {
        self.take(field).map(|value| Self::of(value, self.place(field))).transpose()
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
