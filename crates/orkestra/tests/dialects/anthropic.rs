//! Anthropic Messages, in both directions.

mod by_chance;
mod errors;
mod replies;
mod requests_read;
mod requests_write;
mod streams;

use orkestra::{
    Error,
    catalogue::{Catalogue, Model},
    chat::{
        Chunk, Content, DialectName, Extra, Message, Part, Reply, Request, Role, Source, ToolCall,
    },
    dialect::{Anthropic, Asked, Call, Caption, Dialect},
};
use serde_json::{Value, json};

fn model() -> &'static Model {
    Catalogue::builtin().model("claude-haiku-4-5").unwrap()
}

fn body_of(request: &Request) -> Value {
    Anthropic.encode(request, model(), false).body
}

fn warnings_of(request: &Request) -> Vec<String> {
    Anthropic.encode(request, model(), false).warnings
}

fn asked(body: &Value, headers: &[(String, String)]) -> Result<Asked, Error> {
    let body = body.to_string();
    let call = Call { path: "/v1/messages", query: "beta=true", headers, body: body.as_bytes() };
    Anthropic.read_request(&call)
}

fn read(body: &Value) -> Request {
    asked(body, &[]).unwrap().request
}

fn own(messages: Vec<Message>) -> Request {
    Request { messages, dialect: Some(DialectName::Anthropic), ..Request::default() }
}

fn from_openai(messages: Vec<Message>) -> Request {
    Request { dialect: Some(DialectName::Openai), ..own(messages) }
}

fn object(value: Value) -> Extra {
    let Value::Object(object) = value else { panic!("{value} is no object") };
    object
}

fn user(text: &str) -> Message {
    Message::text(Role::User, text)
}

fn assistant(text: &str) -> Message {
    Message::text(Role::Assistant, text)
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }.into()
}

fn thoughts(text: &str, signature: &str) -> Part {
    Part::from(Content::Reasoning { text: text.into(), redacted: None }).signed(signature)
}

fn image(media_type: &str) -> Part {
    let source = Source::Base64 { media_type: media_type.into(), data: "AAAA".into() };
    Content::Image { source, detail: None }.into()
}

fn caption() -> Caption {
    Caption {
        id: "abc".into(),
        model: "claude-x".into(),
        created: 0,
        expected_input_tokens: 7,
        stream_usage: true,
    }
}

fn decoded(body: &Value) -> Reply {
    Anthropic.decode(body.to_string().as_bytes()).unwrap()
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}

fn stream(events: &[Value]) -> String {
    events.iter().map(event).collect()
}

fn read_pieces(pieces: &[&[u8]]) -> Result<Vec<Chunk>, Error> {
    crate::streams::read(&Anthropic, pieces)
}

fn read_stream(events: &[Value]) -> Result<Vec<Chunk>, Error> {
    read_pieces(&[stream(events).as_bytes()])
}

fn write_stream(chunks: &[Chunk], caption: &Caption) -> Vec<Value> {
    let mut encoder = Anthropic.stream_encoder(caption);
    let events = chunks.iter().flat_map(|chunk| encoder.chunk(chunk));
    let data = events.map(|event| {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["type"], event.name, "every event carries its name");
        data
    });
    data.collect()
}

/// The grammar that the SDKs rely on: blocks in order, one at a time, between one beginning and one end.
fn assert_grammar(events: &[Value]) {
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "message_start");
    assert_eq!(kinds[kinds.len() - 2..], ["message_delta", "message_stop"]);
    assert!(events[0]["message"]["usage"]["input_tokens"].is_u64());
    let (mut open, mut next) = (false, 0);
    for (event, kind) in events.iter().zip(&kinds).skip(1).take(kinds.len() - 3) {
        assert_eq!(event["index"], next, "{event}");
        match *kind {
            "content_block_start" => assert!(!std::mem::replace(&mut open, true), "{event}"),
            "content_block_delta" => assert!(open, "{event}"),
            "content_block_stop" => {
                assert!(std::mem::replace(&mut open, false), "{event}");
                next += 1;
            }
            _ => panic!("{event}"),
        }
    }
    assert!(!open);
}
