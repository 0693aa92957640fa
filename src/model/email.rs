//! Owns the written form of an email address. Leaves whether anyone reads it to those who send to it.

use std::fmt;

use thiserror::Error;

/// An email address, plausible by its form; only a message can tell whether it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// Why a text is no email address.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("an email address looks like name@example.com")]
pub struct InvalidEmail;

impl Email {
    /// Takes one `@` with something before it and a host after it, without spaces and control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let (local, host) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\\\"@[]".contains(c);
        if local.is_empty() || host.is_empty() || text.len() > 254 || local.contains(odd) || host.contains(odd) {
            return Err(InvalidEmail);
        }
        Ok(Self(text.to_owned()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
