//! One file: fetched in as many tries as it takes, compared, and put in its place.

use std::path::{Path, PathBuf};

use orkestra::{Error, ErrorKind, Result};
use reqwest::{
    RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE},
};
use tokio::time::timeout;

use super::{
    Fetcher,
    answer::{host, refused},
    part::{Part, discard_empty, forget_etag},
};
use crate::{
    digest,
    place::failed,
    progress::{Event, Progress},
};

/// A file to fetch.
#[derive(Debug)]
pub(crate) struct File {
    /// What messages call it.
    pub(crate) what: String,
    pub(crate) url: Url,
    /// Where it grows. Its name must stand for the contents.
    pub(crate) part: PathBuf,
    /// Its bytes, where they are known beforehand.
    pub(crate) size: Option<u64>,
    /// Its SHA-256 in lower-case hex, where it is known beforehand.
    pub(crate) sha256: Option<String>,
    /// Sent to the URL's own host only.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Fetcher {
    /// Fetches `file` into its part, which is then whole, on the disk and as it should be. The caller holds a lock.
    ///
    /// # Errors
    /// What it says about the network, the disk or the contents. A part of the right contents is kept for the next try.
    pub(crate) async fn file(&self, file: &File, progress: &dyn Progress) -> Result<u64> {
        let limit = self.patience.total;
        let fetched = timeout(limit, self.whole(file, progress)).await.unwrap_or_else(|_| {
            let (what, limit) = (&file.what, limit.as_secs_f64());
            let message = format!(
                "{what} could not be fetched within {limit} s; what is there is kept, and the next try goes on from it"
            );
            Err(Error::new(ErrorKind::Timeout, message))
        });
        let fetched = fetched.inspect_err(|_| discard_empty(&file.part))?;
        progress.event(&Event::Finished { what: &file.what, size: fetched });
        Ok(fetched)
    }

    async fn whole(&self, file: &File, progress: &dyn Progress) -> Result<u64> {
        let mut part = Part::open(&file.part)?;
        loop {
            self.again(&file.what, progress, async || {
                self.attempt(file, &mut part, progress).await
            })
            .await?;
            part.sync().map_err(|cause| unwritten(file, &part, cause))?;
            // Read back from the disk: what is there is what will be used.
            let (size, found) =
                digest::of_file(part.path()).map_err(|cause| failed(part.path(), "read", cause))?;
            let Some(expected) = file.sha256.as_ref().filter(|expected| **expected != found) else {
                return Ok(size);
            };
            if part.is_inherited() {
                // The older bytes may be the wrong ones.
                part.restart(None)?;
                continue;
            }
            let message = format!(
                "{} was fetched whole, but its SHA-256 is {found}, expected {expected}; nothing was kept: the file on {} is damaged or another one",
                file.what,
                host(&file.url)
            );
            part.discard()?;
            return Err(Error::new(ErrorKind::Config, message));
        }
    }

    /// One request, and as much of its answer as comes.
    async fn attempt(&self, file: &File, part: &mut Part, progress: &dyn Progress) -> Result<()> {
        part.inherit();
        if file.size.is_some_and(|size| part.length() > size) {
            part.restart(None)?;
        }
        if part.length() > 0 && file.size == Some(part.length()) {
            return Ok(());
        }
        let sent = self.send(&file.what, &file.url, self.request(file, part)).await;
        // Its server was there a moment ago.
        let worth_it = |error: Error| match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Timeout => error.retryable(),
            _ => error,
        };
        let mut response = begin(file, part, sent.map_err(worth_it)?)?;
        let size = file.size.or_else(|| Some(part.length() + response.content_length()?));
        progress.event(&Event::Started {
            what: &file.what,
            host: &host(response.url()),
            at: part.length(),
            size,
        });
        while let Some(piece) = self.piece(&file.what, &mut response).await? {
            if size.is_some_and(|size| part.length() + piece.len() as u64 > size) {
                let sent = part.length() + piece.len() as u64;
                part.restart(None)?;
                return Err(wrong_size(file, &format!("more than {sent}"), size));
            }
            part.append(&piece).map_err(|cause| unwritten(file, part, cause))?;
            progress.event(&Event::Received { at: part.length(), size });
        }
        match size {
            Some(size) if part.length() < size => {
                let message = format!(
                    "{} was cut after {} of {size} bytes; what is there is kept, and the next try goes on from it",
                    file.what,
                    part.length()
                );
                Err(Error::new(ErrorKind::Unavailable, message))
            }
            _ => Ok(()),
        }
    }

    fn request(&self, file: &File, part: &Part) -> RequestBuilder {
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &file.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let etag = part.etag().and_then(|etag| HeaderValue::from_str(&etag).ok());
        // Without one, only a hash can tell that old and new bytes are of the same file.
        let can_go_on = part.length() > 0 && (etag.is_some() || file.sha256.is_some());
        if can_go_on && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", part.length()))
        {
            headers.insert(RANGE, range);
            headers.extend(etag.map(|etag| (IF_RANGE, etag)));
        }
        self.get(&file.url).headers(headers)
    }
}

/// Makes the part ready for what the answer brings.
fn begin(file: &File, part: &mut Part, response: Response) -> Result<Response> {
    let etag = strong_etag(&response);
    match response.status() {
        StatusCode::PARTIAL_CONTENT if continues(&response, part.length(), file.size) => {}
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            part.restart(None)?;
            let host = host(response.url());
            let message =
                format!("{}: {host} answered with another range than asked for", file.what);
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        StatusCode::OK => {
            let announced = response.content_length();
            if let (Some(size), Some(announced)) = (file.size, announced)
                && size != announced
            {
                part.restart(None)?;
                return Err(wrong_size(file, &announced.to_string(), Some(size)));
            }
            part.restart(etag.as_deref())?;
        }
        _ => return Err(refused(&file.what, &response)),
    }
    Ok(response)
}

/// Whether a partial answer begins where the part ends.
fn continues(response: &Response, at: u64, size: Option<u64>) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let Some((range, whole)) =
        range.and_then(|range| range.strip_prefix("bytes ")?.split_once('/'))
    else {
        return false;
    };
    let start = range.split('-').next().and_then(|start| start.trim().parse::<u64>().ok());
    let fits = size.is_none_or(|size| whole == "*" || whole.parse() == Ok(size));
    start == Some(at) && fits
}

/// The version of the file that the server names. A weak one does not promise the same bytes.
fn strong_etag(response: &Response) -> Option<String> {
    let etag = response.headers().get(ETAG)?.to_str().ok()?;
    (etag.len() <= 1024 && etag.starts_with('"')).then(|| etag.to_owned())
}

fn wrong_size(file: &File, found: &str, expected: Option<u64>) -> Error {
    let expected = expected.map_or_else(|| "another".to_owned(), |size| size.to_string());
    let message = format!(
        "{} is {found} bytes on {}, expected {expected}; nothing was kept: the file there is damaged or another one",
        file.what,
        host(&file.url)
    );
    Error::new(ErrorKind::Config, message)
}

fn unwritten(file: &File, part: &Part, cause: std::io::Error) -> Error {
    let of = file.size.map_or_else(String::new, |size| format!(" of {size}"));
    let message = format!(
        "{} cannot be written after {}{of} bytes: {cause} ({}); make room, and the next try goes on from there",
        file.what,
        part.length(),
        part.path().display()
    );
    Error::new(ErrorKind::Storage, message).because(cause)
}

impl File {
    /// Renames the whole part to `place`.
    pub(crate) fn put(&self, place: &Path) -> Result<()> {
        crate::place::rename(&self.part, place).map_err(|cause| failed(place, "written", cause))?;
        forget_etag(&self.part);
        Ok(())
    }

    /// Removes what was fetched.
    pub(crate) fn discard(&self) -> Result<()> {
        super::part::discard(&self.part)
    }
}
