//! A caller's JSON, read with errors that name the place.

use serde_json::{Map, Value};

use crate::{
    chat::Extra,
    dialect::fields::shortened,
    error::{Error, Result},
};

/// How much of a wrong value is quoted.
const QUOTED_CHARACTERS: usize = 80;

/// A value, and where in the body it stands.
#[derive(Debug)]
pub(super) struct Place<'a> {
    path: String,
    pub(super) value: &'a Value,
}

impl<'a> Place<'a> {
    /// The whole body.
    ///
    /// # Errors
    /// `InvalidRequest` when it is not an object.
    pub(super) fn body(value: &'a Value) -> Result<Self> {
        let body = Self { path: "the body".into(), value };
        body.object()?;
        Ok(Self { path: String::new(), value })
    }

    /// The field's place; `None` where it is absent or null, which mean the same.
    pub(super) fn get(&self, field: &str) -> Option<Self> {
        let value = self.value.get(field).filter(|value| !value.is_null())?;
        Some(Self { path: self.below(field), value })
    }

    /// The field's place.
    ///
    /// # Errors
    /// `InvalidRequest` where it is absent or null.
    pub(super) fn required(&self, field: &str, expected: &str) -> Result<Self> {
        self.get(field).ok_or_else(|| {
            Error::invalid(format!("{} is missing; expected {expected}", self.below(field)))
        })
    }

    fn below(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Result<Vec<Self>> {
        let elements = self.value.as_array().ok_or_else(|| self.wrong("expected a list"))?;
        let place = |(at, value)| Self { path: format!("{}[{at}]", self.path), value };
        Ok(elements.iter().enumerate().map(place).collect())
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.wrong("expected an object"))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("expected a string"))
    }

    pub(super) fn owned(&self) -> Result<String> {
        self.text().map(str::to_owned)
    }

    pub(super) fn flag(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.wrong("expected true or false"))
    }

    pub(super) fn number(&self) -> Result<f64> {
        self.value.as_f64().ok_or_else(|| self.wrong("expected a number"))
    }

    pub(super) fn count(&self) -> Result<u32> {
        let count = self.value.as_u64().and_then(|count| u32::try_from(count).ok());
        count.ok_or_else(|| self.wrong("expected a whole number from 0 to 4294967295"))
    }

    /// The field's text, where there is one.
    pub(super) fn maybe_text(&self, field: &str) -> Result<Option<String>> {
        self.get(field).map(|place| place.owned()).transpose()
    }

    /// The field's text.
    pub(super) fn required_text(&self, field: &str) -> Result<String> {
        self.required(field, "a string")?.owned()
    }

    pub(super) fn maybe_flag(&self, field: &str) -> Result<Option<bool>> {
        self.get(field).map(|place| place.flag()).transpose()
    }

    pub(super) fn maybe_number(&self, field: &str) -> Result<Option<f64>> {
        self.get(field).map(|place| place.number()).transpose()
    }

    /// The error for a value that is not what was `expected`.
    pub(super) fn wrong(&self, expected: &str) -> Error {
        let value = shortened(&self.value.to_string(), QUOTED_CHARACTERS);
        Error::invalid(format!("{} is {value}; {expected}", self.path))
    }
}

/// The fields of `value` besides those `known`; null ones say nothing and are left out.
pub(super) fn rest(value: &Value, known: &[&str]) -> Extra {
    let fields = value.as_object().into_iter().flatten();
    let unknown =
        fields.filter(|(name, value)| !value.is_null() && !known.contains(&name.as_str()));
    unknown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An object of `fields` in their order.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
