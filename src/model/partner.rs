//! Owns what a partner is: the platform's own authorization server, where a client's reciprocal codes are exchanged. Leaves
//! calling it to `partners/`.

use std::fmt;

use thiserror::Error;
use url::Url;

use crate::model::ids::ClientId;
use crate::model::redirect_uri::is_loopback;
use crate::model::scope::Scope;
use crate::model::secret::sha256;

/// The short name of a partner, such as `alexa`; the `audience` of a token exchange (RFC 8693 section 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerName(String);

/// Why a text is no name of a partner.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a partner's name has 1 to 32 lower-case letters, digits and hyphens, for example alexa")]
pub struct InvalidPartnerName;

impl PartnerName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, InvalidPartnerName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidPartnerName) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartnerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address of a partner's token endpoint: https, or a server on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerUrl(Url);

/// Why a text is no address of a token endpoint.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidPartnerUrl {
    /// Not an absolute http(s) URL.
    #[error("write it whole, for example https://api.amazon.com/auth/o2/token")]
    Malformed,
    /// Plain http to another machine.
    #[error("it must be https: the client secret and the tokens travel there; plain http is for loopback alone")]
    Insecure,
    /// A fragment (RFC 6749 section 3.2), or user info, which belongs into the credentials.
    #[error("leave out the user name, the password and the fragment")]
    Surplus,
}

impl PartnerUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, InvalidPartnerUrl> {
        let url = Url::parse(text).map_err(|_| InvalidPartnerUrl::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(InvalidPartnerUrl::Insecure),
            _ => return Err(InvalidPartnerUrl::Malformed),
        }
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidPartnerUrl::Surplus);
        }
        Ok(Self(url))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for PartnerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The partner of a client, as the operator configured it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Whose reciprocal codes it takes.
    pub client_id: ClientId,
    /// Its name.
    pub name: PartnerName,
    /// Its token endpoint.
    pub token_url: PartnerUrl,
    /// Our id there.
    pub partner_client_id: String,
    /// Our secret there, sealed for its row.
    pub sealed_secret: Vec<u8>,
    /// The scope its tokens have when it does not say so itself.
    pub scope: Scope,
}

/// Names one account of ours at one partner: codes and tokens of one are worthless for another.
pub type Profile = [u8; 32];

impl Partner {
    /// The account: the partner's name and our id there. Not the address, which may move.
    pub fn profile(&self) -> Profile {
        sha256(&[self.name.as_str().as_bytes(), &[0], self.partner_client_id.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidPartnerUrl, PartnerName, PartnerUrl};
    use rstest::rstest;

    #[rstest]
    #[case("http://api.amazon.com/auth/o2/token", InvalidPartnerUrl::Insecure)]
    #[case("http://127.0.0.1.example.com/", InvalidPartnerUrl::Insecure)]
    #[case("ftp://api.amazon.com/", InvalidPartnerUrl::Malformed)]
    #[case("api.amazon.com/auth", InvalidPartnerUrl::Malformed)]
    #[case("https://id:secret@api.amazon.com/", InvalidPartnerUrl::Surplus)]
    #[case("https://api.amazon.com/#x", InvalidPartnerUrl::Surplus)]
    fn an_address_that_would_give_secrets_away_is_refused(#[case] text: &str, #[case] why: InvalidPartnerUrl) {
        assert_eq!(PartnerUrl::parse(text).unwrap_err(), why);
    }

    #[rstest]
    #[case("https://api.amazon.com/auth/o2/token")]
    #[case("http://127.0.0.1:8080/token")]
    #[case("http://localhost/token")]
    fn https_and_this_machine_are_taken(#[case] text: &str) {
        assert_eq!(PartnerUrl::parse(text).unwrap().as_str(), text);
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for text in ["", "Alexa", "alexa eu", &"a".repeat(33)] {
            assert!(PartnerName::parse(text).is_err(), "{text}");
        }
        assert_eq!(PartnerName::parse("google-home").unwrap().as_str(), "google-home");
    }
}
