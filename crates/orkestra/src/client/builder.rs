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
    max_retries: Option<u32>,
    headers: Vec<(String, SecretString)>,
    smart_routing: bool,
    default_model: Option<String>,
    settings: Option<Settings>,
}

impl ProviderBuilder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: None,
            base_url: None,
            timeouts: Timeouts::default(),
            max_retries: None,
            headers: Vec::new(),
            smart_routing: true,
            default_model: None,
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

    /// So many more calls of the same model when one fails in a way that may pass. Default: the settings', which is 2.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = Some(max_retries);
        self
    }

    /// A header that is sent with each call, such as a gateway's. It may be a secret.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), SecretString::from(value.into())));
        self
    }

    /// Whether the router chooses the model. Default: true. When off, [`default_model`](Self::default_model) is called,
    /// or else the model that savings are measured against.
    pub fn smart_routing(mut self, smart_routing: bool) -> Self {
        self.smart_routing = smart_routing;
        self
    }

    /// The model to call while [`smart_routing`](Self::smart_routing) is off.
    pub fn default_model(mut self, model: impl Into<String>) -> Self {
        self.default_model = Some(model.into());
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
    /// base URL that is none or would carry the key unencrypted, and for a header that is none.
    pub fn build(self) -> Result<Provider> {
        let mut settings = match self.settings {
            Some(settings) => settings,
            None => Settings { recorder: Recorder::at_home()?, ..Settings::new()? },
        };
        if let Some(max_retries) = self.max_retries {
            settings.resilience.retry.max_retries = max_retries;
        }
        // A name that is wrong is found now, not at the first call without routing.
        if let Some(model) = &self.default_model {
            settings.catalogue.model(model)?;
        }
        if !self.smart_routing {
            settings.smart_routing = false;
            settings.default_model = self.default_model.or(settings.default_model);
        }
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
        let headers = self.headers.iter().map(|(name, value)| (&**name, value.expose_secret()));
        let upstream = upstream.with_headers(headers)?;
        Provider::over(Arc::new(upstream), settings)
    }
}
