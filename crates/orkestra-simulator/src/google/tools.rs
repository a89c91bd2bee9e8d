//! Functions and how they may be called.

use serde_json::Value;

use crate::answer::{Choice, Offer, Tool};
use crate::cache::Chain;
use crate::fields::{Fields, Refusal};

use super::errors::{Gemini, invalid, invalid_field};
use super::schemas;

const TOOL: [&str; 10] = [
    "functionDeclarations",
    "googleSearch",
    "googleSearchRetrieval",
    "codeExecution",
    "urlContext",
    "googleMaps",
    "fileSearch",
    "computerUse",
    "mcpServers",
    "retrieval",
];

/// Checks and weighs `tools`, and reads how they may be called.
pub(super) fn read(body: &Fields<'_, Gemini>, chain: &mut Chain) -> Result<Offer, Refusal> {
    let mut offer = Offer::default();
    for tool in body.objects("tools")? {
        tool.allow(&TOOL)?;
        for function in tool.objects("functionDeclarations")? {
            let read = declared(&function, chain)?;
            if offer.tools.iter().any(|known| known.name == read.name) {
                return Err(invalid(&format!(
                    "Duplicate function declaration found: {}",
                    read.name
                )));
            }
            offer.tools.push(read);
        }
    }
    let config = body.object("toolConfig")?;
    let config = config.map(|config| config.object("functionCallingConfig")).transpose()?.flatten();
    if let Some(config) = config {
        calling(&config, &mut offer)?;
    }
    Ok(offer)
}

fn declared(function: &Fields<'_, Gemini>, chain: &mut Chain) -> Result<Tool, Refusal> {
    function.allow(&[
        "name",
        "description",
        "behavior",
        "parameters",
        "parametersJsonSchema",
        "response",
        "responseJsonSchema",
    ])?;
    let name = function.required_text("name")?;
    check_name(name, &function.at("name"))?;
    chain.text(name);
    chain.text(function.text("description")?.unwrap_or_default());
    let schema = schemas::one_of(function, "parameters", "parametersJsonSchema")?;
    schema.iter().for_each(|schema| chain.json(schema));
    Ok(Tool { name: name.to_owned(), schema: schema.unwrap_or(Value::Null), custom: false })
}

/// Refuses what cannot be the name of a function.
pub(super) fn check_name(name: &str, place: &str) -> Result<(), Refusal> {
    let starts = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    let fits = |char: char| char.is_ascii_alphanumeric() || "_.:-".contains(char);
    if starts && name.len() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    Err(invalid_field(
        place,
        "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), \
         underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.",
    ))
}

fn calling(config: &Fields<'_, Gemini>, offer: &mut Offer) -> Result<(), Refusal> {
    config.allow(&["mode", "allowedFunctionNames", "streamFunctionCallArguments"])?;
    if config.has("streamFunctionCallArguments") {
        return Err(invalid("streamFunctionCallArguments is not supported in the Gemini API."));
    }
    let mode = config.text("mode")?.unwrap_or("AUTO").to_ascii_uppercase();
    if offer.tools.is_empty() && mode != "NONE" {
        return Err(invalid("Function calling config is set without function_declarations."));
    }
    offer.choice = match mode.as_str() {
        "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED" => Choice::Auto,
        "ANY" => Choice::Some,
        "NONE" => Choice::Never,
        other => {
            return Err(invalid(&format!(
                "Invalid value at '{}' (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.\
                 Mode), \"{other}\"",
                config.at("mode")
            )));
        }
    };
    let names = config.texts("allowedFunctionNames")?;
    if names.is_empty() {
        return Ok(());
    }
    let place = config.at("allowedFunctionNames");
    if !["ANY", "VALIDATED"].contains(&mode.as_str()) {
        let message = "allowed_function_names may only be set when the mode is ANY or VALIDATED.";
        return Err(invalid_field(&place, message));
    }
    if let Some(name) =
        names.iter().find(|name| !offer.tools.iter().any(|tool| tool.name == **name))
    {
        let message = format!("function `{name}` is not declared.");
        return Err(invalid_field(&place, &message));
    }
    offer.allowed = Some(names);
    Ok(())
}
