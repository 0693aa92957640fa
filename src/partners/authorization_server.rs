//! Owns the two calls to a partner's token endpoint, made with the `oauth2` crate, and what their answers mean for us. Leaves
//! when to call and what follows to its neighbours.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, RefreshToken, RequestTokenError, StandardRevocableToken, TokenResponse,
    TokenUrl, http,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::model::failure::Fault;
use crate::model::partner::Partner;
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;

/// How long a call may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// As much of an answer as is read; tokens have at most 2048 bytes each.
const MOST: usize = 64 * 1024;

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
pub(super) struct Issued {
    pub(super) access: PlainSecret,
    pub(super) refresh: Option<PlainSecret>,
    pub(super) expires_in: Option<Duration>,
    pub(super) scope: Option<Scope>,
}

/// Why a partner issued nothing. The words hold no secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum CallFault {
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
struct Answer {
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
struct Kind(String);

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

type PartnerClient = Client<
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

type Answered = Result<Answer, RequestTokenError<Unsettled, BasicErrorResponse>>;

/// A partner's token endpoint.
pub(super) struct AuthorizationServer<'a> {
    wire: Wire<'a>,
    client: PartnerClient,
}

/// What the calls go through.
struct Wire<'a>(&'a reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = Unsettled;
    type Future = BoxFuture<'c, Result<HttpResponse, Unsettled>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        send(self.0, request).boxed()
    }
}

impl<'a> AuthorizationServer<'a> {
    /// Reached through a client that follows no redirect.
    pub(super) fn new(http: &'a reqwest::Client, partner: &Partner, secret: &PlainSecret) -> Result<Self, Fault> {
        let url = TokenUrl::new(partner.token_url.as_str().to_owned());
        let url = url.map_err(|error| Fault::new(format!("the partner's token URL: {error}")))?;
        let client = Client::new(ClientId::new(partner.partner_client_id.clone()))
            .set_client_secret(ClientSecret::new(secret.expose().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(url);
        Ok(Self { wire: Wire(http), client })
    }

    /// Exchanges a reciprocal code (RFC 6749 section 4.1.3). It has no `redirect_uri`: no authorization request of ours led to it.
    pub(super) async fn exchange_code(&self, code: &PlainSecret) -> Result<Issued, CallFault> {
        let code = AuthorizationCode::new(code.expose().to_owned());
        settle(self.client.exchange_code(code).request_async(&self.wire).await)
    }

    /// Refreshes (RFC 6749 section 6).
    pub(super) async fn refresh(&self, token: &PlainSecret) -> Result<Issued, CallFault> {
        let token = RefreshToken::new(token.expose().to_owned());
        settle(self.client.exchange_refresh_token(&token).request_async(&self.wire).await)
    }
}

/// No answer that settles anything.
#[derive(Debug, Error)]
#[error("{0}")]
struct Unsettled(String);

impl From<reqwest::Error> for Unsettled {
    fn from(error: reqwest::Error) -> Self {
        Self(match error {
            error if error.is_timeout() => format!("no answer from the partner within {} s", PATIENCE.as_secs()),
            error if error.is_connect() => format!("the partner can't be reached: {}", root_cause(&error)),
            _ => "the connection to the partner broke".to_owned(),
        })
    }
}

/// The innermost cause, such as a refused connection or an unknown host; it holds nothing of the request.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Sends one request. An answer that can't be an OAuth server's own word settles nothing.
async fn send(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Unsettled> {
    let mut request = reqwest::Request::try_from(request)?;
    *request.timeout_mut() = Some(PATIENCE);
    let mut response = http.execute(request).await?;
    let status = response.status();
    let passing = [http::StatusCode::REQUEST_TIMEOUT, http::StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if status != http::StatusCode::OK && (!status.is_client_error() || passing) {
        return Err(Unsettled(format!("the partner answered with status {}", status.as_u16())));
    }
    let media_type = response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.unwrap_or_default().to_ascii_lowercase().starts_with("application/json") {
        let status = status.as_u16();
        return Err(Unsettled(format!("the partner answered with status {status} and no JSON; is it the right URL?")));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST {
            return Err(Unsettled("the partner's answer is longer than any token answer".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = response.headers().clone();
    Ok(answer)
}

fn settle(answered: Answered) -> Result<Issued, CallFault> {
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
