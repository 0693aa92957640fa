//! Owns the calls that the platform's servers and the skill's backend make: exchange, refresh, introspect, revoke, handing over
//! a code and asking for a partner token. Leaves judging the answers to `token_answer` and the browser's part to `browser`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use reqwest::{Method, Request};
use url::{Url, form_urlencoded};

use super::attempt::Attempt;
use super::endpoints::Endpoints;
use super::wire::{API_BODY_LIMIT, Recorded, Wire, WireFault};
use crate::model::secret::PlainSecret;

/// The type of an access token (RFC 8693 section 3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// How the platform proves who it is (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Alexa's `HTTP_BASIC`: id and secret in the `Authorization` header.
    Basic,
    /// Alexa's `REQUEST_BODY_CREDENTIALS`: id and secret among the parameters.
    Body,
}

/// The platform's servers, for one client.
#[derive(Debug, Clone, Copy)]
pub struct TokenClient<'a> {
    /// What the calls go through.
    pub wire: Wire<'a>,
    /// Where they go to.
    pub endpoints: &'a Endpoints,
    /// The client's id at the server.
    pub client_id: &'a str,
    /// The client's secret.
    pub client_secret: &'a PlainSecret,
    /// How the secret is sent.
    pub authentication: ClientAuthentication,
}

impl TokenClient<'_> {
    /// Exchanges a code (RFC 6749 section 4.1.3), with the attempt's redirect URI and verifier.
    ///
    /// # Errors
    /// [`WireFault`] when no answer came; the same holds for all calls here.
    pub async fn exchange(&self, attempt: &Attempt, code: &PlainSecret) -> Result<Recorded, WireFault> {
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &attempt.redirect_uri),
        ];
        if let Some(verifier) = &attempt.code_verifier {
            parameters.push(("code_verifier", verifier.expose()));
        }
        self.call(&self.endpoints.token, &parameters).await
    }

    /// Refreshes (RFC 6749 section 6), without a scope, as platforms do.
    pub async fn refresh(&self, refresh_token: &PlainSecret) -> Result<Recorded, WireFault> {
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
        self.call(&self.endpoints.token, &parameters).await
    }

    /// Asks whether an access token is active (RFC 7662); `None` when the server offers no introspection.
    pub async fn introspect(&self, access_token: &PlainSecret) -> Option<Result<Recorded, WireFault>> {
        let parameters = [("token", access_token.expose()), ("token_type_hint", "access_token")];
        let endpoint = self.endpoints.introspection.as_ref()?;
        self.offered(self.call(endpoint, &parameters).await)
    }

    /// Unlinks (RFC 7009); `None` when the server offers no revocation.
    pub async fn revoke(&self, refresh_token: &PlainSecret) -> Option<Result<Recorded, WireFault>> {
        let parameters = [("token", refresh_token.expose()), ("token_type_hint", "refresh_token")];
        let endpoint = self.endpoints.revocation.as_ref()?;
        self.offered(self.call(endpoint, &parameters).await)
    }

    /// Hands over a code of the platform's own server, in Alexa's form: the user's access token is the only credential.
    pub async fn hand_over(&self, access_token: &PlainSecret, code: &PlainSecret) -> Result<Recorded, WireFault> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("grant_type", "reciprocal_authorization_code");
        body.append_pair("code", code.expose()).append_pair("client_id", self.client_id);
        let bearer = format!("Bearer {}", access_token.expose());
        self.post(&self.endpoints.reciprocal, body.finish(), Some(credentials(&bearer))).await
    }

    /// Asks for a fresh token of the platform's own server (RFC 8693 section 2.1), as the skill's backend does.
    pub async fn partner_token(&self, access_token: &PlainSecret, audience: &str) -> Result<Recorded, WireFault> {
        let parameters = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", access_token.expose()),
            ("subject_token_type", ACCESS_TOKEN),
            ("audience", audience),
        ];
        self.call(&self.endpoints.token, &parameters).await
    }

    /// Without metadata the endpoint was a guess, and 404 or 405 says that there is none.
    fn offered(&self, answer: Result<Recorded, WireFault>) -> Option<Result<Recorded, WireFault>> {
        let guessed = self.endpoints.issuer.is_none();
        match answer {
            Ok(recorded) if guessed && matches!(recorded.status, 404 | 405) => None,
            answer => Some(answer),
        }
    }

    async fn call(&self, endpoint: &Url, parameters: &[(&str, &str)]) -> Result<Recorded, WireFault> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(parameters).append_pair("client_id", self.client_id);
        let authorization = match self.authentication {
            ClientAuthentication::Basic => Some(basic(self.client_id, self.client_secret)),
            ClientAuthentication::Body => {
                body.append_pair("client_secret", self.client_secret.expose());
                None
            }
        };
        self.post(endpoint, body.finish(), authorization).await
    }

    async fn post(
        &self,
        endpoint: &Url,
        form: String,
        authorization: Option<HeaderValue>,
    ) -> Result<Recorded, WireFault> {
        let mut request = Request::new(Method::POST, endpoint.clone());
        let headers = request.headers_mut();
        let media_type = HeaderValue::from_static("application/x-www-form-urlencoded;charset=UTF-8");
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let caller = HeaderValue::from_static("Apache-HttpClient/4.5.14 (Java/17.0.13)");
        headers.insert(USER_AGENT, caller);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        *request.body_mut() = Some(form.into());
        self.wire.send(request, API_BODY_LIMIT).await
    }
}

impl ClientAuthentication {
    /// The other way.
    pub fn other(self) -> Self {
        match self {
            Self::Basic => Self::Body,
            Self::Body => Self::Basic,
        }
    }
}

impl fmt::Display for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "Basic authentication",
            Self::Body => "credentials in the body",
        })
    }
}

/// Id and secret are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn basic(client_id: &str, client_secret: &PlainSecret) -> HeaderValue {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(client_secret.expose()));
    credentials(&format!("Basic {}", STANDARD.encode(pair)))
}

fn credentials(text: &str) -> HeaderValue {
    // Base64 and tokens are valid header values; an empty one would only be refused by the server.
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded_before_they_are_joined() {
        let value = basic("a:b", &"p+q %".to_owned().into());
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let pair = STANDARD.decode(encoded).unwrap();
        assert_eq!(String::from_utf8(pair).unwrap(), "a%3Ab:p%2Bq+%25");
    }
}
