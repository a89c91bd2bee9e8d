//! Streams in a dialect, read from bytes and written to bytes.

use orkestra::{
    Error,
    chat::{Assembly, Chunk, Reply},
    dialect::{Caption, Dialect, sse},
};

/// The chunks that the pieces of a stream hold.
pub(crate) fn read(dialect: &dyn Dialect, pieces: &[&[u8]]) -> Result<Vec<Chunk>, Error> {
    let (mut parser, mut decoder) = (sse::Parser::default(), dialect.stream_decoder());
    let mut chunks = Vec::new();
    for piece in pieces {
        for event in parser.push(piece)? {
            chunks.extend(decoder.event(&event)?);
        }
    }
    if let Some(event) = parser.end() {
        chunks.extend(decoder.event(&event)?);
    }
    // Also after an end that the stream itself told: it must not be told twice.
    chunks.extend(decoder.end()?);
    Ok(chunks)
}

/// The events that a caller gets of `chunks`.
pub(crate) fn events(
    dialect: &dyn Dialect,
    chunks: &[Chunk],
    caption: &Caption,
) -> Vec<sse::Event> {
    let mut encoder = dialect.stream_encoder(caption);
    chunks.iter().flat_map(|chunk| encoder.chunk(chunk)).collect()
}

/// The stream that a caller gets of `chunks`.
pub(crate) fn write(dialect: &dyn Dialect, chunks: &[Chunk], caption: &Caption) -> Vec<u8> {
    events(dialect, chunks, caption).iter().flat_map(sse::Event::to_bytes).collect()
}

/// The answer that `chunks` are the pieces of.
pub(crate) fn assembled(chunks: &[Chunk]) -> Reply {
    let mut assembly = Assembly::default();
    chunks.iter().for_each(|chunk| assembly.add(chunk));
    let end = chunks.iter().find_map(|chunk| match chunk {
        Chunk::End(end) => Some(end.clone()),
        _ => None,
    });
    assembly.finish(end.expect("the stream has an end"))
}

/// `bytes` cut at `cuts`, wherever they fall.
pub(crate) fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// What an answer says besides the model's words.
pub(crate) fn caption() -> Caption {
    Caption {
        id: "1a2b".into(),
        model: "gpt-4.1".into(),
        created: 1_700_000_000,
        expected_input_tokens: 7,
        stream_usage: true,
    }
}
