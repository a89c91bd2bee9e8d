//! An answer's bytes, whole or as they arrive.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::Response;

use super::{ChunkStream, deadlines::Deadlines, http::Place, keys::Lease};
use crate::{
    chat::{Chunk, End},
    dialect::{StreamDecoder, sse},
    error::{Error, ErrorKind, Result},
};

/// The largest whole answer that is read; far beyond any model's output.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Reads a whole answer.
pub(super) async fn whole(response: Response, deadlines: Deadlines) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    // The headers of some come at once, long before the model is done.
    let mut deadline = deadlines.total();
    while let Some(piece) = deadline.wait(pieces.next()).await? {
        body.extend_from_slice(&piece.map_err(|cause| broken("answer", cause))?);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the provider answered with more than {MAX_ANSWER_BYTES} bytes"),
            ));
        }
        deadline = deadlines.next();
    }
    Ok(body)
}

/// A streamed answer whose headers are there.
pub(super) struct Arriving {
    pub(super) response: Response,
    pub(super) decoder: Box<dyn StreamDecoder>,
    pub(super) request_id: Option<String>,
    pub(super) simulated: bool,
    pub(super) deadlines: Deadlines,
    pub(super) place: Place,
    pub(super) lease: Lease,
}

impl Arriving {
    /// Its chunks. Bytes are read when a chunk is asked for; dropping the stream closes the connection.
    pub(super) fn chunks(self) -> ChunkStream {
        let Self { response, decoder, request_id, simulated, deadlines, place, lease } = self;
        let chunks = chunks(response.bytes_stream(), decoder, deadlines, simulated);
        let named = move |item: Result<Chunk>| match item {
            Ok(chunk) => Ok(with_request_id(chunk, request_id.as_ref())),
            // The call is lost, but the next one may know better which key to take.
            Err(error) => Err(place.name(lease.failed(error).0)),
        };
        chunks.map(named).boxed()
    }
}

fn chunks(
    bytes: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
    mut decoder: Box<dyn StreamDecoder>,
    deadlines: Deadlines,
    simulated: bool,
) -> ChunkStream {
    let mut parser = sse::Parser::default();
    // Whether there was an event. Comments that keep a connection open are none.
    let mut begun = false;
    // Whether the model has shown signs of work; a provider's own error before any costs nothing.
    let mut working = false;
    async_stream::try_stream! {
        let mut bytes = std::pin::pin!(bytes);
        loop {
            // Counted from here: a caller that takes its time is not the provider's silence.
            let deadline = if begun { deadlines.next() } else { deadlines.first() };
            let piece = deadline.wait(bytes.next()).await;
            let Some(piece) = piece.map_err(|error| error.maybe_billed(simulated))? else { break };
            let piece = piece.map_err(|cause| broken("stream", cause).maybe_billed(simulated))?;
            let events = parser.push(&piece).map_err(|error| error.maybe_billed(simulated))?;
            for event in events {
                begun = true;
                let completed = decoder.event(&event);
                for chunk in completed.map_err(|error| after(working, error, simulated))? {
                    working = true;
                    let ended = matches!(chunk, Chunk::End(_));
                    yield chunk;
                    if ended {
                        return;
                    }
                }
            }
        }
        let mut last = Vec::new();
        if let Some(event) = parser.end() {
            last.extend(decoder.event(&event).map_err(|error| after(working, error, simulated))?);
        }
        if !last.iter().any(|chunk| matches!(chunk, Chunk::End(_))) {
            last.extend(decoder.end().map_err(|error| after(begun, error, simulated))?);
        }
        for chunk in last {
            yield chunk;
        }
    }
    .boxed()
}

fn after(signs_of_work: bool, error: Error, simulated: bool) -> Error {
    if signs_of_work { error.maybe_billed(simulated) } else { error }
}

fn with_request_id(chunk: Chunk, header: Option<&String>) -> Chunk {
    match chunk {
        Chunk::End(end) => {
            Chunk::End(End { request_id: header.cloned().or(end.request_id), ..end })
        }
        other => other,
    }
}

fn broken(what: &str, cause: reqwest::Error) -> Error {
    let message = format!("the provider's {what} was cut before its end: the connection broke");
    // reqwest's own text carries the URL.
    Error::new(ErrorKind::Unavailable, message).because(cause.without_url())
}
