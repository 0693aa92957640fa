//! Owns what an answer of a partner's token endpoint means for us. Leaves asking to `authorization_server.rs`, what follows to its
//! neighbours.

use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AccessToken, Client, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RefreshToken,
    RequestTokenError, StandardRevocableToken, TokenResponse, TokenUrl, http,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;

/// The errors that settle a call (RFC 6749 section 5.2). Any other word may be a gateway's for "later".
const SETTLING: [&str; 7] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
];

/// Tokens as the partner issued them.
#[derive(Debug)]
pub struct Issued {
    /// The access token.
    pub access: PlainSecret,
    /// The refresh token, if there is one.
    pub refresh: Option<PlainSecret>,
    /// How long the access token lives, as far as it is told.
    pub expires_in: Option<Duration>,
    /// What it permits, as far as it is told.
    pub scope: Option<Scope>,
}

/// Why a partner issued nothing. The words hold no secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CallFault {
    /// No answer, or none that settles anything: the same call may succeed later.
    #[error("{0}")]
    Unsettled(String),
    /// An OAuth error (RFC 6749 section 5.2): the same call gets the same answer.
    #[error("the partner answered {0}")]
    Refused(String),
}

impl CallFault {
    /// What it means for the operator.
    pub(super) fn in_words(&self) -> String {
        let CallFault::Refused(error) = self else { return self.to_string() };
        let meaning = match error.as_str() {
            "invalid_grant" => {
                "the code was used, is too old, or was issued to another client id than --partner-client-id"
            }
            "invalid_client" => {
                "the partner does not know our client id and secret; `couplet client set-partner` sets them"
            }
            "unauthorized_client" => "the partner does not let this client id do so",
            _ => "see the partner's documentation",
        };
        format!("{error}: {meaning}")
    }

    /// Whether the partner says that the code or refresh token itself is worthless.
    pub(super) fn is_invalid_grant(&self) -> bool {
        matches!(self, CallFault::Refused(code) if code == "invalid_grant")
    }
}

/// A token answer, read with more patience than the standard asks for: Login with Amazon sends `expires_in` as a number or as
/// a string.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Answer {
    access_token: AccessToken,
    #[serde(default, deserialize_with = "kind")]
    token_type: Kind,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
    #[serde(default)]
    scope: Option<Value>,
}

/// What a token answer calls its token: `Bearer`, unless it says something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kind(String);

impl Default for Kind {
    fn default() -> Self {
        Self("Bearer".to_owned())
    }
}

impl oauth2::TokenType for Kind {}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().map_or_else(Kind::default, |kind| Kind(kind.to_owned())))
}

/// An unreadable life is an unknown one: it must not cost the tokens beside it.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()))
}

impl TokenResponse for Answer {
    type TokenType = Kind;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &Kind {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<oauth2::Scope>> {
        None
    }
}

/// A client whose token endpoint is known, and whose answers are read here.
pub(super) type PartnerClient = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

pub(super) type Answered = Result<Answer, RequestTokenError<Unsettled, BasicErrorResponse>>;

/// No answer that settles anything.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Unsettled(pub(super) String);

/// Reads the answer to a refresh: a status and a body that is declared to be JSON.
pub fn read(status: u16, body: &[u8]) -> Result<Issued, CallFault> {
    let unreadable = |_| CallFault::Unsettled("the partner's answer has no readable status".to_owned());
    let status = http::StatusCode::from_u16(status).map_err(unreadable)?;
    let answer = |_: HttpRequest| {
        let mut answer = HttpResponse::new(body.to_vec());
        *answer.status_mut() = status;
        Ok::<_, Unsettled>(answer)
    };
    let url = TokenUrl::new("https://partner.invalid/".to_owned());
    let url = url.map_err(|error| CallFault::Unsettled(error.to_string()))?;
    let client: PartnerClient = Client::new(ClientId::new(String::new())).set_token_uri(url);
    settle(client.exchange_refresh_token(&RefreshToken::new(String::new())).request(&answer))
}

/// What came of a call.
pub(super) fn settle(answered: Answered) -> Result<Issued, CallFault> {
    let unreadable = || CallFault::Unsettled("the partner's answer is not that of an OAuth server".to_owned());
    match answered {
        Ok(answer) => issued(&answer).ok_or_else(unreadable),
        Err(RequestTokenError::ServerResponse(error)) => Err(refused(error.error().as_ref())),
        Err(RequestTokenError::Request(Unsettled(why))) => Err(CallFault::Unsettled(why)),
        // The rest carries the raw answer, which may hold tokens: nothing of it is kept.
        Err(_) => Err(unreadable()),
    }
}

/// Takes only what can be sent on as a bearer token (RFC 6750 section 2.1) and in a form.
fn issued(answer: &Answer) -> Option<Issued> {
    let usable = |token: &str| !token.is_empty() && token.bytes().all(|b| (0x21..=0x7e).contains(&b));
    let access = answer.access_token().secret();
    let refresh = answer.refresh_token().map(|token| token.secret()).filter(|token| usable(token));
    let is_bearer = answer.token_type().0.eq_ignore_ascii_case("bearer");
    (is_bearer && usable(access)).then(|| Issued {
        access: access.clone().into(),
        refresh: refresh.map(|token| token.clone().into()),
        expires_in: answer.expires_in(),
        scope: answer.scope.as_ref().and_then(Value::as_str).and_then(|scope| Scope::parse(scope).ok()),
    })
}

fn refused(code: &str) -> CallFault {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    // Whatever else stands there is not for our log: a broken server may put a secret into it.
    let told = if (1..=40).contains(&code.len()) && code.bytes().all(plain) { code } else { "an unknown error" };
    if SETTLING.contains(&told) {
        return CallFault::Refused(told.to_owned());
    }
    CallFault::Unsettled(format!("the partner answered {told}"))
}
