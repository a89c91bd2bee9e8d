//! What is asked of every dialect: nothing that a caller or a provider sends makes it panic, a stream means the same
//! however it is split, and what was read can be written in every dialect.

use orkestra::{
    catalogue::Catalogue,
    chat::{Chunk, DialectName},
    dialect::{self, Call, Caption, Dialect, Failure, sse},
};

/// Models whose rules differ most, by dialect.
const MODELS: [(&str, DialectName); 5] = [
    ("gpt-4o", DialectName::Openai),
    ("gpt-6.1-sol", DialectName::Responses),
    ("claude-haiku-4-5", DialectName::Anthropic),
    ("gemini-2.5-flash-lite", DialectName::Gemini),
    ("gemini-4-argon", DialectName::Gemini),
];

pub fn fuzz(name: DialectName, step: u8, bytes: &[u8]) {
    let dialect = dialect::named(name);
    reply(dialect, bytes);
    request(dialect, bytes);
    let failure =
        Failure { status: 400 + u16::from(step), request_id: None, retry_after: None, body: bytes };
    let error = dialect.error(&failure);
    for other in DialectName::ALL {
        dialect::named(other).write_error(&error);
    }
    let whole = chunks(dialect, std::iter::once(bytes));
    let split = chunks(dialect, bytes.chunks(usize::from(step).max(1)));
    assert_eq!(whole, split);
    for other in DialectName::ALL {
        let mut encoder = dialect::named(other).stream_encoder(&caption());
        whole.iter().for_each(|chunk| drop(encoder.chunk(chunk)));
        encoder.error(&error);
    }
}

fn caption() -> Caption {
    Caption {
        id: "1".to_owned(),
        model: "auto".to_owned(),
        created: 1,
        expected_input_tokens: 1,
        stream_usage: true,
    }
}

fn reply(dialect: &dyn Dialect, bytes: &[u8]) {
    let Ok(reply) = dialect.decode(bytes) else { return };
    for other in DialectName::ALL {
        dialect::named(other).write_reply(&reply, &caption());
        drop(dialect::untold(&reply, other));
    }
}

fn request(dialect: &dyn Dialect, bytes: &[u8]) {
    let path = match dialect.name() {
        DialectName::Gemini => "/v1beta/models/auto:generateContent",
        _ => "/v1",
    };
    let Ok(asked) = dialect.read_request(&Call { path, query: "", headers: &[], body: bytes }) else {
        return;
    };
    let valid = asked.request.validate().is_ok();
    for (model, name) in MODELS {
        let Ok(model) = Catalogue::builtin().model(model) else { continue };
        // The engine checks before it encodes; without the check there may be nonsense, but no panic.
        let fitted = dialect::fit(&asked.request, model, name);
        let encoded = dialect::named(name).encode(&fitted.request, model, asked.stream);
        assert!(!valid || encoded.body.is_object());
    }
}

fn chunks<'a>(dialect: &dyn Dialect, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Chunk> {
    let (mut parser, mut decoder) = (sse::Parser::default(), dialect.stream_decoder());
    let mut chunks = Vec::new();
    for piece in pieces {
        let Ok(events) = parser.push(piece) else { return chunks };
        for event in events {
            match decoder.event(&event) {
                Ok(found) => chunks.extend(found),
                Err(_) => return chunks,
            }
        }
    }
    if let Some(event) = parser.end() {
        match decoder.event(&event) {
            Ok(found) => chunks.extend(found),
            Err(_) => return chunks,
        }
    }
    chunks.extend(decoder.end().unwrap_or_default());
    chunks
}
