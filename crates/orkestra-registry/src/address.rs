//! Where files may be fetched from: HTTPS anywhere, plain HTTP on this machine.

use std::fmt;

use orkestra::{Error, ErrorKind, Result, provider::is_loopback};
use reqwest::{
    Url,
    redirect::{Attempt, Policy},
};

/// A chain of redirects is no longer.
const MOST_REDIRECTS: usize = 5;

/// `text`, which `what` names, as the URL of a folder: joining a file's name to it gives that file's URL.
pub(crate) fn folder(what: &str, text: &str) -> Result<Url> {
    let wrong = |why: String| {
        let expected = "expected one like https://host/folder";
        Err(Error::new(ErrorKind::Config, format!("{what} {why}; {expected}")))
    };
    let Ok(mut url) = Url::parse(text.trim()) else {
        return wrong(format!("is {text:?}, which is not a URL"));
    };
    // The URL is not quoted: what stands there may be a secret.
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return wrong(
            "carries a user name, a password or a query, which would be shown".to_owned(),
        );
    }
    if !may_be_fetched(&url) {
        return wrong(format!(
            "is {text:?}: plain HTTP is used to this machine only, anything else over HTTPS"
        ));
    }
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// `name` below `folder`. Characters that would mean something in a URL are escaped.
pub(crate) fn below(folder: &Url, names: &[&str]) -> Url {
    let mut url = folder.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(names);
    }
    url
}

fn may_be_fetched(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url.as_str()),
        _ => false,
    }
}

/// Follows redirects within the same rule. What began over HTTPS does not even go to this machine over plain HTTP.
pub(crate) fn redirects() -> Policy {
    Policy::custom(|attempt: Attempt<'_>| {
        let was_encrypted = attempt.previous().iter().any(|url| url.scheme() == "https");
        let url = attempt.url();
        if attempt.previous().len() > MOST_REDIRECTS {
            return attempt.error(RefusedRedirect::Endless);
        }
        if !may_be_fetched(url) || (was_encrypted && url.scheme() != "https") {
            let host = url.host_str().unwrap_or("nowhere").to_owned();
            return attempt.error(RefusedRedirect::Unencrypted { host });
        }
        attempt.follow()
    })
}

/// Why a redirect was not followed.
#[derive(Debug)]
pub(crate) enum RefusedRedirect {
    /// One more than are followed.
    Endless,
    /// It would have been read without encryption.
    Unencrypted { host: String },
}

impl RefusedRedirect {
    /// The refusal that `error` stems from.
    pub(crate) fn of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref() {
                return Some(refused);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for RefusedRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endless => {
                write!(f, "redirects more than {MOST_REDIRECTS} times: a loop, or a wrong address")
            }
            Self::Unencrypted { host } => {
                write!(
                    f,
                    "redirects to {host} without encryption, which is refused: expected HTTPS"
                )
            }
        }
    }
}

impl std::error::Error for RefusedRedirect {}
