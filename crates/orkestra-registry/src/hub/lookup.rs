//! Asking the hub what a file is, before its bytes are fetched.

use orkestra::{Error, ErrorKind, Result};
use reqwest::{
    Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, LOCATION},
};

use super::{Line, cache::Repository};
use crate::{
    digest::is_sha256,
    fetch::{host, refused},
    manifest::{config, is_file_name},
};

/// A repository that was renamed redirects below the same host; no chain is longer.
const MOST_REDIRECTS: usize = 5;

/// What the hub says of a file.
#[derive(Debug)]
pub(super) struct Found {
    /// The commit that the revision stands for.
    pub(super) commit: String,
    /// Names the contents: a SHA-256 for large files, the version control's own hash for others.
    pub(super) etag: String,
    pub(super) size: Option<u64>,
}

impl Found {
    /// The contents' SHA-256, where the hub says it.
    pub(super) fn sha256(&self) -> Option<String> {
        is_sha256(&self.etag).then(|| self.etag.clone())
    }
}

impl Line<'_> {
    /// Asks for a file's commit, hash and size; `None` when the repository does not have it.
    pub(super) async fn look_up(
        &self,
        place: &Repository,
        revision: &str,
        name: &str,
    ) -> Result<Option<Found>> {
        let what = format!("{name} of {}", place.title());
        let mut url = self.url(place, revision, name);
        let mut response = self.asked(&what, &url).await?;
        for _ in 0..MOST_REDIRECTS {
            let Some(next) = moved(&response, &url) else { break };
            url = next;
            response = self.asked(&what, &url).await?;
        }
        let status = response.status();
        // The hub tells a missing file from a missing repository.
        let code = text(response.headers(), "x-error-code").unwrap_or_default();
        if status == StatusCode::NOT_FOUND && matches!(code, "EntryNotFound" | "") {
            return Ok(None);
        }
        if !status.is_success() && !status.is_redirection() {
            return Err(refused(&what, &response));
        }
        found(response.headers()).map(Some).ok_or_else(|| {
            let host = host(&url);
            config(format!(
                "{what}: {host} does not answer like the Hugging Face hub: it names no commit or no ETag"
            ))
        })
    }

    async fn asked(&self, what: &str, url: &Url) -> Result<Response> {
        self.asking
            .again(what, self.progress, async || {
                let mut request = self.asking.head(url);
                if let Some(authorization) = self.hub.authorization()? {
                    request = request.header(AUTHORIZATION, authorization);
                }
                let response = self.asking.send(what, url, request).await?;
                if response.status().is_server_error()
                    || response.status() == StatusCode::TOO_MANY_REQUESTS
                {
                    return Err(refused(what, &response));
                }
                Ok(response)
            })
            .await
    }
}

/// Where a redirect below the same host leads. One to another host leads to the bytes, and is followed when they are
/// fetched.
fn moved(response: &Response, url: &Url) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let relative = location.starts_with('/') && !location.starts_with("//");
    (response.status().is_redirection() && relative).then(|| url.join(location).ok())?
}

fn found(headers: &HeaderMap) -> Option<Found> {
    let commit = text(headers, "x-repo-commit").filter(|commit| is_file_name(commit))?.to_owned();
    let linked = text(headers, "x-linked-etag");
    let etag = linked.or_else(|| text(headers, ETAG.as_str()))?;
    let etag = etag.trim_start_matches("W/").trim_matches('"').to_owned();
    let size = text(headers, "x-linked-size")
        .or_else(|| text(headers, CONTENT_LENGTH.as_str()).filter(|_| linked.is_none()));
    let size = size.and_then(|size| size.parse().ok());
    is_file_name(&etag).then_some(Found { commit, etag, size })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Repository {
    /// Reads `repository` and `revision`, which become parts of paths and addresses.
    pub(super) fn check(repository: &str, revision: &str) -> Result<()> {
        let parts: Vec<&str> = repository.split('/').collect();
        if parts.len() > 2 || !parts.iter().all(|part| is_file_name(part)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{repository:?} is no repository of the hub; expected one like allenai/longformer-base-4096"
                ),
            ));
        }
        if !revision.split('/').all(is_file_name) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("{revision:?} is no revision; expected a branch, a tag or a commit"),
            ));
        }
        Ok(())
    }
}
