//! Owns the permission to send a browser back to a client. Leaves what is sent to `authorize.rs`.

use crate::model::client::Client;
use crate::model::parameters::{Parameters, encode};
use crate::model::redirect_uri::RedirectUri;
use crate::oauth::error::ErrorCode;

/// A registered redirect URI of a known client, with the `state` to give back. Made only by [`TrustedRedirect::check`];
/// everything else that goes wrong is a page.
#[derive(Clone, Debug)]
pub struct TrustedRedirect {
    uri: RedirectUri,
    given: bool,
    state: Option<String>,
    issuer: String,
}

/// Why a browser must not be sent anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// `client_id` is missing, repeated, or names no enabled client.
    Client(&'static str),
    /// `redirect_uri` is missing, repeated or not registered.
    RedirectUri(&'static str),
}

impl TrustedRedirect {
    /// Checks the redirect URI of a request against all that the client registered (RFC 6749 section 3.1.2.3); without one
    /// the only registered one holds.
    pub fn check(client: &Client, parameters: &Parameters, issuer: &str) -> Result<Self, Untrusted> {
        let registered = &client.settings.redirect_uris;
        let received = parameters
            .one("redirect_uri")
            .map_err(|_| Untrusted::RedirectUri("redirect_uri is given more than once"))?;
        let (uri, given) = match (received, registered.as_slice()) {
            (None, [only]) => (only.clone(), false),
            (None, _) => return Err(Untrusted::RedirectUri("redirect_uri is missing")),
            (Some(received), _) if registered.iter().any(|uri| uri.matches(received, client.is_public())) => {
                (RedirectUri::as_received(received), true)
            }
            (Some(_), _) => return Err(Untrusted::RedirectUri("redirect_uri is not registered for this client")),
        };
        // A repeated state can't be given back unchanged; the request is refused without one.
        let state = parameters.one("state").ok().flatten().map(str::to_owned);
        Ok(Self { uri, given, state, issuer: issuer.to_owned() })
    }

    /// The redirect URI, as the request had it.
    pub fn uri(&self) -> &RedirectUri {
        &self.uri
    }

    /// Whether the request named it.
    pub fn given(&self) -> bool {
        self.given
    }

    /// The address that carries a code back (RFC 6749 section 4.1.2, RFC 9207 section 2).
    pub fn with_code(&self, code: &str) -> String {
        self.location(&[("code", code)])
    }

    /// The address that carries an error back (RFC 6749 section 4.1.2.1).
    pub fn with_error(&self, code: ErrorCode, description: &str) -> String {
        self.location(&[("error", code.as_str()), ("error_description", description)])
    }

    fn location(&self, answer: &[(&str, &str)]) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let all = answer.iter().copied().chain(state).chain([("iss", self.issuer.as_str())]);
        let query: Vec<String> = all.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let uri = self.uri.as_str();
        let joint = match uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{joint}{}", query.join("&"))
    }
}
