//! Owns the two calls to a partner's token endpoint, made with the `oauth2` crate. Leaves what their answers mean to `answer.rs`,
//! when to call and what follows to its neighbours.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, HttpRequest, HttpResponse,
    RefreshToken, TokenUrl, http,
};

use crate::model::failure::Fault;
use crate::model::partner::Partner;
use crate::model::secret::PlainSecret;
use crate::partners::answer::{CallFault, Issued, PartnerClient, Unsettled, settle};

/// How long a call may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// As much of an answer as is read; tokens have at most 2048 bytes each.
const MOST: usize = 64 * 1024;

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
