//! From a call's arguments to a request.

use orkestra::{
    catalogue::Catalogue,
    chat::{
        Content, DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, DialectName, Effort, Message, Part,
        Request, Role, Source, Thinking,
    },
    dialect::{self, Call},
};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};
use serde_json::{Map, Value, json};

use crate::{
    errors::{or_raise, type_of, wrong_type, wrong_value},
    json,
};

/// What a call may say beside its prompt; `None` is what was left out.
#[derive(Debug, Default)]
pub(crate) struct Options<'py> {
    pub(crate) max_tokens: Option<Bound<'py, PyAny>>,
    pub(crate) temperature: Option<Bound<'py, PyAny>>,
    pub(crate) top_p: Option<Bound<'py, PyAny>>,
    pub(crate) model: Option<Bound<'py, PyAny>>,
    pub(crate) system: Option<Bound<'py, PyAny>>,
    pub(crate) tools: Option<Bound<'py, PyAny>>,
    pub(crate) tool_choice: Option<Bound<'py, PyAny>>,
    pub(crate) response_format: Option<Bound<'py, PyAny>>,
    pub(crate) images: Option<Bound<'py, PyAny>>,
    pub(crate) reasoning_effort: Option<Bound<'py, PyAny>>,
    pub(crate) stop: Option<Bound<'py, PyAny>>,
    pub(crate) seed: Option<Bound<'py, PyAny>>,
}

/// The request that `prompt` and `options` make, checked.
///
/// # Errors
/// `InvalidType` and `InvalidRequest`, naming the argument, its value and what was expected.
pub(crate) fn request(prompt: &Bound<'_, PyAny>, options: &Options<'_>) -> PyResult<Request> {
    let mut request = spoken(prompt, options)?;
    if let Some(system) = &options.system {
        request = request.system(json::text(system, "system")?);
    }
    if let Some(images) = &options.images {
        add_images(&mut request, images)?;
    }
    request.max_tokens = match &options.max_tokens {
        Some(value) => Some(count("max_tokens", value)?),
        None => Some(DEFAULT_MAX_TOKENS),
    };
    request.temperature = match &options.temperature {
        Some(value) => Some(number("temperature", value)?),
        None => Some(DEFAULT_TEMPERATURE),
    };
    request.top_p = options.top_p.as_ref().map(|value| number("top_p", value)).transpose()?;
    request.seed = options.seed.as_ref().map(seed).transpose()?;
    request.stop = options.stop.as_ref().map(stop).transpose()?.unwrap_or_default();
    request.model = options.model.as_ref().map(|value| json::text(value, "model")).transpose()?;
    if let Some(effort) = &options.reasoning_effort {
        request.thinking = Thinking::with_effort(self::effort(effort)?);
    }
    or_raise(request.validate())?;
    Ok(request)
}

/// The conversation alone, as hooks and middleware give it back.
///
/// # Errors
/// As [`request`].
pub(crate) fn conversation(prompt: &Bound<'_, PyAny>) -> PyResult<Vec<Message>> {
    if prompt.is_instance_of::<PyString>() {
        return Ok(vec![Message::text(Role::User, json::text(prompt, "prompt")?)]);
    }
    Ok(read(Map::from_iter([("messages".to_owned(), messages(prompt)?)]))?.messages)
}

/// What is said, and what only OpenAI's words have a form for: tools, and the form of the answer.
fn spoken(prompt: &Bound<'_, PyAny>, options: &Options<'_>) -> PyResult<Request> {
    let is_text = prompt.is_instance_of::<PyString>();
    let mut body = Map::new();
    if let Some(tools) = &options.tools {
        body.insert("tools".to_owned(), self::tools(tools)?);
    }
    if let Some(choice) = &options.tool_choice {
        body.insert("tool_choice".to_owned(), json::from_python(choice, "tool_choice")?);
    }
    if let Some(format) = &options.response_format {
        body.insert("response_format".to_owned(), self::format(format)?);
    }
    if is_text && body.is_empty() {
        return Ok(Request::from(json::text(prompt, "prompt")?));
    }
    let messages = if is_text {
        json!([{"role": "user", "content": json::text(prompt, "prompt")?}])
    } else {
        messages(prompt)?
    };
    body.insert("messages".to_owned(), messages);
    read(body)
}

fn read(body: Map<String, Value>) -> PyResult<Request> {
    let body = Value::Object(body).to_string();
    let call = Call { path: "", query: "", headers: &[], body: body.as_bytes() };
    let dialect = dialect::named(DialectName::Openai);
    or_raise(dialect.read_request(&call).map(|asked| asked.request))
}

fn messages(prompt: &Bound<'_, PyAny>) -> PyResult<Value> {
    if prompt.is_instance_of::<PyList>() || prompt.is_instance_of::<PyTuple>() {
        return json::from_python(prompt, "messages");
    }
    let hint = if prompt.is_none() {
        "; it is required"
    } else if prompt.is_instance_of::<PyBytes>() {
        "; decode it first, for instance with .decode()"
    } else if prompt.hasattr(intern!(prompt.py(), "__next__"))? {
        "; make a list of it, or join its pieces"
    } else if prompt.is_instance_of::<PyDict>() {
        "; put the message into a list"
    } else {
        ""
    };
    let message = format!(
        "prompt is of type {}; expected str or a list of messages like {{\"role\": \"user\", \"content\": \"...\"}}{hint}",
        type_of(prompt)
    );
    Err(wrong_type(prompt.py(), &message))
}

/// Tools in OpenAI's form, with or without the envelope that names their type.
fn tools(tools: &Bound<'_, PyAny>) -> PyResult<Value> {
    let mut list = json::from_python(tools, "tools")?;
    let Value::Array(items) = &mut list else {
        let message = format!("tools is of type {}; expected a list of tools", type_of(tools));
        return Err(wrong_type(tools.py(), &message));
    };
    for item in items {
        let bare = item.get("type").is_none() && item.get("name").is_some();
        if bare {
            *item = json!({"type": "function", "function": item.take()});
        }
    }
    Ok(list)
}

/// OpenAI's form; `"json"`; a JSON Schema; or a class that can give one, as Pydantic's do.
fn format(format: &Bound<'_, PyAny>) -> PyResult<Value> {
    let schema = intern!(format.py(), "model_json_schema");
    let value = if format.hasattr(schema)? {
        json::from_python(&format.call_method0(schema)?, "response_format")?
    } else {
        json::from_python(format, "response_format")?
    };
    let kind = value.get("type").and_then(Value::as_str);
    match (&value, kind) {
        (Value::String(name), _) if name == "text" => Ok(json!({"type": "text"})),
        (Value::String(name), _) if ["json", "json_object"].contains(&&**name) => {
            Ok(json!({"type": "json_object"}))
        }
        (Value::String(name), _) => Err(wrong_value(
            format.py(),
            &format!(
                "response_format is {name:?}; expected \"text\", \"json\", a JSON Schema or OpenAI's form"
            ),
        )),
        (_, Some("text" | "json_object" | "json_schema")) => Ok(value),
        (Value::Object(_), _) => {
            let name = value.get("title").and_then(Value::as_str).unwrap_or("answer");
            let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let name: String = name.chars().filter(fits).take(64).collect();
            Ok(json!({"type": "json_schema", "json_schema": {"name": name, "schema": value}}))
        }
        _ => Ok(value),
    }
}

/// Adds pictures to the newest message of the user's.
fn add_images(request: &mut Request, images: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = images.py();
    let list = images.is_instance_of::<PyList>() || images.is_instance_of::<PyTuple>();
    if !list {
        let message = format!(
            "images is of type {}; expected a list of URLs, paths or bytes",
            type_of(images)
        );
        return Err(wrong_type(py, &message));
    }
    let Some(message) =
        request.messages.iter_mut().rev().find(|message| message.role == Role::User)
    else {
        return Err(wrong_value(py, "images need a message of the user's to belong to"));
    };
    for (at, image) in images.try_iter()?.enumerate() {
        let source = picture(&image?, &format!("images[{at}]"))?;
        message.content.push(Part::from(Content::Image { source, detail: None }));
    }
    Ok(())
}

fn picture(image: &Bound<'_, PyAny>, place: &str) -> PyResult<Source> {
    let py = image.py();
    if let Ok(bytes) = image.cast::<PyBytes>() {
        return or_raise(Source::picture(bytes.as_bytes()));
    }
    if image.is_instance_of::<PyString>() {
        let url = json::text(image, place)?;
        if !["https:", "http:", "data:", "gs:"].iter().any(|begin| url.starts_with(begin)) {
            let expected = "an https: or data: URL, a pathlib.Path or bytes";
            return Err(wrong_value(py, &format!("{place} is {url:?}; expected {expected}")));
        }
        return Source::from_url(url).ok_or_else(|| {
            let expected = "an https: URL or data:<media type>;base64,<data>";
            wrong_value(py, &format!("{place} is a data: URL of another form; expected {expected}"))
        });
    }
    if image.hasattr(intern!(py, "__fspath__"))? {
        let path: std::path::PathBuf = image.extract()?;
        let bytes = py.detach(|| std::fs::read(&path))?;
        return or_raise(Source::picture(&bytes));
    }
    let message = format!("{place} is of type {}; expected a URL, a path or bytes", type_of(image));
    Err(wrong_type(py, &message))
}

fn stop(stop: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if stop.is_instance_of::<PyString>() {
        return Ok(vec![json::text(stop, "stop")?]);
    }
    if !stop.is_instance_of::<PyList>() && !stop.is_instance_of::<PyTuple>() {
        let message = format!("stop is of type {}; expected str or a list of str", type_of(stop));
        return Err(wrong_type(stop.py(), &message));
    }
    let texts = stop.try_iter()?.enumerate();
    texts.map(|(at, text)| json::text(&text?, &format!("stop[{at}]"))).collect()
}

fn effort(effort: &Bound<'_, PyAny>) -> PyResult<Effort> {
    let name = json::text(effort, "reasoning_effort")?;
    Effort::named(&name).ok_or_else(|| {
        let names = Effort::ALL.map(Effort::name).join(", ");
        wrong_value(effort.py(), &format!("reasoning_effort is {name:?}; expected one of {names}"))
    })
}

fn seed(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    whole("seed", value)?.extract().map_err(|_| {
        wrong_value(value.py(), "seed is an int of more than 64 bits; expected a smaller one")
    })
}

/// A number of something.
///
/// # Errors
/// `InvalidType` for what is no `int`, `InvalidRequest` for one below 0 or above 4294967295.
pub(crate) fn count(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u32> {
    let number = whole(name, value)?;
    number.extract().map_err(|_| {
        let shown = number.str().map_or_else(|_| "too large".to_owned(), |text| shortened(&text));
        let message = format!("{name} is {shown}; expected a whole number up to {}", u32::MAX);
        wrong_value(value.py(), &message)
    })
}

fn shortened(text: &Bound<'_, PyString>) -> String {
    let text = text.to_string();
    match text.char_indices().nth(24) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn whole<'a, 'py>(name: &str, value: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyAny>> {
    if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        return Ok(value);
    }
    Err(wrong_type(value.py(), &format!("{name} is of type {}; expected int", type_of(value))))
}

/// A number.
///
/// # Errors
/// `InvalidType` for what is none.
pub(crate) fn number(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let is_number = value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>();
    if is_number && !value.is_instance_of::<PyBool>() {
        return value.extract().map_err(|_| {
            wrong_value(value.py(), &format!("{name} is too large; expected a smaller number"))
        });
    }
    Err(wrong_type(value.py(), &format!("{name} is of type {}; expected float", type_of(value))))
}

/// What was asked, as a caller would write it: the bare prompt, or the list of messages.
pub(crate) fn prompt(py: Python<'_>, request: &Request) -> PyResult<Py<PyAny>> {
    let (_, spoken) = request.split_instructions();
    if let [Message { role: Role::User, content, .. }] = spoken
        && let [part] = &content[..]
        && let Some(text) = part.as_text()
    {
        return Ok(PyString::new(py, text).into_any().unbind());
    }
    json::to_python(py, &written(&request.messages))
}

/// Messages in OpenAI's words, which all models of a conversation share.
pub(crate) fn written(messages: &[Message]) -> Value {
    let catalogue = Catalogue::builtin();
    let speaks = |provider: &str| {
        catalogue.provider(provider).is_ok_and(|entry| entry.dialect == DialectName::Openai)
    };
    let Some(model) = catalogue.models().iter().find(|model| speaks(&model.provider)) else {
        return Value::Array(Vec::new());
    };
    let dialect = Some(DialectName::Openai);
    let request = Request { messages: messages.to_vec(), dialect, ..Request::default() };
    let mut body = dialect::named(DialectName::Openai).encode(&request, model, false).body;
    body["messages"].take()
}

/// Puts `prompt` in the place of what was asked.
///
/// # Errors
/// As [`request`].
pub(crate) fn replace_prompt(request: &mut Request, prompt: &Bound<'_, PyAny>) -> PyResult<()> {
    let said = conversation(prompt)?;
    if prompt.is_instance_of::<PyString>() {
        let instructions = request.split_instructions().0.len();
        request.messages.truncate(instructions);
        request.messages.extend(said);
    } else {
        request.messages = said;
    }
    or_raise(request.validate())
}
