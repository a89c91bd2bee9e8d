//! A provider's key, which nothing prints.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};

/// No vendor's key is as short as that; what people put in its place for a local server are words, and would be blotted
/// out of every sentence.
const SHORTEST_SECRET: usize = 8;

/// A provider's key. Neither `Debug` nor any error shows it, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Key(SecretString);

impl Key {
    /// Takes `key` for `provider`; surrounding white space is not part of it.
    ///
    /// # Errors
    /// [`Unauthenticated`](ErrorKind::Unauthenticated) when it is empty or cannot stand in an HTTP header.
    pub fn new(provider: &str, key: &str) -> Result<Self> {
        let key = key.trim();
        if key.is_empty() {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                format!("the key for {provider} is empty"),
            ));
        }
        if !key.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                format!(
                    "the key for {provider} has a character that no key has (a space, a line break or a letter with an accent); copy it again"
                ),
            ));
        }
        Ok(Self(key.to_owned().into()))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` without this key, in case a provider quotes what it was sent.
    pub(super) fn redact(&self, text: &str) -> String {
        if self.expose().len() < SHORTEST_SECRET {
            return text.to_owned();
        }
        text.replace(self.expose(), "***")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_quotes_the_key_does_not_get_it_through() {
        let key = Key::new("openai", " sk-quoted-1234 \n").unwrap();
        assert_eq!(key.redact("Incorrect key sk-quoted-1234."), "Incorrect key ***.");
        assert_eq!(format!("{key:?}"), "Key(***)");
        let word = Key::new("openai", "test").unwrap();
        assert_eq!(word.redact("the latest test"), "the latest test");
    }
}
