//! Reading a request's JSON field by field, so that every complaint names its field in the vendor's own words.

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// A request refused: status, the vendor's body, and headers beside the usual ones.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What a field should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Object,
}

/// How one vendor names places in a request and complains about them.
pub(crate) trait Wording {
    /// The place of field `name` of the object at `parent` (empty: the body itself).
    fn place(parent: &str, name: &str) -> String;
    /// The place of element `index` of the list at `parent`.
    fn item(parent: &str, index: usize) -> String;
    /// A field that the API does not know.
    fn unknown(parent: &str, name: &str) -> Refusal;
    /// A required field that is not there.
    fn missing(place: &str) -> Refusal;
    /// A field of another type.
    fn wrong_type(place: &str, expected: Expected, got: &Value) -> Refusal;
    /// A number out of bounds.
    fn out_of_range(
        place: &str,
        expected: Expected,
        bounds: &RangeInclusive<f64>,
        got: f64,
    ) -> Refusal;
    /// Another spelling of the same field that the vendor accepts.
    fn also(_name: &str) -> Option<String> {
        None
    }
}

/// One JSON object of a request and where it stands. A null counts as absent.
#[derive(Debug)]
pub(crate) struct Fields<'a, W> {
    map: &'a Map<String, Value>,
    pub(crate) place: String,
    wording: PhantomData<W>,
}

impl<'a, W: Wording> Fields<'a, W> {
    /// `value` as an object at `place`.
    pub(crate) fn of(value: &'a Value, place: String) -> Result<Self, Refusal> {
        match value {
            Value::Object(map) => Ok(Self { map, place, wording: PhantomData }),
            other => Err(W::wrong_type(&place, Expected::Object, other)),
        }
    }

    /// Refuses fields other than `names`.
    pub(crate) fn allow(&self, names: &[&str]) -> Result<(), Refusal> {
        let known = |key: &str| {
            names.iter().any(|name| *name == key || W::also(name).as_deref() == Some(key))
        };
        match self.map.keys().find(|key| !known(key)) {
            None => Ok(()),
            Some(key) => Err(W::unknown(&self.place, key)),
        }
    }

    /// The place of a field, for complaints.
    pub(crate) fn at(&self, name: &str) -> String {
        W::place(&self.place, name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let value = self.map.get(name).or_else(|| self.map.get(&W::also(name)?));
        value.filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn required(&self, name: &str) -> Result<&'a Value, Refusal> {
        self.get(name).ok_or_else(|| W::missing(&self.at(name)))
    }

    fn typed<T>(
        &self,
        name: &str,
        expected: Expected,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(W::wrong_type(&self.at(name), expected, value)),
            },
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, Expected::Text, Value::as_str)
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.text(name)?.ok_or_else(|| W::missing(&self.at(name)))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, Expected::Boolean, Value::as_bool)
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Refusal> {
        self.typed(name, Expected::List, Value::as_array)
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        self.get(name).map(|value| Self::of(value, self.at(name))).transpose()
    }

    /// The objects of the list `name`.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Self>, Refusal> {
        let place = self.at(name);
        let list = self.list(name)?.map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .enumerate()
            .map(|(index, item)| Self::of(item, W::item(&place, index)))
            .collect()
    }

    /// The strings of the list `name`.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let place = self.at(name);
        let list = self.list(name)?.map(Vec::as_slice).unwrap_or_default();
        let text = |(index, item): (usize, &Value)| match item {
            Value::String(text) => Ok(text.clone()),
            other => Err(W::wrong_type(&W::item(&place, index), Expected::Text, other)),
        };
        list.iter().enumerate().map(text).collect()
    }

    pub(crate) fn number(
        &self,
        name: &str,
        bounds: RangeInclusive<f64>,
    ) -> Result<Option<f64>, Refusal> {
        let number = self.typed(name, Expected::Number, Value::as_f64)?;
        self.bounded(name, Expected::Number, number, &bounds)
    }

    /// A whole number from `lowest` up.
    pub(crate) fn integer(&self, name: &str, lowest: i64) -> Result<Option<i64>, Refusal> {
        let number = self.typed(name, Expected::Integer, Value::as_i64)?;
        #[expect(clippy::cast_precision_loss, reason = "bounds and complaints need no 53rd bit")]
        self.bounded(
            name,
            Expected::Integer,
            number.map(|n| n as f64),
            &(lowest as f64..=f64::INFINITY),
        )?;
        Ok(number)
    }

    /// A count of tokens: a whole number from 1 up.
    pub(crate) fn tokens(&self, name: &str) -> Result<Option<u64>, Refusal> {
        Ok(self.integer(name, 1)?.map(i64::unsigned_abs))
    }

    fn bounded(
        &self,
        name: &str,
        expected: Expected,
        number: Option<f64>,
        bounds: &RangeInclusive<f64>,
    ) -> Result<Option<f64>, Refusal> {
        match number {
            Some(number) if !bounds.contains(&number) => {
                Err(W::out_of_range(&self.at(name), expected, bounds, number))
            }
            number => Ok(number),
        }
    }
}
