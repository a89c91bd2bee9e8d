//! Tools and the choice among them, in the forms of both APIs.

use serde_json::Value;

use crate::answer::{Choice, Offer, Tool};
use crate::cache::Chain;
use crate::fields::{Expected, Fields, Refusal, Wording};

use super::Manners;
use super::errors::{empty_array, invalid, invalid_value, only_with, too_much};
use super::formats;

/// Where an API says what a tool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In a field named after the tool's type.
    Nested,
    /// In the tool itself.
    Flat,
}

/// Tools that OpenAI runs itself, on Responses alone.
const HOSTED: [&str; 10] = [
    "web_search",
    "web_search_preview",
    "file_search",
    "code_interpreter",
    "image_generation",
    "mcp",
    "computer",
    "computer_use_preview",
    "local_shell",
    "shell",
];

/// Checks and weighs `tools`, and reads what the request says about calling them.
pub(super) fn read<W: Wording>(
    body: &Fields<'_, W>,
    form: Form,
    manners: &Manners,
    chain: &mut Chain,
) -> Result<Offer, Refusal> {
    let tools = body.objects("tools")?;
    if body.has("tools") && tools.is_empty() && !manners.lenient && form == Form::Nested {
        return Err(empty_array("tools"));
    }
    if tools.len() > 128 {
        return Err(too_much("tools", "array", 128, tools.len()));
    }
    let mut offer = Offer::default();
    for tool in &tools {
        offer.tools.extend(one(tool, form, manners, chain)?);
    }
    let parallel = body.boolean("parallel_tool_calls")?;
    if tools.is_empty() && !manners.lenient && form == Form::Nested {
        if body.has("tool_choice") {
            return Err(only_with("tool_choice", "tools"));
        }
        if parallel.is_some() {
            return Err(only_with("parallel_tool_calls", "tools"));
        }
    }
    offer.one_by_one = parallel == Some(false);
    choice(body, form, manners, &mut offer)?;
    Ok(offer)
}

fn one<W: Wording>(
    tool: &Fields<'_, W>,
    form: Form,
    manners: &Manners,
    chain: &mut Chain,
) -> Result<Option<Tool>, Refusal> {
    let kind = tool.required_text("type")?;
    if form == Form::Flat && HOSTED.iter().any(|hosted| kind.starts_with(hosted)) {
        return Ok(None);
    }
    if kind != "function" && kind != "custom" {
        return Err(invalid_value(&tool.at("type"), kind, &["function", "custom"]));
    }
    if form == Form::Flat {
        return described(tool, kind, form, manners, chain).map(Some);
    }
    tool.required(kind)?;
    let Some(inner) = tool.object(kind)? else { return Ok(None) };
    described(&inner, kind, form, manners, chain).map(Some)
}

fn described<W: Wording>(
    tool: &Fields<'_, W>,
    kind: &str,
    form: Form,
    manners: &Manners,
    chain: &mut Chain,
) -> Result<Tool, Refusal> {
    let name = tool.required_text("name")?;
    formats::check_name(name, &tool.at("name"))?;
    chain.text(name);
    chain.text(tool.text("description")?.unwrap_or_default());
    chain.tokens(8.0);
    if kind == "custom" {
        return Ok(Tool { name: name.to_owned(), schema: Value::Null, custom: true });
    }
    if !manners.lenient {
        let own: &[&str] = if form == Form::Flat { &["type", "defer_loading"] } else { &[] };
        tool.allow(&[&["name", "description", "parameters", "strict"], own].concat())?;
    }
    let strict = tool.boolean("strict")?;
    let schema = tool.get("parameters").cloned().unwrap_or_default();
    if !manners.strict_tools {
        without_strict(tool, strict, &schema)?;
    }
    if tool.object("parameters")?.is_some() {
        chain.json(&schema);
        let place = tool.at("parameters");
        let whose = format!("function '{name}'");
        let code = Some("invalid_function_parameters");
        formats::check(&schema, strict == Some(true), &whose, &place, code)?;
    }
    Ok(Tool { name: name.to_owned(), schema, custom: false })
}

fn without_strict<W: Wording>(
    tool: &Fields<'_, W>,
    strict: Option<bool>,
    schema: &Value,
) -> Result<(), Refusal> {
    if strict.is_some() {
        return Err(W::unknown(&tool.place, "strict"));
    }
    if schema.to_string().contains("\"$ref\"") {
        let place = tool.at("parameters");
        return Err(invalid("References ($ref) are not supported in tools.", Some(&place), None));
    }
    Ok(())
}

fn choice<W: Wording>(
    body: &Fields<'_, W>,
    form: Form,
    manners: &Manners,
    offer: &mut Offer,
) -> Result<(), Refusal> {
    const MODES: [&str; 3] = ["none", "auto", "required"];
    match body.get("tool_choice") {
        None => return Ok(()),
        Some(Value::String(mode)) => match mode.as_str() {
            "none" => offer.choice = Choice::Never,
            "auto" => {}
            "required" if manners.required_choice => offer.choice = Choice::Some,
            "any" if manners.any_choice => offer.choice = Choice::Some,
            other => return Err(invalid_value("tool_choice", other, &MODES)),
        },
        Some(Value::Object(_)) => chosen(body, form, manners, offer)?,
        Some(other) => return Err(W::wrong_type("tool_choice", Expected::Text, other)),
    }
    if let Choice::This(name) = &offer.choice
        && !offer.tools.iter().any(|tool| tool.name == *name)
    {
        let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
        return Err(invalid(&message, Some("tool_choice"), None));
    }
    Ok(())
}

fn chosen<W: Wording>(
    body: &Fields<'_, W>,
    form: Form,
    manners: &Manners,
    offer: &mut Offer,
) -> Result<(), Refusal> {
    let Some(choice) = body.object("tool_choice")? else { return Ok(()) };
    match choice.required_text("type")? {
        "allowed_tools" => {
            let inner = match form {
                Form::Nested => choice.object("allowed_tools")?,
                Form::Flat => body.object("tool_choice")?,
            };
            let inner = inner.ok_or_else(|| W::missing(&choice.at("allowed_tools")))?;
            if inner.required_text("mode")? == "required" {
                offer.choice = Choice::Some;
            }
            let tools = inner.objects("tools")?;
            let names = tools.iter().map(|tool| named(tool, form));
            offer.allowed = Some(names.collect::<Result<_, _>>()?);
        }
        "function" | "custom" if !manners.required_choice => {
            let message = "tool_choice: a tool cannot be named; use 'any'.";
            return Err(invalid(message, Some("tool_choice"), None));
        }
        "function" | "custom" => offer.choice = Choice::This(named(&choice, form)?),
        _ if form == Form::Flat => {}
        other => {
            let known = ["allowed_tools", "function", "custom"];
            return Err(invalid_value(&choice.at("type"), other, &known));
        }
    }
    Ok(())
}

fn named<W: Wording>(tool: &Fields<'_, W>, form: Form) -> Result<String, Refusal> {
    if form == Form::Flat {
        return Ok(tool.text("name")?.unwrap_or_default().to_owned());
    }
    let kind = tool.required_text("type")?;
    tool.required(kind)?;
    let inner = tool.object(kind)?;
    Ok(inner.map(|inner| inner.required_text("name")).transpose()?.unwrap_or_default().to_owned())
}
