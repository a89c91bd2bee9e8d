//! OpenAI Chat Completions, in both directions, and the servers that call themselves compatible.

mod errors;
mod hostile;
mod replies;
mod requests;
mod round_trips;
mod streams;

use orkestra::{
    catalogue::{Catalogue, MaxTokensField, Model},
    chat::Request,
    dialect::{Asked, Call, Dialect, Encoded, OpenAi},
};
use serde_json::Value;

/// One of OpenAI's own models.
fn own_model() -> Model {
    Catalogue::builtin().model("gpt-4o").unwrap().clone()
}

/// A model on a server that calls itself compatible.
fn compatible_model() -> Model {
    let mut model = own_model();
    model.upstream_id = "deepseek-v4-flash".into();
    model.parameters.max_tokens = MaxTokensField::MaxTokens;
    model
}

fn encode(request: &Request, model: &Model) -> Encoded {
    OpenAi.encode(request, model, false)
}

fn read(body: &Value) -> orkestra::Result<Asked> {
    read_bytes(body.to_string().as_bytes())
}

fn read_bytes(body: &[u8]) -> orkestra::Result<Asked> {
    OpenAi.read_request(&Call { path: "/v1/chat/completions", query: "", headers: &[], body })
}
