//! A provider with other settings than the defaults.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::Provider;
use crate::{
    engine::Settings,
    error::{Error, ErrorKind, Result},
    ledger::Recorder,
    provider::{HttpUpstream, Key, Timeouts},
};

/// Collects what a [`Provider`] shall be made of.
#[derive(Debug)]
#[must_use = "call build()"]
pub struct ProviderBuilder {
    name: String,
    // Secret, so that the builder's Debug does not show them either.
    keys: Option<Vec<SecretString>>,
    base_url: Option<String>,
    timeouts: Timeouts,
    settings: Option<Settings>,
}

impl ProviderBuilder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: None,
            base_url: None,
            timeouts: Timeouts::default(),
            settings: None,
        }
    }

    /// The key that calls are made with. A provider that is only asked to [`route`](Provider::route) needs none.
    pub fn key(self, key: impl Into<String>) -> Self {
        self.keys([key])
    }

    /// The keys that calls are made with, when there are several, in place of any named before. The one with the fewest
    /// calls under way is next; one that is too fast rests, and one that the provider refuses is set aside.
    pub fn keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let keys = keys.into_iter().map(|key| SecretString::from(key.into()));
        self.keys = Some(keys.collect());
        self
    }

    /// Another address than the catalogue's. Plain HTTP with a key is for loopback only.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Other deadlines than the defaults.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Other settings than the defaults, which keep a ledger at `~/.orkestra/ledger.db`.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Makes the provider.
    ///
    /// # Errors
    /// [`UnknownModel`](crate::ErrorKind::UnknownModel) for a name that the catalogue does not have,
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) for an empty key or list of keys, [`Config`](crate::ErrorKind::Config) for a
    /// base URL that is none or would carry the key unencrypted.
    pub fn build(self) -> Result<Provider> {
        let settings = match self.settings {
            Some(settings) => settings,
            None => Settings { recorder: Recorder::at_home()?, ..Settings::new()? },
        };
        let entry = settings.catalogue.provider(&self.name)?;
        let keys = match self.keys {
            None => Vec::new(),
            Some(keys) if keys.is_empty() => {
                let message = format!("the list of keys for {} is empty", self.name);
                return Err(Error::new(ErrorKind::Unauthenticated, message));
            }
            Some(keys) => {
                let key = |key: &SecretString| Key::new(&self.name, key.expose_secret());
                keys.iter().map(key).collect::<Result<_>>()?
            }
        };
        let upstream = HttpUpstream::new(entry, self.base_url.as_deref(), keys, self.timeouts)?;
        Provider::over(Arc::new(upstream), settings)
    }
}
