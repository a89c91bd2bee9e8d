//! Providers that speak OpenAI's Chat Completions, each with its own habits.

mod errors;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::PROVIDERS;
use crate::delivery::{Frame, Part, Reply};
use crate::exchange::World;
use crate::faults::FaultKind;
use crate::fields::Refusal;
use crate::openai::{self, Family, House, Manners};
use crate::rules::{Listing, Table};
use crate::vendor::{Call, Glance, Twist, Vendor, is_refused_key};

use errors::Form;

const TABLE: &str = include_str!("../../data/compatible.toml");

/// The compatible providers.
#[derive(Debug)]
pub(crate) struct Personas(Vec<Persona>);

impl Personas {
    /// The providers, with the models that are gone on `today` taken out.
    ///
    /// # Errors
    /// A text that names what is wrong with the table.
    pub(crate) fn on(today: Option<Date>) -> Result<Self, String> {
        let file: BTreeMap<String, Row> =
            toml::from_str(TABLE).map_err(|error| error.to_string())?;
        let one = |(name, row): (String, Row)| {
            let known = PROVIDERS.iter().find(|known| **known == name);
            Ok(Persona {
                name: known.ok_or_else(|| format!("{name}: not among the providers"))?,
                models: row.listing.on(today)?,
                manners: row.manners,
                errors: row.errors,
                keyless: row.keyless,
                any_model: row.any_model,
                comment: row.comment,
            })
        };
        Ok(Self(file.into_iter().map(one).collect::<Result<_, String>>()?))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Persona> {
        self.0.iter().find(|persona| persona.name == name)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    manners: Manners,
    #[serde(default)]
    errors: Form,
    #[serde(default)]
    keyless: bool,
    #[serde(default)]
    any_model: bool,
    comment: Option<String>,
    listing: Listing<Family>,
}

/// One compatible provider.
#[derive(Debug)]
pub(crate) struct Persona {
    name: &'static str,
    models: Table<Family>,
    manners: Manners,
    errors: Form,
    /// It asks for no key.
    keyless: bool,
    /// It serves whatever model it is asked for.
    any_model: bool,
    /// The comment with which its streams begin.
    comment: Option<String>,
}

impl Persona {
    const fn house(&self) -> House<'_> {
        House {
            provider: self.name,
            models: &self.models,
            manners: &self.manners,
            any_model: self.any_model,
        }
    }
}

impl Vendor for Persona {
    fn name(&self) -> &'static str {
        self.name
    }

    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        match call.bearer() {
            None if self.keyless => Ok(()),
            None => Err(openai::failure(FaultKind::Unauthenticated, "")),
            Some(key) if is_refused_key(key) => {
                Err(openai::failure(FaultKind::Unauthenticated, ""))
            }
            Some(_) => Ok(()),
        }
    }

    fn glance(&self, call: &Call) -> Glance {
        openai::glance(call)
    }

    fn answer(&self, call: &Call, world: &World, twist: &Twist) -> Result<Reply, Refusal> {
        let house = self.house();
        // Some leave the version out.
        let path = call.path.strip_prefix("/v1").unwrap_or(&call.path);
        match (call.request.method.as_str(), path) {
            ("POST", "/chat/completions") => openai::chat::answer(call, &world.cache, house, twist),
            ("GET", "/models") => Ok(openai::list_models(house)),
            ("GET", path) => match path.strip_prefix("/models/") {
                Some(id) => openai::one_model(house, id),
                None => Err(openai::no_such_url("GET", path)),
            },
            (method, path) => Err(openai::no_such_url(method, path)),
        }
    }

    fn failure(&self, fault: FaultKind, model: &str) -> Refusal {
        openai::failure(fault, model)
    }

    fn stream_error(&self, _call: &Call, fault: FaultKind, _sent: usize) -> Frame {
        let refusal = openai::failure(FaultKind::ServerError, "");
        let body = errors::dressed(self.errors, refusal).body;
        if self.errors == Form::OpenRouter && fault == FaultKind::StreamError {
            return Frame::event(None, &errors::last_chunk(&body), Part::Closing);
        }
        openai::error_frame(&body, fault)
    }

    fn dressed(&self, _call: &Call, refusal: Refusal) -> Refusal {
        errors::dressed(self.errors, refusal)
    }

    fn largest_body(&self) -> (usize, Refusal) {
        (64 << 20, openai::failure(FaultKind::TooLarge, ""))
    }

    fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }
}
