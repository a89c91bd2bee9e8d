//! Which providers can be called, at which address and with which key.

use std::{fmt, fs};

use orkestra::{
    ErrorKind, MultiProvider, Provider,
    catalogue::{Catalogue, ProviderEntry},
    provider::is_loopback,
};

use super::{Settings, environment::variable};
use crate::failure::Failure;

/// Sent to an API on this machine when no key is set: the vendors' APIs want some key.
const SIMULATED_KEY: &str = "simulated";

/// How a provider is reached.
#[derive(Debug)]
pub(crate) struct Access {
    /// The provider's name in the catalogue.
    pub(crate) name: String,
    /// Where its key comes from; `None`: there is none.
    pub(crate) key_source: Option<KeySource>,
    key: Option<Secret>,
    /// The address, where it is not the catalogue's, and what said so.
    pub(crate) base_url: Option<(String, String)>,
}

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// This environment variable.
    Variable(String),
    /// This file.
    File(String),
    /// None is set, and the API is on this machine.
    Loopback,
    /// The provider takes none.
    NotNeeded,
}

struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Access {
    /// Whether a call has what it takes.
    pub(crate) fn is_ready(&self) -> bool {
        self.key_source.is_some()
    }
}

impl Settings {
    /// Every provider of `catalogue` and how it is reached.
    pub(crate) fn accesses(&self, catalogue: &Catalogue) -> Result<Vec<Access>, Failure> {
        let addresses = self.addresses(catalogue)?;
        let files = self.key_files(catalogue)?;
        let access = |entry: &ProviderEntry| {
            let from_variable = || -> Result<_, Failure> {
                let name = base_url_variable(&entry.name);
                Ok(variable(&name)?.map(|url| (url, name)))
            };
            let flag = addresses.iter().rev().find(|(provider, _)| *provider == entry.name);
            let base_url = match flag {
                Some((_, url)) => Some((url.clone(), "--base-url".to_owned())),
                None => from_variable()?,
            };
            let file = files.iter().rev().find(|(provider, _)| *provider == entry.name);
            let (key, key_source) = match file {
                Some((_, file)) => (
                    Some(Secret(read_key(&entry.name, file)?)),
                    Some(KeySource::File(file.clone())),
                ),
                None => key_of(entry, base_url.as_ref().map(|(url, _)| url.as_str()))?,
            };
            Ok(Access { name: entry.name.clone(), key_source, key, base_url })
        };
        catalogue.providers().iter().map(access).collect()
    }

    /// Those named with -p, else those of `accesses` that have models and that `usable` allows.
    fn pool<'a>(
        &self,
        accesses: &'a [Access],
        catalogue: &Catalogue,
        usable: impl Fn(&Access) -> bool,
    ) -> Result<Vec<&'a Access>, Failure> {
        if self.global.provider.is_empty() {
            let has_models = |access: &Access| {
                catalogue.models().iter().any(|model| model.provider == access.name)
            };
            return Ok(accesses
                .iter()
                .filter(|access| has_models(access) && usable(access))
                .collect());
        }
        let mut pool = Vec::new();
        for name in &self.global.provider {
            let name = &catalogue.provider(name.trim())?.name;
            pool.extend(accesses.iter().find(|access| access.name == *name));
        }
        Ok(pool)
    }

    /// The providers to decide over; keys are not needed. Without a choice these are the families whose outcomes the
    /// router knows, and whoever can be called.
    pub(crate) fn deciders(&self, engine: &orkestra::Settings) -> Result<MultiProvider, Failure> {
        let accesses = self.accesses(&engine.catalogue)?;
        let known = engine.router.heads();
        let usable = |access: &Access| known.contains(&access.name.as_str()) || access.is_ready();
        let pool = self.pool(&accesses, &engine.catalogue, usable)?;
        self.together(&pool, engine)
    }

    /// The providers to call: those that were named, else those that can be.
    pub(crate) fn callers(&self, engine: &orkestra::Settings) -> Result<MultiProvider, Failure> {
        let catalogue = &engine.catalogue;
        let accesses = self.accesses(catalogue)?;
        let pool = self.pool(&accesses, catalogue, Access::is_ready)?;
        if let Some(keyless) = pool.iter().find(|access| !access.is_ready()) {
            let variables = catalogue.provider(&keyless.name)?.key_variables.join(" or ");
            return Err(Failure::new(
                ErrorKind::Unauthenticated,
                format!("no key is set for {}", keyless.name),
                format!("set {variables}, or try `orkestra demo`, which needs none"),
            ));
        }
        if pool.is_empty() {
            let with_models = self.pool(&accesses, catalogue, |_| true)?;
            let entries =
                with_models.iter().filter_map(|access| catalogue.provider(&access.name).ok());
            let variables: Vec<String> =
                entries.map(|entry| entry.key_variables.join(" or ")).collect();
            return Err(Failure::new(
                ErrorKind::Unauthenticated,
                "no provider's key is set",
                format!(
                    "set one of {}; or try `orkestra demo`, which needs none",
                    variables.join(", ")
                ),
            ));
        }
        self.together(&pool, engine)
    }

    fn together(
        &self,
        pool: &[&Access],
        engine: &orkestra::Settings,
    ) -> Result<MultiProvider, Failure> {
        let provider = |access: &&Access| {
            let mut builder =
                Provider::builder(&access.name).settings(engine.clone()).timeouts(self.timeouts());
            if let Some((url, _)) = &access.base_url {
                builder = builder.base_url(url);
            }
            if let Some(Secret(key)) = &access.key {
                builder = builder.keys(separate(key));
            }
            builder.build()
        };
        let providers = pool.iter().map(provider).collect::<orkestra::Result<Vec<_>>>()?;
        Ok(MultiProvider::new(&providers)?)
    }

    /// `--base-url` by provider.
    fn addresses(&self, catalogue: &Catalogue) -> Result<Vec<(String, String)>, Failure> {
        let split = |text: &String| {
            // A URL may hold a "=" of its own, but no provider's name holds a "/".
            let named = text.split_once('=').filter(|(name, _)| !name.contains('/'));
            match (named, &self.global.provider[..]) {
                (Some((name, url)), _) => {
                    Ok((catalogue.provider(name)?.name.clone(), url.to_owned()))
                }
                (None, [only]) => Ok((only.clone(), text.clone())),
                (None, several) => Err(Failure::Usage(
                    format!("--base-url names no provider, and -p names {}", several.len()),
                    Some(
                        "write --base-url PROVIDER=URL, or name exactly one provider with -p"
                            .to_owned(),
                    ),
                )),
            }
        };
        self.global.base_url.iter().map(split).collect()
    }

    /// `--key-file` by provider.
    fn key_files(&self, catalogue: &Catalogue) -> Result<Vec<(String, String)>, Failure> {
        let split = |text: &String| match text.split_once('=') {
            Some((name, file)) => Ok((catalogue.provider(name)?.name.clone(), file.to_owned())),
            // The text is not quoted: it may be a key.
            None => Err(Failure::Usage(
                "--key-file has no \"=\"".to_owned(),
                Some("write --key-file PROVIDER=PATH; the file holds the key".to_owned()),
            )),
        };
        self.global.key_file.iter().map(split).collect()
    }
}

/// The environment variable that moves a provider to another address.
pub(crate) fn base_url_variable(provider: &str) -> String {
    let name = provider
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    format!("ORKESTRA_{}_BASE_URL", name.collect::<String>())
}

fn key_of(
    entry: &ProviderEntry,
    base_url: Option<&str>,
) -> Result<(Option<Secret>, Option<KeySource>), Failure> {
    for name in &entry.key_variables {
        if let Some(key) = variable(name)? {
            return Ok((Some(Secret(key)), Some(KeySource::Variable(name.clone()))));
        }
    }
    if entry.key_variables.is_empty() {
        return Ok((None, Some(KeySource::NotNeeded)));
    }
    if base_url.is_some_and(is_loopback) {
        return Ok((Some(Secret(SIMULATED_KEY.to_owned())), Some(KeySource::Loopback)));
    }
    Ok((None, None))
}

/// The keys that the environment has for a provider at `base_url`.
pub(crate) fn keys_of(
    entry: &ProviderEntry,
    base_url: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let (key, _) = key_of(entry, base_url)?;
    Ok(key.map(|Secret(key)| separate(&key).map(str::to_owned).collect()).unwrap_or_default())
}

/// Several keys share the calls; no vendor's key has a comma.
fn separate(keys: &str) -> impl Iterator<Item = &str> {
    keys.split(',').map(str::trim).filter(|key| !key.is_empty())
}

fn read_key(provider: &str, file: &str) -> Result<String, Failure> {
    fs::read_to_string(file).map(|text| text.trim().to_owned()).map_err(|cause| {
        Failure::new(
            ErrorKind::Config,
            format!("the key file of {provider}, {file}, cannot be read: {cause}"),
            "it must be a text file that holds the key and nothing else",
        )
    })
}
