//! Owns which grant a request asks for, and the phases that codes and refresh tokens share: one read, client authentication,
//! issuing. Leaves each grant's own part to its file, and the reciprocal grant to `oauth/reciprocal.rs`.

mod code;
pub(super) mod refresh;
mod token_exchange;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::client::{AccessTokenFormat, GrantType};
use crate::model::failure::{Failure, Fault, StoreError};
use crate::model::grant::Grant;
use crate::model::parameters::Parameters;
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;
use crate::model::time::after;
use crate::oauth::client_auth::{AuthenticatedClient, PresentedClient};
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::{Protocol, never_refused};
use crate::store::grants::OwnedGrant;
use crate::tokens::jwt::{AccessClaims, SigningKey};
use crate::tokens::opaque::{AccessTokenId, AuthorizationCode, OpaqueAccessToken, RefreshToken};
pub use token_exchange::PartnerTokenAnswer;

/// A request to the token endpoint, taken apart.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who asks.
    pub client: PresentedClient,
    /// For what.
    pub parameters: Parameters,
    /// From where.
    pub address: IpAddr,
}

/// A successful answer (RFC 6749 section 5.1).
#[derive(Debug)]
pub struct TokenAnswer {
    /// Names the user and the permissions at the service.
    pub access_token: PlainSecret,
    /// How long it lives.
    pub expires_in: Duration,
    /// Gets the next access token, when the client may refresh.
    pub refresh_token: Option<PlainSecret>,
    /// What the access token permits.
    pub scope: Scope,
}

/// The one token of a request that names a grant.
enum Named {
    Code(AuthorizationCode),
    Refresh(RefreshToken),
}

/// What a grant's own part decided: which refresh token is in force, and the scope of the access token.
struct Issue {
    refresh: RefreshToken,
    scope: Scope,
}

/// What the token endpoint answers with.
#[derive(Debug)]
pub enum Granted {
    /// Tokens of ours.
    Tokens(TokenAnswer),
    /// A partner's access token.
    PartnerToken(PartnerTokenAnswer),
    /// Nothing but that all is well.
    Accepted,
}

impl Protocol {
    /// Answers a token request.
    pub async fn token(&self, request: &TokenRequest) -> Result<Granted, Failure<Refusal>> {
        let parameters = &request.parameters;
        match requested_grant_type(parameters)? {
            GrantType::AuthorizationCode => {
                let code = AuthorizationCode::parse(required(parameters, "code")?);
                self.exchange(request, GrantType::AuthorizationCode, code.map(Named::Code)).await.map(Granted::Tokens)
            }
            GrantType::RefreshToken => {
                let token = RefreshToken::parse(required(parameters, "refresh_token")?, self.keys.tokens());
                self.exchange(request, GrantType::RefreshToken, token.map(Named::Refresh)).await.map(Granted::Tokens)
            }
            GrantType::Reciprocal => self.reciprocal_grant(request).await.map(|()| Granted::Accepted),
            GrantType::TokenExchange => self.partner_token(request).await.map(Granted::PartnerToken),
        }
    }

    /// Exchanges a code or a refresh token: one read, then at most one write. `named` is none when what came is none of ours,
    /// which is told only after the client proved itself.
    async fn exchange(
        &self,
        request: &TokenRequest,
        grant_type: GrantType,
        named: Option<Named>,
    ) -> Result<TokenAnswer, Failure<Refusal>> {
        let grant_id = named.as_ref().map(|named| match named {
            Named::Code(code) => code.grant_id,
            Named::Refresh(token) => token.grant_id,
        });
        let began = Instant::now();
        let (client, link) = self.client_and_grant(request, grant_id).await?;
        if !client.may_use(grant_type) {
            return Err(Refusal::new(ErrorCode::UnauthorizedClient, "this client may not use this grant type").into());
        }
        let (named, link) = named.zip(link).ok_or_else(|| no_grant("the code or token names no grant of ours"))?;
        // Before the one write: what may fail must fail while the code or token is still good.
        let signer = self.signer_for(&client).await?;
        if began.elapsed() > LATEST {
            let late = "reading took too long for a change that is answered in time; nothing was changed";
            return Err(StoreError::Unavailable(late.to_owned()).into());
        }
        let (issue, grant) = match named {
            Named::Code(code) => self.redeem(&client, &code, link.owned, &request.parameters).await?,
            Named::Refresh(token) => self.refresh(&client, token, link.owned, &request.parameters).await?,
        };
        self.answer(&client, signer.as_deref(), issue, &grant)
    }

    /// The key that signs this client's access tokens, if they are signed.
    async fn signer_for(&self, client: &AuthenticatedClient) -> Result<Option<Arc<SigningKey>>, Failure<Refusal>> {
        match client.settings.access_token {
            AccessTokenFormat::Opaque => Ok(None),
            AccessTokenFormat::Jwt => Ok(Some(self.keys.signer().await.map_err(never_refused)?)),
        }
    }

    fn answer(
        &self,
        client: &AuthenticatedClient,
        signer: Option<&SigningKey>,
        issue: Issue,
        grant: &Grant,
    ) -> Result<TokenAnswer, Failure<Refusal>> {
        let access_token = self.access_token(client, signer, &issue, grant)?;
        let refreshable = client.may_use(GrantType::RefreshToken);
        Ok(TokenAnswer {
            access_token,
            expires_in: self.policy.access_ttl,
            refresh_token: refreshable.then(|| issue.refresh.encode(self.keys.tokens())),
            scope: issue.scope,
        })
    }

    fn access_token(
        &self,
        client: &AuthenticatedClient,
        signer: Option<&SigningKey>,
        issue: &Issue,
        grant: &Grant,
    ) -> Result<PlainSecret, Fault> {
        // Verifiers refuse a token that was issued in their future.
        let issued_at = self.clock.shown_to_others();
        let expires_at = after(self.clock.now(), self.policy.access_ttl);
        let id = AccessTokenId::random(grant.id, issue.refresh.generation, &*self.randomness);
        let Some(signer) = signer else {
            let scope_mask = grant.scope.mask_of(&issue.scope);
            return Ok(OpaqueAccessToken { id, scope_mask, issued_at, expires_at }.encode(self.keys.tokens()));
        };
        signer.sign(&AccessClaims {
            iss: self.policy.issuer.clone(),
            sub: grant.user_id.to_string(),
            aud: self.policy.issuer.clone(),
            exp: expires_at.timestamp(),
            iat: issued_at.timestamp(),
            jti: id.to_jti(),
            client_id: client.id.to_string(),
            scope: issue.scope.to_string(),
        })
    }

    /// Reads a grant again after another request was faster.
    async fn look_again(&self, owned: &OwnedGrant) -> Result<OwnedGrant, Failure<Refusal>> {
        let found = self.store.grant(owned.grant.id).await?;
        found.ok_or_else(|| no_grant("the grant was deleted meanwhile").into())
    }

    /// Ends a link because of a proven replay.
    async fn punish(&self, grant: &Grant, why: &'static str) -> Result<Failure<Refusal>, Failure<Refusal>> {
        if self.store.revoke_grant(grant.id, self.clock.now()).await? {
            tracing::warn!(grant = %grant.id, client = %grant.client_id, why, "link revoked");
        }
        Ok(no_grant(why).into())
    }
}

fn requested_grant_type(parameters: &Parameters) -> Result<GrantType, Refusal> {
    let name = required(parameters, "grant_type")?;
    GrantType::parse(name).ok_or_else(|| {
        Refusal::new(ErrorCode::UnsupportedGrantType, "grant_type is not one of grant_types_supported in our metadata")
    })
}

pub(super) fn required<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new(ErrorCode::InvalidRequest, format!("{name} is missing"));
    parameters.one(name)?.ok_or_else(missing)
}

/// The same words for every cause, since they decide nothing for the platform and could help a thief.
fn no_grant(cause: &'static str) -> Refusal {
    Refusal::because(
        ErrorCode::InvalidGrant,
        "the code or refresh token is not valid (any more) for this client and request",
        cause,
    )
}

/// A race was lost more often than races can be lost.
fn never_settled() -> Failure<Refusal> {
    Fault::new("a grant kept changing while it was redeemed or refreshed").into()
}

/// How long after a request came its change may begin: what begins later could be done after the request was given up.
const LATEST: Duration = Duration::from_millis(700);

/// How often a decision is made anew because another request was faster.
const TRIES: u32 = 8;
