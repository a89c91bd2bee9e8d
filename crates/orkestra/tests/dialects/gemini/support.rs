//! What every test of this dialect needs: short names, a loop of tools, streams in and out.

use orkestra::{
    Error,
    catalogue::{Catalogue, Model},
    chat::{
        Chunk, Content, DialectName, Extra, Function, Message, Part, Reply, Request, Role, Source,
        ToolCall, ToolResult,
    },
    dialect::{Asked, Call, Caption, Dialect, Encoded, Gemini},
};
use serde_json::{Value, json};

/// `skip_thought_signature_validator`
pub(crate) const PLACEHOLDER: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

pub(crate) fn model(id: &str) -> &'static Model {
    Catalogue::builtin().model(id).unwrap()
}

/// Gemini 3 knows ids, media in results and proofs.
pub(crate) fn newer() -> &'static Model {
    model("gemini-3-flash-preview")
}

/// Gemini 2.5 knows none of them.
pub(crate) fn older() -> &'static Model {
    model("gemini-2.5-flash-lite")
}

pub(crate) fn encode(request: &Request, model: &Model) -> Encoded {
    Gemini.encode(request, model, false)
}

pub(crate) fn contents(request: &Request, model: &Model) -> Value {
    encode(request, model).body["contents"].clone()
}

pub(crate) fn of(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

pub(crate) fn own(messages: Vec<Message>) -> Request {
    Request { dialect: Some(DialectName::Gemini), ..of(messages) }
}

pub(crate) fn user(content: Vec<Part>) -> Message {
    Message::of(Role::User, content)
}

pub(crate) fn assistant(content: Vec<Part>) -> Message {
    Message::of(Role::Assistant, content)
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Part {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }.into()
}

pub(crate) fn result(id: &str, text: &str) -> Part {
    ToolResult::text(id, text).into()
}

pub(crate) fn image(url_or_data: Source) -> Part {
    Content::Image { source: url_or_data, detail: None }.into()
}

pub(crate) fn png() -> Source {
    Source::Base64 { media_type: "image/png".into(), data: "iVBOR/+w".into() }
}

pub(crate) fn url(url: &str) -> Source {
    Source::Url { url: url.into(), media_type: None }
}

pub(crate) fn fields(value: Value) -> Extra {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

pub(crate) fn read(path: &str, query: &str, body: &Value) -> Result<Asked, Error> {
    Gemini.read_request(&Call { path, query, headers: &[], body: body.to_string().as_bytes() })
}

pub(crate) fn read_body(body: &Value) -> Request {
    read("/v1beta/models/m:generateContent", "", body).unwrap().request
}

pub(crate) fn decode(body: &Value) -> Result<Reply, Error> {
    Gemini.decode(body.to_string().as_bytes())
}

pub(crate) fn caption() -> Caption {
    Caption {
        id: "answer-1".into(),
        model: "gemini-3-flash-preview".into(),
        created: 0,
        expected_input_tokens: 0,
        stream_usage: true,
    }
}

pub(crate) fn tool(name: &str) -> Function {
    Function {
        name: name.into(),
        description: Some(format!("does {name}")),
        parameters: Some(json!({"type": "object", "properties": {"q": {"type": "string"}}})),
        ..Function::default()
    }
}

/// A turn with two parallel calls, whose results come in the other order.
pub(crate) fn tool_loop(signature: Option<&str>) -> Vec<Message> {
    let mut first = call("call_1", "weather", "{\"q\": \"Oslo\"}");
    first.signature = signature.map(str::to_owned);
    vec![
        Message::text(Role::User, "weather?"),
        assistant(vec![Part::text("Let me see."), first, call("call_2", "time", "")]),
        user(vec![
            ToolResult { is_error: true, ..ToolResult::text("call_2", "no clock") }.into(),
            result("call_1", "rain"),
            Part::text("go on"),
        ]),
    ]
}

pub(crate) fn candidate(parts: Value, finish: &str) -> Value {
    let mut body = json!({"candidates": [{"finishReason": finish, "index": 0}], "modelVersion": "gemini-x", "responseId": "ab_c"});
    body["candidates"][0]["content"] = json!({"role": "model"});
    body["candidates"][0]["content"]["parts"] = parts;
    body
}

pub(crate) fn read_stream(bytes: &[u8]) -> Result<Vec<Chunk>, Error> {
    read_pieces(&[bytes])
}

pub(crate) fn read_pieces(pieces: &[&[u8]]) -> Result<Vec<Chunk>, Error> {
    crate::streams::read(&Gemini, pieces)
}

pub(crate) fn events(pieces: &[Value]) -> String {
    pieces.iter().map(|piece| format!("data: {piece}\r\n\r\n")).collect()
}

/// One stream with everything: thoughts, text in pieces, a late proof, calls, growing counts.
pub(crate) fn pieces() -> Vec<Value> {
    let piece = |parts: Value| {
        json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7}, "modelVersion": "gemini-x", "responseId": "r"})
    };
    let mut last = piece(json!([{"functionCall": {"name": "g", "args": {}}}]));
    last["candidates"][0]["finishReason"] = json!("STOP");
    last["candidates"][0]["groundingMetadata"] = json!({"a": 1});
    last["usageMetadata"] = json!({"promptTokenCount": 7, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 14});
    vec![
        piece(json!([{"text": "h", "thought": true}])),
        piece(json!([{"text": "m", "thought": true}, {"text": "To"}])),
        piece(json!([{"text": "kyo é"}, {"text": ""}])),
        piece(json!([{"text": "", "thoughtSignature": "c2ln"}])),
        piece(
            json!([{"functionCall": {"name": "f", "id": "1", "args": {"a": [1]}}, "thoughtSignature": "Y2FsbA=="}]),
        ),
        last,
    ]
}

pub(crate) fn write_stream(chunks: &[Chunk]) -> Vec<Value> {
    let mut encoder = Gemini.stream_encoder(&caption());
    let events = chunks.iter().flat_map(|chunk| encoder.chunk(chunk));
    events
        .map(|event| {
            assert_eq!(event.name, "");
            serde_json::from_str(&event.data).unwrap()
        })
        .collect()
}
