//! A caller's request, sent to every API.

use orkestra::{
    catalogue::Catalogue,
    dialect::{self, Asked, Call, Encoded, fit},
};
use serde_json::{Value, json};

use crate::{
    differences::{Differences, Of},
    goldens::{self, Cell, Recorded},
    spelling,
};
use orkestra::chat::DialectName;

/// The golden request of `cell`'s caller, who wants a stream where the cell is about streams.
fn asked(cell: &Cell) -> Recorded {
    let mut call = goldens::request(cell.feature, cell.from);
    if cell.stream {
        match cell.from {
            DialectName::Gemini => {
                call.path = call.path.replace(":generateContent", ":streamGenerateContent");
                "alt=sse".clone_into(&mut call.query);
            }
            _ => call.body["stream"] = true.into(),
        }
    }
    call
}

fn read(call: &Recorded, dialect: DialectName) -> Result<Asked, orkestra::Error> {
    let headers: Vec<(String, String)> =
        call.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let body = call.body.to_string();
    dialect::named(dialect).read_request(&Call {
        path: &call.path,
        query: &call.query,
        headers: &headers,
        body: body.as_bytes(),
    })
}

/// Takes out of `encoded` what asks for a stream; tells what is wrong with it.
fn take_stream(cell: &Cell, encoded: &mut Encoded) -> Vec<String> {
    let twin = goldens::request(cell.feature, cell.to);
    let fields = encoded.body.as_object_mut().expect("a body is an object");
    let stream = fields.shift_remove("stream").unwrap_or(Value::Bool(false));
    let options = fields.shift_remove("stream_options").unwrap_or_default();
    let expected = match cell.to {
        DialectName::Gemini => (json!(false), Value::Null),
        DialectName::Openai if cell.stream => (json!(true), json!({"include_usage": true})),
        _ => (json!(cell.stream), Value::Null),
    };
    let path = match cell.to {
        DialectName::Gemini if cell.stream => {
            twin.path.replace(":generateContent", ":streamGenerateContent?alt=sse")
        }
        _ => twin.path,
    };
    // The SDK calls v1; what some models take is in v1beta alone.
    let path = path.replace("/v1/models", "/v1beta/models");
    let mut complaints = Vec::new();
    if (stream.clone(), options.clone()) != expected {
        complaints.push(format!("stream is {stream}, its options are {options}"));
    }
    if !path.ends_with(&encoded.path) {
        complaints.push(format!("the path is {}, of the golden call {path}", encoded.path));
    }
    complaints
}

/// The headers of a call that its caller made on purpose come along where the API stays the same.
fn compare_headers(cell: &Cell, encoded: &Encoded) -> Vec<String> {
    let twin = goldens::request(cell.feature, cell.to);
    let mut expected: Vec<(String, String)> = twin.headers.into_iter().collect();
    expected
        .retain(|(name, _)| name != "content-type" && (cell.is_home() || name != "anthropic-beta"));
    for (name, value) in &mut expected {
        // The version decides what the answer looks like; it is the one that we read.
        if name == "anthropic-version" {
            "2023-06-01".clone_into(value);
        }
    }
    let mut came = encoded.headers.clone();
    came.sort();
    if came == expected { vec![] } else { vec![format!("headers {came:?}, expected {expected:?}")] }
}

fn complaints(cell: &Cell, listed: &Differences) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let name = goldens::model(cell.feature, cell.to);
    let model = catalogue.model(&name).unwrap();
    let call = asked(cell);
    let asked = match read(&call, cell.from) {
        Ok(asked) => asked,
        Err(error) => return vec![format!("not read: {error}")],
    };
    let mut complaints = Vec::new();
    if asked.stream != cell.stream {
        complaints.push(format!("a stream was read as {}", asked.stream));
    }
    let fitted = fit(&asked.request, model, cell.to);
    let mut encoded = dialect::named(cell.to).encode(&fitted.request, model, cell.stream);
    complaints.extend(take_stream(cell, &mut encoded));
    complaints.extend(compare_headers(cell, &encoded));
    let twin = goldens::request(cell.feature, cell.to).body;
    let came = spelling::request(cell.to, &encoded.body);
    complaints.extend(listed.compare(cell, &came, &spelling::request(cell.to, &twin)));
    let warnings = [fitted.warnings, encoded.warnings].concat();
    complaints.extend(listed.compare_warnings(cell, &warnings));
    complaints
}

#[test]
fn every_request_arrives_in_every_api_as_its_twin_or_as_listed() {
    let listed = Differences::read(Of::Request);
    listed.hold(|cell| complaints(cell, &listed));
}
