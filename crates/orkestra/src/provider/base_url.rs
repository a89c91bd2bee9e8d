//! Where a provider is called.

use std::net::IpAddr;

use reqwest::Url;

use crate::error::{Error, ErrorKind, Result};

pub(super) fn check_base_url(provider: &str, base_url: &str, has_key: bool) -> Result<()> {
    let wrong = |why: &str| {
        let expected = "expected one like https://host/path";
        Err(Error::new(ErrorKind::Config, format!("the base URL for {provider} {why}; {expected}")))
    };
    let Ok(url) = Url::parse(base_url) else {
        return wrong(&format!("is {base_url:?}, which is not a URL"));
    };
    // The rest does not quote the URL: its user part or query may be a secret.
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return wrong(
            "carries a user name, a password or a query; keys belong into the key, not into the URL",
        );
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if !has_key || is_loopback(base_url) => Ok(()),
        "http" => {
            wrong(&format!("is {base_url:?}: a key is sent over plain HTTP to this machine only"))
        }
        _ => wrong(&format!("is {base_url:?}, which is neither http nor https")),
    }
}

/// Whether `base_url` leads to this machine.
#[must_use]
pub fn is_loopback(base_url: &str) -> bool {
    let host = Url::parse(base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| {
        let address = host.trim_matches(['[', ']']);
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
