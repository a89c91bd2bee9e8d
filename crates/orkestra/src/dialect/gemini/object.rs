//! Objects of this API, field by field.
//!
//! They are protocol buffers written as JSON: a field may be spelled `mimeType` or `mime_type` (Google's own Python
//! client mixes both in one request), a number may stand in quotes, and null is as good as nothing.

use serde_json::{Map, Value};

use crate::{
    chat::Extra,
    dialect::fields::shortened,
    error::{Error, Result},
};

/// How much of a wrong value is quoted in an error.
const QUOTED_CHARACTERS: usize = 80;

/// An object whose known fields are taken out one by one; what is left is what nobody knows.
#[derive(Debug)]
pub(super) struct Object {
    /// Where it stands, such as `contents[2]`; empty for the body itself.
    place: String,
    fields: Map<String, Value>,
}

impl Object {
    /// The fields of `value`, which stands at `place`.
    pub(super) fn of(value: Value, place: impl Into<String>) -> Result<Self> {
        let place = place.into();
        match value {
            Value::Object(fields) => Ok(Self { place, fields }),
            other => Err(wrong(&place, &other, "an object")),
        }
    }

    /// Where `name` stands.
    pub(super) fn place(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// Looks at `name`, given in camelCase, without taking it.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let value = self.fields.get(name).or_else(|| self.fields.get(&snake(name)));
        value.filter(|value| !value.is_null())
    }

    /// Takes `name`, given in camelCase, whatever it holds.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let camel = self.fields.shift_remove(name).filter(|value| !value.is_null());
        let other = snake(name);
        if other == name {
            return camel;
        }
        let snake = self.fields.shift_remove(&other).filter(|value| !value.is_null());
        camel.or(snake)
    }

    /// Takes `name` as text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(&self.place(name), &other, "text")),
        }
    }

    /// Takes `name` as text that must be there.
    pub(super) fn needed_text(&mut self, name: &str, expected: &str) -> Result<String> {
        let place = self.place(name);
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Error::invalid(format!("{place} is missing; expected {expected}")))
    }

    /// Takes `name` as yes or no.
    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>> {
        self.read(name, "true or false", Value::as_bool)
    }

    /// Takes `name` as a number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<f64>> {
        self.read(name, "a number", |value| match value {
            Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            other => other.as_f64(),
        })
    }

    /// Takes `name` as a whole number.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>> {
        self.read(name, "a whole number", whole)
    }

    /// Takes `name` as a count.
    pub(super) fn count(&mut self, name: &str) -> Result<Option<u32>> {
        self.read(name, "a whole number from 0 to 4294967295", |value| {
            whole(value).and_then(|number| u32::try_from(number).ok())
        })
    }

    /// Takes `name` as a list; an absent one is empty.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Value>> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(wrong(&self.place(name), &other, "a list")),
        }
    }

    /// Takes `name` as a list of texts; an absent one is empty.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let place = self.place(name);
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            other => Err(wrong(&place, &other, "a list of texts")),
        };
        self.list(name)?.into_iter().map(text).collect()
    }

    /// Takes `name` as an object.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>> {
        let place = self.place(name);
        self.take(name).map(|value| Self::of(value, place)).transpose()
    }

    /// What was not taken, without nulls.
    pub(super) fn rest(self) -> Extra {
        self.fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| wrong(&self.place(name), &value, expected))
    }
}

/// The error of a field that is not what it must be.
pub(super) fn wrong(place: &str, value: &Value, expected: &str) -> Error {
    let value = shortened(&value.to_string(), QUOTED_CHARACTERS);
    let place = if place.is_empty() { "the body" } else { place };
    Error::invalid(format!("{place} is {value}; expected {expected}"))
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

/// Whole numbers may be written as 40, 40.0 or "40".
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64().or_else(|| {
            let number = other.as_f64().filter(|number| number.fract() == 0.0)?;
            let exact = number.abs() < 9_007_199_254_740_992.0;
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            exact.then_some(number as i64)
        }),
    }
}

fn snake(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for character in camel.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}
