//! Owns client authentication (RFC 6749 section 2.3). Leaves taking the request apart to `web/extract/`.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use crate::model::client::{Client, Credentials};
use crate::model::failure::Failure;
use crate::model::ids::{ClientId, GrantId};
use crate::model::secret::PlainSecret;
use crate::model::time::Timestamp;
use crate::oauth::Protocol;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::grants::TokenRequest;
use crate::store::grants::Link;
use crate::throttle::address::address_key;
use crate::throttle::{Throttle, Wait};

/// The credentials in a request, as they came.
#[derive(Debug, Default)]
pub struct PresentedClient {
    /// From the `Authorization: Basic` header.
    pub basic: Option<BasicCredentials>,
    /// `client_id` in the body.
    pub body_id: Option<String>,
    /// `client_secret` in the body.
    pub body_secret: Option<PlainSecret>,
}

/// Basic credentials. Clients should form-encode both parts first (RFC 6749 section 2.3.1); many do not, so the secret is
/// kept in both readings.
#[derive(Debug)]
pub struct BasicCredentials {
    /// The id, decoded.
    pub id: String,
    /// The secret as it came, and decoded when that differs.
    pub secrets: Vec<PlainSecret>,
}

/// A client that proved who it is, or, if public, said who it is. Made only by [`PresentedClient::authenticate`].
#[derive(Debug)]
pub struct AuthenticatedClient(Arc<Client>);

impl Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// What authentication depends on besides the client itself.
pub struct Circumstances<'a> {
    /// The moment of the request.
    pub now: Timestamp,
    /// The address it came from.
    pub address: IpAddr,
    /// Slows down guessing.
    pub brake: &'a Throttle,
}

impl PresentedClient {
    /// The id that the request names, in one place or in both alike.
    pub fn client_id(&self) -> Result<ClientId, Refusal> {
        let basic = self.basic.as_ref().map(|basic| basic.id.as_str());
        let id = match (basic, self.body_id.as_deref()) {
            (Some(basic), Some(body)) if basic != body => {
                return Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    "the Authorization header and the body name different clients",
                ));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                return Err(Refusal::new(
                    ErrorCode::InvalidClient,
                    "no client credentials: send client_id and client_secret by HTTP Basic or in the body",
                ));
            }
        };
        ClientId::parse(id).map_err(|_| unknown("no client can have this id"))
    }

    /// Whether a secret came along. An empty one counts as none, as public clients send it by Basic.
    fn has_secret(&self) -> bool {
        let basic = self.basic.iter().flat_map(|basic| &basic.secrets);
        basic.chain(&self.body_secret).any(|secret| !secret.expose().is_empty())
    }

    /// Proves the client, found by [`PresentedClient::client_id`].
    pub fn authenticate(
        &self,
        found: Option<Arc<Client>>,
        circumstances: &Circumstances<'_>,
    ) -> Result<AuthenticatedClient, Refusal> {
        let wrong = |id: &ClientId, cause| {
            let key = [address_key(circumstances.address), id.as_str().into()].concat();
            circumstances.brake.fail(&key).map_err(too_many).and(Err(unknown(cause)))
        };
        // Counted like wrong secrets: the brake must not tell which clients there are.
        let Some(client) = found else { return wrong(&self.client_id()?, "there is no client of this id") };
        if !client.enabled {
            return wrong(&client.id, "the client is disabled");
        }
        match &client.credentials {
            Credentials::Public if self.has_secret() => Err(unknown("a public client sent a secret")),
            Credentials::Public => Ok(AuthenticatedClient(client)),
            Credentials::Confidential(_) if !self.has_secret() => Err(Refusal::new(
                ErrorCode::InvalidClient,
                "client_secret is missing: send it by HTTP Basic or in the body",
            )),
            Credentials::Confidential(secrets) => {
                let key = || [address_key(circumstances.address), client.id.as_str().into()].concat();
                if self.is_guessable() {
                    circumstances.brake.look(&key()).map_err(too_many)?;
                }
                let accept = |secret: &PlainSecret| secrets.accept(secret, circumstances.now);
                let basic = self.basic.as_ref().is_none_or(|basic| basic.secrets.iter().any(accept));
                let body = self.body_secret.as_ref().is_none_or(accept);
                if basic && body {
                    return Ok(AuthenticatedClient(client));
                }
                let by =
                    if basic { "the secret sent in the body is wrong" } else { "the secret sent by Basic is wrong" };
                wrong(&client.id, by)
            }
        }
    }

    /// Whether someone could hope to find such a secret by trying. Then the right one waits like wrong ones while the brake is
    /// shut, or guessing would go on; others never wait behind somebody else's mistakes.
    fn is_guessable(&self) -> bool {
        let basic = self.basic.iter().flat_map(|basic| &basic.secrets);
        basic.chain(&self.body_secret).any(PlainSecret::is_guessable)
    }
}

fn too_many(Wait(wait): Wait) -> Refusal {
    Refusal::until(ErrorCode::TooManyRequests, "too many wrong client secrets; wait", wait)
}

impl Protocol {
    /// The authenticated client of a request, and the link that its code or token names.
    pub(super) async fn client_and_grant(
        &self,
        request: &TokenRequest,
        grant_id: Option<GrantId>,
    ) -> Result<(AuthenticatedClient, Option<Link>), Failure<Refusal>> {
        let found = self.store.presented(&request.client.client_id()?, grant_id).await?;
        let (client, link) = found.map_or((None, None), |found| (Some(found.client), found.link));
        let circumstances =
            Circumstances { now: self.clock.now(), address: request.address, brake: &self.client_brake };
        Ok((request.client.authenticate(client, &circumstances)?, link))
    }
}

/// The same words for every cause: an attacker learns nothing about which clients exist.
fn unknown(cause: &'static str) -> Refusal {
    Refusal::because(ErrorCode::InvalidClient, "the client is unknown or its secret is wrong", cause)
}
