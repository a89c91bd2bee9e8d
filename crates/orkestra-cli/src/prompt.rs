//! From arguments and standard input to a request.

use std::io::{self, IsTerminal, Read};

use orkestra::{Error, ErrorKind, chat::Request};

use crate::{args::Asking, failure::Failure};

/// More than this is not even read; the engine refuses a prompt of far less.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The request that was asked for.
pub(crate) fn request(asking: &Asking) -> Result<Request, Failure> {
    let prompt = match asking.prompt.as_deref() {
        Some("-") => from_stdin()?,
        Some(prompt) => prompt.to_owned(),
        None if io::stdin().is_terminal() => {
            return Err(Failure::Usage(
                "there is no prompt".to_owned(),
                Some("give it as an argument, or pipe it in".to_owned()),
            ));
        }
        None => from_stdin()?,
    };
    Ok(with_options(Request::from(prompt), asking))
}

/// `request` with the options of `asking`.
pub(crate) fn with_options(mut request: Request, asking: &Asking) -> Request {
    if let Some(system) = &asking.system {
        request = request.system(system);
    }
    request.model.clone_from(&asking.model);
    match asking.max_tokens {
        Some(max_tokens) => request.max_tokens(max_tokens),
        None => request,
    }
}

/// All of standard input as text, without the line break at its end.
pub(crate) fn from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|cause| {
        Error::new(ErrorKind::InvalidRequest, format!("standard input cannot be read: {cause}"))
            .because(cause)
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::new(
            ErrorKind::TooLong,
            format!("standard input has more than {MOST_BYTES} bytes (256 MiB)"),
            "a prompt takes up to 16 MiB; split a batch into several files",
        ));
    }
    let mut text = text(bytes, "standard input")?;
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(text)
}

/// `bytes` of `source` as text.
pub(crate) fn text(bytes: Vec<u8>, source: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|cause| {
        let position = cause.utf8_error().valid_up_to();
        let byte = cause.as_bytes().get(position).copied().unwrap_or_default();
        Failure::new(
            ErrorKind::InvalidRequest,
            format!("{source} is not UTF-8 text: byte 0x{byte:02x} at position {position}"),
            "convert it first, for instance with `iconv -f latin1 -t utf-8`",
        )
    })
}
