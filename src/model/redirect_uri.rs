//! Owns redirect URIs: which may be registered, and when a received one equals a registered one (to the byte).
//! Leaves the decision to redirect to `oauth/authorize.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

/// A redirect URI that was registered, kept as it was written: comparison is of bytes (RFC 9700 section 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Why a text can't be registered as a redirect URI.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidRedirectUri {
    /// No scheme, or nothing that a URL parser understands.
    #[error("it is not an absolute URI; write it whole, for example https://app.example.com/callback")]
    NotAbsolute,
    /// A character that must be percent-encoded in a URI.
    #[error("it has a character that must be percent-encoded, such as a space or a backslash")]
    Character,
    /// A `#` and what follows (RFC 6749 section 3.1.2).
    #[error("it has a fragment (#…), which RFC 6749 section 3.1.2 forbids")]
    Fragment,
    /// `user:password@` before the host.
    #[error("it has user information before the host")]
    UserInfo,
    /// A `*`: redirect URIs are compared exactly, so a pattern would never match.
    #[error("it has a wildcard; redirect URIs are compared exactly, register each one")]
    Wildcard,
    /// `http://` to a host that is not this machine.
    #[error("it is plain http outside loopback; use https")]
    PlainHttp,
    /// A private-use scheme for a client that can't be an app on a device.
    #[error("a private-use scheme is for public clients only (--public)")]
    PrivateScheme,
    /// A scheme that a browser would execute or read files with.
    #[error("its scheme can't receive an authorization answer")]
    DangerousScheme,
    /// Longer than [`RedirectUri::MAX_LENGTH`].
    #[error("it is longer than 2000 characters")]
    TooLong,
}

const DANGEROUS_SCHEMES: [&str; 17] = [
    "chrome",
    "intent",
    "jar",
    "sms",
    "tel",
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "mailto",
    "ws",
    "wss",
    "ftp",
    "view-source",
    "filesystem",
];

impl RedirectUri {
    /// The longest one that can be registered, in bytes.
    pub const MAX_LENGTH: usize = 2000;

    /// Checks a text for registration; `public` clients may use private-use schemes (RFC 8252 section 7.1).
    pub fn parse(text: &str, public: bool) -> Result<Self, InvalidRedirectUri> {
        if text.len() > Self::MAX_LENGTH {
            return Err(InvalidRedirectUri::TooLong);
        }
        if text.contains('*') {
            return Err(InvalidRedirectUri::Wildcard);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&b)) {
            return Err(InvalidRedirectUri::Character);
        }
        let percent_signs = text.split('%').skip(1);
        if percent_signs.into_iter().any(|rest| !rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()) || rest.len() < 2)
        {
            return Err(InvalidRedirectUri::Character);
        }
        if text.contains('#') {
            return Err(InvalidRedirectUri::Fragment);
        }
        let url = Url::parse(text).map_err(|_| InvalidRedirectUri::NotAbsolute)?;
        check_scheme(&url, text, public)?;
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(InvalidRedirectUri::UserInfo);
        }
        Ok(Self(text.to_owned()))
    }

    /// The URI as it was registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only the owner of a host name receives what is sent there.
    pub fn is_https(&self) -> bool {
        self.0.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    /// Whether `received` is this URI; for `public` clients a loopback IP literal matches on any port (RFC 8252 section 7.3).
    pub fn matches(&self, received: &str, public: bool) -> bool {
        if self.0 == received {
            return true;
        }
        match (public, without_loopback_port(&self.0), without_loopback_port(received)) {
            (true, Some(registered), Some(received)) => registered == received,
            _ => false,
        }
    }

    /// The URI a client really sent, after [`RedirectUri::matches`] found it registered, or as it was stored with a code.
    pub fn as_received(text: &str) -> Self {
        Self(text.to_owned())
    }
}

fn check_scheme(url: &Url, text: &str, public: bool) -> Result<(), InvalidRedirectUri> {
    match url.scheme() {
        // The URL parser forgives `https:host`; a browser and our comparison might not agree about it.
        "https" | "http" if !text.to_ascii_lowercase().starts_with(&format!("{}://", url.scheme())) => {
            Err(InvalidRedirectUri::NotAbsolute)
        }
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(InvalidRedirectUri::PlainHttp),
        scheme if DANGEROUS_SCHEMES.contains(&scheme) => Err(InvalidRedirectUri::DangerousScheme),
        // `localhost:8080/cb` would be a scheme called localhost; whoever wrote it meant a host.
        scheme if text.get(scheme.len()..).is_none_or(|rest| !rest.starts_with(":/")) => {
            Err(InvalidRedirectUri::NotAbsolute)
        }
        _ if public => Ok(()),
        _ => Err(InvalidRedirectUri::PrivateScheme),
    }
}

/// Whether a URL's host is this machine: a loopback address or the name `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or("")
}

/// The host and what follows the port, when the URI is plain http to a loopback IP literal.
fn without_loopback_port(text: &str) -> Option<(&'static str, &str)> {
    const HOSTS: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];
    let (host, rest) = HOSTS.into_iter().find_map(|host| text.strip_prefix(host).map(|rest| (host, rest)))?;
    let path = match rest.strip_prefix(':') {
        None => rest,
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (port, path) = rest.split_at(end);
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            if !digits || port.parse::<u16>().is_err() {
                return None;
            }
            path
        }
    };
    (path.is_empty() || path.starts_with(['/', '?'])).then_some((host, path))
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidRedirectUri, RedirectUri};
    use rstest::rstest;

    #[rstest]
    #[case::relative("/callback", InvalidRedirectUri::NotAbsolute)]
    #[case::without_slashes("https:example.com/cb", InvalidRedirectUri::NotAbsolute)]
    #[case::fragment("https://example.com/cb#x", InvalidRedirectUri::Fragment)]
    #[case::empty_fragment("https://example.com/cb#", InvalidRedirectUri::Fragment)]
    #[case::user_info("https://user@example.com/cb", InvalidRedirectUri::UserInfo)]
    #[case::empty_user_info("https://@example.com/cb", InvalidRedirectUri::UserInfo)]
    #[case::wildcard("https://*.example.com/cb", InvalidRedirectUri::Wildcard)]
    #[case::plain_http("http://example.com/cb", InvalidRedirectUri::PlainHttp)]
    #[case::looks_like_loopback("http://127.0.0.1.example.com/cb", InvalidRedirectUri::PlainHttp)]
    #[case::private_scheme("com.example.app:/cb", InvalidRedirectUri::PrivateScheme)]
    #[case::backslash("https://example.com\\@evil.example/cb", InvalidRedirectUri::Character)]
    #[case::space("https://example.com/c b", InvalidRedirectUri::Character)]
    fn what_can_not_be_compared_or_trusted_is_not_registered(#[case] text: &str, #[case] why: InvalidRedirectUri) {
        assert_eq!(RedirectUri::parse(text, false), Err(why));
    }

    #[rstest]
    #[case("javascript:alert(1)")]
    #[case("data:text/html,x")]
    fn a_scheme_that_browsers_execute_is_refused_for_apps_too(#[case] text: &str) {
        assert_eq!(RedirectUri::parse(text, true), Err(InvalidRedirectUri::DangerousScheme));
    }

    #[rstest]
    #[case("https://example.com/CB")]
    #[case("https://example.com/cb/")]
    #[case("https://example.com/cb?x=1")]
    #[case("https://EXAMPLE.com/cb")]
    #[case("https://example.com:443/cb")]
    #[case("https://example.com/%63b")]
    fn another_spelling_is_another_uri(#[case] received: &str) {
        let registered = RedirectUri::parse("https://example.com/cb", false).unwrap();
        assert!(!registered.matches(received, true));
    }

    #[rstest]
    #[case("http://127.0.0.1:5000/cb", true)]
    #[case("http://127.0.0.1/cb", true)]
    #[case("http://127.0.0.1:5000/other", false)]
    #[case("http://127.0.0.1:99999/cb", false)]
    #[case("http://127.0.0.1:@evil.example/cb", false)]
    #[case("http://127.0.0.15/cb", false)]
    #[case("http://localhost:5000/cb", false)]
    fn an_app_on_loopback_may_listen_on_any_port(#[case] received: &str, #[case] matches: bool) {
        let registered = RedirectUri::parse("http://127.0.0.1:1234/cb", true).unwrap();
        assert_eq!(registered.matches(received, true), matches);
        assert!(!registered.matches(received, false));
    }
}
