//! Python's objects ⇄ JSON.

use orkestra::Error;
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::errors::{raise, type_of, wrong_type, wrong_value};

/// Deeper nesting is a loop, or meant to hurt.
const DEEPEST: usize = 128;

/// `value` as text.
///
/// # Errors
/// `InvalidType` for what is no `str`, `InvalidRequest` for one with a lone surrogate.
pub(crate) fn text(value: &Bound<'_, PyAny>, place: &str) -> PyResult<String> {
    let py = value.py();
    let Ok(string) = value.cast::<PyString>() else {
        let message = format!("{place} is of type {}; expected str", type_of(value));
        return Err(wrong_type(py, &message));
    };
    string.to_str().map(str::to_owned).map_err(|_| {
        let message = format!(
            "{place} has a lone surrogate, which is half a character; expected text that can be written as UTF-8"
        );
        wrong_value(py, &message)
    })
}

/// `value` as JSON; `place` is what messages call it.
///
/// # Errors
/// `InvalidType` for what JSON does not have, `InvalidRequest` for numbers and text that it cannot hold.
pub(crate) fn from_python(value: &Bound<'_, PyAny>, place: &str) -> PyResult<Value> {
    read(value, place, 0)
}

fn read(value: &Bound<'_, PyAny>, place: &str, depth: usize) -> PyResult<Value> {
    let py = value.py();
    if depth > DEEPEST {
        let message = format!("{place} is nested more than {DEEPEST} levels deep");
        return Err(wrong_value(py, &message));
    }
    if value.is_none() {
        Ok(Value::Null)
    } else if let Ok(value) = value.cast::<PyBool>() {
        Ok(value.is_true().into())
    } else if value.is_instance_of::<PyString>() {
        text(value, place).map(Value::String)
    } else if value.is_instance_of::<PyInt>() {
        integer(value, place)
    } else if let Ok(number) = value.cast::<PyFloat>() {
        let number = number.value();
        Number::from_f64(number).map(Value::Number).ok_or_else(|| {
            wrong_value(py, &format!("{place} is {number}, which JSON does not have"))
        })
    } else if let Ok(fields) = value.cast::<PyDict>() {
        object(fields, place, depth)
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.enumerate();
        items.map(|(at, item)| read(&item?, &format!("{place}[{at}]"), depth + 1)).collect()
    } else {
        let expected = "expected None, bool, int, float, str, list or dict";
        let message = format!("{place} is of type {}; {expected}", type_of(value));
        Err(wrong_type(py, &message))
    }
}

fn integer(value: &Bound<'_, PyAny>, place: &str) -> PyResult<Value> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(number.into());
    }
    match value.extract::<u64>() {
        Ok(number) => Ok(number.into()),
        Err(_) => {
            let message = format!("{place} is an int of more than 64 bits; expected a smaller one");
            Err(wrong_value(value.py(), &message))
        }
    }
}

fn object(fields: &Bound<'_, PyDict>, place: &str, depth: usize) -> PyResult<Value> {
    let mut object = Map::with_capacity(fields.len());
    for (name, value) in fields {
        let name = text(&name, &format!("a key of {place}"))?;
        let value = read(&value, &format!("{place}.{name}"), depth + 1)?;
        object.insert(name, value);
    }
    Ok(object.into())
}

/// `value` as objects of Python's.
pub(crate) fn to_python(py: Python<'_>, value: &Value) -> PyResult<Py<PyAny>> {
    match value {
        Value::Null => Ok(py.None()),
        Value::Bool(value) => value.into_py_any(py),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_py_any(py),
            (None, Some(number)) => number.into_py_any(py),
            (None, None) => number.as_f64().into_py_any(py),
        },
        Value::String(text) => text.into_py_any(py),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_py_any(py)
        }
        Value::Object(fields) => {
            let dict = PyDict::new(py);
            for (name, value) in fields {
                dict.set_item(name, to_python(py, value)?)?;
            }
            dict.into_py_any(py)
        }
    }
}

/// What `value` looks like as JSON, as objects of Python's.
pub(crate) fn serialized(py: Python<'_>, value: &impl Serialize) -> PyResult<Py<PyAny>> {
    let json = serde_json::to_value(value).map_err(|cause| {
        let message = "the value cannot be shown as JSON";
        raise(&Error::new(orkestra::ErrorKind::Config, message).because(cause))
    })?;
    to_python(py, &json)
}
