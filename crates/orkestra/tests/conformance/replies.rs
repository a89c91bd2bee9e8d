//! A provider's answer, given to every API's caller.

use orkestra::{
    chat::{Assembly, Chunk, DialectName, Reply},
    dialect::{self, Caption, sse},
};
use serde_json::{Value, json};

use crate::{
    differences::{Differences, Of},
    goldens::{self, Cell},
    spelling, streamed,
};

/// What the answer says besides the model's words: as the provider said it.
fn caption(golden: &Value) -> Caption {
    let text = |name: &str| golden[name].as_str().map(str::to_owned);
    Caption {
        id: text("id").or_else(|| text("responseId")).unwrap(),
        model: text("model").or_else(|| text("modelVersion")).unwrap(),
        created: golden["created"].as_i64().or(golden["created_at"].as_i64()).unwrap_or_default(),
        expected_input_tokens: 7,
        stream_usage: true,
    }
}

/// What the caller gets, and what he is warned of.
type Written = (Value, Vec<String>);

fn whole(cell: &Cell) -> Result<Written, orkestra::Error> {
    let golden = goldens::reply(cell.feature, cell.from);
    let reply = dialect::named(cell.from).decode(golden.to_string().as_bytes())?;
    let written = dialect::named(cell.to).write_reply(&reply, &caption(&golden));
    Ok((written, dialect::untold(&reply, cell.to)))
}

fn chunks(cell: &Cell) -> Result<Vec<Chunk>, orkestra::Error> {
    let text = goldens::stream(cell.feature, cell.from);
    let (mut parser, mut decoder) =
        (sse::Parser::default(), dialect::named(cell.from).stream_decoder());
    let mut chunks = Vec::new();
    for event in parser.push(text.as_bytes())? {
        chunks.extend(decoder.event(&event)?);
    }
    if let Some(event) = parser.end() {
        chunks.extend(decoder.event(&event)?);
    }
    chunks.extend(decoder.end()?);
    Ok(chunks)
}

/// The answer that `chunks` are the pieces of.
fn assembled(chunks: &[Chunk]) -> Reply {
    let mut assembly = Assembly::default();
    chunks.iter().for_each(|chunk| assembly.add(chunk));
    let Some(Chunk::End(end)) = chunks.last() else { panic!("no end: {chunks:?}") };
    assembly.finish(end.clone())
}

fn stream(cell: &Cell) -> Result<Written, orkestra::Error> {
    let golden = goldens::reply(cell.feature, cell.from);
    let mut encoder = dialect::named(cell.to).stream_encoder(&caption(&golden));
    let chunks = chunks(cell)?;
    let bytes: Vec<u8> = chunks
        .iter()
        .flat_map(|chunk| encoder.chunk(chunk))
        .flat_map(|event| event.to_bytes())
        .collect();
    let written = streamed::whole(cell.to, std::str::from_utf8(&bytes).unwrap());
    Ok((written, dialect::untold(&assembled(&chunks), cell.to)))
}

fn complaints(cell: &Cell, listed: &Differences) -> Vec<String> {
    let came = if cell.stream { stream(cell) } else { whole(cell) };
    let (came, warnings) = match came {
        Ok(written) => written,
        Err(error) => return vec![format!("not read: {error}")],
    };
    let twin = if cell.stream {
        streamed::whole(cell.to, &goldens::stream(cell.feature, cell.to))
    } else {
        goldens::reply(cell.feature, cell.to)
    };
    let (spelt, expected) = (spelling::reply(cell.to, &came), spelling::reply(cell.to, &twin));
    let mut complaints = listed.compare(cell, &spelt, &expected);
    complaints.extend(listed.compare_warnings(cell, &warnings));
    if cell.is_home() && !cell.stream {
        complaints.extend(goldens::differences("", &bare(&came), &bare(&twin)));
    }
    complaints
}

/// An answer without what is ours to say, the ids of its items, and without counts of nothing.
fn bare(answer: &Value) -> Value {
    let mut answer = answer.clone();
    for item in answer["output"].as_array_mut().into_iter().flatten() {
        item.as_object_mut().unwrap().shift_remove("id");
    }
    without_nothing(&answer)
}

fn without_nothing(value: &Value) -> Value {
    let says = |value: &Value| !(value.is_null() || *value == 0 || *value == json!({}));
    match value {
        Value::Array(items) => items.iter().map(without_nothing).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), without_nothing(value)));
            fields.filter(|(_, value)| says(value)).collect()
        }
        _ => value.clone(),
    }
}

#[test]
fn every_answer_reaches_every_caller_as_its_twin_or_as_listed() {
    let listed = Differences::read(Of::Reply);
    listed.hold(|cell| complaints(cell, &listed));
}

#[test]
fn a_streamed_answer_is_the_whole_one() {
    for feature in goldens::FEATURES {
        for from in goldens::DIALECTS {
            let cell = Cell { feature, from, to: from, stream: true };
            let golden = goldens::reply(feature, from);
            let reply = dialect::named(from).decode(golden.to_string().as_bytes()).unwrap();
            let streamed = assembled(&chunks(&cell).unwrap());
            assert_eq!(streamed.usage, reply.usage, "{cell:?}");
            assert_eq!(streamed.text(), reply.text(), "{cell:?}");
            assert_eq!(streamed.finish_reason, reply.finish_reason, "{cell:?}");
            assert_eq!(streamed.stop_sequence, reply.stop_sequence, "{cell:?}");
            let calls = |reply: &Reply| -> Vec<_> {
                reply
                    .tool_calls()
                    .map(|call| {
                        (call.id.clone(), call.name.clone(), arguments(from, &call.arguments))
                    })
                    .collect()
            };
            assert_eq!(calls(&streamed), calls(&reply), "{cell:?}");
        }
    }
}

/// Arguments are compared as text; those that a whole answer holds as an object have lost their blanks.
fn arguments(dialect: DialectName, text: &str) -> String {
    match dialect {
        DialectName::Anthropic | DialectName::Gemini => {
            serde_json::from_str::<Value>(text).unwrap().to_string()
        }
        _ => text.to_owned(),
    }
}
